package survey

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/kes"
	"kesbridge/render"
)

// repository writes files and gives a reader of them that renders.
func repository(t *testing.T, files map[string]string) Reader {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Reader{Root: dir, Render: func(ctx context.Context, name string) (*render.Output, error) {
		return render.Render(ctx, render.Source{Dir: filepath.Join(dir, name), Root: dir, Helm: render.HelmOptions{ReleaseName: UnknownRelease, Namespace: UnknownNamespace}})
	}}
}

func deployment(name, region string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: infra}\nspec: {template: {spec: {containers: [{name: kes, image: kubernetes-external-secrets, env: [{name: AWS_REGION, value: " + region + "}, {name: VAULT_TOKEN, value: do-not-copy}]}]}}}\n"
}

func kesApplication(name, cluster, source string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + name + "}\nspec:\n  destination: {name: " + cluster + ", namespace: infra}\n  " + source + "\n"
}

const umbrella = "apiVersion: v2\nname: infra\nversion: 1.0.0\ndependencies: [{name: kubernetes-external-secrets, alias: kes, version: 8.5.5}]\n"

// TestFind: what is found, what reads it, for which clusters, and with which
// region. The place that is proposed is read again.
func TestFind(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string // from, region, clusters
	}{
		{"nothing", map[string]string{"a.yaml": "kind: Deployment\nspec: {}\n", "values.yaml": "env: {AWS_REGION: a}\n"}, nil},
		{"a Deployment", map[string]string{"infra/kes.yaml": deployment("kes", "a")}, []string{"infra/kes.yaml a "}},
		{"two in a file", map[string]string{"kes.yaml": deployment("one", "a") + "---\n" + deployment("two", "b")}, []string{"kes.yaml#infra/one a ", "kes.yaml#infra/two b "}},
		{"in a directory of an Application", map[string]string{"infra/kes/kes.yaml": deployment("kes", "a"), "app.yaml": kesApplication("infra", "prod", "source: {repoURL: x, path: infra/kes}")}, []string{"infra/kes/kes.yaml a prod"}},
		{"overlays", map[string]string{
			"kes/base/kustomization.yaml": "resources: [kes.yaml]\n", "kes/base/kes.yaml": deployment("kes", "a"),
			"kes/prod/kustomization.yaml":    "resources: [../base]\npatches: [{path: p.yaml}]\n",
			"kes/prod/p.yaml":                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kes, namespace: infra}\nspec: {template: {spec: {containers: [{name: kes, env: [{name: AWS_REGION, value: b}]}]}}}\n",
			"kes/staging/kustomization.yaml": "resources: [../base]\nnameSuffix: -staging\n",
			"apps.yaml":                      kesApplication("prod", "prod", "source: {repoURL: x, path: kes/prod}") + "---\n" + kesApplication("staging", "staging", "source: {repoURL: x, path: kes/staging}"),
		}, []string{"kes/prod b prod", "kes/staging a staging"}},
		{"a ConfigMap beside it", map[string]string{
			"kes/kes.yaml":  strings.Replace(deployment("kes", "a"), "env: [", "envFrom: [{configMapRef: {name: conf}}], env: [", 1),
			"kes/conf.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: infra}\ndata: {INSTANCE_ID: x}\n",
		}, []string{"kes a "}},
		{"values of an umbrella chart", map[string]string{"kes/Chart.yaml": umbrella, "kes/values.yaml": "kes: {env: {AWS_REGION: a}}\n", "kes/values-prod.yaml": "kes: {env: {INSTANCE_ID: x}}\n"},
			[]string{"kes/values-prod.yaml a ", "kes/values.yaml a "}},
		{"Applications of an umbrella chart", map[string]string{
			"kes/Chart.yaml": umbrella, "kes/values.yaml": "kes: {env: {AWS_REGION: a}}\n", "kes/values-prod.yaml": "kes: {env: {AWS_REGION: b}}\n",
			"prod.yaml":    kesApplication("prod", "prod", "source: {repoURL: x, path: kes, helm: {valueFiles: [values-prod.yaml]}}"),
			"staging.yaml": kesApplication("staging", "staging", "source: {repoURL: x, path: kes, helm: {valuesObject: {kes: {env: {AWS_REGION: c}}}}}"),
			"dev.yaml":     kesApplication("dev", "dev", "source: {repoURL: x, path: kes, helm: {values: \"kes: {env: {AWS_REGION: d}}\", parameters: [{name: kes.env.AWS_REGION, value: e}]}}"),
		}, []string{"dev.yaml e dev", "prod.yaml b prod", "staging.yaml c staging"}},
		{"a vendored chart", map[string]string{"kes/Chart.yaml": umbrella, "kes/values.yaml": "kes: {env: {AWS_REGION: a}}\n",
			"kes/charts/kubernetes-external-secrets/Chart.yaml": "name: kubernetes-external-secrets\n", "kes/charts/kubernetes-external-secrets/values.yaml": "env: {AWS_REGION: us-west-2}\n"},
			[]string{"kes/values.yaml a "}},
		{"KES's own chart", map[string]string{"kes/Chart.yaml": "name: kubernetes-external-secrets\n", "kes/values.yaml": "env: {AWS_REGION: a, METRICS_PORT: 1000000}\n"}, []string{"kes/values.yaml a "}},
		{"an Application of the chart", map[string]string{
			"app.yaml":         kesApplication("kes", "prod", "sources: [{chart: kubernetes-external-secrets, targetRevision: 8.5.5, helm: {valueFiles: [$values/infra/v.yaml, values-inside.yaml]}}, {ref: values, repoURL: x}]"),
			"infra/v.yaml":     "env: {AWS_REGION: a}\n",
			"infra/other.yaml": "env: {AWS_REGION: b}\n",
		}, []string{"app.yaml a prod"}},
		{"an ApplicationSet", map[string]string{"set.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: kes}\nspec:\n  generators: [{list: {elements: [{name: a, url: \"https://a.example\"}]}}]\n  template:\n    metadata: {name: \"kes-{{name}}\"}\n    spec: {destination: {server: \"{{url}}\", namespace: infra}, source: {chart: kubernetes-external-secrets, helm: {valuesObject: {env: {AWS_REGION: a, INSTANCE_ID: \"{{name}}\"}}}}}\n"},
			[]string{"set.yaml a a"}},
		{"a HelmRelease", map[string]string{"kes.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: kes, namespace: infra}\nspec: {chart: {spec: {chart: kubernetes-external-secrets}}, values: {env: {AWS_REGION: a}}, valuesFrom: [{kind: Secret, name: more}]}\n"},
			[]string{"kes.yaml a "}},
		{"a HelmRelease of old", map[string]string{"kes.yaml": "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata: {name: kes, namespace: infra}\nspec: {chart: {name: kubernetes-external-secrets}, values: {env: {AWS_REGION: a}}}\n"}, []string{"kes.yaml a "}},
		{"a HelmChart", map[string]string{"kes.yaml": "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: kes, namespace: kube-system}\nspec:\n  chart: kubernetes-external-secrets\n  set: {env.INSTANCE_ID: x}\n  valuesContent: |-\n    env:\n      AWS_REGION: a\n"}, []string{"kes.yaml a "}},
		{"another chart's HelmRelease", map[string]string{"kes.yaml": "kind: HelmRelease\nspec: {chart: {spec: {chart: external-secrets}}, values: {env: {AWS_REGION: a}}}\n"}, nil},
		{"helmCharts", map[string]string{"kes/kustomization.yaml": "helmCharts:\n- {name: kubernetes-external-secrets, releaseName: kes, valuesFile: v.yaml, valuesInline: {env: {AWS_REGION: a}}}\n", "kes/v.yaml": "env: {AWS_REGION: b, INSTANCE_ID: x}\n"},
			[]string{"kes/kustomization.yaml a "}},
		{"a chart of one's own", map[string]string{"kes/Chart.yaml": "apiVersion: v2\nname: ours\nversion: 1.0.0\n", "kes/values.yaml": "region: a\n", "kes/templates/kes.yaml": strings.Replace(deployment("'{{ .Release.Name }}'", "'{{ .Values.region }}'"), "infra", "'{{ .Release.Namespace }}'", 1),
			"app.yaml": kesApplication("kes", "prod", "source: {repoURL: x, path: kes}")}, []string{"kes a prod"}},
		{"a chart's template", map[string]string{"kes/Chart.yaml": "name: ours\n", "kes/templates/kes.yaml": "# {{ . }}\n" + deployment("kes", "a")}, nil},
		{"kustomizations that hold one another", map[string]string{"a/kustomization.yaml": "resources: [../b, kes.yaml]\n", "b/kustomization.yaml": "resources: [../a]\n", "a/kes.yaml": deployment("kes", "a")}, []string{"a/kes.yaml a "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := repository(t, c.files)
			found, err := r.Find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				var clusters []string
				for _, cl := range f.Clusters {
					clusters = append(clusters, cl.Name)
				}
				got = append(got, f.From+" "+f.Controller.Env["AWS_REGION"]+" "+strings.Join(clusters, ","))
				from, object, _ := strings.Cut(f.From, "#")
				again, in, err := r.Controller(t.Context(), from, object)
				if err != nil {
					t.Fatalf("read %s again: %v", f.From, err)
				}
				if !maps.Equal(again.Env, f.Controller.Env) || !slices.Equal(again.Plain, f.Controller.Plain) {
					t.Errorf("%s reads as %v, was found as %v", f.From, again.Env, f.Controller.Env)
				}
				if len(in.Files) == 0 {
					t.Errorf("%s: no inputs", f.From)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			text := Snippet(found)
			if strings.Contains(string(text)+fmt.Sprintf("%+v", found), "do-not-copy") {
				t.Errorf("a secret was copied\n%s", text)
			}
			if _, err := config.Parse("kesbridge.yaml", text); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			for _, f := range found {
				if !strings.Contains(string(text), scalar(f.From)) {
					t.Errorf("no %s in\n%s", f.From, text)
				}
			}
			again, err := r.Find(t.Context())
			if err != nil || !slices.Equal(Snippet(again), text) {
				t.Errorf("a second look gives another: %v", err)
			}
		})
	}
}

