package cli

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"kesbridge/internal/config"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/render"
)

// parameterConfig is the name of a configuration that is a parameter itself.
const parameterConfig = "parameter config"

// controllers are KES's settings as they were read, once for each place: check
// asks for every app.
type controllers struct {
	mu   sync.Mutex
	read map[controllerPlace]*readController
	// inputs are what was read for what settings gave.
	inputs map[*kes.Controller]controllerInputs
}

type controllerInputs struct {
	root string
	in   render.Inputs
}

// controllerPlace is where settings stand, and what a render of it depends on.
type controllerPlace struct {
	root, path, object string // path is relative to root, with "/"
	kube, apis         string
}

type readController struct {
	once   sync.Once
	kes    *kes.Controller
	inputs render.Inputs
	err    error
}

func (c *controllers) at(p controllerPlace) *readController {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil {
		c.read = map[controllerPlace]*readController{}
	}
	if c.read[p] == nil {
		c.read[p] = &readController{}
	}
	return c.read[p]
}

// knowController reads the settings of KES that a configuration names, lays
// them under those given by hand, and gives all that Git tells of KES; nil if
// that is nothing.
func (a *app) knowController(o options, s *config.Settings) (*kes.Controller, error) {
	if s.From.Path == "" {
		if len(s.Controller) == 0 {
			return nil, nil
		}
		return byHand(&kes.Controller{}, s), nil
	}
	read, root, err := a.readController(o, s)
	if err != nil {
		return nil, err
	}
	elsewhere := slices.Concat(slices.Collect(maps.Keys(read.kes.Refs)), read.kes.Plain)
	known := *read.kes
	known.Env, known.Refs, known.Places = maps.Clone(known.Env), maps.Clone(known.Refs), maps.Clone(known.Places)
	known.Plain, known.Open = slices.Clone(known.Plain), slices.Clone(known.Open)
	s.KnowController(known.Env, elsewhere)
	out := byHand(&known, s)
	a.controllers.note(out, controllerInputs{root, read.inputs})
	return out, nil
}

func (c *controllers) note(k *kes.Controller, in controllerInputs) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inputs == nil {
		c.inputs = map[*kes.Controller]controllerInputs{}
	}
	c.inputs[k] = in
}

// inputsIn are what a rendering's settings of KES were read from, in the
// repository with this root.
func (c *controllers) inputsIn(root string, r rendering) []render.Inputs {
	c.mu.Lock()
	defer c.mu.Unlock()
	if in, ok := c.inputs[r.options.KES]; ok && in.root == root {
		return []render.Inputs{in.in}
	}
	return nil
}

// byHand lays the variables that are given by hand over what Git tells of KES.
// A credential among them stays where Git has it, or is named as one that
// stands in plain text.
func byHand(c *kes.Controller, s *config.Settings) *kes.Controller {
	if c.Env == nil {
		c.Env = map[string]string{}
	}
	if c.Places == nil {
		c.Places = map[string]manifest.Pos{}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Controller)) {
		value := s.Controller[name]
		if old, ok := c.Env[name]; ok && old == value {
			continue
		}
		_, kept := c.Refs[name]
		plain := slices.Contains(c.Plain, name)
		if value != "" && kes.IsSecret(name, value) {
			if !kept && !plain {
				c.Plain = append(c.Plain, name)
				c.Places[name] = s.ControllerPos[name]
			}
			continue
		}
		c.Env[name], c.Places[name] = value, s.ControllerPos[name]
		delete(c.Refs, name)
		c.Plain = slices.DeleteFunc(c.Plain, func(n string) bool { return n == name })
		c.Open = slices.DeleteFunc(c.Open, func(o kes.Open) bool { return o.Variable == name })
	}
	slices.Sort(c.Plain)
	return c
}

