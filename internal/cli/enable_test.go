package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/rewrite"
)

// TestPatchApplies has git itself apply patches, whatever the line ends and
// the name.
func TestPatchApplies(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git isn't here: patches were not applied")
	}
	app := "# é\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\nspec:\n  source:\n    path: web\n    helm:\n      values: |\n        a: 1\n\n        b: 2\n    targetRevision: main\n  destination: {}\n"
	for name, in := range map[string]string{
		"app.yaml":         app,
		"in/crlf.yaml":     strings.ReplaceAll(app, "\n", "\r\n"),
		"in/open.yaml":     strings.TrimSuffix(app, "\n"),
		"opencrlf.yaml":    strings.TrimSuffix(strings.ReplaceAll(app, "\n", "\r\n"), "\r\n"),
		"with blank.yaml":  app,
		"in/größe.yaml":    app,
		`a "quoted".yaml`:  app,
		"end.yaml":         "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    path: web\n    helm:\n      releaseName: r",
		"nothing else.yml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    path: web",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(in), 0o644); err != nil {
			t.Skipf("%s: this system doesn't take the name: %v", name, err)
		}
		apply := func(patch []byte, want []byte) {
			t.Helper()
			cmd := exec.Command(git, "apply", "--whitespace=nowarn", "-")
			cmd.Dir, cmd.Stdin = dir, bytes.NewReader(patch)
			cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", name, err, out, patch)
				return
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: git made\n%q\nwant\n%q\n%v", name, got, want, err)
			}
		}
		out, _, err := rewrite.Enable(name, []byte(in), rewrite.Options{Plugin: "kesbridge-v1", Mode: "keep", OrphanPrune: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		apply(gitPatch(name, []byte(in), out), out)
		apply(gitPatch(name, out, []byte(in)), []byte(in))
	}
}

// TestAllOrNone: where a file can't be replaced, those before it get back
// what they held, and nothing is left beside them.
func TestAllOrNone(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, name := range []string{one, two} {
		if err := os.WriteFile(name, []byte("before"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	files := []*rewritten{
		{name: one, before: []byte("before"), after: []byte("after"), mode: 0o640},
		{name: two, before: []byte("another before"), after: []byte("after"), mode: 0o640},
	}
	var said bytes.Buffer
	a := &app{err: &said}
	if err := a.replaceFiles(files); err == nil || !strings.Contains(err.Error(), "has changed while") {
		t.Errorf("a file that changed is replaced: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || said.Len() > 0 {
		t.Errorf("left %v, %v, said %q", entries, err, &said)
	}
	for _, name := range []string{one, two} {
		if b, err := os.ReadFile(name); err != nil || string(b) != "before" {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	files[1].before = []byte("before")
	if err := a.replaceFiles(files); err != nil || strings.Count(said.String(), ": written\n") != 2 {
		t.Errorf("%v, said %q", err, &said)
	}
	if info, err := os.Stat(two); err != nil || info.Mode().Perm() != 0o640 || info.Size() != int64(len("after")) {
		t.Errorf("%v %v", info, err)
	}
}
