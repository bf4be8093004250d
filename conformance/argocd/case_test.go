package argocd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/yaml"
)

// revision is what the checkouts are said to be at.
const revision = "0123456789abcdef0123456789abcdef01234567"

// settings are what a case's Application doesn't say: case.yaml.
type settings struct {
	// Fails: neither Argo CD nor kesbridge renders it.
	Fails bool `json:"fails,omitempty"`
	// AllowEmpty: kesbridge is told that nothing is fine.
	AllowEmpty bool `json:"allowEmpty,omitempty"`
	// KubeVersion and APIVersions are the cluster's.
	KubeVersion string   `json:"kubeVersion,omitempty"`
	APIVersions []string `json:"apiVersions,omitempty"`
	// BuildOptions are argocd-cm's kustomize.buildOptions.
	BuildOptions string `json:"buildOptions,omitempty"`
	// Links are symbolic links, by path, that can't be in this repository:
	// Argo CD refuses a repository with one that leads out of it.
	Links map[string]string `json:"links,omitempty"`
}

// testCase is a small repository with an Application in app.yaml.
type testCase struct {
	name, dir string
	app       *v1alpha1.Application
	settings
}

func loadCases(t *testing.T, set string) []testCase {
	t.Helper()
	root := filepath.Join("testdata", set)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var out []testCase
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		c := testCase{name: e.Name(), dir: filepath.Join(root, e.Name()), app: &v1alpha1.Application{}}
		load(t, filepath.Join(c.dir, "app.yaml"), c.app)
		c.KubeVersion = "1.33.4"
		if _, err := os.Stat(filepath.Join(c.dir, "case.yaml")); err == nil {
			load(t, filepath.Join(c.dir, "case.yaml"), &c.settings)
		}
		out = append(out, c)
	}
	return out
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalStrict(b, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// checkout copies the case to a place of its own, as a clone of the source's
// repository. Argo CD's kustomize edits it.
func (c testCase) checkout(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "repo")
	if err := copyTree(c.dir, root); err != nil {
		t.Fatal(err)
	}
	for name, target := range c.Links {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	url := c.app.Spec.GetSource().RepoURL
	write(t, filepath.Join(root, ".git", "HEAD"), revision+"\n")
	write(t, filepath.Join(root, ".git", "config"), "[remote \"origin\"]\n\turl = "+url+"\n")
	return root
}

// copyTree is os.CopyFS without its refusal of links that lead outside.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		// What belongs to the case, not to its repository.
		if rel == "case.yaml" || rel == "expected.yaml" {
			return nil
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case !d.Type().IsRegular():
			return errors.New(name + ": neither file, directory nor link")
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o644)
	})
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every case says in its first line what it is about, and stands below app/ or
// a path of its own: an app.yaml in a rendered directory would be a manifest.
func TestCasesAreReadable(t *testing.T) {
	for _, set := range []string{"apps", "newer"} {
		cases := loadCases(t, set)
		if set == "apps" && len(cases) < 60 {
			t.Errorf("%d cases, want at least 60", len(cases))
		}
		for _, c := range cases {
			b, err := os.ReadFile(filepath.Join(c.dir, "app.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(b), "# ") {
				t.Errorf("%s: app.yaml doesn't say what the case is about", c.dir)
			}
			for _, s := range c.app.Spec.GetSources() {
				if s.Path == "." {
					t.Errorf("%s: renders its own app.yaml", c.dir)
				}
			}
		}
	}
}