// readController reads a place once. The inputs' paths are relative to the
// root that comes with them.
func (a *app) readController(o options, s *config.Settings) (read *readController, root string, err error) {
	p, err := a.controllerPlace(o, s)
	if err != nil {
		return nil, "", controllerError(o, s.From, err)
	}
	read = a.controllers.at(p)
	read.once.Do(func() {
		r := a.settingsReader(p)
		read.kes, read.inputs, read.err = r.Controller(a.context(), p.path, p.object)
	})
	if read.err != nil {
		return read, p.root, controllerError(o, s.From, read.err)
	}
	return read, p.root, nil
}

func (a *app) context() context.Context {
	if a.ctx == nil {
		return context.Background()
	}
	return a.ctx
}

// fromError is a place of KES's settings that can't be read.
type fromError struct {
	from config.From
	err  error
}

func (e *fromError) Error() string { return e.from.Pos.String() + ": " + e.reason() }
func (e *fromError) Unwrap() error { return e.err }
func (e *fromError) reason() string {
	return "controller.from " + e.from.String() + ": " + e.err.Error()
}

// controllerError says where the place is named, and what to do.
func controllerError(o options, from config.From, err error) error {
	out := &fromError{from, err}
	if !errors.Is(err, fs.ErrNotExist) {
		return out
	}
	hint := "the path is relative to the directory of " + or(from.Pos.File, config.FileName)
	if o.plugin != nil {
		hint = "Argo CD sends only a part of the repository where the Application has the annotation argocd.argoproj.io/manifest-generate-paths: add the file to it; or give the variables under controller.env"
	}
	return &hintError{out, hint}
}

// controllerPlace finds out where the settings stand. What an app's author
// names is in the repository of the configuration that names it; an
// administrator names what they like.
func (a *app) controllerPlace(o options, s *config.Settings) (controllerPlace, error) {
	from := s.From
	p := controllerPlace{object: from.Object, kube: or(o.kubeVersion, s.KubeVersion)}
	apis := s.APIVersions
	if o.plugin != nil {
		p.kube, apis = or(o.plugin.kubeVersion, p.kube), o.plugin.apiVersions
	}
	if len(o.apiVersions) > 0 {
		apis = o.apiVersions
	}
	p.apis = strings.Join(apis, ",")
	if from.Admin {
		return p, p.anywhere(from)
	}
	dir, root, err := a.configPlace(o, from)
	if err != nil {
		return p, err
	}
	if filepath.IsAbs(from.Path) || strings.HasPrefix(from.Path, "/") {
		return p, errors.New("an absolute path: name it relative to the file")
	}
	rel, err := filepath.Rel(root, filepath.Join(dir, filepath.FromSlash(from.Path)))
	if err != nil || !filepath.IsLocal(rel) {
		return p, &render.OutsideError{Path: from.Path}
	}
	p.root, p.path = root, filepath.ToSlash(rel)
	return p, nil
}

// anywhere is the place that an administrator names.
func (p *controllerPlace) anywhere(from config.From) error {
	path := filepath.FromSlash(from.Path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from.Pos.File), path)
	}
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return reason(err)
	}
	if p.root, err = config.Root(filepath.Dir(path)); err != nil {
		return err
	}
	rel, err := filepath.Rel(p.root, path)
	if err != nil {
		return err
	}
	p.path = filepath.ToSlash(rel)
	return nil
}

// configPlace is the directory of an own configuration, and the repository's
// root. A configuration that is itself a parameter stands for one in the root.
func (a *app) configPlace(o options, from config.From) (dir, root string, err error) {
	if from.Pos.File == parameterConfig {
		switch {
		case o.plugin != nil:
			return o.plugin.root, o.plugin.root, nil
		case o.configRoot != "":
			return o.configRoot, o.configRoot, nil
		}
	}
	if dir, err = filepath.Abs(filepath.Dir(from.Pos.File)); err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", "", reason(err)
	}
	if o.plugin != nil && o.given["config"].from != "--config" {
		return dir, o.plugin.root, nil
	}
	root, err = config.Root(dir)
	return dir, root, err
}

// reason is an error without the machine's path.
func reason(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
