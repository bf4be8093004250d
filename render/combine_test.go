package render

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fragments are parts of a kustomization that may get in the way of noting
// origins in annotations, or of one another.
var fragments = []string{
	"namePrefix: p-", "nameSuffix: -s", "namespace: shop",
	"commonLabels: {a: b}", "commonAnnotations: {x: y}",
	"buildMetadata: [managedByLabel]", "buildMetadata: [transformerAnnotations]",
	"buildMetadata: [originAnnotations]", "buildMetadata: []",
	"images: [{name: web, newTag: v2}]", "replicas: [{name: web, count: 3}]",
	"configMapGenerator: [{name: g, literals: [a=b], options: {annotations: {o: p}}}]",
	"secretGenerator: [{name: s, files: [k=kustomization.yaml]}]",
	"components: [../comp]", "sortOptions: {order: fifo}",
	"vars: [{name: N, objref: {apiVersion: v1, kind: ConfigMap, name: conf}}]",
	"configurations: [config.yaml]", "crds: [crd.json]",
	"transformers: [annotate.yaml]", "generators: [generate.yaml]",
	"openapi: {version: v1.20.4}",
	"replacements: [{source: {kind: ConfigMap, name: conf, fieldPath: metadata.annotations.have}, targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.got], options: {create: true}}]}]",
}

// patches are put together into one list.
var patches = []string{
	"{op: add, path: /metadata/annotations, value: {n: m}}",
	"{op: add, path: /metadata/annotations/n, value: m}",
	"{op: add, path: /metadata/annotations/n, value: m}\n    - {op: test, path: /metadata/annotations/n, value: m}",
	"{op: replace, path: /metadata, value: {name: renamed}}",
	"{op: copy, from: /metadata, path: /spec/copy}",
	"{op: copy, from: /metadata/annotations, path: /spec/copy}",
	"{op: add, path: /metadata/labels, value: {n: m}}",
	"{op: remove, path: /metadata/annotations}",
	"{op: test, path: /metadata/annotations/have, value: this}",
	"{op: add, path: /spec/new, value: 1}",
}

var targets = []string{"kind: ExternalSecret", "kind: Deployment", "name: conf", "annotationSelector: have", "annotationSelector: '!config.kubernetes.io/origin'", "kind: .*"}

// merges are strategic merge patches.
var merges = []string{
	"annotations: {$patch: replace, only: this}", "annotations: {$patch: delete}", "annotations: null",
	"annotations: {}", "annotations: {have: null}", "annotations: {more: x}", "$patch: replace", "labels: {l: m}",
}

// Whatever stands in a kustomization, it gives kustomize's bytes or fails as
// kustomize does.
func TestKustomizeCombinations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	n, failed, noted := 400, 0, 0
	if testing.Short() {
		n = 50
	}
	for i := range n {
		var k strings.Builder
		k.WriteString("resources: [../base, own.yaml]\n")
		for _, j := range r.Perm(len(fragments))[:r.IntN(4)] {
			key, _, _ := strings.Cut(fragments[j], ":")
			if !strings.Contains(k.String(), key+":") {
				k.WriteString(fragments[j] + "\n")
			}
		}
		if m := r.IntN(3); m > 0 {
			k.WriteString("patches:\n")
			for range m {
				if r.IntN(2) == 0 {
					fmt.Fprintf(&k, "- target: {%s}\n  patch: |-\n    - %s\n", pick(targets), pick(patches))
				} else {
					fmt.Fprintf(&k, "- patch: |-\n    apiVersion: kubernetes-client.io/v1\n    kind: ExternalSecret\n    metadata:\n      name: %s\n      %s\n", pick([]string{"db", "old"}), pick(merges))
				}
			}
		}
		dir := t.TempDir()
		write(t, dir, map[string]string{
			"app/kustomization.yaml":  k.String(),
			"app/own.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: conf\n  annotations: {have: this}\ndata: {v: $(N)}\n",
			"app/config.yaml":         "commonAnnotations: [{path: spec/annotations, create: true, kind: ExternalSecret}]\n",
			"app/crd.json":            `{"x.Widget": {"properties": {"spec": {"x-kubernetes-annotation": ""}}}}`,
			"app/annotate.yaml":       "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {t: u}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n",
			"app/generate.yaml":       "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: gen}\nname: gen\nliterals: [a=b]\n",
			"comp/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - " + pick(patches) + "\n",
			"base/kustomization.yaml": "resources: [es.yaml, deploy.yaml]\n" + pick([]string{"", "namePrefix: b-\n", "commonAnnotations: {base: b}\n", "configMapGenerator: [{name: bg, literals: [a=b]}]\n"}),
			"base/es.yaml":            "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: db\nspec: {backendType: vault}\n---\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: old\n  annotations: " + pick([]string{"{have: this}", "{}", "", "{config.kubernetes.io/origin: x}"}) + "\nspec: {backendType: vault}\n",
			"base/deploy.yaml":        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: web}]}}}\n",
		})
		want, werr := kustomizeBuild(filepath.Join(dir, "app"))
		out, err := Render(context.Background(), Source{Dir: filepath.Join(dir, "app"), Root: dir, Kustomize: ourVersion})
		switch {
		case (err != nil) != (werr != nil):
			t.Errorf("%d: error %v, kustomize's is %v\n%s", i, err, werr, k.String())
		case err != nil:
			failed++
		case !bytes.Equal(out.Streams[0].Data, want):
			t.Errorf("%d: got\n%s\nwant\n%s\nfor\n%s", i, out.Streams[0].Data, want, k.String())
		default:
			o := out.Streams[0].Origins
			sameOrigins(t, filepath.Join(dir, "app"), dir, out, k.String())
			if slices.ContainsFunc(o, func(o Origin) bool { return o.Path == "base/es.yaml" }) {
				noted++
			}
			for _, o := range o {
				if o.Kind == "ExternalSecret" && o.Path != "" && o.Path != "base/es.yaml" || o.Kind == "Deployment" && o.Path != "" && o.Path != "base/deploy.yaml" {
					t.Errorf("%d: %+v\n%s", i, o, k.String())
				}
			}
		}
	}
	t.Logf("of %d, %d failed as kustomize did, %d have origins", n, failed, noted)
	if failed > n/2 || noted < (n-failed)*3/4 {
		t.Error("too few cases say something")
	}
}

// sameOrigins renders again for some objects' origins: the bytes are the same,
// and what was noted is what is found.
func sameOrigins(t *testing.T, dir, root string, all *Output, text string) {
	t.Helper()
	out, err := Render(context.Background(), Source{Dir: dir, Root: root, Kustomize: ourVersion, OriginsOf: []string{"kubernetes-client.io"}})
	if err != nil || !bytes.Equal(out.Streams[0].Data, all.Streams[0].Data) {
		t.Errorf("%v, got\n%+v\nfor\n%s", err, out, text)
		return
	}
	for _, o := range all.Streams[0].Origins {
		if o.Kind == "ExternalSecret" && o.Path != "" && !slices.Contains(out.Streams[0].Origins, o) {
			t.Errorf("%+v isn't among %+v\n%s", o, out.Streams[0].Origins, text)
		}
	}
	for _, o := range out.Streams[0].Origins {
		if o.Kind != "ExternalSecret" || o.Path != "" && o.Path != "base/es.yaml" {
			t.Errorf("%+v\n%s", o, text)
		}
	}
}
