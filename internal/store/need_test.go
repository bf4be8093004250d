package store

import (
	"regexp"
	"strings"
	"testing"
)

// TestNames is frozen: a line may be added, none may ever change. Stores with
// these names exist in clusters, and ExternalSecrets refer to them.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		need Need
		want string
	}{
		{Need{Backend: "secretsManager"}, "aws-sm-a2de46db"},
		{Need{Backend: "secretsManager", Region: "eu-west-1"}, "aws-sm-eu-west-1-d5282d82"},
		{Need{Backend: "secretsManager", Region: "us-gov-west-1", RoleArn: "arn:aws-us-gov:iam::123456789012:role/team/Shop_Reader"}, "aws-sm-us-gov-west-1-shop-reader-460a6e1b"},
		{Need{Backend: "secretsManager", RoleArn: "arn:aws:iam::123456789012:role/test-role"}, "aws-sm-test-role-2db6b05d"},
		{Need{Backend: "secretsManager", RoleArn: "arn:aws:iam::123412341234:role/test-role"}, "aws-sm-test-role-6bf556b8"},
		{Need{Backend: "secretsManager", RoleArn: "arn:aws:iam::123412341234:role/let-other-account-access-secrets"}, "aws-sm-let-other-account-access-secrets-90a97fbf"},
		{Need{Backend: "systemManager"}, "aws-ssm-162022fc"},
		{Need{Backend: "systemManager", Region: "eu-west-1"}, "aws-ssm-eu-west-1-55c6a2fe"},
		{Need{Backend: "vault"}, "vault-kv2-8fe7c376"},
		{Need{Backend: "vault", KVVersion: 1}, "vault-kv1-2fea0d42"},
		{Need{Backend: "vault", VaultRole: "vault-infra", VaultMountPoint: "kubernetes"}, "vault-kv2-vault-infra-70136304"},
		{Need{Backend: "vault", VaultRole: "vault-infra"}, "vault-kv2-vault-infra-01f5f8c8"},
		{Need{Backend: "vault", VaultRole: "vault-infra", VaultMountPoint: "kubernetes", KVVersion: 1}, "vault-kv1-vault-infra-9722af79"},
		{Need{Backend: "vault", VaultRole: "my-vault-role", VaultMountPoint: "my-kubernetes-vault-mount-point"}, "vault-kv2-my-vault-role-my-kubernetes-vault-mount-poin-055c8799"},
		{Need{Backend: "vault", VaultRole: "a", VaultMountPoint: "team/k8s"}, "vault-kv2-a-team-k8s-6b6b507a"},
		{Need{Backend: "azureKeyVault", KeyVaultName: "azureSuperSecretVault"}, "azure-azuresupersecretvault-1467ab7a"},
		{Need{Backend: "azureKeyVault"}, "azure-cfc18641"},
		{Need{Backend: "gcpSecretsManager", ProjectID: "shop"}, "gcp-shop-1c402df3"},
		{Need{Backend: "gcpSecretsManager", ProjectID: "123456"}, "gcp-123456-5cf35e46"},
		{Need{Backend: "gcpSecretsManager", ProjectID: "${SECRET_PROJECT}"}, "gcp-secret-project-b6134fe5"},
		{Need{Backend: "gcpSecretsManager", ProjectID: "example.com:shop"}, "gcp-example-com-shop-2afe2fa6"},
		{Need{Backend: "gcpSecretsManager"}, "gcp-5f861741"},
		{Need{Backend: "alicloudSecretsManager"}, "alicloud-81eaa30a"},
		{Need{Backend: "alicloudSecretsManager", RoleArn: "acs:ram::{UID}:role/demo"}, "alicloud-demo-92ffb5a1"},
		{Need{Backend: "ibmcloudSecretsManager"}, "ibm-80e2cc0a"},
		{Need{Backend: "akeyless"}, "akeyless-2873b60c"},
		// Nothing converts these, but the name must still be one.
		{Need{}, "store-2d964d0f"},
		{Need{Backend: "日本"}, "store-8e810af5"},
		{Need{Backend: "azureKeyVault", KeyVaultName: "überVault"}, "azure-bervault-a0f36bb4"},
		{Need{Backend: "gcpSecretsManager", ProjectID: strings.Repeat("a-very-long-project-", 5)}, "gcp-a-very-long-project-a-very-long-project-a-very-lon-c6761dce"},
	} {
		if got := tt.need.Name(); got != tt.want {
			t.Errorf("%+v\n got %q\nwant %q", tt.need, got, tt.want)
		}
	}
}

