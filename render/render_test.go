package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

func TestRoot(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"repo/.git/HEAD":                   "x",
		"repo/apps/web/kustomization.yaml": "resources: [../../base]\n",
		"repo/base/kustomization.yaml":     "resources: [a.yaml]\n",
		"repo/base/a.yaml":                 cm,
		"worktree/.git":                    "gitdir: elsewhere\n",
		"worktree/app/a.yaml":              cm,
		"loose/app/a.yaml":                 cm,
	})
	for _, c := range []struct{ dir, root, want string }{
		{"repo/apps/web", "", "apps/web"},
		{"repo/apps/web", "repo", "apps/web"},
		{"repo/apps/web", ".", "repo/apps/web"},
		{"repo/base", "", "base"},
		{"repo/base", "repo/base", "."},
		{"worktree/app", "", "app/a.yaml"},
		{"loose/app", "", "a.yaml"},
		{"loose/app", "loose", "app/a.yaml"},
	} {
		src := Source{Dir: filepath.Join(dir, c.dir)}
		if c.root != "" {
			src.Root = filepath.Join(dir, c.root)
		}
		out, err := Render(context.Background(), src)
		if err != nil || len(out.Streams) != 1 || out.Streams[0].Name != c.want {
			t.Errorf("%+v: %v %+v", c, err, out)
		}
	}
	// The root is the nearest: its base is outside then.
	var oe *OutsideError
	if _, err := Render(context.Background(), Source{Dir: dir + "/repo/apps/web", Root: dir + "/repo/apps"}); !errors.As(err, &oe) {
		t.Error(err)
	}
	for _, src := range []Source{{Dir: dir + "/none"}, {Dir: dir + "/loose/app/a.yaml"}, {Dir: dir, Root: dir + "/none"}, {Dir: dir, Kind: "other"}, {Dir: dir, Kind: Helm}, {Dir: dir, Kind: Kustomize}} {
		if out, err := Render(context.Background(), src); err == nil {
			t.Errorf("%+v: no error, %+v", src, out)
		}
	}
	t.Chdir(dir + "/repo/apps/web")
	if out, err := Render(context.Background(), Source{}); err != nil || out.Streams[0].Name != "apps/web" {
		t.Error(err, out)
	}
}

func TestContext(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"dir/a.yaml":              cm,
		"kust/kustomization.yaml": "resources: [a.yaml]\n",
		"kust/a.yaml":             cm,
		"helm/Chart.yaml":         "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"slow/Chart.yaml":         "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"slow/templates/a.yaml":   "{{ range until 3000000 }}{{ range until 3000000 }}{{ sha256sum (toString .) | trunc 0 }}{{ end }}{{ end }}",
	})
	why := errors.New("enough")
	ctx, stop := context.WithCancelCause(context.Background())
	stop(why)
	for _, d := range []string{"dir", "kust", "helm"} {
		if _, err := Render(ctx, Source{Dir: filepath.Join(dir, d)}); !errors.Is(err, why) {
			t.Errorf("%s: %v", d, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	// That template alone takes days.
	if _, err := Render(ctx, Source{Dir: filepath.Join(dir, "slow")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// One application's custom schema must not change how the next is patched.
func TestOpenAPIDoesNotStay(t *testing.T) {
	dir := t.TempDir()
	widget := "apiVersion: x.io/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  items: [{name: a, v: 1}, {name: b, v: 2}]\n"
	patch := "patches:\n- patch: |\n    apiVersion: x.io/v1\n    kind: Widget\n    metadata: {name: w}\n    spec:\n      items: [{name: a, v: 9}]\n"
	write(t, dir, map[string]string{
		"plain/kustomization.yaml":  "resources: [w.yaml]\n" + patch,
		"plain/w.yaml":              widget,
		"schema/kustomization.yaml": "resources: [w.yaml]\nopenapi: {path: s.json}\n" + patch,
		"schema/w.yaml":             widget,
		"schema/s.json": `{"definitions": {"v1.Widget": {"properties": {"spec": {"properties": {"items": {"type": "array",
			"items": {"type": "object"}, "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}}}},
			"x-kubernetes-group-version-kind": [{"group": "x.io", "kind": "Widget", "version": "v1"}]}}}`,
	})
	render := func(d string) string {
		out, err := Render(context.Background(), Source{Dir: filepath.Join(dir, d), Root: dir})
		if err != nil {
			t.Fatal(err)
		}
		return string(out.Streams[0].Data)
	}
	before, with, after := render("plain"), render("schema"), render("plain")
	if before == with || !strings.Contains(with, "name: b") {
		t.Errorf("the schema has no effect:\n%s", with)
	}
	if before != after {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// Renders don't disturb each other, and the checkout stays as it is.
func TestParallel(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"dir/a.yaml":              cm,
		"kust/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: p-\n",
		"kust/a.yaml":             cm,
		"helm/Chart.yaml":         "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"helm/templates/a.yaml":   cm,
	})
	state := func() string {
		var b strings.Builder
		_ = filepath.WalkDir(dir, func(p string, d os.DirEntry, _ error) error {
			fi, err := d.Info()
			fmt.Fprintln(&b, p, fi.ModTime(), fi.Mode(), err)
			return nil
		})
		return b.String()
	}
	before := state()
	var wg sync.WaitGroup
	got := make([]string, 30)
	for i := range got {
		wg.Go(func() {
			out, err := Render(context.Background(), Source{Dir: filepath.Join(dir, []string{"dir", "kust", "helm"}[i%3]), Root: dir})
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = fmt.Sprintf("%s %+v", out.Streams[0].Data, out.Streams[0].Origins)
		})
	}
	wg.Wait()
	if after := state(); after != before {
		t.Errorf("the checkout was\n%s\nand is\n%s", before, after)
	}
	for i := 3; i < len(got); i++ {
		if got[i] != got[i-3] {
			t.Errorf("got\n%s\nand\n%s", got[i], got[i-3])
		}
	}
}

// A subchart may be packed.
func TestPackedSubchart(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"app/Chart.yaml":        "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0, alias: other}]\n",
		"sub/Chart.yaml":        "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"sub/templates/cm.yaml": "{{ if .Values.bad }}{{ fail \"bad\" }}{{ end }}" + cm,
	})
	sub, err := loader.LoadDir(filepath.Join(dir, "sub"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chartutil.Save(sub, filepath.Join(dir, "app", "charts")); err != nil {
		// Save wants the directory.
		write(t, dir, map[string]string{"app/charts/.keep": ""})
		if _, err := chartutil.Save(sub, filepath.Join(dir, "app", "charts")); err != nil {
			t.Fatal(err)
		}
	}
	src := Source{Dir: filepath.Join(dir, "app"), Root: dir}
	out, err := Render(context.Background(), src)
	if err != nil || !bytes.HasPrefix(out.Streams[0].Data, []byte("---\n# Source: c/charts/other/templates/cm.yaml\napiVersion")) {
		t.Errorf("%v %+v", err, out)
	}
	src.Helm.Values = "other: {bad: true}"
	_, err = Render(context.Background(), src)
	if err == nil || !strings.HasPrefix(err.Error(), "c/charts/other/templates/cm.yaml:1:24: ") {
		t.Error(err)
	}
}
