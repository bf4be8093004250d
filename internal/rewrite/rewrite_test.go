package rewrite

import (
	"errors"
	"strings"
	"testing"

	"kesbridge/internal/argocd"
)

var defaults = Options{Plugin: "kesbridge-v1", Mode: "keep"}

const head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web # n\nspec:\n  project: shop\n"

// layouts are Applications that enable takes; disable gives each back.
var layouts = map[string]string{
	"helm":              head + "  source:\n    repoURL: https://git.example/shop\n    path: web\n    helm: # options\n      # the file\n      valueFiles: [prod.yaml]\n\n      values: |\n        a: 1\n\n        b: \"{{ x }}\"\n    targetRevision: main\n  destination: {}\n",
	"at the end":        head + "  source:\n    path: web\n    kustomize:\n      namePrefix: x-\n      # last\n# after\n",
	"flow value":        head + "  source:\n    path: web\n    directory: {recurse: true} # deep\n  destination:\n    namespace: x\n",
	"no block":          head + "  source:\n    repoURL: x\n    path: web\n  destination: {}\n",
	"wide":              "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n    name: web\nspec:\n    source:\n        helm:\n            releaseName: r\n        path: web\n",
	"one of sources":    head + "  sources:\n  - repoURL: x\n    path: web\n    helm:\n      releaseName: r\n",
	"documents":         "# top\n---\n" + head + "  source:\n    path: web\n    helm:\n      releaseName: r\n---\nkind: ConfigMap\napiVersion: v1\n---\n" + head + "  source:\n    path: b\n    kustomize:\n      images:\n      - a=b:1\n",
	"list":              "kind: List\napiVersion: v1\nitems:\n- apiVersion: argoproj.io/v1alpha1\n  kind: Application\n  metadata: {name: a}\n  spec:\n    source:\n      path: web\n      helm:\n        releaseName: r\n- kind: Other\n",
	"set":               "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  goTemplate: true\n  generators: []\n  template:\n    metadata: {name: '{{ .name }}'}\n    spec:\n      source:\n        path: '{{ .path }}'\n        helm:\n          releaseName: '{{ .name }}'\n          values: |\n            x: {{ .name }}\n",
	"no line end":       head + "  source:\n    path: web\n    helm:\n      releaseName: r",
	"none, no line end": head + "  source:\n    path: web",
}

func TestRoundTrip(t *testing.T) {
	for name, in := range layouts {
		for ending, in := range map[string]string{"lf": in, "crlf": strings.ReplaceAll(in, "\n", "\r\n")} {
			out, changes, err := Enable("app.yaml", []byte(in), defaults)
			if err != nil || len(changes) == 0 {
				t.Errorf("%s %s: %d changes, %v", name, ending, len(changes), err)
				continue
			}
			if !strings.Contains(string(out), "name: kesbridge-v1") || strings.Contains(strings.ReplaceAll(string(out), "\r\n", ""), "\r") {
				t.Errorf("%s %s: %q", name, ending, out)
			}
			again, changes, err := Enable("app.yaml", out, defaults)
			if err != nil || len(changes) != 0 || string(again) != string(out) {
				t.Errorf("%s %s: twice: %d changes, %v", name, ending, len(changes), err)
			}
			back, _, err := Disable("app.yaml", out)
			if err != nil || string(back) != in {
				t.Errorf("%s %s: back\n%q\nwant\n%q\n%v", name, ending, back, in, err)
			}
		}
	}
}

