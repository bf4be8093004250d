package render

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// kustomizeError is kustomize's error without the machine's paths.
type kustomizeError struct {
	msg string
	err error
}

func (e *kustomizeError) Error() string { return e.msg }
func (e *kustomizeError) Unwrap() error { return e.err }

var (
	errReadOnly = errors.New("the checkout is read-only")
	errIsDir    = errors.New("is a directory")
)

// explain gives kustomize's error a place: a file that is no YAML, if one was
// read, else the application's kustomization.
func (k *kustFS) explain(err error) error {
	for _, p := range slices.Backward(k.read) {
		switch filepath.Ext(p) {
		case ".yaml", ".yml", ".json":
		default:
			if k.kusts[p] == "" {
				continue
			}
		}
		data, rerr := k.treeOf(p).readFile(p)
		if rerr != nil {
			continue
		}
		if e := brokenYAML(k.show(p), data); e != nil {
			return &Error{File: e.File, Line: e.Line, Column: e.Column, Err: &kustomizeError{e.Err.Error(), err}}
		}
	}
	e := &Error{File: k.show(k.dir), Err: &kustomizeError{"kustomize build: " + k.clean(err.Error()), err}}
	for _, s := range k.guard.seen {
		if filepath.Dir(s.path) == k.dir {
			e.File = k.show(s.path)
			break
		}
	}
	return e
}

// blame names the kustomization, and the line in it, that led to a path.
func (g *guard) blame(path string, err error) error {
	path = filepath.Clean(path)
	for _, s := range slices.Backward(g.seen) {
		line, col := findScalar(s.data, func(v string) bool {
			return !filepath.IsAbs(v) && filepath.Join(filepath.Dir(s.path), v) == path
		})
		if line > 0 {
			return &Error{File: g.fs.show(s.path), Line: line, Column: col, Err: err}
		}
	}
	return fmt.Errorf("kustomize build %s: %w", g.fs.show(g.fs.dir), err)
}
