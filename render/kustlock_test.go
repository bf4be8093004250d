package render

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Builds side by side give what each gives alone, also where some of them
// bring a schema that decides how lists merge.
func TestKustomizeParallel(t *testing.T) {
	const widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  parts:\n  - {name: a, size: 1}\n  - {name: b, size: 2}\n"
	const patch = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  parts:\n  - {name: b, size: 3}\n"
	const schema = `{"definitions": {"v1.Widget": {"x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
		"properties": {"spec": {"properties": {"parts": {"type": "array", "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
		"items": {"properties": {"name": {"type": "string"}}}}}}}}}}`
	deploy := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: x, image: x}\n      - {name: y, image: y}\n"
	files := map[string]string{}
	for i := range 6 {
		base := fmt.Sprintf("plain-%d/", i)
		files[base+"kustomization.yaml"] = fmt.Sprintf("namePrefix: p%d-\nnamespace: n%d\nresources: [w.yaml, d.yaml]\npatches: [{path: p.yaml}, {path: q.yaml}]\n", i, i)
		files[base+"w.yaml"], files[base+"p.yaml"], files[base+"d.yaml"] = widget, patch, deploy
		files[base+"q.yaml"] = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: y, image: y:%d}\n", i)
		if i%3 == 0 {
			own := fmt.Sprintf("own-%d/", i)
			files[own+"kustomization.yaml"] = "resources: [../plain-1]\nopenapi: {path: schema.json}\npatches: [{path: p.yaml}]\n"
			files[own+"schema.json"], files[own+"p.yaml"] = schema, patch
		}
	}
	root := repo(t, files)
	dirs := words("plain-0 plain-1 plain-2 own-0 plain-3 plain-4 own-3 plain-5")
	build := func(dir string) string {
		out, err := Render(context.Background(), Source{Dir: filepath.Join(root, dir), Root: root, OriginsOf: []string{"example.com"}})
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%s%v", out.Streams[0].Data, out.Streams[0].Origins)
	}
	want := map[string]string{}
	for _, d := range dirs {
		want[d] = build(d)
	}
	if merged := "- name: a\n"; !strings.Contains(want["own-0"], merged) || strings.Contains(want["plain-1"], merged) {
		t.Fatalf("the schema changes nothing:\n%s", want["own-0"])
	}
	var wg sync.WaitGroup
	for range 6 {
		for _, d := range dirs {
			wg.Go(func() {
				if got := build(d); got != want[d] {
					t.Errorf("%s: got\n%s\nwant\n%s", d, got, want[d])
				}
			})
		}
	}
	wg.Wait()
}