func TestEnable(t *testing.T) {
	out, _, err := Enable("app.yaml", []byte(layouts["helm"]), Options{Plugin: "kesbridge-v2", Mode: "freeze", OrphanPrune: true})
	want := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web # n\nspec:\n  syncPolicy:\n    syncOptions:\n      - PrunePropagationPolicy=orphan\n  project: shop\n" +
		"  source:\n    repoURL: https://git.example/shop\n    path: web\n    plugin:\n      name: kesbridge-v2\n      parameters:\n        - name: mode\n          string: freeze\n        - name: source\n          string: |\n" +
		"            helm: # options\n              # the file\n              valueFiles: [prod.yaml]\n\n              values: |\n                a: 1\n\n                b: \"{{ x }}\"\n    targetRevision: main\n  destination: {}\n"
	if err != nil || string(out) != want {
		t.Errorf("got\n%s\n%v\nwant\n%s", out, err, want)
	}
	for name, tt := range map[string]struct{ policy, want string }{
		"list":    {"  syncPolicy:\n    syncOptions:\n    - CreateNamespace=true # c\n    automated: {}\n", "  syncPolicy:\n    syncOptions:\n    - CreateNamespace=true # c\n    - PrunePropagationPolicy=orphan\n    automated: {}\n"},
		"policy":  {"  syncPolicy:\n    automated: {}\n", "  syncPolicy:\n    syncOptions:\n      - PrunePropagationPolicy=orphan\n    automated: {}\n"},
		"present": {"  syncPolicy:\n    syncOptions:\n    - PrunePropagationPolicy=orphan\n", "  syncPolicy:\n    syncOptions:\n    - PrunePropagationPolicy=orphan\n"},
	} {
		out, _, err := Enable("a", []byte(head+tt.policy+"  source:\n    path: web\n"), Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true})
		if err != nil || !strings.Contains(string(out), head+tt.want+"  source:") {
			t.Errorf("%s: %s %v", name, out, err)
		}
	}
}

func TestRefused(t *testing.T) {
	source := "  source:\n    path: web\n"
	for in, want := range map[string]string{
		head + source + "    plugin:\n      name: other\n":                                             "another plugin",
		head + source + "    plugin: {}\n":                                                             "another plugin",
		head + source + "    plugin:\n      name: kesbridge-v0\n":                                      "another version",
		head + source + "    helm: {}\n    kustomize: {}\n":                                            "two tools",
		head + "  sourceHydrator:\n    drySource: {}\n":                                                "hydrator",
		head + "  sources:\n  - path: web\n  - ref: values\n":                                          "no plugin gets other sources",
		head + "  sources:\n  - path: a\n  - path: b\n":                                                "2 sources",
		head + "  source: {path: web, helm: {}}\n":                                                     "in one line",
		head + source + "    helm: &h\n      releaseName: r\n":                                         "alias or an anchor",
		head + source + "    helm:\n# out\n      values: |\n        a\n  # in\n      releaseName: r\n": "indented less",
		head: "no source",
		strings.Replace(head, "name: web # n", "name: web\n  annotations:\n    argocd-image-updater.argoproj.io/image-list: a=b", 1) + source:                                                      "Image Updater",
		"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  templatePatch: |\n    spec: {source: {}}\n  template:\n    spec:\n      source:\n        path: x\n": "templatePatch",
	} {
		out, _, err := Enable("app.yaml", []byte(in), defaults)
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(err.Error(), want) || out != nil || r.Pos.Line == 0 {
			t.Errorf("%s\ngot %v, want %q", in, err, want)
		}
	}
	withFile := defaults
	withFile.SourceFiles = func(path, app string) (string, error) { return path + "/.argocd-source-" + app + ".yaml", nil }
	if _, _, err := Enable("a", []byte(layouts["helm"]), withFile); err == nil || !strings.Contains(err.Error(), "web/.argocd-source-web.yaml sets helm or kustomize") {
		t.Errorf("source file: %v", err)
	}
	policy := Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true}
	for _, p := range []string{"  syncPolicy:\n    syncOptions: [A=b]\n", "  syncPolicy: {}\n", "  syncPolicy:\n    syncOptions:\n    - PrunePropagationPolicy=background\n"} {
		if out, _, err := Enable("a", []byte(head+p+source), policy); err == nil {
			t.Errorf("%s: %s", p, out)
		}
	}
	params := head + source + "    plugin:\n      name: kesbridge-v1\n      parameters:\n      - {name: images, array: [a]}\n"
	if _, _, err := Disable("a", []byte(params)); err == nil || !strings.Contains(err.Error(), "images has no place") {
		t.Errorf("friendly parameter: %v", err)
	}
	if _, _, err := Enable("a", []byte("kind: ConfigMap\napiVersion: v1\n"), defaults); !errors.As(err, new(*argocd.NoneError)) {
		t.Errorf("no Application: %v", err)
	}
	if _, _, err := Enable("a", []byte("a: [\n"), defaults); err == nil {
		t.Error("broken YAML is taken")
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, in := range layouts {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, changes, err := Enable("app.yaml", []byte(in), defaults)
		if err != nil || len(changes) == 0 {
			return
		}
		if _, _, err := Disable("app.yaml", out); err != nil && strings.Contains(err.Error(), "defect") {
			t.Errorf("%q became\n%q: %v", in, out, err)
		}
	})
}
