package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/argocd"
)

// The repository's root is the current directory without the app's path.
func TestFindRoot(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"apps/web", "a/a/a", "real"} {
		if err := os.MkdirAll(filepath.Join(base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../real", filepath.Join(base, "apps/link")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir, path, root, rel string
		administered, fails  bool
	}{
		{dir: "apps/web", path: "apps/web", root: "", rel: "apps/web"},
		{dir: "apps/web", path: "./apps//web/", root: "", rel: "apps/web"},
		{dir: "apps/web", path: ".", root: "apps/web", rel: "."},
		{dir: "apps/web", path: "", root: "apps/web", rel: "."},
		{dir: "a/a", path: "a/a", root: "", rel: "a/a"},
		{dir: "real", path: "apps/link", root: "", rel: "real"},
		{dir: "apps/web", path: "deploy/apps/web", fails: true},
		{dir: "apps/web", path: "other", fails: true},
		{dir: "apps/web", path: "../../../apps/web", root: "", rel: "apps/web"}, // lexically inside, as Argo CD has checked
		{dir: "apps/web", path: "deploy/apps/web", administered: true, root: "", rel: "apps/web"},
		{dir: "apps/web", path: "other", administered: true, root: "apps/web", rel: "."},
	} {
		c := &call{dir: filepath.Join(base, tt.dir), path: tt.path}
		err := c.findRoot(tt.administered)
		if narrowed := (*NarrowedError)(nil); tt.fails != errors.As(err, &narrowed) || !tt.fails && err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if !tt.fails && (c.root != filepath.Join(base, tt.root) || c.rel != tt.rel) {
			t.Errorf("%+v: root %s, rel %s", tt, strings.TrimPrefix(c.root, base), c.rel)
		}
	}
}

func TestFlatParameter(t *testing.T) {
	a := &app{env: map[string]string{"PARAM_MODE": "keep", "PARAM_ESO_VERSION": "0.20", "PARAM_IMAGES_0": "a", "PARAM_IMAGES_1": "b", "PARAM_HELM_PARAMETERS_X": "y", "PARAM_APP_NAME": "evil"}}
	got := map[string]string{}
	for _, p := range parameters() {
		if g, ok := a.flatParameter(p); ok {
			got[p.name] = g.text() + strings.Join(g.value.Array, ",")
		}
	}
	if len(got) != 3 || got["mode"] != "keep" || got["eso-version"] != "0.20" || got["images"] != "a,b" {
		t.Errorf("got %v", got)
	}
}

// What Argo CD shows has an end, and no directory of this call in it.
func TestFail(t *testing.T) {
	var b strings.Builder
	g := &generation{app: &app{err: &b}, scratch: "/scratch/7", call: &call{app: "web", root: "/repo/dir/1", path: "apps/web", revision: "abc"}}
	g.fail(errors.New("read /repo/dir/1/apps/web/x.yaml and /scratch/7/y: " + strings.Repeat("ä", maxMessage)))
	s := b.String()
	if len(s) > maxMessage || !strings.HasPrefix(s, "read apps/web/x.yaml and y: ä") || strings.Contains(s, "/repo/dir") {
		t.Errorf("%d bytes: %.80s", len(s), s)
	}
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "reproduce: kesbridge render apps/web") {
		t.Errorf("last line %q", last)
	}
	if g.app.code != exitFailure {
		t.Errorf("exit code %d", g.app.code)
	}
}

// However much an author writes into names and parameters, the last line says
// how to reproduce it, and there is an end.
func TestFailLong(t *testing.T) {
	long := strings.Repeat("x", 2*maxMessage)
	for name, g := range map[string]*generation{
		"app":        {call: &call{app: long, project: long, path: long, revision: long, namespace: long}},
		"cluster":    {call: &call{app: "web", path: "apps/web"}, options: options{cluster: long}},
		"source too": {call: &call{app: "web", path: "apps/web"}, options: options{store: long, source: map[string]argocd.Value{"images": {Array: []string{long}}}}},
		"list":       {call: &call{app: "web", path: "apps/web", apiVersions: []string{"external-secrets.io/v1/" + long}}},
	} {
		var b strings.Builder
		g.app = &app{err: &b}
		g.fail(errors.New("no: " + long))
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if last := lines[len(lines)-1]; len(b.String()) > maxMessage || !strings.HasPrefix(last, "reproduce: kesbridge render --application") {
			t.Errorf("%s: %d bytes, last line %.80q", name, len(b.String()), last)
		}
	}
}

// Before there is a scratch directory its name is empty.
func TestRelative(t *testing.T) {
	c := &call{root: "/w/1"}
	if got := c.relative("read /w/1/a.yaml in /w/1: no", ""); got != "read a.yaml in .: no" {
		t.Errorf("got %q", got)
	}
	c.root = "/"
	if got := c.relative("read /a.yaml: no"); got != "read /a.yaml: no" {
		t.Errorf("got %q", got)
	}
}