// TestNameIgnores: what KES ignores makes no other store.
func TestNameIgnores(t *testing.T) {
	for _, tt := range []struct{ a, b Need }{
		{Need{Backend: "secretManager", Region: "a"}, Need{Backend: "secretsManager", Region: "a"}},
		{Need{Backend: "secretsManager", VaultRole: "x", KVVersion: 1, ProjectID: "p", KeyVaultName: "k"}, Need{Backend: "secretsManager"}},
		{Need{Backend: "vault", Region: "eu-west-1", RoleArn: "r"}, Need{Backend: "vault"}},
		{Need{Backend: "vault", KVVersion: 2}, Need{Backend: "vault"}},
		{Need{Backend: "gcpSecretsManager", ProjectID: "p", Region: "eu-west-1"}, Need{Backend: "gcpSecretsManager", ProjectID: "p"}},
		{Need{Backend: "azureKeyVault", KeyVaultName: "k", RoleArn: "r"}, Need{Backend: "azureKeyVault", KeyVaultName: "k"}},
		{Need{Backend: "alicloudSecretsManager", Region: "cn-hangzhou"}, Need{Backend: "alicloudSecretsManager"}},
		{Need{Backend: "akeyless", Region: "x", RoleArn: "r", VaultRole: "v", ProjectID: "p"}, Need{Backend: "akeyless"}},
		{Need{Backend: "ibmcloudSecretsManager", ProjectID: "p"}, Need{Backend: "ibmcloudSecretsManager"}},
	} {
		if tt.a.Name() != tt.b.Name() {
			t.Errorf("%+v is %s, %+v is %s", tt.a, tt.a.Name(), tt.b, tt.b.Name())
		}
	}
}

