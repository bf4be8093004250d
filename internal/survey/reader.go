package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/render"
)

// Reader reads KES's settings from a place in a repository: manifests, values
// for KES's chart, what installs that chart, or a directory, which is rendered.
type Reader struct {
	// Root is the repository's directory. No link leads out of it.
	Root string
	// Render renders a directory of the repository (relative, with "/").
	Render func(ctx context.Context, dir string) (*render.Output, error)
	// Applications renders the Applications in a file, for those that bring KES
	// from a directory.
	Applications func(ctx context.Context, name string, data []byte) ([]Rendered, error)
}

// Rendered is what an Application renders to, and the namespace that it is
// brought to.
type Rendered struct {
	Output    *render.Output
	Namespace string
}

// candidate is a KES, and the names by which it may be asked for.
type candidate struct {
	*kes.Controller
	what  string // "Deployment"
	names []string
	// dir is the directory of the umbrella chart that it is of; files are those
	// with values that it is read from.
	dir   string
	files []string
}

// Controller reads one. from is relative to Root, with "/". object is
// "namespace/name", the name alone, or the key of its values, where the place
// holds several; else empty. With an error come the inputs, too.
func (r Reader) Controller(ctx context.Context, from, object string) (*kes.Controller, render.Inputs, error) {
	s := &reading{Reader: r}
	list, err := s.read(ctx, from)
	in := s.inputs()
	if err != nil {
		return nil, in, err
	}
	var fits []candidate
	var names []string
	for _, c := range list {
		names = append(names, c.names[0])
		if object == "" || slices.Contains(c.names, object) {
			fits = append(fits, c)
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0].Controller, in, nil
	case len(list) == 0:
		return nil, in, &NoControllerError{From: from}
	case len(fits) == 0:
		return nil, in, &NoControllerError{From: from, Object: object, Names: names}
	}
	return nil, in, &NoControllerError{From: from, Names: names}
}

// reading is one read, and what it looked at.
type reading struct {
	Reader
	looked   []string
	rendered render.Inputs
}

func (s *reading) inputs() render.Inputs {
	out := s.rendered
	if in, err := render.InputsOf(s.Root, s.looked...); err == nil {
		out.Files = slices.Concat(out.Files, in.Files)
		out.Dirs = slices.Concat(out.Dirs, in.Dirs)
		out.Missing = slices.Concat(out.Missing, in.Missing)
	}
	return out
}

// open reads a file of the repository.
func (s *reading) open(name string) ([]byte, error) {
	s.looked = append(s.looked, name)
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return nil, fmt.Errorf("%s is outside the repository", name)
	}
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return nil, fmt.Errorf("open repository: %w", reasonOf(err))
	}
	defer root.Close()
	info, err := root.Stat(local) // before opening: a pipe would wait
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, reasonOf(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := root.Open(local)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, reasonOf(err))
	}
	data, err := readAll(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, reasonOf(err))
	}
	return data, nil
}

// reasonOf is an error without the machine's path.
func reasonOf(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// documents are those of a file.
func (s *reading) documents(name string) ([]*kes.Tree, error) {
	data, err := s.open(name)
	if err != nil {
		return nil, err
	}
	return kes.Documents(name, data)
}

// read gives all that a place holds.
func (s *reading) read(ctx context.Context, from string) ([]candidate, error) {
	from = path.Clean(from)
	if !filepath.IsLocal(filepath.FromSlash(from)) {
		return nil, fmt.Errorf("%s is outside the repository", from)
	}
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return nil, fmt.Errorf("open repository: %w", reasonOf(err))
	}
	info, err := root.Stat(filepath.FromSlash(from))
	root.Close()
	if err == nil && info.IsDir() {
		return s.directory(ctx, from)
	}
	data, err := s.open(from)
	if err != nil {
		return nil, err
	}
	docs, err := kes.Documents(from, data)
	if err != nil {
		return nil, err
	}
	if list := s.file(from, docs, true); len(list) > 0 || s.Applications == nil || !slices.ContainsFunc(kes.Objects(docs), isApplication) {
		return list, nil
	}
	return s.applications(ctx, from, data)
}

func isApplication(o *kes.Tree) bool {
	return strings.HasPrefix(o.At("apiVersion").Text(), "argoproj.io/") && strings.HasPrefix(o.At("kind").Text(), "Application")
}

// applications renders the Applications in a file.
func (s *reading) applications(ctx context.Context, name string, data []byte) ([]candidate, error) {
	list, err := s.Applications(ctx, name, data)
	for _, r := range list {
		if r.Output != nil {
			s.note(r.Output.Inputs)
		}
	}
	if err != nil {
		return nil, &RenderError{From: name, err: err}
	}
	var found []candidate
	for _, r := range list {
		more, err := s.rendering(r.Output)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if c.Namespace == "" { // Argo CD puts it there
				c.Namespace = r.Namespace
			}
			found = append(found, deployed(c.Controller))
		}
	}
	return found, nil
}

// note takes down what a render read.
func (s *reading) note(in render.Inputs) {
	s.rendered.Files = slices.Concat(s.rendered.Files, in.Files)
	s.rendered.Dirs = slices.Concat(s.rendered.Dirs, in.Dirs)
	s.rendered.Missing = slices.Concat(s.rendered.Missing, in.Missing)
}

// UnknownRelease and UnknownNamespace are what a chart is to be rendered with
// where no Application says its release: what depends on them isn't known.
const (
	UnknownRelease   = "kesbridge-no-release"
	UnknownNamespace = "kesbridge-no-namespace"
)

func (s *reading) directory(ctx context.Context, dir string) ([]candidate, error) {
	out, err := s.Render(ctx, dir)
	if out != nil {
		s.note(out.Inputs)
	}
	if err != nil {
		return nil, &RenderError{From: dir, err: err}
	}
	return s.rendering(out)
}

// rendering gives the Deployments of KES in what was rendered.
func (s *reading) rendering(out *render.Output) ([]candidate, error) {
	var files []kes.File
	for _, st := range out.Streams {
		files = append(files, kes.File{Name: st.Name, Data: st.Data})
	}
	list, err := kes.Controllers(files...)
	if err != nil {
		return nil, err
	}
	s.relocate(list, out.Inputs.Files)
	var found []candidate
	for _, c := range list {
		forget(c)
		found = append(found, deployed(c))
	}
	return found, nil
}

func unknown(text string) bool {
	return strings.Contains(text, UnknownRelease) || strings.Contains(text, UnknownNamespace)
}

// forget takes out what only the release's name or namespace tells.
func forget(c *kes.Controller) {
	if unknown(c.Namespace) {
		c.Namespace = ""
	}
	if unknown(c.Name) {
		c.Name = ""
	}
	if unknown(c.ServiceAccount.Name) {
		c.ServiceAccount.Name, c.ServiceAccount.Derived = "", true
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		if unknown(c.Env[name]) {
			delete(c.Env, name)
			c.Open = append(c.Open, kes.Open{Pos: c.Places[name], What: name + ": it depends on the release's name or namespace", Variable: name})
		}
	}
	for _, m := range []map[string]string{c.ServiceAccount.Annotations, c.PodLabels, c.PodAnnotations} {
		maps.DeleteFunc(m, func(_, v string) bool { return unknown(v) })
	}
}

// deployed is a Deployment.
func deployed(c *kes.Controller) candidate {
	out := candidate{Controller: c, what: "Deployment"}
	if c.Namespace != "" {
		out.names = append(out.names, c.Namespace+"/"+c.Name)
	}
	out.names = append(out.names, c.Name)
	return out
}
