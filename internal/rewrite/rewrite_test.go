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
	"first of an item":  head + "  sources:\n    - helm: # first\n        releaseName: r\n\n      repoURL: x\n      path: web\n  destination: {}\n",
	"blank lines count": head + "  source:\n    path: web\n    helm:\n      values: |+\n        a: 1\n\n\n    targetRevision: main\n",
	"blanks":            head + "  source:\n    path: web\n    helm:\n \n    \n      values: |\n        a: 1\n      \n                        \n        b: 1\n  \n    targetRevision: main\n",
	"blank at the end":  head + "  source:\n    path: web\n    helm:\n      values: |+\n        a: 1\n\n\n",
	"comments":          head + "  # s\n  source: # t\n    # u\n    path: web\n    # before\n    helm:\n      # in\n      valueFiles:\n      - a.yaml # b\n    # between\n      - b.yaml\n    # after\n    targetRevision: main # end\n",
	"list in place":     head + "  source:\n    path: web\n    kustomize:\n      images: [a=b:1,\n        c=d:2]\n      commonLabels: {a: 'b''c'}\n  project2: x\n",
	"empty documents":   "---\n---\n# none\n---\n" + head + "  source:\n    path: web\n    helm: {}\n---\n",
	"null block":        head + "  source:\n    path: web\n    helm:\n    targetRevision: main\n",
	"quoted key":        head + "  source:\n    path: web\n    \"helm\" : {releaseName: \"r\"}\n",
	"set of items":      "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  generators:\n  - list: {elements: [{template: {spec: {source: x}}}]}\n  template:\n    spec:\n      sources:\n      - path: a\n        kustomize:\n          namePrefix: 'x-{{ name }}'\n",
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
	want := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web # n\nspec:\n  project: shop\n" +
		"  source:\n    repoURL: https://git.example/shop\n    path: web\n    plugin:\n      name: kesbridge-v2\n      parameters:\n        - name: mode\n          string: freeze\n        - name: source\n          string: |\n" +
		"            helm: # options\n              # the file\n              valueFiles: [prod.yaml]\n\n              values: |\n                a: 1\n\n                b: \"{{ x }}\"\n    targetRevision: main\n  destination: {}\n  syncPolicy:\n    syncOptions:\n      - PrunePropagationPolicy=orphan\n"
	if err != nil || string(out) != want {
		t.Errorf("got\n%s\n%v\nwant\n%s", out, err, want)
	}
	for name, tt := range map[string]struct{ policy, want string }{
		"list":    {"  syncPolicy:\n    syncOptions:\n    - CreateNamespace=true # c\n    automated: {}\n", "  syncPolicy:\n    syncOptions:\n    - CreateNamespace=true # c\n    - PrunePropagationPolicy=orphan\n    automated: {}\n"},
		"flow":    {"  syncPolicy:\n    syncOptions: [A=b, C=d ] # c\n", "  syncPolicy:\n    syncOptions: [A=b, C=d, PrunePropagationPolicy=orphan ] # c\n"},
		"policy":  {"  syncPolicy:\n    automated: {}\n", "  syncPolicy:\n    automated: {}\n    syncOptions:\n      - PrunePropagationPolicy=orphan\n"},
		"present": {"  syncPolicy:\n    syncOptions:\n    - PrunePropagationPolicy=orphan\n", "  syncPolicy:\n    syncOptions:\n    - PrunePropagationPolicy=orphan\n"},
	} {
		out, _, err := Enable("a", []byte(head+tt.policy+"  source:\n    path: web\n"), Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true})
		if err != nil || !strings.Contains(string(out), head+tt.want+"  source:") {
			t.Errorf("%s: %s %v", name, out, err)
		}
	}
	// A list whose items stand where its key does, and the end of a text that
	// a line end would become a part of.
	for _, tt := range [][2]string{
		{"  source:\n    path: web\n  ignoreDifferences:\n  - group: a\n    kind: b\n", "    kind: b\n  syncPolicy:\n"},
		{"  sources:\n  - path: web\n    helm:\n      releaseName: r\n", "              releaseName: r\n  syncPolicy:\n"},
		{"  source:\n    path: web\n    helm:\n      values: |\n        a: 1", "spec:\n  syncPolicy:\n    syncOptions:\n      - PrunePropagationPolicy=orphan\n  project: shop\n"},
		{"  source:\n    path: web\n  info: # i\n  - name: a\n    value: |+\n      b\n\n\n", "      b\n\n\n  syncPolicy:\n"},
	} {
		out, _, err := Enable("a", []byte(head+tt[0]), Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true})
		if err != nil || !strings.Contains(string(out), tt[1]) {
			t.Errorf("%s\nbecame\n%s\n%v", tt[0], out, err)
		}
	}
}

