// Package input says what applications depend on in a repository, which of
// them a change touches, and keeps that from one run to the next.
package input

import (
	"os"
	"path"
	"path/filepath"
	"slices"

	"kesbridge/render"
)

// Set is what the output of an application depends on. The zero value is
// nothing.
type Set struct {
	root string
	in   render.Inputs

	files, dirs, missing map[string]bool
	// above are the directories that hold any of them, however deep.
	above map[string]bool
}

// New joins the inputs of an application's sources, and of the other files that
// it is from: kesbridge.yaml, its Application, its .argocd-source files
// (render.InputsOf gives those). root is the repository's directory.
func New(root string, inputs ...render.Inputs) Set {
	s := Set{root: root, files: map[string]bool{}, dirs: map[string]bool{}, missing: map[string]bool{}, above: map[string]bool{}}
	for _, in := range inputs {
		s.in.Files = append(s.in.Files, in.Files...)
		s.in.Dirs = append(s.in.Dirs, in.Dirs...)
		s.in.Missing = append(s.in.Missing, in.Missing...)
	}
	for _, l := range []struct {
		list *[]string
		to   map[string]bool
	}{{&s.in.Files, s.files}, {&s.in.Dirs, s.dirs}, {&s.in.Missing, s.missing}} {
		slices.Sort(*l.list)
		*l.list = slices.Compact(*l.list)
		for _, name := range *l.list {
			l.to[name] = true
			for d := path.Dir(name); !s.above[d]; d = path.Dir(d) {
				s.above[d] = true
			}
		}
	}
	return s
}

// Inputs are all of them, each once, sorted.
func (s Set) Inputs() render.Inputs { return s.in }

// Touches says whether one of the changed files, which were edited, added or
// removed, can change the output, and which one. Paths are relative to the
// root, with "/". Since it isn't known which of them are new, each one in a
// directory that was listed counts.
func (s Set) Touches(changed []string) (string, bool) { return s.TouchesSince(changed, nil) }

// TouchesSince is Touches, and more exact: existed says whether there was a
// file or directory before the change, so that in a directory that was listed
// only what came or went counts.
func (s Set) TouchesSince(changed []string, existed func(string) bool) (string, bool) {
	for _, name := range changed {
		if s.touches(path.Clean(name), existed) {
			return name, true
		}
	}
	return "", false
}

func (s Set) touches(name string, existed func(string) bool) bool {
	// What was a directory above an input is a file or a link, or was one. And
	// any link or submodule among the inputs has the whole of itself in them.
	if s.files[name] || s.dirs[name] || s.missing[name] || s.above[name] {
		return true
	}
	for e := name; e != "." && e != "/"; e = path.Dir(e) {
		d := path.Dir(e)
		if s.files[d] || s.missing[d] {
			return true // it came to be as a directory, or was one
		}
		if s.dirs[d] && s.listed(e, e == name, existed) {
			return true
		}
	}
	return false
}

// listed says whether the entry e of a directory that was listed may have come
// or gone, or have become a directory.
func (s Set) listed(e string, changed bool, existed func(string) bool) bool {
	if existed == nil {
		return true
	}
	fi, err := os.Lstat(filepath.Join(s.root, filepath.FromSlash(e)))
	return (err == nil) != existed(e) || changed && err == nil && fi.IsDir()
}
