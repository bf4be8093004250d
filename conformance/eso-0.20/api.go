package release

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	azurekv "github.com/Azure/azure-sdk-for-go/services/keyvault/v7.0/keyvault"
	"github.com/IBM/go-sdk-core/v5/core"
	sm "github.com/IBM/secrets-manager-go-sdk/v2/secretsmanagerv2"
	kmssdk "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/external-secrets/external-secrets/pkg/provider/alibaba"
	"github.com/external-secrets/external-secrets/pkg/provider/azure/keyvault"
	"github.com/external-secrets/external-secrets/pkg/provider/gcp/secretmanager"
	"github.com/googleapis/gax-go/v2"
	"k8s.io/utils/ptr"

	"kesbridge/conformance/eso"
)

// google is GCP Secret Manager. Over the wire an empty payload is a nil one.
type google struct {
	secretmanager.GoogleSecretManagerClient
	in *eso.Input
}

func (g google) AccessSecretVersion(_ context.Context, req *secretmanagerpb.AccessSecretVersionRequest, _ ...gax.CallOption) (*secretmanagerpb.AccessSecretVersionResponse, error) {
	name, ok := strings.CutPrefix(req.Name, "projects/p/secrets/")
	i := strings.LastIndex(name, "/versions/")
	if !ok || i < 0 {
		return nil, errors.New("no such name: " + req.Name)
	}
	b, err := g.in.Find(name[:i], name[i+len("/versions/"):])
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		b = nil
	}
	return &secretmanagerpb.AccessSecretVersionResponse{Payload: &secretmanagerpb.SecretPayload{Data: b}}, nil
}

// azure is Key Vault.
type azure struct {
	keyvault.SecretClient
	in *eso.Input
}

func (a azure) GetSecret(_ context.Context, _, name, version string) (azurekv.SecretBundle, error) {
	b, err := a.in.Find(name, version)
	return azurekv.SecretBundle{Value: ptr.To(string(b))}, err
}

func (a azure) GetKey(context.Context, string, string, string) (azurekv.KeyBundle, error) {
	return azurekv.KeyBundle{}, errors.New("no keys")
}

func (a azure) GetCertificate(context.Context, string, string, string) (azurekv.CertificateBundle, error) {
	return azurekv.CertificateBundle{}, errors.New("no certificates")
}

// aliyun is Alibaba's KMS.
type aliyun struct {
	alibaba.SMInterface
	in *eso.Input
}

func (a aliyun) GetSecretValue(_ context.Context, req *kmssdk.GetSecretValueRequest) (*kmssdk.GetSecretValueResponseBody, error) {
	version := "stage:ACSCurrent"
	if req.VersionId != nil {
		version = "id:" + *req.VersionId
	}
	b, err := a.in.Find(*req.SecretName, version)
	return &kmssdk.GetSecretValueResponseBody{SecretData: ptr.To(string(b))}, err
}

// ibmAPI is IBM Cloud Secrets Manager; a value is the JSON of secret_data as
// KES gets it from version 1 of the API, and for iam_credentials the key.
type ibmAPI struct{ in *eso.Input }

func (a ibmAPI) GetSecretWithContext(_ context.Context, o *sm.GetSecretOptions) (sm.SecretIntf, *core.DetailedResponse, error) {
	for _, s := range a.in.Stored {
		if s.Key == *o.ID {
			got, err := ibmSecret(s)
			return got, nil, err
		}
	}
	return nil, nil, errors.New("no secret " + *o.ID)
}

func (a ibmAPI) GetSecretByNameTypeWithContext(_ context.Context, o *sm.GetSecretByNameTypeOptions) (sm.SecretIntf, *core.DetailedResponse, error) {
	for _, s := range a.in.Stored {
		if s.Key == *o.Name && s.Version == *o.SecretType {
			got, err := ibmSecret(s)
			return got, nil, err
		}
	}
	return nil, nil, errors.New("no secret " + *o.Name)
}

// ibmSecret reads what version 2 of the API sends for it with IBM's client.
func ibmSecret(s eso.Stored) (sm.SecretIntf, error) {
	doc := map[string]json.RawMessage{}
	if s.Version == "iam_credentials" {
		doc["api_key"], _ = json.Marshal(string(s.Value))
	} else if err := json.Unmarshal(s.Value, &doc); err != nil {
		return nil, err
	}
	if s.Version == "kv" {
		doc["data"] = doc["payload"]
		delete(doc, "payload")
	}
	doc["secret_type"], _ = json.Marshal(s.Version)
	var out sm.SecretIntf
	err := sm.UnmarshalSecret(doc, &out)
	return out, err
}
