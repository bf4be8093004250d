package input

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kesbridge/render"
)

var old = time.Now().Add(-time.Hour)

// write writes files, all of them older than any run.
func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(data), 0o644))
	}
	age(t, root)
}

func age(t *testing.T, root string) {
	t.Helper()
	must(t, filepath.Walk(root, func(p string, fi os.FileInfo, err error) error {
		if err != nil || fi.Mode()&os.ModeSymlink != 0 {
			return err
		}
		return os.Chtimes(p, old, old)
	}))
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func words(s string) []string { return strings.Fields(s) }

func TestTouches(t *testing.T) {
	s := New("",
		render.Inputs{Files: words("apps/web/a.yaml env/prod.yaml apps/link"), Dirs: words("apps/web"), Missing: words("env/none/x.yaml apps/web/kustomization.yml")},
		render.Inputs{Files: words("kesbridge.yaml argocd/web.yaml env/prod.yaml"), Missing: words("component")})
	for name, want := range map[string]bool{
		"apps/web/a.yaml":            true, // read
		"kesbridge.yaml":             true,
		"apps/web/README.md":         true, // in a directory that was listed
		"apps/web/new/deep/x.yaml":   true,
		"apps/web":                   true, // a link or submodule in its place
		"apps":                       true,
		"apps/link/x":                true, // was a directory
		"env":                        true,
		"env/none/x.yaml":            true, // looked for
		"env/none":                   true,
		"component/x/y.yaml":         true,
		"env/none/y.yaml":            false,
		"env/prod.yaml.bak":          false,
		"env/test.yaml":              false,
		"apps/webhook/a.yaml":        false,
		"apps/other/a.yaml":          false,
		"a.yaml":                     false,
		"component2/x":               false,
		"./apps/web/../web/./a.yaml": true,
	} {
		got, ok := s.Touches([]string{"unrelated.yaml", name})
		if ok != want || ok && got != name {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
	if _, ok := New("", render.Inputs{Files: words("a"), Dirs: words(".")}).Touches(words("b")); !ok {
		t.Error("a new file in the root, which was listed")
	}
	if _, ok := (Set{}).Touches(words("a")); ok {
		t.Error("nothing is touched by nothing")
	}
}

// Where it is known what there was, only what came or went in a directory that
// was listed counts.
func TestTouchesSince(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"app/a.yaml": "", "app/README.md": "", "app/sub/x.yaml": "", "app/newdir/x.yaml": "", "app/new.md": "", "app/dir/x": ""})
	s := New(root, render.Inputs{Files: words("app/a.yaml"), Dirs: words("app")})
	before := map[string]bool{
		"app": true, "app/a.yaml": true, "app/README.md": true, "app/sub": true, "app/sub/x.yaml": true, "app/gone.md": true,
		"app/gonedir": true, "app/gonedir/x.yaml": true, "app/dir": true, // a file
	}
	for _, c := range []struct {
		changed string
		want    bool
	}{
		{"app/a.yaml", true}, {"app/README.md", false}, {"app/sub/x.yaml", false}, {"app/sub/new.yaml", false}, {"app/newdir/x.yaml", true},
		{"app/new.md", true}, {"app/gone.md", true}, {"app/gonedir/x.yaml", true}, {"app/dir app/dir/x", true}, {"other/x", false},
	} {
		if _, ok := s.TouchesSince(words(c.changed), func(name string) bool { return before[name] }); ok != c.want {
			t.Errorf("%s: %v", c.changed, ok)
		}
	}
}

// openLater opens a record as if everything had been written long before: the
// time of a link can't be set.
func openLater(path string) *Record {
	r := Open(path)
	r.started = r.started.Add(time.Hour)
	return r
}

func recordRepo(t *testing.T) (root string, s Set) {
	root = t.TempDir()
	write(t, root, map[string]string{"app/a.yaml": "a", "env/v.yaml": "v", "kesbridge.yaml": "k", "other/o.yaml": "o"})
	must(t, os.Symlink("../env/v.yaml", filepath.Join(root, "app", "link.yaml")))
	age(t, root)
	return root, New(root, render.Inputs{
		Files: words("app/a.yaml app/link.yaml env/v.yaml kesbridge.yaml"), Dirs: words("app"), Missing: words("app/values.yaml env/gone/x.yaml"),
	})
}

func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "record.json")
	root, s := recordRepo(t)
	r := openLater(path)
	if _, ok := r.Known("web", "d1", root); ok || r.Ignored != nil {
		t.Fatal("known before it was put", r.Ignored)
	}
	r.Put("web", "d1", s)
	must(t, r.Save())
	again := func(id, digest string) bool {
		t.Helper()
		r := openLater(path)
		if r.Ignored != nil {
			t.Fatal(r.Ignored)
		}
		got, ok := r.Known(id, digest, root)
		if ok && !reflect.DeepEqual(got.Inputs(), s.Inputs()) {
			t.Errorf("got %+v, want %+v", got.Inputs(), s.Inputs())
		}
		return ok
	}
	if !again("web", "d1") || again("web", "d2") || again("other", "d1") {
		t.Error("known by the wrong id or digest, or not by its own")
	}
	at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	for name, c := range map[string]struct {
		do, undo func() error
		known    bool
	}{
		"edited":   {func() error { return os.WriteFile(at("env/v.yaml"), []byte("w"), 0o644) }, func() error { return os.WriteFile(at("env/v.yaml"), []byte("v"), 0o644) }, false},
		"removed":  {func() error { return os.Remove(at("kesbridge.yaml")) }, func() error { return os.WriteFile(at("kesbridge.yaml"), []byte("k"), 0o644) }, false},
		"added":    {func() error { return os.WriteFile(at("app/new"), nil, 0o644) }, func() error { return os.Remove(at("app/new")) }, false},
		"appeared": {func() error { return os.WriteFile(at("app/values.yaml"), nil, 0o644) }, func() error { return os.Remove(at("app/values.yaml")) }, false},
		"appeared below": {func() error {
			must(t, os.Mkdir(at("env/gone"), 0o755))
			return os.WriteFile(at("env/gone/x.yaml"), nil, 0o644)
		}, func() error { return os.RemoveAll(at("env/gone")) }, false},
		"link moved": {func() error {
			must(t, os.Remove(at("app/link.yaml")))
			return os.Symlink("../other/o.yaml", at("app/link.yaml"))
		}, func() error {
			must(t, os.Remove(at("app/link.yaml")))
			return os.Symlink("../env/v.yaml", at("app/link.yaml"))
		}, false},
		"renamed": {func() error { return os.Rename(at("app/a.yaml"), at("app/b.yaml")) }, func() error { return os.Rename(at("app/b.yaml"), at("app/a.yaml")) }, false},
		"file to dir": {func() error { must(t, os.Remove(at("app/a.yaml"))); return os.Mkdir(at("app/a.yaml"), 0o755) }, func() error {
			must(t, os.Remove(at("app/a.yaml")))
			return os.WriteFile(at("app/a.yaml"), []byte("a"), 0o644)
		}, false},
		"another app": {func() error { return os.WriteFile(at("other/o.yaml"), []byte("p"), 0o644) }, func() error { return nil }, true},
	} {
		must(t, c.do())
		if got := again("web", "d1"); got != c.known {
			t.Errorf("%s: known is %v", name, got)
		}
		must(t, c.undo())
		if !again("web", "d1") {
			t.Errorf("%s: not known after it was undone", name)
		}
	}
}

