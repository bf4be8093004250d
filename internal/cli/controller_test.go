package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestControllerSecrets: whatever is wrong with where KES's settings stand, no
// command says a word of a secret in them.
func TestControllerSecrets(t *testing.T) {
	const secret = "do-not-show"
	deployment := func(env string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kes, namespace: kes}\nspec: {template: {spec: {containers: [{name: kes, image: kubernetes-external-secrets, env: [" + env + "]}]}}}\n"
	}
	plain := "{name: AWS_SECRET_ACCESS_KEY, value: " + secret + "}"
	chart := "apiVersion: v2\nname: x\nversion: 1.0.0\n"
	for _, c := range []struct {
		name  string
		files map[string]string // below settings/
		from  string
		fails bool
	}{
		{"plain", map[string]string{"kes.yaml": deployment(plain)}, "kes.yaml", false},
		{"in a URL", map[string]string{"kes.yaml": deployment("{name: VAULT_ADDR, value: 'https://u:" + secret + "@vault'}")}, "kes.yaml", false},
		{"of nobody's variable", map[string]string{"kes.yaml": deployment("{name: OURS, value: " + secret + "}")}, "kes.yaml", false},
		{"a Secret beside it", map[string]string{"kes.yaml": deployment("{name: AWS_REGION, valueFrom: {secretKeyRef: {name: s, key: k}}}") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: " + secret + "}\n"}, "kes.yaml", false},
		{"a ConfigMap beside it", map[string]string{"kes.yaml": strings.Replace(deployment(""), "env: []", "envFrom: [{configMapRef: {name: c}}]", 1) + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {VAULT_TOKEN: " + secret + "}\n"}, "kes.yaml", false},
		{"values", map[string]string{"values.yaml": "env: {AWS_SECRET_ACCESS_KEY: " + secret + "}\n"}, "values.yaml", false},
		{"an Application", map[string]string{"app.txt": "", "app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {chart: kubernetes-external-secrets, helm: {values: \"env: {VAULT_TOKEN: " + secret + "}\", parameters: [{name: 'env.AWS_SECRET_ACCESS_KEY[0]', value: " + secret + "}]}}}\n"}, "app.yaml", false},
		{"an Application's broken values", map[string]string{"app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {chart: kubernetes-external-secrets, helm: {values: \"env: {VAULT_TOKEN: " + secret + "\"}}}\n"}, "app.yaml", false},
		{"an alias that leads nowhere", map[string]string{"kes.yaml": "# external-secrets\nkind: Deployment\nspec: *" + secret + "\n"}, "kes.yaml", true},
		{"no YAML", map[string]string{"kes.yaml": "kind: Deployment\n a: " + secret + "\nb: [\n"}, "kes.yaml", true},
		{"a tag", map[string]string{"kes.yaml": "kind: Deployment\nspec: !" + secret + "!x y\n"}, "kes.yaml", true},
		{"no KES", map[string]string{"kes.yaml": "key: " + secret + "\n"}, "kes.yaml", true},
		{"several", map[string]string{"kes.yaml": deployment(plain) + "---\n" + deployment(plain)}, "kes.yaml", true},
		{"a bomb", map[string]string{"kes.yaml": "a: &a [" + secret + "," + secret + "]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nkind: Deployment\nd: &d [*d, *c]\n"}, "kes.yaml", true},
		{"a directory with no YAML", map[string]string{"d/kes.yaml": "kind: Deployment\n a: " + secret + "\nb: [\n"}, "d", true},
		{"a kustomization", map[string]string{"k/kustomization.yaml": "resources: [kes.yaml]\n", "k/kes.yaml": deployment(plain)}, "k", false},
		{"a broken patch", map[string]string{"k/kustomization.yaml": "resources: [kes.yaml]\npatches: [{patch: \"" + secret + ": [\"}]\n", "k/kes.yaml": deployment(plain)}, "k", true},
		{"a broken resource", map[string]string{"k/kustomization.yaml": "resources: [kes.yaml]\n", "k/kes.yaml": deployment(plain) + " " + secret + ": [\n"}, "k", true},
		{"a broken generator", map[string]string{"k/kustomization.yaml": "secretGenerator: [{name: s, literals: [" + secret + "]}]\n"}, "k", true},
		{"a field that isn't known", map[string]string{"k/kustomization.yaml": "resources: [kes.yaml]\n" + secret + ": x\n", "k/kes.yaml": deployment(plain)}, "k", true},
		{"a chart that fails", map[string]string{"c/Chart.yaml": chart, "c/values.yaml": "k: " + secret + "\n", "c/templates/a.yaml": "{{ fail .Values.k }}"}, "c", true},
		{"a chart that renders to no YAML", map[string]string{"c/Chart.yaml": chart, "c/values.yaml": "k: " + secret + "\n", "c/templates/a.yaml": "kind: Deployment\n a: {{ .Values.k }}\nb: [\n"}, "c", true},
		{"a schema that refuses", map[string]string{"c/Chart.yaml": chart, "c/values.yaml": "k: " + secret + "\n", "c/values.schema.json": `{"properties": {"k": {"enum": ["a"]}}}`, "c/templates/a.yaml": "kind: Deployment\n"}, "c", true},
		{"a function that isn't known", map[string]string{"c/Chart.yaml": chart, "c/templates/a.yaml": "{{ do_not \"" + secret + "\" }}"}, "c", true},
		{"broken values of a chart", map[string]string{"c/Chart.yaml": chart, "c/values.yaml": "k: " + secret + "\n j: [\n", "c/templates/a.yaml": "kind: Deployment\n"}, "c", true},
		{"jsonnet", map[string]string{"j/a.jsonnet": "error '" + secret + "'"}, "j", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.files["../.git/HEAD"] = "ref: refs/heads/main\n"
			c.files["../kesbridge.yaml"] = "controller: {from: settings/" + c.from + "}\n"
			c.files["../app/secret.yaml"] = "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: web, namespace: shop}\nspec: {backendType: vault, vaultRole: r, data: [{key: secret/data/a, name: a, property: a}]}\n"
			for name, text := range c.files {
				file := filepath.Join(dir, "settings", name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			app := filepath.Join(dir, "app")
			for _, args := range [][]string{
				{"render", "-v", app}, {"render", "--explain", "shop/web", app}, {"convert", "-v", filepath.Join(app, "secret.yaml")}, {"diff", app}, {"verify", app},
				{"check", app}, {"check", "-o", "json", app}, {"check", "--report", "markdown=-", app}, {"stores", app}, {"init", "--stdout", dir},
			} {
				var out, errs bytes.Buffer
				code := Run(t.Context(), args, nil, strings.NewReader(""), &out, &errs)
				if strings.Contains(out.String()+errs.String(), secret) {
					t.Errorf("%q says\n%s%s", args, &out, &errs)
				}
				if fails := code != 0; args[0] != "diff" && args[0] != "verify" && args[0] != "stores" && args[0] != "init" && fails != c.fails {
					t.Errorf("%q: exit code %d\n%s%s", args, code, &out, &errs)
				}
				if said := out.String() + errs.String(); c.fails && args[0] != "init" && !strings.Contains(said, "controller.from settings/"+c.from) {
					t.Errorf("%q doesn't name the place:\n%s", args, said)
				}
			}
		})
	}
}
