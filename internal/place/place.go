// Package place finds where something in a rendered output stands in the
// sources. A manifest of a directory is its own source; what kustomize and
// Helm print isn't, and there the file is known (manifest.Pos.Origin) but not
// the line.
//
// The answer never claims more than is known: where a field can't be found it
// is the place of the object, and where that can't be told from others, the
// file's first line.
package place

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/render"
)

// maxFile is the largest file that is read; larger ones have only a first
// line. Argo CD reads no larger directories by default.
const maxFile = 10_000_000

// Finder finds places below a repository's root. It keeps nothing, so that
// several goroutines may use it.
type Finder struct{ root fs.FS }

// New returns a Finder for a repository, such as (*os.Root).FS(), which
// follows no link out of it.
func New(root fs.FS) *Finder { return &Finder{root} }

// Index knows the objects of one rendered stream. One goroutine may use it.
type Index struct {
	root    fs.FS
	kind    render.Kind
	stream  render.Stream
	read    bool
	objects []*manifest.Object // of the stream
	byRef   map[manifest.Ref][]*manifest.Object
	names   map[string]bool
	lines   []string // of the stream
	files   map[string]*file
}

// file is a source, as far as it could be read.
type file struct {
	ok      bool
	text    string
	objects []*manifest.Object
	blocks  []block
}

// Stream returns the index of one stream of a render.Output of a kind.
// Nothing is read before Source is asked.
func (f *Finder) Stream(kind render.Kind, s render.Stream) *Index {
	return &Index{root: f.root, kind: kind, stream: s, files: map[string]*file{}}
}

// Finding puts a finding of the stream at its source.
func (x *Index) Finding(f manifest.Finding) manifest.Finding {
	f.Pos = x.Source(f.Pos, f.Ref)
	return f
}

// Source gives the place in the sources of p, which is one in the stream, as
// manifest.Object's Pos and PosOf give it, with the file that the renderer
// tells as its Origin. ref is the object that it is about, if it is about one.
// The outcome's File is relative to the root, and it has no Origin. What has
// no line is left as it is.
func (x *Index) Source(p manifest.Pos, ref manifest.Ref) manifest.Pos {
	if p.File != x.stream.Name || p.Line == 0 {
		return p
	}
	origin := cmp.Or(p.Origin, x.stream.Name)
	if strings.HasSuffix(origin, ".jsonnet") {
		return x.jsonnet(origin, ref.Name)
	}
	if x.kind != render.Kustomize && x.kind != render.Helm {
		p.Origin = ""
		return p
	}
	f := x.file(origin)
	if !f.ok {
		return x.top()
	}
	o := x.rendered(p, ref)
	if o == nil {
		return manifest.Pos{File: origin, Line: 1}
	}
	if x.kind == render.Helm || len(f.objects) == 0 {
		return x.template(origin, f, o, p)
	}
	return x.field(origin, f, o, p)
}

// top is the file that makes the directory what it is.
func (x *Index) top() manifest.Pos {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml"} {
		name = path.Join(x.stream.Name, name)
		if fi, err := fs.Stat(x.root, name); err == nil && fi.Mode().IsRegular() {
			return manifest.Pos{File: name, Line: 1}
		}
	}
	return manifest.Pos{File: x.stream.Name}
}

// jsonnet has no line of the object's but where its name stands just once.
func (x *Index) jsonnet(origin, name string) manifest.Pos {
	p := manifest.Pos{File: origin, Line: 1}
	f := x.file(origin)
	if name == "" || !f.ok {
		return p
	}
	at := -1
	for _, quoted := range []string{`"` + name + `"`, "'" + name + "'"} {
		switch strings.Count(f.text, quoted) {
		case 0:
		case 1:
			if at >= 0 {
				return p
			}
			at = strings.Index(f.text, quoted)
		default:
			return p
		}
	}
	if at >= 0 {
		p.Line = 1 + strings.Count(f.text[:at], "\n")
	}
	return p
}

