package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// everything is all of a directory, .git included: contents, modes and times.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		if d.Type().IsRegular() {
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %x", sha256.Sum256(b))
		}
		rel, err := filepath.Rel(dir, p)
		out[rel] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDiffTouchesNothing: the checkout, the index, the refs, the object store
// and untracked files stay as they are, and nothing stays in the temporary
// directory.
func TestDiffTouchesNothing(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not here: --against is not tested")
	}
	dir, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	for name, text := range map[string]string{
		"app/kes.yaml":   "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {backendType: secretsManager, data: [{key: db, name: password}]}\n",
		".gitattributes": "*.yaml filter=evil\n",
		".gitignore":     "ignored\n",
		"ignored":        "1\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "one"}, {"config", "filter.evil.smudge", "touch " + dir + "/SMUDGED; cat"},
		{"config", "core.fsmonitor", "touch " + dir + "/FSMONITOR"},
	} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	// The index's times are stale: a git status would write them.
	if err := os.WriteFile(filepath.Join(dir, "app/new.yaml"), []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := everything(t, dir)
	for _, args := range [][]string{{"diff", "app", "--against", "HEAD"}, {"diff", filepath.Join(dir, "app"), "--against", "HEAD"}, {"diff", "app"}} {
		t.Chdir(dir)
		var out, errw bytes.Buffer
		if code := Run(t.Context(), append(args, "--store", "aws"), nil, strings.NewReader(""), &out, &errw); code != exitFindings {
			t.Errorf("%q: exit code %d\n%s", args, code, &errw)
		}
		if args[len(args)-1] == "HEAD" && !strings.Contains(out.String(), "+++ ConfigMap m") {
			t.Errorf("%q: %s", args, &out)
		}
		if !maps.Equal(before, everything(t, dir)) {
			t.Errorf("%q: the repository was written to", args)
		}
	}
	if list, err := os.ReadDir(temp); err != nil || len(list) != 0 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}

// TestDiffAtRoot: the directory that a revision is written to has another name
// than the checkout, and an application at the root must not be called by it.
func TestDiffAtRoot(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not here: --against is not tested")
	}
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.MkdirAll(filepath.Join(dir, "templates"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Chart.yaml":       "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Release.Name }}\"}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "one"}} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	t.Chdir(dir)
	var out, errw bytes.Buffer
	if code := Run(t.Context(), []string{"diff", "--against", "HEAD"}, nil, strings.NewReader(""), &out, &errw); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, &out, &errw)
	}
}
