package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
)

// Options say what Enable writes.
type Options struct {
	// Plugin is the plugin's name with its version, "kesbridge-v1".
	Plugin string
	// Mode is the parameter mode.
	Mode string
	// OrphanPrune adds PrunePropagationPolicy=orphan to syncOptions.
	OrphanPrune bool
	// SourceFiles names the .argocd-source files of a path that set helm,
	// kustomize or directory, "" for none; app is what Argo CD calls the
	// Application (argocd.Application.InstanceName). Nil if nobody can look.
	SourceFiles func(path, app string) (string, error)
}

// Refusal says why an Application is left alone.
type Refusal struct {
	Pos    manifest.Pos
	Ref    manifest.Ref
	Reason string
	Fix    string
}

func (e *Refusal) Error() string {
	s := fmt.Sprintf("%s: %s: %s", e.Pos, e.Ref, e.Reason)
	if e.Fix != "" {
		s += "\n  " + e.Fix
	}
	return s
}

// Change is what there is to say of one Application.
type Change struct {
	Pos manifest.Pos
	Ref manifest.Ref
	// Same: it stays as it is, and Note says why.
	Same bool
	Note string // what a person should know, or ""
}

// Enable puts kesbridge's plugin block in the place of the native block of
// every Application and ApplicationSet in a file. One that has it already
// keeps it. The error joins a *Refusal for each that can't be changed.
func Enable(name string, data []byte, o Options) ([]byte, []Change, error) {
	return rewriteFile(name, data, func(a *application) (bool, error) { return a.enable(o) })
}

// Disable puts the native block back that the parameter source holds. The
// error joins a *Refusal for each Application with another parameter that has
// no place in a native block.
func Disable(name string, data []byte) ([]byte, []Change, error) {
	return rewriteFile(name, data, func(a *application) (bool, error) { return a.disable() })
}

// application is one in its file.
type application struct {
	file  *file
	doc   int
	path  []any      // of the object in its document: keys and indices
	root  *yaml.Node // the object
	spec  *yaml.Node // of the Application, or of the template
	pos   manifest.Pos
	ref   manifest.Ref
	set   bool
	notes []string
}

func (a *application) note(s string) { a.notes = append(a.notes, s) }

func (a *application) refuse(n *yaml.Node, reason, fix string) error {
	pos := a.pos
	if n != nil {
		pos = a.file.pos(n)
	}
	return &Refusal{Pos: pos, Ref: a.ref, Reason: reason, Fix: fix}
}

// specPath is where spec is in the document.
func (a *application) specPath() []any {
	if a.set {
		return append(slices.Clip(a.path), "spec", "template", "spec")
	}
	return append(slices.Clip(a.path), "spec")
}

func rewriteFile(name string, data []byte, change func(*application) (bool, error)) ([]byte, []Change, error) {
	f := &file{name: name, data: data}
	apps, err := f.applications()
	if err != nil {
		return nil, nil, err
	}
	if len(apps) == 0 {
		return nil, nil, &argocd.NoneError{File: name}
	}
	if at := oddBreak(data); at >= 0 {
		pos := manifest.Pos{File: name, Line: bytes.Count(data[:at], []byte("\n")) + 1, Column: 1}
		return nil, nil, &Refusal{pos, apps[0].ref, "on this line YAML sees a line break that git and editors don't (a carriage return alone, U+0085, U+2028 or U+2029)", "take it out, or write it as an escape in double quotes"}
	}
	var changes []Change
	var errs []error
	for _, a := range apps {
		changed, err := change(a)
		if err != nil {
			errs = append(errs, err)
		} else if note := strings.Join(a.notes, "; "); changed || note != "" {
			changes = append(changes, Change{a.pos, a.ref, !changed, note})
		}
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	out := f.result()
	if err := f.verify(out); err != nil {
		return nil, nil, err
	}
	return out, changes, nil
}

// oddBreak finds what go-yaml counts as the end of a line and nobody else.
func oddBreak(data []byte) int {
	for i, c := range data {
		if c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			return i
		}
	}
	for _, s := range []string{"\u0085", "\u2028", "\u2029"} {
		if i := bytes.Index(data, []byte(s)); i >= 0 {
			return i
		}
	}
	return -1
}

// applications reads the file and finds them, in Lists too.
func (f *file) applications() ([]*application, error) {
	f.lines = bytes.SplitAfter(f.data, []byte("\n"))
	dec := yaml.NewDecoder(bytes.NewReader(f.data))
	var out []*application
	for {
		doc := &yaml.Node{}
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var tree any
		if err == nil {
			err = doc.Decode(&tree)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.name, err)
		}
		f.trees = append(f.trees, tree)
		if len(doc.Content) > 0 {
			out = append(out, f.in(doc.Content[0], nil)...)
		}
	}
}

func (f *file) in(n *yaml.Node, at []any) []*application {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	if items := child(n, "items"); items != nil && items.Kind == yaml.SequenceNode {
		var out []*application
		for i, it := range items.Content {
			out = append(out, f.in(it, append(slices.Clip(at), "items", i))...)
		}
		return out
	}
	version, kind := text(child(n, "apiVersion")), text(child(n, "kind"))
	if !strings.HasPrefix(version, argocd.Group+"/") || kind != "Application" && kind != "ApplicationSet" {
		return nil
	}
	meta := child(n, "metadata")
	a := &application{file: f, doc: len(f.trees) - 1, path: at, root: n, spec: child(n, "spec"), set: kind == "ApplicationSet", pos: f.pos(n),
		ref: manifest.Ref{Group: argocd.Group, Kind: kind, Namespace: text(child(meta, "namespace")), Name: text(child(meta, "name"))}}
	if a.set {
		a.spec = child(child(a.spec, "template"), "spec")
	}
	return []*application{a}
}

// instance is what Argo CD calls the Application.
func (a *application) instance() string {
	app := argocd.Application{}
	app.Metadata.Namespace, app.Metadata.Name = a.ref.Namespace, a.ref.Name
	return app.InstanceName("")
}
