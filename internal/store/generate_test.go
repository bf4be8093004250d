package store_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
	"kesbridge/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the goldens")

func profile(t *testing.T, version string) eso.Profile {
	t.Helper()
	p, err := eso.ProfileFor(version)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGenerate compares every case, in every scope and version, with its
// golden. Versions that get the same are one section.
func TestGenerate(t *testing.T) {
	for _, c := range storetest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			var b bytes.Buffer
			// The other scopes differ in little, which the tests with CRDs see.
			for _, i := range []int{1, 2} {
				scope := storetest.Scopes()[i]
				sections(t, &b, c, scope)
			}
			if strings.Contains(b.String(), storetest.Secret) {
				t.Error("a secret is printed")
			}
			golden := filepath.Join("testdata", "generate", strings.ReplaceAll(c.Name, " ", "-")+".txt")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("not what %s says (-update writes it):\n%s", golden, b.Bytes())
			}
		})
	}
}

func sections(t *testing.T, b *bytes.Buffer, c storetest.Case, scope storetest.Scope) {
	var objects, notes grouped
	for _, v := range storetest.Versions {
		g := store.Generate(c.Request(scope, profile(t, v)))
		object := "no store\n"
		if g.Object != nil {
			object = string(manifest.PrintYAML(g.Object))
		}
		objects.add(object, v)
		notes.add(show(g), v)
	}
	objects.print(b, scope.Name)
	notes.print(b, "notes")
}

// grouped are texts with the versions that have them.
type grouped struct {
	order    []string
	versions map[string][]string
}

func (g *grouped) add(text, version string) {
	if g.versions == nil {
		g.versions = map[string][]string{}
	}
	if g.versions[text] == nil {
		g.order = append(g.order, text)
	}
	g.versions[text] = append(g.versions[text], version)
}

func (g *grouped) print(b *bytes.Buffer, name string) {
	for _, text := range g.order {
		if text != "" {
			fmt.Fprintf(b, "== %s, ESO %s\n%s", name, strings.Join(g.versions[text], " "), text)
		}
	}
}

// show is all that is said of a store.
func show(g store.Generated) string {
	var b strings.Builder
	for _, u := range g.Unknown {
		mark := "unknown"
		if u.Required {
			mark = "REQUIRED"
		}
		fmt.Fprintf(&b, "%s %s\n", mark, u)
	}
	for _, s := range g.Secrets {
		fmt.Fprintf(&b, "reads %s/%s %s (%s)\n", s.Namespace, s.Name, s.Key, s.Make)
	}
	for _, s := range g.Grants {
		fmt.Fprintf(&b, "grant %s\n", s)
	}
	return b.String()
}
