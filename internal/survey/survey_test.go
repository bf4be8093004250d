package survey

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/config"
)

var update = flag.Bool("update", false, "write the golden file")

func TestFleet(t *testing.T) {
	for name, dir := range map[string]string{"fleet": "testdata/fleet", "shop": "../../examples/shop"} {
		t.Run(name, func(t *testing.T) { golden(t, name, dir) })
	}
}

func golden(t *testing.T, name, dir string) {
	r, err := Look(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	got := string(r.Config()) + "# " + r.Summary() + "\n# not read: " + strings.Join(r.Unread, "; ") + "\n"
	golden := "testdata/" + name + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Contains(got, "do-not-copy") {
		t.Error("a secret was copied")
	}
	c, err := config.Parse("kesbridge.yaml", []byte(got))
	if err != nil {
		t.Fatal(err)
	}
	stores, region := 0, ""
	if name == "fleet" {
		stores, region = 4, "eu-west-1"
	}
	if len(c.Stores) != stores || c.Defaults.Mode != config.Keep || c.Controller.Env["AWS_REGION"] != region || c.Defaults.EsoVersion != "" {
		t.Errorf("read back: %+v", c)
	}
}

// What a repository holds may be anything; the result is a configuration, and
// nothing gets out of a comment.
func TestHostile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a\nstores: [].yaml": "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: \"x\\ny: z\"}\nspec: {backendType: vault, vaultRole: \"a\\nb: c\"}\n",
		"bomb.yaml":          "x: external-secrets\na: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\n",
		"self.yaml":          "kind: List\napiVersion: external-secrets.io/v1\nitems: &a\n- items: *a\n",
		"deep.yaml":          "external-secrets: " + strings.Repeat("[", 20000) + "\n",
		"store.yaml":         "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: \"x\\ndefaults: {mode: replace}\"}\nspec: {provider: {aws: {region: \"a\\nb: c\"}}}\n",
		"store2.yaml":        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: ok}\nspec: {provider: {aws: {region: \"a\\nb: {c}\"}, vault: {}}}\n",
		"Chart.yaml":         "dependencies: [{name: external-secrets, version: \"0.20\\nlocked: [mode]\"}]\n",
		"app.yaml":           "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {destination: {name: \"a\\nlocked: [mode]\"}}\n",
		"many.yaml":          "a: &a {apiVersion: argoproj.io/v1alpha1, kind: Application, spec: {source: {path: x}}}\nkind: List\nitems: [" + strings.Repeat("*a,", 5000) + "]\n",
		"kustomization.yaml": "resources: [kustomization.yaml, ., ../.., \"\\0\"]\nhelmCharts: [[a], {name: other, valuesFile: ../../etc/passwd, additionalValuesFiles: {a: b}}]\n",
		"values.yaml":        "kubernetes-external-secrets: [a]\n",
		"huge.yaml":          "external-secrets: " + strings.Repeat("x", maxFile) + "\n",
		"dep.yaml":           "kind: Deployment\nspec: {template: {spec: {containers: [{image: x/kubernetes-external-secrets, env: [{name: AWS_REGION, value: \"a\\nlocked: [mode]\"}]}]}}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.yaml")); err != nil {
		t.Fatal(err)
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
	if c.Locked != nil || c.Defaults.Mode != config.Keep || len(c.Stores) != 1 || r.KES != 1 || c.Controller.Env["AWS_REGION"] != "a\nlocked: [mode]" {
		t.Errorf("%+v\n%s", c, out)
	}
	found, err := FindControllers(t.Context(), dir)
	if err != nil || len(found) != 1 || found[0].From != "dep.yaml" {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := config.Parse("kesbridge.yaml", Snippet(found)); err != nil {
		t.Error(err)
	}
	r.Found = found
	if c, err = config.Parse("kesbridge.yaml", r.Config()); err != nil || c.Locked != nil || c.Controller.From != "dep.yaml" {
		t.Errorf("%+v, %v\n%s", c, err, r.Config())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Look(ctx, dir); err == nil {
		t.Error("a cancelled look goes on")
	}
}
