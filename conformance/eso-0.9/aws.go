package release

import (
	"errors"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/request"
	awssm "github.com/aws/aws-sdk-go/service/secretsmanager"
	"github.com/aws/aws-sdk-go/service/ssm"
	"github.com/external-secrets/external-secrets/pkg/provider/aws/parameterstore"
	"github.com/external-secrets/external-secrets/pkg/provider/aws/secretsmanager"
	"k8s.io/utils/ptr"

	"kesbridge/conformance/eso"
)

func newCache() map[string]*awssm.GetSecretValueOutput {
	return map[string]*awssm.GetSecretValueOutput{}
}

// awsSecrets is AWS Secrets Manager.
type awsSecrets struct {
	secretsmanager.SMInterface
	in *eso.Input
}

func (a awsSecrets) GetSecretValueWithContext(_ aws.Context, req *awssm.GetSecretValueInput, _ ...request.Option) (*awssm.GetSecretValueOutput, error) {
	return a.GetSecretValue(req)
}

func (a awsSecrets) GetSecretValue(req *awssm.GetSecretValueInput) (*awssm.GetSecretValueOutput, error) {
	version := "stage:" + ptr.Deref(req.VersionStage, "AWSCURRENT")
	if req.VersionId != nil {
		version = "id:" + *req.VersionId
	}
	b, err := a.in.Find(*req.SecretId, version)
	if err != nil {
		return nil, err
	}
	if a.in.Binary {
		return &awssm.GetSecretValueOutput{SecretBinary: b}, nil
	}
	return &awssm.GetSecretValueOutput{SecretString: ptr.To(string(b))}, nil
}

// awsParameters is SSM.
type awsParameters struct {
	parameterstore.PMInterface
	in *eso.Input
}

func (a awsParameters) GetParameterWithContext(_ aws.Context, req *ssm.GetParameterInput, _ ...request.Option) (*ssm.GetParameterOutput, error) {
	for _, s := range append(a.in.Params[:len(a.in.Params):len(a.in.Params)], a.in.Stored...) {
		if s.Key == *req.Name {
			return &ssm.GetParameterOutput{Parameter: &ssm.Parameter{Name: req.Name, Value: ptr.To(string(s.Value))}}, nil
		}
	}
	return nil, &ssm.ParameterNotFound{}
}

func (a awsParameters) GetParametersByPathWithContext(_ aws.Context, req *ssm.GetParametersByPathInput, _ ...request.Option) (*ssm.GetParametersByPathOutput, error) {
	if !ptr.Deref(req.Recursive, false) {
		return nil, errors.New("not recursive")
	}
	out := &ssm.GetParametersByPathOutput{}
	for _, s := range a.in.Params {
		if eso.Below(s.Key, *req.Path) {
			out.Parameters = append(out.Parameters, &ssm.Parameter{Name: ptr.To(s.Key), Value: ptr.To(string(s.Value))})
		}
	}
	return out, nil
}
