package render

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the wanted parts of testdata")

// testCase is a txtar file: settings as "key: value" lines, then the files of
// an application, put into the directory "app" of a repository. Paths may lead
// out of it with "..".
type testCase struct {
	path    string
	archive *txtar.Archive
	set     map[string]string
	root    string
}

// app is the application's directory.
func (c *testCase) app() string { return filepath.Join(c.root, "app") }

// wanted is the golden part of that name, or nil.
func (c *testCase) wanted(name string) *txtar.File {
	for i := range c.archive.Files {
		if c.archive.Files[i].Name == "want/"+name {
			return &c.archive.Files[i]
		}
	}
	return nil
}

// golden compares got with a wanted part.
func (c *testCase) golden(t *testing.T, name string, got []byte) {
	t.Helper()
	f := c.wanted(name)
	if f != nil && bytes.Equal(f.Data, got) {
		return
	}
	if !*update {
		var want []byte
		if f != nil {
			want = f.Data
		}
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		return
	}
	if f == nil {
		c.archive.Files = append(c.archive.Files, txtar.File{Name: "want/" + name})
		f = &c.archive.Files[len(c.archive.Files)-1]
	}
	f.Data = got
	if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func eachCase(t *testing.T, dir string, f func(*testing.T, *testCase)) {
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, p := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(p)
			if err != nil {
				t.Fatal(err)
			}
			c := &testCase{path: p, archive: a, set: map[string]string{}, root: t.TempDir()}
			for line := range strings.Lines(string(a.Comment)) {
				if k, v, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(k, "#") {
					c.set[k] = v
				}
			}
			files := map[string]string{"app/.keep": ""}
			for _, f := range a.Files {
				if !strings.HasPrefix(f.Name, "want/") {
					files[filepath.Join("app", f.Name)] = string(f.Data)
				}
			}
			write(t, c.root, files)
			f(t, c)
		})
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// wantError checks an error against the case's "error" setting: "" means none.
// It says whether there was one.
func (c *testCase) wantError(t *testing.T, err error) bool {
	t.Helper()
	want := c.set["error"]
	if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Fatalf("error %v, want %q", err, want)
	}
	if err != nil && strings.Contains(err.Error(), c.root) {
		t.Errorf("the error names the machine's directory: %v", err)
	}
	return err != nil
}