var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// TestNamesKeepApart: a grid of values made to run into each other.
func TestNamesKeepApart(t *testing.T) {
	values := []string{"", "a", "A", "a-", "-a", "a\n", "a/a", "a_a", "a.a", "a a", "6:a", "region:1:a\n", "kubernetes", strings.Repeat("x", 70), strings.Repeat("x", 71), "é", "e"}
	backends := []string{"secretsManager", "systemManager", "vault", "azureKeyVault", "gcpSecretsManager", "alicloudSecretsManager", "ibmcloudSecretsManager", "akeyless", "other"}
	seen := map[string]Need{}
	for _, backend := range backends {
		for _, a := range values {
			for _, b := range values {
				for kv := range 3 {
					n := Need{Backend: backend, Region: a, RoleArn: b, VaultMountPoint: a, VaultRole: b, KVVersion: kv, KeyVaultName: a, ProjectID: a}
					name := n.Name()
					if !label.MatchString(name) {
						t.Fatalf("%+v: %q is no DNS-1123 label", n, name)
					}
					if before, ok := seen[name]; ok && before != n.Normal() {
						t.Fatalf("%+v and %+v are both %s", before, n.Normal(), name)
					}
					seen[name] = n.Normal()
				}
			}
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("vault", "team/k8s", "role", 2)
	f.Add("secretsManager", "eu-west-1", "arn:aws:iam::1:role/a", 0)
	f.Fuzz(func(t *testing.T, backend, a, b string, kv int) {
		n := Need{Backend: backend, Region: a, RoleArn: b, VaultMountPoint: a, VaultRole: b, KVVersion: kv, KeyVaultName: a, ProjectID: b}
		name := n.Name()
		if !label.MatchString(name) {
			t.Fatalf("%+v: %q", n, name)
		}
		if n.Normal().Name() != name || n.Normal().Normal() != n.Normal() {
			t.Fatalf("%+v isn't stable", n)
		}
		n.Requirements(map[string]string{"ALICLOUD_ENDPOINT": a, "AZURE_KEY_VAULT_DNS_SUFFIX": b})
	})
}

func TestRequirements(t *testing.T) {
	for _, tt := range []struct {
		name string
		need Need
		env  map[string]string
		want string
	}{
		{"aws", Need{Backend: "secretsManager", Region: "eu-west-1"}, nil,
			"provider aws, service SecretsManager; region eu-west-1; auth: the AWS identity that KES ran with"},
		{"aws, region unknown", Need{Backend: "systemManager"}, nil,
			"provider aws, service ParameterStore; region: the AWS_REGION of KES's Deployment (not known here; KES's chart sets us-west-2); auth: the AWS identity that KES ran with"},
		{"aws, settings", Need{Backend: "secretsManager", RoleArn: "arn:aws:iam::1:role/a"},
			map[string]string{"AWS_REGION": "eu-west-1", "AWS_INTERMEDIATE_ROLE_ARN": "arn:aws:iam::1:role/b", "AWS_SECRET_ACCESS_KEY": "hidden"},
			"provider aws, service SecretsManager; region eu-west-1 (AWS_REGION of KES); role arn:aws:iam::1:role/a; additionalRoles [arn:aws:iam::1:role/b] (AWS_INTERMEDIATE_ROLE_ARN of KES); auth: the AWS identity that KES ran with"},
		{"vault", Need{Backend: "vault", VaultRole: "r", VaultMountPoint: "team/k8s"}, nil,
			"provider vault, version v2, no path; server: the VAULT_ADDR of KES's Deployment (not known here; KES's default is http://127.0.0.1:8200); auth.kubernetes.mountPath team/k8s; auth.kubernetes.role r"},
		{"vault, settings", Need{Backend: "vault", KVVersion: 1},
			map[string]string{"VAULT_ADDR": "https://vault.example:8200", "VAULT_NAMESPACE": "team", "DEFAULT_VAULT_ROLE": "d"},
			"provider vault, version v1, no path; server https://vault.example:8200 (VAULT_ADDR of KES); namespace team (VAULT_NAMESPACE of KES); auth.kubernetes.mountPath: the DEFAULT_VAULT_MOUNT_POINT of KES's Deployment (not known here; KES's default is kubernetes); auth.kubernetes.role d (DEFAULT_VAULT_ROLE of KES)"},
		{"azure", Need{Backend: "azureKeyVault", KeyVaultName: "v"},
			map[string]string{"AZURE_KEY_VAULT_DNS_SUFFIX": "vault.azure.cn", "AZURE_ENVIRONMENT": "AzureChinaCloud", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": "hidden"},
			"provider azurekv; vaultUrl https://v.vault.azure.cn; environmentType ChinaCloud (AZURE_ENVIRONMENT of KES); tenantId t (AZURE_TENANT_ID of KES); authType and credentials: the Azure identity that KES ran with"},
		{"azure, no vault", Need{Backend: "azureKeyVault"}, nil,
			"provider azurekv; vaultUrl: the manifest names no keyVaultName; authType and credentials: the Azure identity that KES ran with"},
		{"gcp", Need{Backend: "gcpSecretsManager", ProjectID: "shop"}, nil,
			"provider gcpsm; projectID shop; auth: the Google identity that KES ran with"},
		{"gcp, no project", Need{Backend: "gcpSecretsManager"}, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/creds.json"},
			"provider gcpsm; projectID: the project of KES's own credentials (not known here); auth: the Google identity that KES ran with (a key file, GOOGLE_APPLICATION_CREDENTIALS: auth.secretRef)"},
		{"alicloud", Need{Backend: "alicloudSecretsManager", RoleArn: "acs:ram::1:role/demo"}, map[string]string{"ALICLOUD_ENDPOINT": "https://kms-vpc.cn-hangzhou.aliyuncs.com"},
			"provider alibaba, which ESO has up to 1.3; regionID cn-hangzhou (from ALICLOUD_ENDPOINT of KES); role acs:ram::1:role/demo: ESO assumes roles through auth.rrsa only, not with an access key as KES did; auth.secretRef: ALICLOUD_ACCESS_KEY_ID and ALICLOUD_ACCESS_KEY_SECRET of KES"},
		{"ibm", Need{Backend: "ibmcloudSecretsManager"}, nil,
			"provider ibm; serviceUrl: the IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT of KES's Deployment (not known here); auth.secretRef: IBM_CLOUD_SECRETS_MANAGER_API_APIKEY of KES"},
		{"ibm, other auth", Need{Backend: "ibmcloudSecretsManager"}, map[string]string{"IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE": "cp4d", "IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT": "https://x"},
			"provider ibm; serviceUrl https://x (IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT of KES); auth: ESO has no form of KES's IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE cp4d"},
		{"akeyless", Need{Backend: "akeyless"}, map[string]string{"AKEYLESS_ACCESS_TYPE_PARAM": "hidden"},
			"provider akeyless; akeylessGWApiURL: the AKEYLESS_API_ENDPOINT of KES's Deployment (not known here; KES's default is https://api.akeyless.io); authSecretRef.secretRef: AKEYLESS_ACCESS_ID, AKEYLESS_ACCESS_TYPE and AKEYLESS_ACCESS_TYPE_PARAM of KES"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(tt.need.Requirements(tt.env), "; ")
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if strings.Contains(got, "hidden") {
				t.Error("prints a credential")
			}
		})
	}
}
