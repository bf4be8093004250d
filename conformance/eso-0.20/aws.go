package release

import (
	"context"
	"errors"

	awssm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
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

func (a awsSecrets) GetSecretValue(_ context.Context, req *awssm.GetSecretValueInput, _ ...func(*awssm.Options)) (*awssm.GetSecretValueOutput, error) {
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

func (a awsParameters) GetParameter(_ context.Context, req *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	for _, s := range append(a.in.Params[:len(a.in.Params):len(a.in.Params)], a.in.Stored...) {
		if s.Key == *req.Name {
			return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Name: req.Name, Value: ptr.To(string(s.Value))}}, nil
		}
	}
	return nil, &ssmtypes.ParameterNotFound{}
}

func (a awsParameters) GetParametersByPath(_ context.Context, req *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	if !ptr.Deref(req.Recursive, false) {
		return nil, errors.New("not recursive")
	}
	out := &ssm.GetParametersByPathOutput{}
	for _, s := range a.in.Params {
		if eso.Below(s.Key, *req.Path) {
			out.Parameters = append(out.Parameters, ssmtypes.Parameter{Name: ptr.To(s.Key), Value: ptr.To(string(s.Value))})
		}
	}
	return out, nil
}
