package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"unsafe"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	"github.com/external-secrets/external-secrets/pkg/provider/akeyless"
	"github.com/external-secrets/external-secrets/pkg/provider/alibaba"
	"github.com/external-secrets/external-secrets/pkg/provider/aws/parameterstore"
	"github.com/external-secrets/external-secrets/pkg/provider/aws/secretsmanager"
	"github.com/external-secrets/external-secrets/pkg/provider/azure/keyvault"
	"github.com/external-secrets/external-secrets/pkg/provider/gcp/secretmanager"
	"github.com/external-secrets/external-secrets/pkg/provider/vault"
	vaultutil "github.com/external-secrets/external-secrets/pkg/provider/vault/util"
	vaultapi "github.com/hashicorp/vault/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"kesbridge/conformance/eso"
)

// set puts a value in a field that a package doesn't export.
func set(of any, field string, value any) {
	f := reflect.ValueOf(of).Elem().FieldByName(field)
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
}

// The types of ESO's clients that their packages don't export.
var ibmClient, vaultClient reflect.Type

// provider makes ESO's own client, with a backend of ours below it.
type provider struct{}

func (provider) NewClient(_ context.Context, store esv1.GenericStore, _ client.Client, _ string) (esv1.SecretsClient, error) {
	in, ok := running.Load(string(store.GetObjectMeta().UID))
	if !ok {
		return nil, fmt.Errorf("no store %s", store.GetName())
	}
	c, err := newClient(in.(*eso.Input).Of, in.(*eso.Input))
	return open{c}, err
}

// open is a client without its Close, which gives up locks and tokens that
// only the real NewClient takes.
type open struct{ esv1.SecretsClient }

func (open) Close(context.Context) error { return nil }

func (provider) ValidateStore(esv1.GenericStore) (admission.Warnings, error) { return nil, nil }
func (provider) Capabilities() esv1.SecretStoreCapabilities                  { return esv1.SecretStoreReadOnly }

// registerProviders keeps ESO's unexported types and puts provider in their
// place.
func registerProviders() error {
	ibm, ok := esv1.GetProviderByName("ibm")
	if !ok {
		return errors.New("no IBM provider")
	}
	ibmClient = reflect.TypeOf(ibm).Elem()
	c, err := realVault()
	if err != nil {
		return fmt.Errorf("make a Vault client: %w", err)
	}
	vaultClient = reflect.TypeOf(c).Elem()
	for _, be := range []string{"secretsManager", "gcpSecretsManager", "azureKeyVault", "vault", "akeyless", "ibmcloudSecretsManager", "alicloudSecretsManager"} {
		forceRegister(provider{}, providerSpec(&eso.Input{Backend: be}))
	}
	return nil
}

// realVault has ESO make a Vault client, which asks for a kubeconfig, but for
// no cluster.
func realVault() (esv1.SecretsClient, error) {
	dir, err := os.MkdirTemp("", "kesbridge-conformance-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "kubeconfig")
	const config = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\ncontexts: [{name: c, context: {cluster: c}}]\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	os.Setenv("KUBECONFIG", file)
	p := &vault.Provider{NewVaultClient: func(*vaultapi.Config) (vaultutil.Client, error) {
		return &vaultutil.VaultClient{
			SetTokenFunc: func(string) {}, TokenFunc: func() string { return "" }, ClearTokenFunc: func() {},
			NamespaceFunc: func() string { return "" }, SetNamespaceFunc: func(string) {}, AddHeaderFunc: func(string, string) {},
		}, nil
	}}
	return p.NewClient(context.Background(), vaultStore(), fake.NewClientBuilder().WithObjects(vaultToken()).Build(), "ns")
}

func providerSpec(of *eso.Input) *esv1.SecretStoreProvider {
	switch of.Backend {
	case "secretsManager", "systemManager":
		return &esv1.SecretStoreProvider{AWS: &esv1.AWSProvider{}}
	case "gcpSecretsManager":
		return &esv1.SecretStoreProvider{GCPSM: &esv1.GCPSMProvider{}}
	case "azureKeyVault":
		return &esv1.SecretStoreProvider{AzureKV: &esv1.AzureKVProvider{}}
	case "vault":
		return &esv1.SecretStoreProvider{Vault: &esv1.VaultProvider{}}
	case "akeyless":
		return &esv1.SecretStoreProvider{Akeyless: &esv1.AkeylessProvider{}}
	case "ibmcloudSecretsManager":
		return &esv1.SecretStoreProvider{IBM: &esv1.IBMProvider{}}
	}
	return &esv1.SecretStoreProvider{Alibaba: &esv1.AlibabaProvider{}}
}

// newClient is ESO's client for an object's store; in holds the values.
func newClient(of, in *eso.Input) (esv1.SecretsClient, error) {
	switch of.Backend {
	case "secretsManager":
		c := &secretsmanager.SecretsManager{}
		set(c, "client", secretsmanager.SMInterface(awsSecrets{in: in}))
		set(c, "cache", newCache())
		return c, nil
	case "systemManager":
		c := &parameterstore.ParameterStore{}
		set(c, "client", parameterstore.PMInterface(awsParameters{in: in}))
		return c, nil
	case "gcpSecretsManager":
		c := &secretmanager.Client{}
		set(c, "smClient", secretmanager.GoogleSecretManagerClient(google{in: in}))
		set(c, "store", &esv1.GCPSMProvider{ProjectID: "p"})
		return c, nil
	case "azureKeyVault":
		c := &keyvault.Azure{}
		set(c, "baseClient", keyvault.SecretClient(azure{in: in}))
		set(c, "provider", &esv1.AzureKVProvider{VaultURL: ptr.To("https://v.example")})
		return c, nil
	case "akeyless":
		return &akeyless.Akeyless{Client: akeylessAPI{in: in}}, nil
	case "alicloudSecretsManager":
		return &alibaba.KeyManagementService{Client: aliyun{in: in}}, nil
	case "ibmcloudSecretsManager":
		c := reflect.New(ibmClient)
		set(c.Interface(), "IBMClient", ibmAPI{in: in})
		return c.Interface().(esv1.SecretsClient), nil
	case "vault":
		store := &esv1.VaultProvider{Version: esv1.VaultKVStoreVersion(fmt.Sprint("v", of.KV))}
		if of.Path != "" {
			store.Path = &of.Path
		}
		c := reflect.New(vaultClient)
		set(c.Interface(), "store", store)
		set(c.Interface(), "logical", vaultutil.Logical(logical{in: in, kv: of.KV}))
		return c.Interface().(esv1.SecretsClient), nil
	}
	return nil, fmt.Errorf("no backend %s", of.Backend)
}

// logical is Vault's API.
type logical struct {
	vaultutil.Logical
	in *eso.Input
	kv int
}

func (l logical) ReadWithDataWithContext(_ context.Context, path string, data map[string][]string) (*vaultapi.Secret, error) {
	version := ""
	if v := data["version"]; len(v) > 0 {
		version = "version=" + v[0]
	}
	// The server cleans the path.
	path = strings.TrimPrefix(filepath.ToSlash(filepath.Clean("/"+path)), "/")
	b, err := l.in.Find(path, version)
	if err != nil {
		return nil, err
	}
	m, err := raw(b)
	if err != nil {
		return nil, err
	}
	if l.kv == 2 {
		m = map[string]any{"data": m, "metadata": map[string]any{"version": 1}}
	}
	return &vaultapi.Secret{Data: m}, nil
}