// What changes while a run looks at it isn't kept.
func TestRecordChanging(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.json")
	for name, change := range map[string]func(root string) error{
		"edited":   func(root string) error { return os.WriteFile(filepath.Join(root, "env/v.yaml"), []byte("w"), 0o644) },
		"added":    func(root string) error { return os.WriteFile(filepath.Join(root, "app/new"), nil, 0o644) },
		"removed":  func(root string) error { return os.Remove(filepath.Join(root, "env/v.yaml")) },
		"appeared": func(root string) error { return os.MkdirAll(filepath.Join(root, "env/gone/x.yaml"), 0o755) },
	} {
		root, s := recordRepo(t)
		r := openLater(path)
		r.Put("web", "d", s)
		if _, ok := r.Known("web", "d", root); !ok {
			t.Fatal("not known")
		}
		must(t, change(root))
		after := r.started.Add(time.Hour)
		for _, p := range []string{"env/v.yaml", "app"} {
			if _, err := os.Lstat(filepath.Join(root, p)); err == nil && (name == "edited" || name == "added") {
				must(t, os.Chtimes(filepath.Join(root, p), after, after))
			}
		}
		r.Put("web", "d", s)
		if len(r.apps) != 0 {
			t.Errorf("%s: still recorded", name)
		}
	}
}

