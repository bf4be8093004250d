// Package storetest is for tests only: requests for stores, of every backend
// with every way to log in, that the tests of package store and those against
// a real API server share.
package storetest

import (
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

// Versions are the ESO releases whose CRDs are at hand.
var Versions = []string{"0.9.20", "0.14.4", "0.16.2", "0.20.4", "1.3.2", "2.3.0", "2.9.0"}

// Case is a need, and what Git tells of KES.
type Case struct {
	Name string
	Need store.Need
	KES  *kes.Controller
}

// Scope is a kind of store and where it is used.
type Scope struct {
	Name       string
	Kind       string
	Namespace  string
	Namespaces []string
	Class      string
}

// Scopes are those that make a difference.
func Scopes() []Scope {
	return []Scope{
		{Name: "cluster", Kind: "ClusterSecretStore"},
		{Name: "cluster with conditions", Kind: "ClusterSecretStore", Namespaces: []string{"shop", "web"}, Class: "shop"},
		{Name: "namespace shop", Kind: "SecretStore", Namespace: "shop"},
		{Name: "namespace of KES", Kind: "SecretStore", Namespace: "kes", Class: "shop"},
		{Name: "namespace of Argo CD's destination", Kind: "SecretStore"},
	}
}

// Request is a case in a scope.
func (c Case) Request(s Scope, p eso.Profile) store.Request {
	return store.Request{
		Need: c.Need, Ref: eso.StoreRef{Name: c.Need.Name(), Kind: s.Kind}, Namespace: s.Namespace,
		KES: c.KES, Profile: p, Namespaces: s.Namespaces, Class: s.Class,
	}
}

// Secret is text that KES has in Git and that may never be printed. Nothing
// carries it into a request on purpose, but for what a test tries.
const Secret = "tOpSeCrEt"

func controller(change ...func(*kes.Controller)) *kes.Controller {
	c := &kes.Controller{
		Namespace: "kes", Name: "kes", Pos: manifest.Pos{File: "infra/kes.yaml", Line: 1, Column: 1},
		Env: map[string]string{}, Refs: map[string]kes.Key{}, Places: map[string]manifest.Pos{},
		ServiceAccount: kes.ServiceAccount{Name: "kes-sa", Annotations: map[string]string{}},
	}
	for _, f := range change {
		f(c)
	}
	return c
}

type change = func(*kes.Controller)

func env(pairs ...string) change {
	return func(c *kes.Controller) {
		for i := 0; i < len(pairs); i += 2 {
			c.Env[pairs[i]] = pairs[i+1]
		}
	}
}

func ref(kind, name string, pairs ...string) change {
	return func(c *kes.Controller) {
		for i := 0; i < len(pairs); i += 2 {
			c.Refs[pairs[i]] = kes.Key{Kind: kind, Name: name, Key: pairs[i+1]}
		}
	}
}

func plain(names ...string) change {
	return func(c *kes.Controller) {
		for i, n := range names {
			c.Plain = append(c.Plain, n)
			c.Places[n] = manifest.Pos{File: "infra/kes.yaml", Line: 20 + i, Column: 9}
		}
	}
}

func annotated(key, value string) change {
	return func(c *kes.Controller) { c.ServiceAccount.Annotations[key] = value }
}

func pod(label, value string) change {
	return func(c *kes.Controller) { c.PodLabels = map[string]string{label: value} }
}

func podAnnotation(key, value string) change {
	return func(c *kes.Controller) { c.PodAnnotations = map[string]string{key: value} }
}

func mount(path, kind, name string) change {
	return func(c *kes.Controller) { c.Mounts = append(c.Mounts, kes.Mount{Path: path, Kind: kind, Name: name}) }
}

func open(what string) change {
	return func(c *kes.Controller) { c.Open = append(c.Open, kes.Open{What: what}) }
}

// hidden: a variable is set, and its value isn't in Git.
func hidden(name, what string) change {
	return func(c *kes.Controller) {
		pos := manifest.Pos{File: "infra/kes.yaml", Line: 40, Column: 9}
		c.Places[name] = pos
		c.Open = append(c.Open, kes.Open{Pos: pos, Variable: name, What: name + ": " + what})
	}
}

// derived: the account has a name that only the Helm release tells.
func derived(c *kes.Controller) { c.ServiceAccount.Name, c.ServiceAccount.Derived = "", true }

// values: a file of values doesn't tell the namespace.
func values(c *kes.Controller) { c.Namespace, c.Name, c.ServiceAccount.Name = "", "", "" }

const (
	fromEnv = "more variables come from Secret kes-env (envFrom)"
	shop    = "arn:aws:iam::123456789012:role/shop"
	base    = "arn:aws:iam::123456789012:role/kes"
	hop     = "arn:aws:iam::210987654321:role/hop"
)

// Cases are all of them.
func Cases() []Case {
	var out []Case
	for _, list := range [][]Case{aws(), vault(), gcp(), azure(), others()} {
		out = append(out, list...)
	}
	return out
}

func aws() []Case {
	sm := store.Need{Backend: "secretsManager"}
	eu := store.Need{Backend: "secretsManager", Region: "eu-west-1"}
	role := store.Need{Backend: "systemManager", Region: "eu-central-1", RoleArn: shop}
	region := env("AWS_REGION", "us-east-1")
	irsa := annotated("eks.amazonaws.com/role-arn", base)
	keys := ref("Secret", "aws-credentials", "AWS_ACCESS_KEY_ID", "id", "AWS_SECRET_ACCESS_KEY", "key")
	return []Case{
		{"aws without KES", eu, nil},
		{"aws without KES or region", sm, nil},
		{"aws node", sm, controller(region)},
		{"aws old region", sm, controller(env("AWS_REGION", "", "AWS_DEFAULT_REGION", "us-west-1"))},
		{"aws no region", sm, controller(irsa)},
		{"aws region in a Secret", sm, controller(irsa, ref("Secret", "kes-env", "AWS_REGION", "region"))},
		{"aws irsa", sm, controller(region, irsa)},
		{"aws irsa role", role, controller(region, irsa)},
		{"aws irsa chain", role, controller(region, irsa, env("AWS_INTERMEDIATE_ROLE_ARN", hop))},
		{"aws irsa chain without role", sm, controller(region, irsa, env("AWS_INTERMEDIATE_ROLE_ARN", hop))},
		{"aws irsa of values", sm, controller(region, irsa, values)},
		{"aws irsa by hand", sm, controller(region, env("AWS_ROLE_ARN", base, "AWS_WEB_IDENTITY_TOKEN_FILE", "/token"))},
		{"aws kube2iam", role, controller(region, podAnnotation("iam.amazonaws.com/role", base))},
		{"aws keys", sm, controller(region, keys)},
		{"aws keys role", role, controller(region, keys, ref("Secret", "aws-credentials", "AWS_SESSION_TOKEN", "token"))},
		{"aws keys of values", sm, controller(region, keys, values)},
		{"aws keys plain", sm, controller(region, plain("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))},
		{"aws keys in a ConfigMap", sm, controller(region, ref("ConfigMap", "aws", "AWS_ACCESS_KEY_ID", "id", "AWS_SECRET_ACCESS_KEY", "key"))},
		{"aws half a key", sm, controller(region, env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), open(fromEnv))},
		{"aws irsa of a chart", sm, controller(region, irsa, derived)},
		{"aws region put together", sm, controller(irsa, hidden("AWS_REGION", "it is put together from $(ZONE), which only a running pod knows"))},
		{"aws key put together", sm, controller(region, keys, hidden("AWS_SESSION_TOKEN", "it is put together from A, which the Secret b holds"))},
		{"aws envFrom", eu, controller(open(fromEnv))},
		{"aws file", eu, controller(env("AWS_SHARED_CREDENTIALS_FILE", "/aws/credentials"))},
		{"aws endpoints", eu, controller(irsa, env("AWS_STS_ENDPOINT", "https://sts-fips.us-east-1.amazonaws.com", "LOCALSTACK", "1", "HTTPS_PROXY", "http://user:"+Secret+"@proxy"))},
	}
}

func vault() []Case {
	need := store.Need{Backend: "vault", VaultRole: "shop"}
	all := store.Need{Backend: "vault", VaultRole: "shop", VaultMountPoint: "team/k8s", KVVersion: 1}
	addr := env("VAULT_ADDR", "https://vault.example.com:8200")
	return []Case{
		{"vault without KES", need, nil},
		{"vault", need, controller(addr)},
		{"vault all", all, controller(addr, env("VAULT_NAMESPACE", "team", "NODE_EXTRA_CA_CERTS", "/ca/ca.pem"), mount("/ca", "Secret", "vault-ca"))},
		{"vault defaults", store.Need{Backend: "vault"}, controller(addr, env("DEFAULT_VAULT_ROLE", "kes", "DEFAULT_VAULT_MOUNT_POINT", "k8s"))},
		{"vault no role", store.Need{Backend: "vault"}, controller(addr)},
		{"vault default account", need, controller(addr, func(c *kes.Controller) { c.ServiceAccount.Name = "" })},
		{"vault of values", need, controller(addr, values, env("NODE_EXTRA_CA_CERTS", "/ca/ca.pem"), mount("/ca", "ConfigMap", "vault-ca"))},
		{"vault CA in a ConfigMap", need, controller(addr, env("NODE_EXTRA_CA_CERTS", "/ca/ca.pem"), mount("/ca", "ConfigMap", "vault-ca"))},
		{"vault CA of the image", need, controller(addr, env("NODE_EXTRA_CA_CERTS", "/etc/ssl/ca.pem"))},
		{"vault skip verify", need, controller(addr, env("VAULT_SKIP_VERIFY", "true"))},
		{"vault token", need, controller(addr, ref("Secret", "vault-token", "VAULT_TOKEN", "token"))},
		{"vault token plain", need, controller(addr, plain("VAULT_TOKEN"))},
		{"vault own pod", need, controller(env("VAULT_ADDR", "http://127.0.0.1:8200"))},
		{"vault no address", need, controller()},
		{"vault address in a Secret", need, controller(ref("Secret", "kes-env", "VAULT_ADDR", "addr"))},
		{"vault address with a password", need, controller(env("VAULT_ADDR", "https://kes:"+Secret+"@vault.example.com"))},
		{"vault namespace put together", need, controller(addr, hidden("VAULT_NAMESPACE", "it is put together from $(TEAM), which only a running pod knows"))},
		{"vault of a chart", need, controller(addr, derived)},
		{"vault envFrom", need, controller(addr, open(fromEnv))},
	}
}

func gcp() []Case {
	need := store.Need{Backend: "gcpSecretsManager", ProjectID: "shop"}
	none := store.Need{Backend: "gcpSecretsManager"}
	account := annotated("iam.gke.io/gcp-service-account", "kes@infra.iam.gserviceaccount.com")
	file := env("GOOGLE_APPLICATION_CREDENTIALS", "/app/gcp-creds/gcp-creds.json")
	return []Case{
		{"gcp without KES", need, nil},
		{"gcp node", need, controller()},
		{"gcp no project", none, controller(account)},
		{"gcp project of KES", none, controller(account, env("GOOGLE_CLOUD_PROJECT", "infra"))},
		{"gcp workload identity", need, controller(account)},
		{"gcp workload identity of values", need, controller(account, values)},
		{"gcp key file", need, controller(file, mount("/app/gcp-creds", "Secret", "gcp-creds"))},
		{"gcp key file in a ConfigMap", need, controller(file, mount("/app/gcp-creds", "ConfigMap", "gcp-creds"))},
		{"gcp key file of the image", need, controller(file)},
		{"gcp key file of values", need, controller(file, values, mount("/app/gcp-creds", "Secret", "gcp-creds"))},
		{"gcp envFrom", need, controller(open(fromEnv))},
	}
}

func azure() []Case {
	need := store.Need{Backend: "azureKeyVault", KeyVaultName: "shop-vault"}
	creds := ref("Secret", "azure-credentials", "AZURE_CLIENT_ID", "clientid", "AZURE_CLIENT_SECRET", "clientsecret")
	tenant := env("AZURE_TENANT_ID", "11111111-2222-3333-4444-555555555555")
	workload := annotated("azure.workload.identity/client-id", "66666666-2222-3333-4444-555555555555")
	return []Case{
		{"azure without KES", need, nil},
		{"azure node", need, controller()},
		{"azure service principal", need, controller(creds, tenant)},
		{"azure service principal in China", need, controller(creds, tenant, env("AZURE_ENVIRONMENT", "AzureChinaCloud", "AZURE_KEY_VAULT_DNS_SUFFIX", "vault.azure.cn"))},
		{"azure unknown cloud", need, controller(creds, tenant, env("AZURE_ENVIRONMENT", "AzureUSGovernment"))},
		{"azure unknown cloud with a host", need, controller(creds, tenant, env("AZURE_ENVIRONMENT", "AzureUSGovernment", "AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us"))},
		{"azure user", need, controller(tenant, env("AZURE_CLIENT_ID", "x", "AZURE_USERNAME", "kes"), plain("AZURE_PASSWORD"))},
		{"azure tenant in a Secret", need, controller(creds, ref("Secret", "azure-credentials", "AZURE_TENANT_ID", "tenantid"))},
		{"azure client in Git", need, controller(tenant, env("AZURE_CLIENT_ID", "66666666-2222-3333-4444-555555555555"), plain("AZURE_CLIENT_SECRET"))},
		{"azure certificate", need, controller(tenant, env("AZURE_CLIENT_ID", "x", "AZURE_CLIENT_CERTIFICATE_PATH", "/cert.pem"))},
		{"azure pod identity", need, controller(pod("aadpodidbinding", "kes"))},
		{"azure managed identity", need, controller(env("AZURE_CLIENT_ID", "66666666-2222-3333-4444-555555555555"))},
		{"azure workload identity", need, controller(tenant, workload, pod("azure.workload.identity/use", "true"))},
		{"azure workload identity with tenant", need, controller(tenant, workload, annotated("azure.workload.identity/tenant-id", "t"))},
		{"azure workload identity without tenant", need, controller(workload)},
		{"azure workload identity of values", need, controller(workload, values)},
		{"azure no vault", store.Need{Backend: "azureKeyVault"}, controller(creds, tenant)},
		{"azure envFrom", need, controller(open(fromEnv), env("AZURE_CLIENT_ID", "x"))},
	}
}

func others() []Case {
	ibm := store.Need{Backend: "ibmcloudSecretsManager"}
	akeyless := store.Need{Backend: "akeyless"}
	alibaba := store.Need{Backend: "alicloudSecretsManager"}
	const prefix = "IBM_CLOUD_SECRETS_MANAGER_API_"
	url := env(prefix+"ENDPOINT", "https://x.eu-de.secrets-manager.appdomain.cloud")
	keys := ref("Secret", "alicloud-credentials", "ALICLOUD_ACCESS_KEY_ID", "id", "ALICLOUD_ACCESS_KEY_SECRET", "secret")
	return []Case{
		{"ibm without KES", ibm, nil},
		{"ibm key", ibm, controller(url, ref("Secret", "ibm-credentials", prefix+"APIKEY", "apikey"))},
		{"ibm all in a Secret", ibm, controller(ref("Secret", "ibm-credentials", prefix+"APIKEY", "apikey", prefix+"ENDPOINT", "endpoint", prefix+"AUTH_TYPE", "type"))},
		{"ibm plain", ibm, controller(url, env(prefix+"AUTH_TYPE", "IAM"), plain(prefix+"APIKEY"))},
		{"ibm profile", ibm, controller(url, env(prefix+"AUTH_TYPE", "container", prefix+"IAM_PROFILE_NAME", "kes", prefix+"CR_TOKEN_FILENAME", "/tokens/t"))},
		{"ibm profile by id", ibm, controller(url, env(prefix+"AUTH_TYPE", "container", prefix+"IAM_PROFILE_ID", "iam-Profile-1"))},
		{"ibm profile in another place", ibm, controller(url, env(prefix+"AUTH_TYPE", "container", prefix+"IAM_PROFILE_NAME", "kes", prefix+"AUTH_URL", "https://private.iam.cloud.ibm.com"), plain(prefix+"CR_TOKEN_FILENAME"))},
		{"ibm basic", ibm, controller(url, env(prefix+"AUTH_TYPE", "basic"))},
		{"akeyless without KES", akeyless, nil},
		{"akeyless key", akeyless, controller(ref("Secret", "akeyless", "AKEYLESS_ACCESS_ID", "id", "AKEYLESS_ACCESS_TYPE", "type", "AKEYLESS_ACCESS_TYPE_PARAM", "param"))},
		{"akeyless mixed", akeyless, controller(env("AKEYLESS_API_ENDPOINT", "https://gw.example.com/v2", "AKEYLESS_ACCESS_ID", "p-1", "AKEYLESS_ACCESS_TYPE", "access_key"),
			ref("Secret", "akeyless", "AKEYLESS_ACCESS_TYPE_PARAM", "param"))},
		{"akeyless type in a Secret", akeyless, controller(ref("Secret", "akeyless", "AKEYLESS_ACCESS_ID", "id", "AKEYLESS_ACCESS_TYPE", "type"))},
		{"akeyless envFrom", akeyless, controller(open(fromEnv), ref("Secret", "akeyless", "AKEYLESS_ACCESS_ID", "id", "AKEYLESS_ACCESS_TYPE", "type"))},
		{"akeyless aws", akeyless, controller(env("AKEYLESS_ACCESS_ID", "p-1", "AKEYLESS_ACCESS_TYPE", "aws_iam"))},
		{"akeyless no parameter", akeyless, controller(env("AKEYLESS_ACCESS_ID", "p-1", "AKEYLESS_ACCESS_TYPE", "access_key"))},
		{"alibaba without KES", alibaba, nil},
		{"alibaba", alibaba, controller(keys, env("ALICLOUD_ENDPOINT", "https://kms.cn-hangzhou.aliyuncs.com"))},
		{"alibaba VPC", alibaba, controller(keys, env("ALICLOUD_ENDPOINT", "kms-vpc.cn-hangzhou.aliyuncs.com"))},
		{"alibaba elsewhere", alibaba, controller(keys, env("ALICLOUD_ENDPOINT", "https://kms.example.com"))},
		{"alibaba role", store.Need{Backend: "alicloudSecretsManager", RoleArn: "acs:ram::1:role/shop"}, controller(keys, env("ALICLOUD_ENDPOINT", "https://kms.cn-hangzhou.aliyuncs.com"))},
		{"no such backend", store.Need{Backend: "consul"}, controller()},
		{"a name that no CRD takes", store.Need{Backend: "vault", VaultRole: "shop"}, controller(env("VAULT_ADDR", "https://vault"), ref("Secret", "Vault_Token", "VAULT_TOKEN", "token"))},
	}
}