// file reads a source once.
func (x *Index) file(name string) *file {
	if f := x.files[name]; f != nil {
		return f
	}
	f := &file{}
	x.files[name] = f
	if !fs.ValidPath(name) {
		return f
	}
	r, err := x.root.Open(name)
	if err != nil {
		return f
	}
	defer r.Close()
	if fi, err := r.Stat(); err != nil || !fi.Mode().IsRegular() {
		return f
	}
	f.ok = true
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil || len(data) > maxFile {
		return f
	}
	f.text = string(data)
	if x.kind == render.Kustomize {
		f.objects = objectsOf(data)
	}
	return f
}

// objectsOf finds the objects of KES's and ESO's groups; none in what isn't
// YAML.
func objectsOf(data []byte) (out []*manifest.Object) {
	t := manifest.Transformer{Groups: []string{kes.Group, eso.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		out = append(out, o)
		return manifest.Result{}, nil
	}}
	plan, err := t.Plan(context.Background(), manifest.Input{R: bytes.NewReader(data)})
	if err != nil {
		return nil
	}
	plan.Close()
	return out
}

// rendered is the object of the stream that a place is about, or nil.
func (x *Index) rendered(p manifest.Pos, ref manifest.Ref) *manifest.Object {
	if !x.read {
		x.read = true
		x.objects = objectsOf(x.stream.Data)
		x.lines = strings.Split(string(x.stream.Data), "\n")
		x.byRef, x.names = map[manifest.Ref][]*manifest.Object{}, map[string]bool{}
		for _, o := range x.objects {
			x.byRef[o.Ref] = append(x.byRef[o.Ref], o)
			x.names[o.Ref.Name] = true
		}
	}
	candidates := x.objects
	if ref != (manifest.Ref{}) {
		candidates = x.byRef[ref]
	}
	var at *manifest.Object
	for _, o := range candidates {
		if before(o.Pos, p) || at == nil && ref != (manifest.Ref{}) {
			at = o // its fields may stand elsewhere, by an alias
		}
	}
	return at
}

func before(a, b manifest.Pos) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column <= b.Column
}

// here is a place of an object in a source.
func here(origin string, p manifest.Pos) manifest.Pos {
	return manifest.Pos{File: origin, Line: p.Line, Column: p.Column}
}

// same gives the object of a source that o was made of: by name, else by the
// name that has something in front and behind in the output; nil if more than
// one could be it.
func (x *Index) same(f *file, o *manifest.Object) *manifest.Object {
	var all, exact, within []*manifest.Object
	for _, s := range f.objects {
		if s.Ref.Group != o.Ref.Group || s.Ref.Kind != o.Ref.Kind {
			continue
		}
		all = append(all, s)
		if s.Ref.Name == o.Ref.Name {
			exact = append(exact, s)
		}
		if s.Ref.Name != "" && strings.Contains(o.Ref.Name, s.Ref.Name) {
			within = append(within, s)
		}
	}
	if len(exact) > 1 {
		exact = slices.DeleteFunc(exact, func(s *manifest.Object) bool { return s.Ref.Namespace != o.Ref.Namespace })
	}
	switch {
	case len(exact) == 1:
		return exact[0]
	case len(within) > 1:
		within = slices.DeleteFunc(within, func(s *manifest.Object) bool { return !x.affixed(all, s.Ref.Name, o.Ref.Name) })
	}
	switch {
	case len(within) == 1:
		return within[0]
	case len(all) == 1:
		return all[0]
	}
	return nil
}

// affixed reports whether what makes one name the other one makes the names
// of all objects of a file those of rendered ones.
func (x *Index) affixed(all []*manifest.Object, name, rendered string) bool {
	prefix, suffix, _ := strings.Cut(rendered, name)
	return !slices.ContainsFunc(all, func(s *manifest.Object) bool { return !x.names[prefix+s.Ref.Name+suffix] })
}