func TestRefused(t *testing.T) {
	source := "  source:\n    path: web\n"
	set := "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  goTemplate: true\n"
	template := "  template:\n    spec:\n      source:\n        path: x\n"
	policy := Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true}
	for _, tt := range []struct {
		in, want string
		line     int
		o        Options
	}{
		{head + source + "    plugin:\n      name: other\n", "another plugin", 10, defaults},
		{head + source + "    plugin: {}\n", "another plugin", 9, defaults},
		{head + source + "    plugin:\n      name: kesbridge-v0\n", "under the name kesbridge-v0 already", 10, defaults},
		{head + source + "    helm: {}\n    kustomize: {}\n", "two tools", 10, defaults},
		{head + "  sourceHydrator:\n    drySource: {}\n", "hydrator", 8, defaults},
		{head + "  sources:\n  - path: web\n  - ref: values\n", "no plugin gets other sources", 9, defaults},
		{head + "  sources:\n  - path: a\n  - path: b\n", "2 sources", 8, defaults},
		{head + "  source: {path: web, helm: {}}\n", "in flow style", 7, defaults},
		{"{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\",\n \"spec\": {\"source\": {\"path\": \"web\"}}}\n", "or JSON", 2, defaults},
		{head + source + "    helm: &h\n      releaseName: r\n", "alias or an anchor", 9, defaults},
		{head + source + "    helm:\n      releaseName: &h r\n", "alias or an anchor", 10, defaults},
		{strings.Replace(head, "# n", "\n  labels: &l {}", 1) + source + "    kustomize:\n      commonLabels: *l\n", "alias or an anchor", 11, defaults},
		{head + "  source: &s\n    path: web\n", "alias or an anchor", 7, defaults},
		{head + "  x: &s {helm: {releaseName: r}}\n  source:\n    <<: *s\n    path: web\n", "merge key", 9, defaults},
		{strings.Replace(head, "spec:", "spec: &s", 1) + source, "shared through the anchor &s", 5, defaults},
		{head + source + "    helm:\n      releaseName: r\n# out\n      values: a\n", "indented less", 9, defaults},
		{head + source + "    helm:\n      values: \"a\n  \t\n        b\"\n", "a tab in its indentation", 9, defaults},
		{head + source + "    helm: {releaseName: r,\n    values: a}\n", "don't read as the same", 9, defaults},
		{head + source + "    helm:\n      relaeseName: r\n", "relaeseName", 9, defaults},
		{head, "no source", 1, defaults},
		{strings.ReplaceAll(head+source, "shop", "\"\u2028\""), "line break that git", 6, defaults},
		{strings.Replace(head, "name: web # n", "name: web\n  annotations:\n    argocd-image-updater.argoproj.io/image-list: a=b", 1) + source, "Image Updater", 6, defaults},
		{set + "  templatePatch: |\n    spec: {source: {}}\n" + template, "templatePatch", 6, defaults},
		{set + "  generators:\n  - matrix:\n      generators:\n      - git:\n          template:\n            spec:\n              source: {}\n" + template, "template of its own with a source", 12, defaults},
		{set + "  template:\n    metadata:\n      annotations: {argocd-image-updater.argoproj.io/x: y}\n    spec:\n      source:\n        path: x\n", "Image Updater", 8, defaults},
		{set + template + "        helm:\n          values: |\n            a: {{ toYaml .a | nindent 2 }}\n", "indentation of its own", 11, defaults},
		{set + template + "        helm:\n          releaseName: \"{{ index . \\\"a\\\" }}\"\n", "has escapes", 11, defaults},
		{set + template + "        helm:\n          releaseName: '{{ index . ''a'' }}'\n", "has escapes", 11, defaults},
		{set + template + "        helm:\n          values: |\n            a: {{ .a -}}\n", "trims", 11, defaults},
		{set + template + "        helm:\n          values: |\n            {{- .a }}\n", "trims", 11, defaults},
		{set + template + "        helm:\n          valuesObject:\n            a: 1.{{ .a }}\n", "become a number", 12, defaults},
		{set + template + "        helm:\n          valuesObject:\n            a: null\n", "a null in the block", 12, defaults},
		{set + template + "        helm: # {{ .a }}\n          releaseName: r\n", "a comment", 10, defaults},
		{set + template + "        helm:\n          releaseName: \"{{ .a | quote }}\"\n", "prints quotes", 11, defaults},
		{set + template + "        helm:\n          releaseName: '{{ .a | squote }}'\n", "prints quotes", 11, defaults},
		{set + template + "        helm:\n          values: \"a: 1\\n{{- .a }}\"\n", "an escape", 11, defaults},
		{set + template + "        helm:\n          values: >\n            a: 1\n\n            {{- .a }}\n            b: 1\n", "YAML folds", 11, defaults},
		{set + template + "        helm:\n          releaseName: 1{{ if .a }}true{{ end }}\n", "or the like", 11, defaults},
		{set + template + "        helm:\n          releaseName: yes{{ .a }}\n", "or the like", 11, defaults},
		// The same template stands there once more, without escapes.
		{set + template + "        helm:\n          namespace: '{{ index . \"a\" }}'\n          releaseName: \"{{ index . \\\"a\\\" }}\"\n", "has escapes", 12, defaults},
		// Other places set syncOptions, and win.
		{set + "  templatePatch: |\n    spec: {syncPolicy: {syncOptions: [A=b]}}\n" + template, "templatePatch sets syncOptions", 6, policy},
		{set + "  generators:\n  - list:\n      template:\n        spec:\n          syncPolicy: {}\n" + template, "template of its own with a syncPolicy", 10, policy},
		{strings.Replace(set, "true", "false", 1) + template + "        helm:\n          releaseName: 'a{{b'\n", "don't pair", 11, defaults},
		{head + "  syncPolicy:\n    syncOptions: [A=b,\n      C=d]\n" + source, "aren't a plain list", 8, policy},
		{head + "  syncPolicy:\n    syncOptions: ['A=b']\n" + source, "aren't a plain list", 8, policy},
		{head + "  syncPolicy:\n    syncOptions: []\n" + source, "aren't a plain list", 8, policy},
		{head + "  syncPolicy:\n    syncOptions: [A=b, PrunePropagationPolicy=foreground]\n" + source, "say PrunePropagationPolicy=foreground", 8, policy},
		{head + "  syncPolicy: {}\n" + source, "block style", 7, policy},
		{head + "  syncPolicy:\n    syncOptions:\n    - PrunePropagationPolicy=background\n" + source, "say PrunePropagationPolicy=background", 9, policy},
	} {
		out, _, err := Enable("app.yaml", []byte(tt.in), tt.o)
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(err.Error(), tt.want) || out != nil || r.Pos.Line != tt.line {
			t.Errorf("%s\ngot %v, want %q in line %d", tt.in, err, tt.want, tt.line)
		}
	}
	withFile := defaults
	withFile.SourceFiles = func(path, app string) (string, error) { return path + "/.argocd-source-" + app + ".yaml", nil }
	other := strings.Replace(layouts["helm"], "name: web", "namespace: team\n  name: web", 1)
	if _, _, err := Enable("a", []byte(other), withFile); err == nil || !strings.Contains(err.Error(), "web/.argocd-source-team_web.yaml sets helm") {
		t.Errorf("source file: %v", err)
	}
	if _, _, err := Enable("a", []byte("kind: ConfigMap\napiVersion: v1\n"), defaults); !errors.As(err, new(*argocd.NoneError)) {
		t.Errorf("no Application: %v", err)
	}
	for _, in := range []string{"a: [\n", head + "  source:\n    path: a\n    path: b\n"} {
		if _, _, err := Enable("a", []byte(in), defaults); err == nil {
			t.Errorf("taken: %s", in)
		}
	}
}