// Nothing in a record is believed that isn't as Save writes it, and none
// makes us read outside the repository.
func TestRecordHostile(t *testing.T) {
	root, s := recordRepo(t)
	dir := t.TempDir()
	good := filepath.Join(dir, "good.json")
	r := openLater(good)
	r.Put("web", "d", s)
	must(t, r.Save())
	data, err := os.ReadFile(good)
	must(t, err)
	for name, text := range map[string]string{
		"empty":       "",
		"no JSON":     "]",
		"null":        "null",
		"half":        string(data[:len(data)/2]),
		"older":       strings.Replace(string(data), `"kesbridgeInputs":1`, `"kesbridgeInputs":0`, 1),
		"null app":    `{"kesbridgeInputs":1,"apps":{"web":null}}`,
		"no inputs":   `{"kesbridgeInputs":1,"apps":{"web":{"digest":"d","state":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}}`,
		"outside":     strings.Replace(string(data), `"env/v.yaml"`, `"../v.yaml"`, 1),
		"absolute":    strings.Replace(string(data), `"env/v.yaml"`, `"/etc/hostname"`, 1),
		"unclean":     strings.Replace(string(data), `"env/v.yaml"`, `"env//v.yaml"`, 1),
		"long":        strings.Replace(string(data), `"env/v.yaml"`, `"`+strings.Repeat("x", maxPath+1)+`"`, 1),
		"a new field": strings.Replace(string(data), `"apps"`, `"skip":true,"apps"`, 1),
	} {
		p := filepath.Join(dir, "bad.json")
		must(t, os.WriteFile(p, []byte(text), 0o600))
		r := openLater(p)
		if _, ok := r.Known("web", "d", root); ok || r.Ignored == nil {
			t.Errorf("%s: known %v, ignored because %v", name, ok, r.Ignored)
		}
		r.Put("web", "d", s)
		must(t, r.Save()) // and it is put right
		if _, ok := openLater(p).Known("web", "d", root); !ok {
			t.Errorf("%s: not known after it was written anew", name)
		}
	}
	must(t, os.Mkdir(filepath.Join(dir, "dir.json"), 0o700))
	if r := Open(filepath.Join(dir, "dir.json")); r.Ignored == nil || r.Save() == nil {
		t.Error("a directory was taken for a record")
	}
	// A link in the repository that leads out of it isn't followed.
	must(t, os.Symlink(dir, filepath.Join(root, "out")))
	bad := New(root, render.Inputs{Files: words("out/good.json")})
	r.Put("bad", "d", bad)
	if _, ok := r.Known("bad", "d", root); ok {
		t.Error("what is outside the repository was recorded")
	}
}

func TestPath(t *testing.T) {
	a, b := Path("/cache", "/repo/a"), Path("/cache", "/repo/b")
	if a == b || a != Path("/cache", "/repo/a/") || !strings.HasPrefix(filepath.ToSlash(a), "/cache/kesbridge/inputs/") {
		t.Error(a, b)
	}
}
