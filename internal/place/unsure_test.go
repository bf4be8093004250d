package place

import (
	"strings"
	"testing"
	"testing/fstest"

	"kesbridge/internal/manifest"
	"kesbridge/render"
)

func db(name string) manifest.Ref {
	return manifest.Ref{Group: "kubernetes-client.io", Version: "v1", Kind: "ExternalSecret", Name: name}
}

// TestUnsure: what can't be told is the object's place or the file's.
func TestUnsure(t *testing.T) {
	two := strings.Replace(kesDB, "name: db", "name: x1", 1) + "---\n" + strings.Replace(kesDB, "name: db", "name: x2", 1)
	files := fstest.MapFS{
		"k/kustomization.yaml":   {Data: []byte("resources: [two.yaml]\n")},
		"k/two.yaml":             {Data: []byte(two)},
		"k/broken.yaml":          {Data: []byte("a: [\n")},
		"k/huge.yaml":            {Data: []byte(strings.Repeat("#", maxFile) + "\n" + kesDB)},
		"h/Chart.yaml":           {Data: []byte(chartYAML)},
		"h/templates/two.yaml":   {Data: []byte("kind: ExternalSecret\n{{ if .x }}\nkind: ExternalSecret\n{{ end }}\n")},
		"h/templates/alike.yaml": {Data: []byte("kind: ExternalSecret\n---\nkind: ExternalSecret\n")},
		"h/templates/other.yaml": {Data: []byte("kind: Secret\n")},
		"dir/sub.yaml/x":         {Data: []byte("x")},
	}
	at := func(line, column int, origin string) manifest.Pos {
		return manifest.Pos{File: "NAME", Line: line, Column: column, Origin: origin}
	}
	for _, tt := range []struct {
		name, stream string
		kind         render.Kind
		p            manifest.Pos
		ref          manifest.Ref
		want         string
	}{
		{"no line", "k", render.Kustomize, manifest.Pos{Origin: "app"}, manifest.Ref{}, "(from app)"},
		{"another file", "k", render.Kustomize, manifest.Pos{File: "argocd/app.yaml", Line: 3}, db("db"), "argocd/app.yaml:3"},
		{"no origin", "k", render.Kustomize, at(1, 1, ""), db("db"), "k/kustomization.yaml:1"},
		{"no such file", "h", render.Helm, at(1, 1, "h/charts/sub/templates/a.yaml"), db("db"), "h/Chart.yaml:1"},
		{"outside", "h", render.Helm, at(1, 1, "../etc/passwd"), db("db"), "h/Chart.yaml:1"},
		{"a directory", "dir", render.Kustomize, at(1, 1, "dir/sub.yaml"), db("db"), "dir"},
		{"two names, neither", "k", render.Kustomize, at(6, 16, "k/two.yaml"), db("db"), "k/two.yaml:1"},
		{"another object", "k", render.Kustomize, at(6, 16, "k/two.yaml"), db("x"), "k/two.yaml:1"},
		{"broken", "k", render.Kustomize, at(6, 16, "k/broken.yaml"), db("db"), "k/broken.yaml:1"},
		{"too large", "k", render.Kustomize, at(6, 16, "k/huge.yaml"), db("db"), "k/huge.yaml:1"},
		{"two in a block", "h", render.Helm, at(6, 16, "h/templates/two.yaml"), db("db"), "h/templates/two.yaml:1"},
		{"blocks alike", "h", render.Helm, at(6, 16, "h/templates/alike.yaml"), db("db"), "h/templates/alike.yaml:1"},
		{"another kind", "h", render.Helm, at(6, 16, "h/templates/other.yaml"), db("db"), "h/templates/other.yaml:1"},
		{"a line beyond", "h", render.Helm, at(999, 1, "h/templates/other.yaml"), manifest.Ref{}, "h/templates/other.yaml:1"},
	} {
		if tt.p.File == "NAME" {
			tt.p.File = tt.stream
		}
		x := New(files).Stream(tt.kind, render.Stream{Name: tt.stream, Data: []byte(kesDB)})
		if got := x.Finding(manifest.Finding{Pos: tt.p, Ref: tt.ref}).Pos; got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestEverywhere: no position of any text makes it panic or leave the file.
func TestEverywhere(t *testing.T) {
	texts := []string{kesDB, crlf(kesDB), "{{ range .x }}\n---\n" + kesDB + "{{ end }}", "a: &a [*a]\n---\n" + kesDB, ""}
	for _, source := range texts {
		for _, stream := range texts {
			for _, kind := range []render.Kind{render.Kustomize, render.Helm, render.Directory} {
				x := New(fstest.MapFS{"d/f.yaml": {Data: []byte(source)}}).Stream(kind, render.Stream{Name: "d", Data: []byte(stream)})
				for line := 1; line < 20; line++ {
					for column := 0; column < 20; column++ {
						for _, ref := range []manifest.Ref{{}, db("db")} {
							p := x.Source(manifest.Pos{File: "d", Line: line, Column: column, Origin: "d/f.yaml"}, ref)
							if kind != render.Directory && (p.File != "d/f.yaml" || p.Line < 1 || p.Line > 1+strings.Count(source, "\n")) {
								t.Fatalf("%s %d:%d of\n%s\nis at %s of\n%s", kind, line, column, stream, p, source)
							}
						}
					}
				}
			}
		}
	}
}