// TestEmbedded: values that stand as text have the lines of their file.
func TestEmbedded(t *testing.T) {
	r := repository(t, map[string]string{"a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    chart: kubernetes-external-secrets\n    helm:\n      values: |\n        # ours\n        env:\n          AWS_REGION: a\n",
		"b.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {chart: kubernetes-external-secrets, helm: {values: \"env: {AWS_REGION: a}\"}}}\n"})
	for file, want := range map[string]string{"a.yaml": "a.yaml:10", "b.yaml": "b.yaml:3"} {
		c, _, err := r.Controller(t.Context(), file, "")
		if err != nil || c.Places["AWS_REGION"].String() != want {
			t.Errorf("%v, %v", c, err)
		}
	}
}

// TestSnippet: one for all, or each for its clusters.
func TestSnippet(t *testing.T) {
	one := Found{Controller: &kes.Controller{}, Place: Place{"a.yaml", 1, "Deployment a"}, From: "a.yaml"}
	two := Found{Controller: &kes.Controller{}, Place: Place{"b\n.yaml", 2, "Deployment b"}, From: "b\n.yaml", Clusters: []Cluster{{Name: "prod", Server: "https://prod.example"}, {Server: "https://staging.example/x"}}}
	for _, c := range []struct {
		name  string
		found []Found
		want  string
	}{
		{"none", nil, "# no Deployment, values, Application or HelmRelease of KES was found\n# controller:\n#   env: {AWS_REGION: eu-west-1}\n"},
		{"one", []Found{one}, "# a.yaml:1: Deployment a\ncontroller:\n  from: \"a.yaml\"\n"},
		{"more", []Found{one, two, two}, `clusters:
  # b?.yaml:2: Deployment b
  "prod":
    server: "https://prod.example"
    controller: {from: "b\n.yaml"}
  # b?.yaml:2: Deployment b
  "staging.example":
    server: "https://staging.example/x"
    controller: {from: "b\n.yaml"}
  # # b?.yaml:2: Deployment b
  # "prod":
  #   server: "https://prod.example"
  #   controller: {from: "b\n.yaml"}
  # # b?.yaml:2: Deployment b
  # "staging.example":
  #   server: "https://staging.example/x"
  #   controller: {from: "b\n.yaml"}
# not known: to which cluster these go; take in the one that runs, or one for each cluster
# a.yaml:1: Deployment a
# controller: {from: "a.yaml"}
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(Snippet(c.found))
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if _, err := config.Parse("k", []byte(got)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReader: what can't be read, and that nothing outside is.
func TestReader(t *testing.T) {
	r := repository(t, map[string]string{
		"repo/kes.yaml":                  deployment("one", "a") + "---\n" + deployment("two", "b"),
		"repo/broken.yaml":               "kind: Deployment\nspec: {do-not-copy: [\n",
		"repo/broken/kustomization.yaml": "resources: [d.yaml]\npatches: [{patch: \"do-not-copy: [\"}]\n",
		"repo/broken/d.yaml":             deployment("one", "a"),
		"repo/empty/a.yaml":              "kind: ConfigMap\n",
		"repo/chart/Chart.yaml":          "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: db, version: 1.0.0, repository: \"https://charts.example\"}]\n",
		"repo/values.yaml":               "env: {AWS_REGION: a}\n",
		"repo/none.yaml":                 "a: b\n",
		"repo/big.yaml":                  "env: {AWS_REGION: " + strings.Repeat("x", maxFile) + "}\n",
		"outside/kes.yaml":               deployment("out", "out"),
		"outside/dir/kes.yaml":           deployment("out", "out"),
	})
	top := r.Root
	r.Root = filepath.Join(top, "repo")
	r.Render = func(ctx context.Context, name string) (*render.Output, error) {
		return render.Render(ctx, render.Source{Dir: filepath.Join(r.Root, name), Root: r.Root})
	}
	for link, to := range map[string]string{"link.yaml": "../outside/kes.yaml", "linkdir": "../outside/dir", "inside.yaml": "values.yaml"} {
		if err := os.Symlink(to, filepath.Join(r.Root, link)); err != nil {
			t.Skipf("not tried, no symbolic links here: %v", err)
		}
	}
	for _, c := range []struct{ from, object, want string }{
		{"kes.yaml", "", "kes.yaml holds more than one KES: infra/one, infra/two"},
		{"kes.yaml", "three", "kes.yaml holds no KES called three"},
		{"kes.yaml", "two", ""},
		{"kes.yaml", "infra/two", ""},
		{"values.yaml", "", ""},
		{"inside.yaml", "", ""},
		{"./values.yaml", "", ""},
		{"none.yaml", "", "none.yaml holds no Deployment of KES and no values for its chart"},
		{"empty", "", "empty holds no Deployment of KES"},
		{"gone.yaml", "", "gone.yaml: no such file"},
		{"broken.yaml", "", "read KES's settings: broken.yaml:"},
		{"broken", "", "render broken: it fails at broken"},
		{"chart", "", "render chart: dependencies missing in charts/: db"},
		{"big.yaml", "", "big.yaml: larger than"},
		{"../outside/kes.yaml", "", "../outside/kes.yaml is outside the repository"},
		{"/etc/hosts", "", "/etc/hosts is outside the repository"},
		{"link.yaml", "", "link.yaml: "},
		{"linkdir", "", "linkdir: "},
		{"linkdir/kes.yaml", "", "linkdir/kes.yaml: "},
	} {
		got, _, err := r.Controller(t.Context(), c.from, c.object)
		switch {
		case c.want == "" && (err != nil || got == nil):
			t.Errorf("%s: %v", c.from, err)
		case c.want == "":
			continue
		case err == nil || !strings.HasPrefix(err.Error(), c.want):
			t.Errorf("%s#%s: %v, want %s", c.from, c.object, err, c.want)
			continue
		}
		said := fmt.Sprint(err)
		var hint interface{ Hint() string }
		if errors.As(err, &hint) {
			said += hint.Hint()
		}
		if strings.Contains(said, "do-not-copy") || strings.Contains(said, top) {
			t.Errorf("%s: it says %s", c.from, said)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Find(ctx); err == nil {
		t.Error("a cancelled search goes on")
	}
	if _, err := FindControllers(t.Context(), filepath.Join(top, "nowhere")); err == nil {
		t.Error("a directory that isn't there has no KES")
	}
}

// TestPlaces: a rendered variable is at its source, where only one line names
// it.
func TestPlaces(t *testing.T) {
	r := repository(t, map[string]string{
		"base/kustomization.yaml": "resources: [kes.yaml]\n",
		"base/kes.yaml":           "# AWS_REGION\n" + deployment("kes", "a"),
		"prod/kustomization.yaml": "resources: [../base]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: kes, namespace: infra}\n    spec: {template: {spec: {containers: [{name: kes, env: [{name: INSTANCE_ID, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: VAULT_TOKEN, value: do-not-copy}]}]}}}\n",
	})
	c, in, err := r.Controller(t.Context(), "prod", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Places["AWS_REGION"].String(); got != "base/kes.yaml:5:100" {
		t.Errorf("AWS_REGION is at %s", got)
	}
	if got := c.Places["INSTANCE_ID"].String(); got != "prod/kustomization.yaml:7:68" || len(c.Open) != 1 || c.Open[0].Pos != c.Places["INSTANCE_ID"] {
		t.Errorf("INSTANCE_ID is at %s, open %v", got, c.Open)
	}
	if got := c.Places["VAULT_TOKEN"]; got.File != "prod" || got.Line == 0 {
		t.Errorf("VAULT_TOKEN, in two files, is at %s", got)
	}
	if !slices.Contains(in.Files, "base/kes.yaml") || !slices.Contains(in.Files, "prod/kustomization.yaml") {
		t.Errorf("inputs %v", in)
	}
}
