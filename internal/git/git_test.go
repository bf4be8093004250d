package git_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kesbridge/internal/git"
)

// run calls git for a test, whatever the machine is set to.
func run(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_DATE=2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2024-01-01T00:00:00Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// repository has one commit with files of all kinds.
func repository(t *testing.T, format string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, "", "init", "-q", "--object-format="+format)
	write(t, dir, "a/same.yaml", "same\n")
	write(t, dir, "a/changed.yaml", "old\n")
	write(t, dir, "a/deleted.yaml", "deleted\n")
	write(t, dir, "a/with blank\tand ü", "odd\n")
	write(t, dir, "empty", "")
	write(t, dir, "tool.sh", "#!/bin/sh\n")
	write(t, dir, ".gitignore", "ignored\n")
	write(t, dir, ".gitattributes", "a/same.yaml export-ignore\n*.yaml filter=evil text eol=crlf\n")
	for name, to := range map[string]string{"link": "a/same.yaml", "a/up": "../tool.sh", "out": "/etc/hostname", "a/far": "../../x", "turned": "empty"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "tool.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "", "add", "-A")
	sub := strings.Repeat("1", len(run(t, dir, "", "rev-parse", ":empty")))
	run(t, dir, "", "update-index", "--add", "--cacheinfo", "160000,"+sub+",sub/module")
	run(t, dir, "", "commit", "-q", "-m", "one")
	run(t, dir, "", "config", "filter.evil.smudge", "touch "+dir+"/SMUDGED; cat")
	run(t, dir, "", "config", "filter.evil.clean", "touch "+dir+"/CLEANED; cat")
	run(t, dir, "", "config", "core.fsmonitor", "touch "+dir+"/FSMONITOR")
	return dir
}

// digest is everything in a directory, .git included.
func digest(t *testing.T, dir string) map[string]string {
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
		text := info.Mode().String()
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			text += to
		case d.Type().IsRegular():
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			text += fmt.Sprintf("%x %d", sha256.Sum256(b), info.ModTime().UnixNano())
		}
		rel, _ := filepath.Rel(dir, p)
		out[rel] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func open(t *testing.T, dir string) *git.Repo {
	t.Helper()
	r, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestChanged(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir := repository(t, format)
			r := open(t, filepath.Join(dir, "a"))
			for _, c := range []struct {
				what   string
				change func()
				want   []string
			}{
				{"nothing", func() {}, nil},
				{"files", func() {
					write(t, dir, "a/changed.yaml", "new\n") // the same size
					if err := os.Remove(filepath.Join(dir, "a/deleted.yaml")); err != nil {
						t.Fatal(err)
					}
				}, []string{"a/changed.yaml", "a/deleted.yaml"}},
				{"untracked and ignored files", func() {
					write(t, dir, "new/file", "")
					write(t, dir, "ignored", "")
				}, []string{"a/changed.yaml", "a/deleted.yaml", "ignored", "new/file"}},
				{"staged or not", func() { run(t, dir, "", "-c", "core.fsmonitor=false", "-c", "filter.evil.clean=cat", "add", "-A") },
					[]string{"a/changed.yaml", "a/deleted.yaml", "ignored", "new/file"}},
				{"modes and links", func() {
					if err := errors.Join(os.Chmod(filepath.Join(dir, "tool.sh"), 0o644), os.Remove(filepath.Join(dir, "turned")), os.Symlink("a/up", filepath.Join(dir, "turned"))); err != nil {
						t.Fatal(err)
					}
				}, []string{"a/changed.yaml", "a/deleted.yaml", "ignored", "new/file", "tool.sh", "turned"}},
				{"a file in a submodule", func() { write(t, dir, "sub/module/f", "") },
					[]string{"a/changed.yaml", "a/deleted.yaml", "ignored", "new/file", "sub/module/f", "tool.sh", "turned"}},
			} {
				c.change()
				before := digest(t, dir)
				got, err := r.Changed(t.Context(), "HEAD")
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s: got %q, want %q", c.what, got, c.want)
				}
				if !reflect.DeepEqual(before, digest(t, dir)) {
					t.Errorf("%s: the repository was written to", c.what)
				}
			}
		})
	}
}

