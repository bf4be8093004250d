package render

import (
	"bytes"
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const kesNamed = "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: NAME\nspec: {backendType: vault}\n"

func kesObject(name string) string { return strings.ReplaceAll(kesNamed, "NAME", name) }

// sourceCases change a build of two files with a KES object each.
var sourceCases = map[string]struct {
	files map[string]string
	// noted: what is found isn't certain, so kustomize has to note it.
	noted bool
}{
	"plain":            {files: map[string]string{}},
	"prefix":           {files: map[string]string{"app/kustomization.yaml": "resources: [../base]\nnamePrefix: p-\nnameSuffix: -s\nnamespace: shop\n"}},
	"prefix of a base": {files: map[string]string{"base/kustomization.yaml": "resources: [a.yaml, b.yaml]\nnamePrefix: p-\n"}},
	"component":        {files: map[string]string{"app/kustomization.yaml": "resources: [../base]\ncomponents: [../comp]\n", "comp/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [c.yaml]\n", "comp/c.yaml": kesObject("three")}},
	"used twice": {files: map[string]string{
		"app/kustomization.yaml": "resources: [xx, yy]\n", "app/xx/kustomization.yaml": "resources: [../../base]\nnamePrefix: x-\n", "app/yy/kustomization.yaml": "resources: [../../base]\nnamePrefix: y-\n",
	}},
	"list":    {files: map[string]string{"base/a.yaml": "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(kesObject("one")), "\n", "\n  ") + "\n"}},
	"json":    {files: map[string]string{"base/a.yaml": `{"apiVersion": "kubernetes-client.io/v1", "kind": "ExternalSecret", "metadata": {"name": "one"}}`}},
	"escaped": {files: map[string]string{"base/a.yaml": strings.Replace(kesObject("one"), "ExternalSecret", `"\x45xternalSecret"`, 1)}},
	"patches": {files: map[string]string{
		"app/kustomization.yaml": "resources: [../base]\npatches:\n- path: patch.yaml\n- {target: {kind: ExternalSecret}, patch: '- {op: add, path: /metadata/labels, value: {a: b}}'}\n" +
			"replacements: [{source: {kind: ExternalSecret, name: one}, targets: [{select: {name: two}, fieldPaths: [spec.region], options: {create: true}}]}]\n",
		"app/patch.yaml": strings.Replace(kesObject("two"), "vault", "vault, region: x", 1),
	}},
	"no annotations for a test": {files: map[string]string{"app/kustomization.yaml": "resources: [../base]\npatches:\n- {target: {kind: ExternalSecret}, patch: '- {op: add, path: /metadata/annotations, value: {a: b}}'}\n"}},

	"name in a name": {noted: true, files: map[string]string{"base/b.yaml": kesObject("one-more")}},
	"link":           {noted: true, files: map[string]string{"base/b.yaml": "-> c.yaml", "base/c.yaml": kesObject("two")}},
	"linked base":    {noted: true, files: map[string]string{"app/kustomization.yaml": "resources: [there]\n", "app/there": "-> ../base"}},
	"anchor":         {noted: true, files: map[string]string{"base/b.yaml": "x: &m {name: two}\n" + strings.Replace(kesObject("two"), "\n  name: two", " *m", 1)}},
	"merge":          {noted: true, files: map[string]string{"base/b.yaml": "metadata: {<<: {name: two}}\n" + strings.Replace(kesObject("two"), "metadata:\n  name: two\n", "", 1)}},
	"renamed": {noted: true, files: map[string]string{"app/kustomization.yaml": "resources: [../base]\npatches:\n- {target: {name: one}, patch: '- {op: replace, path: /metadata/name, value: zone}'}\n" +
		"- {target: {name: two}, patch: '- {op: replace, path: /metadata/name, value: one}'}\n"}},
	"renamed whole": {noted: true, files: map[string]string{"app/kustomization.yaml": "resources: [../base]\npatches:\n- {target: {name: one}, patch: '- {op: add, path: /metadata, value: {name: two2}}'}\n"}},
	"renamed by a merge": {noted: true, files: map[string]string{"app/kustomization.yaml": "resources: [../base]\npatches:\n- {target: {name: one}, options: {allowNameChange: true}, patch: '" +
		`{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: two2}}` + "'}\n"}},
	"renamed by a replacement": {noted: true, files: map[string]string{"app/kustomization.yaml": "resources: [../base]\nreplacements: [{source: {kind: ExternalSecret, name: one, fieldPath: spec.backendType}, targets: [{select: {name: two}}]}]\n"}},
	"kind changed": {noted: true, files: map[string]string{
		"app/kustomization.yaml": "resources: [../base, w.yaml]\npatches:\n- {target: {kind: Widget}, patch: '- {op: replace, path: /kind, value: ExternalSecret}'}\n",
		"app/w.yaml":             strings.Replace(kesObject("xtwo"), "ExternalSecret", "Widget", 1),
	}},
	"generator": {noted: true, files: map[string]string{
		"app/kustomization.yaml": "resources: [../base]\ngenerators: [g.yaml]\n",
		"app/g.yaml":             "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: gen}\nname: gen\nliterals: [a=b]\n",
	}},
}

// Origins that are found are those that kustomize notes.
func TestOriginsOf(t *testing.T) {
	for name, c := range sourceCases {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"app/kustomization.yaml":  "resources: [../base]\n",
				"base/kustomization.yaml": "resources: [a.yaml, b.yaml]\n",
				"base/a.yaml":             kesObject("one") + "---\n" + cm, "base/b.yaml": kesObject("two"),
			}
			for f, data := range c.files {
				files[f] = data
			}
			root := repo(t, files)
			src := Source{Dir: filepath.Join(root, "app"), Root: root}
			want, werr := Render(context.Background(), src)
			src.OriginsOf = []string{"kubernetes-client.io"}
			got, err := Render(context.Background(), src)
			if werr != nil || err != nil {
				t.Fatal(werr, err)
			}
			if !bytes.Equal(got.Streams[0].Data, want.Streams[0].Data) {
				t.Errorf("got\n%s\nwant\n%s", got.Streams[0].Data, want.Streams[0].Data)
			}
			kes := slices.DeleteFunc(want.Streams[0].Origins, func(o Origin) bool { return o.Kind != "ExternalSecret" })
			if name == "no annotations for a test" {
				kes = []Origin{{"kubernetes-client.io/v1", "ExternalSecret", "", "one", "base/a.yaml"}, {"kubernetes-client.io/v1", "ExternalSecret", "", "two", "base/b.yaml"}}
			}
			if !reflect.DeepEqual(got.Streams[0].Origins, kes) || len(kes) < 2 || kes[0].Path == "" {
				t.Errorf("got %+v\nwant %+v", got.Streams[0].Origins, kes)
			}
			a, err := open(src)
			if err != nil {
				t.Fatal(err)
			}
			defer a.tree.close()
			b, err := a.run(context.Background(), false)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := b.fs.find(a.origins(b.m)); ok == c.noted {
				t.Errorf("found: %v", ok)
			}
		})
	}
}

// Where nothing is wanted nothing is told, and the bytes are the same.
func TestOriginsOfNone(t *testing.T) {
	root := repo(t, map[string]string{"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": cm})
	out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, OriginsOf: []string{"kubernetes-client.io"}})
	if err != nil || string(out.Streams[0].Data) != cm || out.Streams[0].Origins != nil {
		t.Errorf("%+v %v", out, err)
	}
}
