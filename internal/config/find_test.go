package config

import (
	"os"
	"path/filepath"
	"testing"
)

// tree makes empty files (directories where the name ends in /) in a new
// directory and returns it, without links in its path.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(root, name)
		dir := filepath.Dir(path)
		if name[len(name)-1] == '/' {
			dir = path
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir == path {
			continue
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		start string
		want  string
	}{
		{"at the root", []string{".git/", "kesbridge.yaml", "apps/web/"}, "apps/web", "kesbridge.yaml"},
		{"nearest wins", []string{".git/", "kesbridge.yaml", "apps/kesbridge.yaml", "apps/web/"}, "apps/web", "apps/kesbridge.yaml"},
		{"here", []string{".git/", "kesbridge.yaml", "apps/web/kesbridge.yaml"}, "apps/web", "apps/web/kesbridge.yaml"},
		{"worktree", []string{".git", "kesbridge.yaml", "apps/"}, "apps", "kesbridge.yaml"},
		{"none", []string{".git/", "apps/"}, "apps", ""},
		{"not above the root", []string{"kesbridge.yaml", "repo/.git/", "repo/apps/"}, "repo/apps", ""},
		{"not above a submodule", []string{".git/", "kesbridge.yaml", "sub/.git", "sub/apps/"}, "sub/apps", ""},
		{"no repository: not upwards", []string{"kesbridge.yaml", "apps/"}, "apps", ""},
		{"no repository: here", []string{"apps/kesbridge.yaml"}, "apps", "apps/kesbridge.yaml"},
		{"other spelling", []string{".git/", "kesbridge.yml"}, ".", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, tt.files...)
			want := tt.want
			if want != "" {
				want = filepath.Join(root, want)
			}
			got, err := Find(filepath.Join(root, tt.start))
			if err != nil || got != want {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		})
	}
}

func TestFindRelative(t *testing.T) {
	root := tree(t, ".git/", "kesbridge.yaml", "apps/web/")
	t.Chdir(filepath.Join(root, "apps"))
	for start, want := range map[string]string{".": "../kesbridge.yaml", "web": "../kesbridge.yaml", "..": "../kesbridge.yaml"} {
		got, err := Find(start)
		if err != nil || got != filepath.FromSlash(want) {
			t.Errorf("Find(%q) = %q, %v; want %q", start, got, err, want)
		}
	}
	if _, err := Find("absent"); err == nil {
		t.Error("no error for a directory that isn't there")
	}
}

// TestFindLinks: a link into a repository is looked up from where it leads,
// and a configuration that leads nowhere is found, so that Load can say so.
func TestFindLinks(t *testing.T) {
	root := tree(t, "kesbridge.yaml", "repo/.git/", "repo/kesbridge.yaml", "repo/apps/")
	link := filepath.Join(root, "link")
	if err := os.Symlink(filepath.Join(root, "repo", "apps"), link); err != nil {
		t.Skip(err)
	}
	if got, err := Find(link); err != nil || got != filepath.Join(root, "repo", "kesbridge.yaml") {
		t.Errorf("through a link: %q, %v", got, err)
	}
	dangling := filepath.Join(root, "repo", "apps", "kesbridge.yaml")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(link); err != nil || got != dangling {
		t.Errorf("a dangling link: %q, %v", got, err)
	}
	if _, err := Load(dangling); err == nil {
		t.Error("a dangling link loads")
	}
}