func TestExtract(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir := repository(t, format)
			write(t, dir, "a/changed.yaml", "not this\n")
			before := digest(t, dir)
			dst := t.TempDir()
			if err := open(t, dir).Extract(t.Context(), "main", dst); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(before, digest(t, dir)) {
				t.Error("the repository was written to")
			}
			for name, want := range map[string]string{"a/same.yaml": "same\n", "a/changed.yaml": "old\n", "a/deleted.yaml": "deleted\n", "empty": "", "a/with blank\tand ü": "odd\n", "link": "same\n", "a/up": "#!/bin/sh\n"} {
				if b, err := os.ReadFile(filepath.Join(dst, name)); err != nil || string(b) != want {
					t.Errorf("%s: %q, %v; want %q", name, b, err, want)
				}
			}
			for _, name := range []string{"out", "a/far"} {
				if b, err := os.ReadFile(filepath.Join(dst, name)); err == nil {
					t.Errorf("%s leads out of the tree: %q", name, b)
				}
				if _, err := os.Lstat(filepath.Join(dst, name)); err != nil {
					t.Error(err)
				}
			}
			if info, err := os.Stat(filepath.Join(dst, "tool.sh")); err != nil || info.Mode()&0o100 == 0 {
				t.Errorf("tool.sh: %v, %v", info, err)
			}
			if list, err := os.ReadDir(filepath.Join(dst, "sub/module")); err != nil || len(list) != 0 {
				t.Errorf("submodule: %v, %v", list, err)
			}
			if subs, err := open(t, dir).Submodules(t.Context(), "main"); err != nil || !reflect.DeepEqual(subs, []string{"sub/module"}) {
				t.Errorf("submodules: %v, %v", subs, err)
			}
		})
	}
}

// tree makes a commit with a single file of any name, which git itself refuses
// to add.
func treeWith(t *testing.T, dir, mode string, names ...string) string {
	t.Helper()
	id := run(t, dir, "x", "hash-object", "-w", "--stdin")
	kind := "blob"
	for i := len(names) - 1; i >= 0; i-- {
		raw := make([]byte, len(id)/2)
		for j := range raw {
			fmt.Sscanf(id[2*j:2*j+2], "%02x", &raw[j])
		}
		m := mode
		if kind == "tree" {
			m = "40000"
		}
		id, kind = run(t, dir, m+" "+names[i]+"\x00"+string(raw), "hash-object", "-w", "-t", "tree", "--literally", "--stdin"), "tree"
	}
	return run(t, dir, "", "commit-tree", "-m", "hostile", id)
}

func TestHostileTrees(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "", "init", "-q")
	for _, names := range [][]string{{"..", "x"}, {".git", "hooks", "post-checkout"}, {"a", "..", "..", "x"}, {".GIT", "config"}, {"a", ".git. ", "config"}, {".g\u200cit", "config"}, {"git~1", "config"}, {".git::$INDEX_ALLOCATION", "config"}, {".", "x"}} {
		commit := treeWith(t, dir, "100644", names...)
		parent := t.TempDir()
		dst := filepath.Join(parent, "dst")
		if err := os.Mkdir(dst, 0o755); err != nil {
			t.Fatal(err)
		}
		err := open(t, dir).Extract(t.Context(), commit, dst)
		if bad := (*git.NameError)(nil); !errors.As(err, &bad) {
			t.Errorf("%q: %v", names, err)
		}
		if list := digest(t, parent); len(list) != 2 {
			t.Errorf("%q: written: %v", names, list)
		}
	}
}

func TestRevisions(t *testing.T) {
	dir := repository(t, "sha1")
	r := open(t, dir)
	head := run(t, dir, "", "rev-parse", "HEAD")
	for _, rev := range []string{"HEAD", "main", head, head[:12], "HEAD^{}"} {
		if got, err := r.Resolve(t.Context(), rev); err != nil || got != head {
			t.Errorf("%s: %q, %v", rev, got, err)
		}
	}
	for _, rev := range []string{"", "nowhere", "--upload-pack=touch PWNED", "--git-dir", "-h", "HEAD:a", "HEAD~5", "a\x00b", "--all", "main..HEAD"} {
		got, err := r.Resolve(t.Context(), rev)
		if none := (*git.RevisionError)(nil); !errors.As(err, &none) {
			t.Errorf("%q: %q, %v", rev, got, err)
		}
		if _, err := r.Changed(t.Context(), rev); err == nil {
			t.Errorf("%q: changed", rev)
		}
	}
}

func TestNoRepository(t *testing.T) {
	t.Setenv("GIT_CEILING_DIRECTORIES", os.TempDir())
	_, err := git.Open(t.Context(), t.TempDir())
	if none := (*git.NoRepositoryError)(nil); !errors.As(err, &none) {
		t.Errorf("no repository: %v", err)
	}
	// A hook's variables choose another repository: they don't count.
	dir := repository(t, "sha1")
	t.Setenv("GIT_DIR", filepath.Join(t.TempDir(), "nowhere"))
	if r, err := git.Open(t.Context(), filepath.Join(dir, "a")); err != nil {
		t.Error(err)
	} else if real, _ := filepath.EvalSymlinks(dir); r.Root != real {
		t.Errorf("root %s, want %s", r.Root, real)
	}
	t.Setenv("PATH", t.TempDir())
	_, err = git.Open(t.Context(), t.TempDir())
	if missing := (*git.MissingError)(nil); !errors.As(err, &missing) {
		t.Errorf("no git: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	dir := repository(t, "sha1")
	r := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Extract(ctx, "HEAD", t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("extract: %v", err)
	}
	if _, err := r.Changed(ctx, "HEAD"); !errors.Is(err, context.Canceled) {
		t.Errorf("changed: %v", err)
	}
}