func TestDisable(t *testing.T) {
	plugin := head + "  sources:\n  - path: a\n  - path: web\n    plugin: # p\n      name: kesbridge-v1\n      env: []\n      parameters:\n"
	for in, want := range map[string]string{
		plugin + "      - {name: cluster, string: x}\n      - name: source\n        string: \"helm:\\n  releaseName: r\"\n": head + "  sources:\n  - path: a\n  - path: web\n    helm:\n      releaseName: r\n",
		plugin + "      - name: source\n        string: >-\n          helm: {releaseName: r}\n  destination: {}\n":          head + "  sources:\n  - path: a\n  - path: web\n    helm: {releaseName: r}\n  destination: {}\n",
	} {
		if out, changes, err := Disable("a", []byte(in)); err != nil || string(out) != want || len(changes) != 1 {
			t.Errorf("%s\ngot %s %v", in, out, err)
		}
	}
	for in, want := range map[string]string{
		plugin + "      - {name: images, array: [a]}\n":                                                              "images has no native block",
		plugin + "      - {name: source, string: 'path: x'}\n":                                                       `has the key "path"`,
		plugin + "      - {name: source, string: '{'}\n":                                                             "is no YAML",
		plugin + "      - {name: source, array: []}\n":                                                               "isn't one text",
		plugin + "      - {name: source, string: &a ''}\n":                                                           "alias or an anchor",
		plugin + "      - {name: source, string: 'helm: {}'}\n    kustomize: {}\n":                                   "beside the plugin block",
		head + "  source:\n    path: web\n    plugin: {name: kesbridge-v1}\n":                                        "flow style",
		head + "  sources:\n  - plugin:\n      name: kesbridge-v1\n    path: web\n":                                  "nothing would be left",
		head + "  sources:\n  - path: web\n    plugin:\n      name: kesbridge-v1\n  - {plugin: {name: kesbridge}}\n": "flow style",
	} {
		var r *Refusal
		if out, _, err := Disable("a", []byte(in)); !errors.As(err, &r) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %s %v, want %q", in, out, err, want)
		}
	}
	none := head + "  source:\n    path: web\n    plugin:\n      name: other\n"
	if out, changes, err := Disable("a", []byte(none)); err != nil || string(out) != none || len(changes) != 0 {
		t.Errorf("another plugin: %s %v", out, err)
	}
}

