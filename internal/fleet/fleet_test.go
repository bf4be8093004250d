package fleet_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/fleet"
)

var update = flag.Bool("update", false, "write the goldens")

// TestFind: each file of testdata is a repository, what was rendered from it
// (rendered/NAME) and what is to be found (want).
func TestFind(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := []byte(describe(t, ar))
			for i := range ar.Files {
				if ar.Files[i].Name != "want" {
					continue
				}
				if *update {
					ar.Files[i].Data = got
					if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if !bytes.Equal(ar.Files[i].Data, got) {
					t.Errorf("got:\n%swant:\n%s", got, ar.Files[i].Data)
				}
				return
			}
			t.Fatal("the case has no want")
		})
	}
}

// repository writes the files of a case, and opens them as one with a remote.
func repository(t *testing.T, ar *txtar.Archive) (*argocd.Checkout, fleet.Options) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := fleet.Options{}
	for _, f := range ar.Files {
		if f.Name == "want" || f.Name == "paths" || strings.HasPrefix(f.Name, "rendered/") {
			continue
		}
		name := filepath.Join(root, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if f.Name == config.FileName {
			if o.Config, err = config.Parse(f.Name, f.Data); err != nil {
				t.Fatal(err)
			}
			for _, c := range o.Config.ClusterNames() {
				one := o.Config.Clusters[c]
				o.Argo.Clusters = append(o.Argo.Clusters, argocd.Cluster{Name: c, Server: one.Server, Labels: one.Labels})
			}
		}
	}
	return &argocd.Checkout{Root: root, URLs: []string{"https://git.example/shop/deploy.git"}}, o
}

func describe(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	checkout, o := repository(t, ar)
	var paths []string
	for _, f := range ar.Files {
		if f.Name == "paths" {
			for p := range strings.FieldsSeq(string(f.Data)) {
				paths = append(paths, filepath.Join(checkout.Root, p))
			}
		}
	}
	var out strings.Builder
	fl, err := fleet.Find(t.Context(), checkout, paths, o)
	if err != nil {
		return strings.ReplaceAll(fmt.Sprintf("error: %v\n", err), checkout.Root, "ROOT")
	}
	candidates(&out, fl, fl.Apps)
	skips(&out, fl.Skipped)
	from := fleet.Candidate{}
	for _, f := range ar.Files {
		name, ok := strings.CutPrefix(f.Name, "rendered/")
		if !ok {
			continue
		}
		for _, c := range fl.Apps {
			if c.App != nil && c.App.Metadata.Name == name || c.App == nil && strings.ReplaceAll(c.Dir, "/", "_") == name {
				from = c
			}
		}
		more, left := fl.Rendered(f.Name, f.Data, from)
		fmt.Fprintf(&out, "rendered %s\n", name)
		candidates(&out, fl, more)
		skips(&out, left)
		if again, _ := fl.Rendered(f.Name, f.Data, from); len(again) > 0 {
			t.Errorf("%s gives %d applications a second time", name, len(again))
		}
		for _, c := range fl.Apps {
			if fl.Superseded(c) {
				fmt.Fprintf(&out, "superseded %s\n", c.Dir)
			}
		}
	}
	return out.String()
}

func candidates(out *strings.Builder, fl *fleet.Fleet, list []fleet.Candidate) {
	for _, c := range list {
		if fl.Parent(c) {
			out.WriteString("parent ")
		}
		if c.App == nil {
			fmt.Fprintf(out, "directory %s", c.Dir)
		} else {
			fmt.Fprintf(out, "application %s", c.App.Metadata.Name)
			for _, s := range c.App.Sources() {
				fmt.Fprintf(out, " %s", s.Path)
			}
		}
		if len(c.Clusters) > 0 {
			fmt.Fprintf(out, " on %s", strings.Join(c.Clusters, ","))
		}
		fmt.Fprintf(out, " from %s\n", c.From)
	}
}

func skips(out *strings.Builder, list []fleet.Skip) {
	for _, s := range list {
		fmt.Fprintf(out, "skip %s: %s: %s\n", s.Pos, s.Ref, s.Reason)
	}
}
