package place

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/render"
)

const kesDB = `apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: db
spec:
  backendType: secretsManager
  data:
  - key: shop/db
    name: password
    property: password
  - key: shop/db
    name: user
    property: user
`

const chartYAML = "apiVersion: v2\nname: web\nversion: 1.0.0\n"

// question asks for the place of a field of a rendered object.
type question struct{ object, field, want string }

func TestSource(t *testing.T) {
	second := strings.Replace(kesDB, "name: db", "name: web-db", 1)
	base := map[string]string{
		"base/kustomization.yaml": "resources: [all.yaml]\n",
		"base/all.yaml":           kesDB + "---\n" + second,
	}
	for _, tt := range []struct {
		name, dir string
		files     map[string]string
		ask       []question
	}{
		{"directory", "app", map[string]string{"app/a.yaml": "# first\n" + kesDB}, []question{
			{"db", "spec.data[1].property", "app/a.yaml:14:15"},
			{"db", "", "app/a.yaml:2:1"},
		}},
		{"directory of a List with CRLF", "app", map[string]string{"app/a.yaml": crlf("apiVersion: v1\nkind: List\nitems:\n- " + indented(kesDB))}, []question{
			{"db", "spec.data[1].property", "app/a.yaml:16:17"},
		}},
		{"jsonnet", "app", map[string]string{"app/a.jsonnet": "local name = 'db';\n{apiVersion: 'kubernetes-client.io/v1', kind: 'ExternalSecret',\n metadata: {name: name}, spec: {data: []}}\n"}, []question{
			{"db", "spec.data", "app/a.jsonnet:1"},
		}},
		{"jsonnet with the name twice", "app", map[string]string{"app/a.jsonnet": "\n{apiVersion: 'kubernetes-client.io/v1', kind: 'ExternalSecret',\n metadata: {name: 'db'}, spec: {a: 'db'}}\n"}, []question{
			{"db", "spec.a", "app/a.jsonnet:1"},
		}},
		{"prefix and suffix, names within names", "app", with(base, "app/kustomization.yaml", "namePrefix: prod-\nnameSuffix: -eu\nnamespace: shop\nresources: [../base]\n"), []question{
			{"prod-db-eu", "spec.data[1].property", "base/all.yaml:13:15"},
			{"prod-db-eu", "metadata.name", "base/all.yaml:4:9"},
			{"prod-db-eu", "metadata.namespace", "base/all.yaml:3:1"},
			{"prod-web-db-eu", "spec.data[0].key", "base/all.yaml:22:10"},
			{"prod-web-db-eu", "", "base/all.yaml:15:1"},
		}},
		{"patch file", "app", with(base,
			"app/kustomization.yaml", "resources: [../base]\npatches: [{path: p.yaml}]\n",
			"app/p.yaml", "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec:\n  region: eu-west-1\n  backendType: vault\n"), []question{
			{"db", "spec.backendType", "app/p.yaml:6:16"},
			{"db", "spec.region", "app/p.yaml:5:11"},
			{"db", "spec.data[0].key", "base/all.yaml:8:10"},
			{"web-db", "spec.backendType", "base/all.yaml:20:16"},
		}},
		{"patch in the kustomization", "app", with(base,
			"app/kustomization.yaml", "resources: [../base]\npatches:\n- target: {kind: ExternalSecret, name: ^db$}\n  patch: |-\n    - {op: replace, path: /spec/backendType, value: vault}\n    - {op: remove, path: /spec/data/0}\n"), []question{
			{"db", "spec.backendType", "base/all.yaml:1:1"},
			{"db", "spec.data[0].property", "base/all.yaml:13:15"},
		}},
		{"List and anchors", "app", map[string]string{
			"app/kustomization.yaml": "resources: [all.yaml]\nsecretGenerator: [{name: s, literals: [a=b]}]\n",
			"app/all.yaml":           "apiVersion: v1\nkind: List\nitems:\n- apiVersion: kubernetes-client.io/v1\n  kind: ExternalSecret\n  metadata: {name: a}\n  spec: &spec\n    backendType: vault\n    data: [{key: x, name: y}]\n- apiVersion: kubernetes-client.io/v1\n  kind: ExternalSecret\n  metadata: {name: b}\n  spec: *spec\n"}, []question{
			{"a", "spec.data[0].key", "app/all.yaml:9:18"},
			{"b", "spec.data[0].key", "app/all.yaml:9:18"},
			{"b", "metadata.name", "app/all.yaml:12:20"},
		}},
		{"kustomize with CRLF and JSON", "app", map[string]string{
			"app/kustomization.yaml": "resources: [a.yaml, b.json]\n",
			"app/a.yaml":             crlf(kesDB),
			"app/b.json":             "{\"apiVersion\": \"kubernetes-client.io/v1\", \"kind\": \"ExternalSecret\",\n \"metadata\": {\"name\": \"j\"},\n \"spec\": {\"backendType\": \"vault\"}}\n"}, []question{
			{"db", "spec.data[1].property", "app/a.yaml:13:15"},
			{"j", "spec.backendType", "app/b.json:3:26"},
		}},
		{"helm literal and actions", "app", map[string]string{
			"app/Chart.yaml":        chartYAML,
			"app/values.yaml":       "key: shop/db\n",
			"app/templates/es.yaml": "{{- $n := .Release.Name }}\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {{ $n }}-db\n  labels:\n    {{- include \"web.labels\" . | nindent 4 }}\nspec:\n  backendType: secretsManager\n  data:\n    - key: {{ .Values.key }}\n      name: password\n    - key: other\n      name: {{ .Values.key | quote }}\n",
			"app/templates/_h.tpl":  "{{ define \"web.labels\" }}a: b{{ end }}\n"}, []question{
			{"app-db", "spec.backendType", "app/templates/es.yaml:9:16"},
			{"app-db", "spec.data[0].key", "app/templates/es.yaml:11:5"},
			{"app-db", "spec.data[1].key", "app/templates/es.yaml:13:12"},
			{"app-db", "spec.data[1].name", "app/templates/es.yaml:14:7"},
			{"app-db", "metadata.labels.a", "app/templates/es.yaml:6:3"},
			{"app-db", "", "app/templates/es.yaml:3:1"},
		}},
		{"helm loop of five", "app", map[string]string{
			"app/Chart.yaml":        chartYAML,
			"app/templates/es.yaml": "{{- range tuple \"a\" \"b\" \"c\" \"d\" \"e\" }}\n---\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {{ . }}\nspec:\n  backendType: secretsManager\n  data:\n    - {key: {{ . }}/x, name: y}\n{{- end }}\n"}, []question{
			{"a", "spec.data[0].key", "app/templates/es.yaml:10:5"},
			{"e", "spec.data[0].key", "app/templates/es.yaml:10:5"},
			{"e", "spec.backendType", "app/templates/es.yaml:8:16"},
		}},
		{"helm, two objects alike, and a subchart", "app", map[string]string{
			"app/Chart.yaml":                    chartYAML,
			"app/templates/es.yaml":             kesDB + "---\n" + second,
			"app/charts/sub/Chart.yaml":         strings.Replace(chartYAML, "web", "sub", 1),
			"app/charts/sub/templates/sub.yaml": crlf(strings.Replace(kesDB, "name: db", "name: {{ .Chart.Name }}", 1))}, []question{
			{"db", "spec.data[1].property", "app/templates/es.yaml:13:15"},
			{"web-db", "spec.data[1].property", "app/templates/es.yaml:27:15"},
			{"sub", "spec.data[1].property", "app/charts/sub/templates/sub.yaml:13:15"},
			{"sub", "metadata.name", "app/charts/sub/templates/sub.yaml:4:3"},
		}},
		{"helm prints everything", "app", map[string]string{
			"app/Chart.yaml":        chartYAML,
			"app/values.yaml":       "objects:\n- " + indented(kesDB),
			"app/templates/es.yaml": "# all\n{{- range .Values.objects }}\n---\n{{ toYaml . }}\n{{- end }}\n"}, []question{
			{"db", "spec.data[1].property", "app/templates/es.yaml:1"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				file := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			objects := rendered(t, dir, tt.dir)
			for _, q := range tt.ask {
				o, ok := objects[q.object]
				if !ok {
					t.Fatalf("no object %s", q.object)
				}
				if got := o.ask(t, q.field); got.String() != q.want {
					t.Errorf("%s %s: %s, want %s", q.object, q.field, got, q.want)
				}
			}
		})
	}
}

// placed is a rendered object and its index.
type placed struct {
	index  *Index
	object *manifest.Object
	origin string
}

func (o placed) ask(t *testing.T, field string) manifest.Pos {
	t.Helper()
	p := o.object.Pos
	if field != "" {
		n := o.object.Node
		for _, key := range strings.Split(strings.ReplaceAll(field, "[", ".["), ".") {
			if i, err := strconv.Atoi(strings.Trim(key, "[]")); err == nil {
				n = deref(n.Content[i])
			} else {
				n = manifest.Lookup(n, key)
			}
			if n == nil {
				t.Fatalf("no %s", field)
			}
		}
		p = o.object.PosOf(n)
	}
	p.Origin = o.origin
	return o.index.Source(p, o.object.Ref)
}

// rendered renders a directory and gives its objects by name, with origins as
// kesbridge's commands make them.
func rendered(t *testing.T, root, dir string) map[string]placed {
	t.Helper()
	out, err := render.Render(context.Background(), render.Source{Root: root, Dir: filepath.Join(root, dir), OriginsOf: []string{kes.Group, eso.Group}})
	if err != nil {
		t.Fatal(err)
	}
	finder := New(os.DirFS(root))
	objects := map[string]placed{}
	for _, s := range out.Streams {
		index := finder.Stream(out.Kind, s)
		tr := manifest.Transformer{Groups: []string{kes.Group, eso.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
			origin := s.Name
			switch out.Kind {
			case render.Helm:
				_, rest, _ := strings.Cut(o.Pos.Origin, "/")
				origin = path.Join(s.Name, rest)
			case render.Kustomize:
				origin = ""
				for _, at := range s.Origins {
					if at.Kind == o.Ref.Kind && at.Name == o.Ref.Name && at.Namespace == o.Ref.Namespace {
						origin = at.Path
					}
				}
			}
			objects[o.Ref.Name] = placed{index, o, origin}
			return manifest.Result{}, nil
		}}
		plan, err := tr.Plan(context.Background(), manifest.Input{Name: s.Name, R: strings.NewReader(string(s.Data))})
		if err != nil {
			t.Fatal(err)
		}
		plan.Close()
	}
	return objects
}

func with(files map[string]string, more ...string) map[string]string {
	out := map[string]string{}
	for k, v := range files {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func indented(s string) string {
	return strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n  ") + "\n"
}

// TestExamples: every scalar of the example's objects is placed in a line that
// says its value, its key or the key of what holds it; else at the object.
func TestExamples(t *testing.T) {
	for _, tt := range []struct {
		dir string
		at  int // how many are at a line with the value
	}{
		{"examples/shop/base", 90},
		{"examples/shop/overlays/production", 80},
		{"examples/shop/overlays/staging", 90},
		{"examples/shop/chart", 4},
	} {
		exact := 0
		for _, o := range rendered(t, "../..", tt.dir) {
			if o.object.Ref.Group != kes.Group {
				continue
			}
			for _, n := range scalars(o.object.Node, nil) {
				p := o.object.PosOf(n.value)
				p.Origin = o.origin
				q := o.index.Source(p, o.object.Ref)
				data, err := os.ReadFile(filepath.Join("../..", q.File))
				if err != nil {
					t.Fatalf("%s %s: %v", tt.dir, p, err)
				}
				line := strings.Split(string(data), "\n")[q.Line-1]
				ok := strings.HasPrefix(line, "kind:") || strings.HasPrefix(line, "apiVersion:") // the object
				for _, key := range n.keys {
					ok = ok || strings.Contains(line, key+":")
				}
				if strings.Contains(line, n.value.Value) {
					exact++
				} else if !ok {
					t.Errorf("%s: %s is placed at %s: %s", tt.dir, strings.Join(n.keys, "."), q, line)
				}
			}
		}
		if exact < tt.at {
			t.Errorf("%s: %d are at a line with the value", tt.dir, exact)
		}
	}
}

// scalar is one of an object, and the keys that lead to it.
type scalar struct {
	keys  []string
	value *yaml.Node
}

func scalars(n *yaml.Node, keys []string) (out []scalar) {
	if n.Kind == yaml.ScalarNode {
		return []scalar{{keys, n}}
	}
	for i, c := range n.Content {
		switch {
		case n.Kind != yaml.MappingNode:
			out = append(out, scalars(c, keys)...)
		case i%2 == 1:
			out = append(out, scalars(c, append(keys[:len(keys):len(keys)], n.Content[i-1].Value))...)
		}
	}
	return out
}
