package survey

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/store"
)

// proposed gives the configuration for files.
func proposed(t *testing.T, files map[string]string) (*config.Config, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Look(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	out := r.Config()
	c, err := config.Parse("kesbridge.yaml", out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return c, string(out)
}

func pin(version string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {chart: external-secrets, targetRevision: \"" + version + "\"}}\n"
}

func runs(image, env string) string {
	return "kind: Deployment\nspec: {template: {spec: {containers: [{image: \"" + image + "\", env: [" + env + "]}]}}}\n"
}

const crd = "kind: CustomResourceDefinition\nmetadata: {name: externalsecrets.external-secrets.io}\nspec: {versions: [{name: v1beta1, served: true}]}\n"

// TestVersion: only evidence that agrees becomes a setting.
func TestVersion(t *testing.T) {
	for _, c := range []struct {
		name, want string
		files      map[string]string
	}{
		{"exact", "0.20", map[string]string{"a.yaml": pin("0.20.4")}},
		{"range", "", map[string]string{"a.yaml": pin("0.9.20 - 0.10.2")}},
		{"exact and range", "", map[string]string{"a.yaml": pin("0.20.4"), "b.yaml": pin(">=0.9")}},
		{"two", "", map[string]string{"a.yaml": pin("0.20.4"), "b.yaml": pin("0.9.20")}},
		{"image with digest", "0.20", map[string]string{"a.yaml": runs("reg:5000/external-secrets/external-secrets:v0.20.4@sha256:ab", "")}},
		{"digest alone", "", map[string]string{"a.yaml": runs("x/external-secrets@sha256:ab", "")}},
		{"CRD serves another", "", map[string]string{"a.yaml": pin("0.20.4"), "crd.yaml": crd}},
		{"CRD serves it", "0.9", map[string]string{"a.yaml": pin("0.9.20"), "crd.yaml": crd}},
		{"unknown release", "", map[string]string{"a.yaml": pin("77.1.0")}},
		{"two clusters", "", map[string]string{"a.yaml": pin("0.20.4"), "b.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {destination: {name: a}}\n---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {destination: {name: b}}\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, out := proposed(t, c.files)
			if got.Defaults.EsoVersion != c.want {
				t.Errorf("esoVersion %q, want %q\n%s", got.Defaults.EsoVersion, c.want, out)
			}
			if !strings.Contains(out, "# ESO: a.yaml:") && len(c.files) == 1 {
				t.Errorf("the evidence isn't named\n%s", out)
			}
		})
	}
}

// TestSettings: what differs, or is a secret, is not set.
func TestSettings(t *testing.T) {
	app := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {sources: [{chart: kubernetes-external-secrets, helm: {%s}}]}\n"
	region := "{name: AWS_REGION, value: eu-west-1}"
	for _, c := range []struct {
		name, want string
		files      map[string]string
	}{
		{"port and digest", "eu-west-1", map[string]string{"a.yaml": runs("reg:5000/x/kubernetes-external-secrets@sha256:ab", region)}},
		{"renamed image", "eu-west-1", map[string]string{"a.yaml": strings.Replace(runs("mirror/kes:8", region), "spec:", "metadata: {name: kubernetes-external-secrets}\nspec:", 1)}},
		{"another Deployment", "", map[string]string{"a.yaml": runs("x/external-secrets-ui:1", region)}},
		{"same twice", "eu-west-1", map[string]string{"a.yaml": runs("kubernetes-external-secrets", region), "b.yaml": runs("kubernetes-external-secrets", region)}},
		{"differs", "", map[string]string{"a.yaml": runs("kubernetes-external-secrets", region), "b.yaml": runs("kubernetes-external-secrets", strings.Replace(region, "eu", "us", 1))}},
		{"chart's default", "us-west-2", map[string]string{"kes/Chart.yaml": "name: kubernetes-external-secrets\n", "kes/values.yaml": "env: {AWS_REGION: us-west-2}\n"}},
		{"default overridden", "eu-west-1", map[string]string{"kes/Chart.yaml": "name: kubernetes-external-secrets\n", "kes/values.yaml": "env: {AWS_REGION: us-west-2}\n", "kes/values-prod.yaml": "env: {AWS_REGION: eu-west-1}\n"}},
		{"alias", "eu-west-1", map[string]string{"kes/Chart.yaml": "name: infra\ndependencies: [{name: kubernetes-external-secrets, alias: kes}]\n", "kes/values.yaml": "kes: {env: {AWS_REGION: eu-west-1}}\n"}},
		{"valueFiles", "eu-west-1", map[string]string{"a.yaml": strings.Replace(app, "%s", "valueFiles: [$values/infra/v.yaml, $values/../../etc/passwd]", 1), "infra/v.yaml": "env: {AWS_REGION: eu-west-1}\n"}},
		{"parameters", "eu-west-1", map[string]string{"a.yaml": strings.Replace(app, "%s", "parameters: [{name: env.AWS_REGION, value: eu-west-1}]", 1)}},
		{"values text", "eu-west-1", map[string]string{"a.yaml": strings.Replace(app, "%s", `values: "env: {AWS_REGION: eu-west-1}"`, 1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, out := proposed(t, c.files)
			if got.Controller.Env["AWS_REGION"] != c.want {
				t.Errorf("AWS_REGION %q, want %q\n%s", got.Controller.Env["AWS_REGION"], c.want, out)
			}
			if c.name == "differs" && !(strings.Contains(out, `# AWS_REGION: "eu-west-1" # a.yaml:2`) && strings.Contains(out, `# AWS_REGION: "us-west-1" # b.yaml:2`)) {
				t.Errorf("not both are listed\n%s", out)
			}
		})
	}
	var env []string
	for _, name := range []string{"AKEYLESS_ACCESS_TYPE_PARAM", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "VAULT_TOKEN", "AZURE_PASSWORD", "IBM_CLOUD_SECRETS_MANAGER_API_APIKEY", "ALICLOUD_ACCESS_KEY_ID"} {
		env = append(env, "{name: "+name+", value: do-not-copy}")
	}
	_, out := proposed(t, map[string]string{"a.yaml": runs("kubernetes-external-secrets", strings.Join(env, ", "))})
	if strings.Contains(out, "do-not-copy") || strings.Count(out, "# not copied: ") != len(env) {
		t.Errorf("a secret was copied, or not named\n%s", out)
	}
}

func secretStore(kind, meta, provider string) string {
	return "apiVersion: external-secrets.io/v1\nkind: " + kind + "\nmetadata: {" + meta + "}\nspec: {provider: {" + provider + "}}\n---\n"
}

// TestRules: a rule takes the resources that the store serves as KES did, and
// no others.
func TestRules(t *testing.T) {
	eu := "aws: {service: SecretsManager, region: eu-west-1}"
	vault := "vault: {server: x, auth: {kubernetes: {mountPath: pay, role: pay}}}"
	old := "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: a, namespace: shop}\nspec: {backendType: vault, kvVersion: 1, vaultMountPoint: pay, vaultRole: pay, data: [{key: x, name: x, property: x}]}\n"
	awsNeed := store.Need{Backend: "secretsManager", Region: "eu-west-1"}
	role := awsNeed
	role.RoleArn = "arn:aws:iam::1:role/x"
	payNeed := store.Need{Backend: "vault", VaultMountPoint: "pay", VaultRole: "pay"}
	for _, c := range []struct {
		name, stores, namespace, want string
		need                          store.Need
	}{
		{"narrow before wide", secretStore("ClusterSecretStore", "name: a", eu) + secretStore("SecretStore", "name: b, namespace: shop", eu), "shop", "b", awsNeed},
		{"wide elsewhere", secretStore("ClusterSecretStore", "name: a", eu) + secretStore("SecretStore", "name: b, namespace: shop", eu), "other", "a", awsNeed},
		{"another region", secretStore("ClusterSecretStore", "name: a", strings.Replace(eu, "eu-", "us-", 1)), "shop", "", awsNeed},
		{"no region", secretStore("ClusterSecretStore", "name: a", "aws: {service: SecretsManager}"), "shop", "", awsNeed},
		{"a role that the store lacks", secretStore("ClusterSecretStore", "name: a", eu), "shop", "", role},
		{"its role", secretStore("ClusterSecretStore", "name: a", strings.Replace(eu, "}", ", role: \""+role.RoleArn+"\"}", 1)), "shop", "a", role},
		{"no namespace", secretStore("SecretStore", "name: a", eu), "shop", "", awsNeed},
		{"two that fit", secretStore("ClusterSecretStore", "name: a", eu) + secretStore("ClusterSecretStore", "name: b", eu), "shop", "", awsNeed},
		{"conditions", strings.Replace(secretStore("ClusterSecretStore", "name: a", eu), "spec: {", "spec: {conditions: [{namespaces: [x]}], ", 1), "shop", "", awsNeed},
		{"vault", secretStore("ClusterSecretStore", "name: a", vault), "shop", "a", payNeed},
		{"vault, another role", secretStore("ClusterSecretStore", "name: a", vault), "shop", "", store.Need{Backend: "vault", VaultMountPoint: "pay", VaultRole: "other"}},
		{"vault, default mount", secretStore("ClusterSecretStore", "name: a", strings.Replace(vault, "mountPath: pay, ", "", 1)), "shop", "a", store.Need{Backend: "vault", VaultRole: "pay"}},
		{"vault with a token", secretStore("ClusterSecretStore", "name: a", "vault: {server: x, auth: {tokenSecretRef: {name: x}}}"), "shop", "", payNeed},
		{"vault, kv 1 here", secretStore("ClusterSecretStore", "name: a", vault) + old, "shop", "", payNeed},
		{"vault, kv 1 served", secretStore("ClusterSecretStore", "name: a", strings.Replace(vault, "server", "version: v1, server", 1)) + old, "shop", "a", payNeed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, out := proposed(t, map[string]string{"s.yaml": c.stores})
			r := store.Resolver{Rules: got.Stores, Unmatched: "fail"}
			choice, _ := r.Resolve(c.need, store.Subject{Namespace: c.namespace})
			if choice.Ref.Name != c.want {
				t.Errorf("store %q, want %q\n%s", choice.Ref.Name, c.want, out)
			}
			if c.want == "" && !strings.Contains(out, "#   store: {kind: ") && !strings.Contains(out, "takes 0") {
				t.Errorf("the store isn't named\n%s", out)
			}
		})
	}
}

// TestLeft: a backend with a store may need another one, too.
func TestLeft(t *testing.T) {
	es := "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: a, namespace: shop}\nspec: {backendType: secretsManager, region: us-east-1, data: [{key: x, name: x}]}\n---\n"
	_, out := proposed(t, map[string]string{
		"s.yaml":                 secretStore("ClusterSecretStore", "name: a", "aws: {service: SecretsManager, region: eu-west-1}") + es + es,
		"chart/Chart.yaml":       "name: x\n",
		"chart/templates/a.yaml": es,
		"chart/templates/b.yaml": strings.Replace(es, "name: a", "name: {{ .Values.x }}", 1),
	})
	name := store.Need{Backend: "secretsManager", Region: "us-east-1"}.Name()
	for _, want := range []string{"the store for 3 of secretsManager", `name: "` + name + `"`, "3 KES resources", "more in 1 templates"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q\n%s", want, out)
		}
	}
}