func TestEnabledAlready(t *testing.T) {
	out, _, err := Enable("a", []byte(layouts["helm"]), defaults)
	if err != nil {
		t.Fatal(err)
	}
	same, changes, err := Enable("a", out, Options{Plugin: "kesbridge-v1", Mode: "freeze"})
	if err != nil || string(same) != string(out) || len(changes) != 1 || !changes[0].Same || !strings.Contains(changes[0].Note, "mode keep") {
		t.Errorf("another mode: %v %v", changes, err)
	}
	with, changes, err := Enable("a", out, Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true})
	if err != nil || len(changes) != 1 || changes[0].Same || string(with) != string(out)+"  syncPolicy:\n    syncOptions:\n      - PrunePropagationPolicy=orphan\n" {
		t.Errorf("the option alone: %s %v", with, err)
	}
	back, _, err := Disable("a", with)
	if err != nil || !strings.HasPrefix(string(back), layouts["helm"]) {
		t.Errorf("back: %s %v", back, err)
	}
}

// TestVerify: what an edit breaks is found.
func TestVerify(t *testing.T) {
	for name, broken := range map[string]edit{
		"another line":  {3, 4, []string{"  name: other\n"}},
		"other options": {},
		"no YAML":       {0, 1, []string{"a: [\n"}},
		"new documents": {0, 0, []string{"a: b\n---\n"}},
	} {
		_, _, err := rewriteFile("a", []byte(layouts["flow value"]), func(a *application) (bool, error) {
			changed, err := a.enable(defaults)
			if name == "other options" {
				for i, l := range a.file.edits[0].lines {
					a.file.edits[0].lines[i] = strings.Replace(l, "true", "false", 1)
				}
				return changed, err
			}
			a.file.edits = append(a.file.edits, broken)
			return changed, err
		})
		if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, in := range layouts {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, changes, err := Enable("app.yaml", []byte(in), defaults)
		if err != nil || len(changes) == 0 || strings.Contains(in, "plugin") {
			return
		}
		back, _, err := Disable("app.yaml", out)
		if err != nil || string(back) != in {
			t.Errorf("%q became\n%q, and back\n%q: %v", in, out, back, err)
		}
	})
}
