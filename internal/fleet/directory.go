package fleet

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// directories are those that are applications by themselves: with a
// kustomization, a chart or manifests directly in them, which no Application
// renders and no other kustomization or chart uses.
func (f *Fleet) directories() []Candidate {
	objects, plain := f.tree.manifests()
	var out []Candidate
	for _, dir := range slices.Sorted(maps.Keys(f.tree.dirs)) {
		if f.renders(dir) || f.tree.inChart(dir) || !f.dirInScope(dir) {
			continue
		}
		from, skip := f.directory(dir, objects[dir], plain[dir])
		switch {
		case skip != nil:
			f.skip(*skip)
		case from != "":
			out = append(out, Candidate{Dir: dir, Clusters: f.clustersOf(dir), From: manifest.Pos{File: from}})
		}
	}
	return out
}

// dirInScope: also where a path is a file in the directory.
func (f *Fleet) dirInScope(dir string) bool {
	return f.inScope(dir) || slices.ContainsFunc(f.scope, func(s string) bool { return path.Dir(s) == dir && !f.tree.dirs[s] })
}

// manifests gives by directory the files with objects that nobody uses, and
// all files.
func (t *tree) manifests() (objects, all map[string][]*file) {
	objects, all = map[string][]*file{}, map[string][]*file{}
	for _, f := range t.files {
		dir := path.Dir(f.name)
		all[dir] = append(all[dir], f)
		if len(t.users[f.name]) == 0 && slices.ContainsFunc(f.heads, func(h head) bool { return h.object() }) {
			objects[dir] = append(objects[dir], f)
		}
	}
	return objects, all
}

// directory gives the file that makes a directory an application, or why it is
// left out; neither where it is none.
func (f *Fleet) directory(dir string, objects, all []*file) (string, *Skip) {
	t := f.tree
	k, c := t.kustomizations[dir], t.charts[dir]
	used := len(t.users[dir]) > 0
	switch {
	case k == nil && c == nil && len(objects) == 0:
		return "", lonelyJsonnet(t, all)
	case used && (k != nil || c != nil):
		return "", nil
	case c != nil && c.library:
		return "", nil
	case f.vendored(dir):
		return "", nil
	}
	if s := f.testdata(dir); s != nil {
		return "", s
	}
	switch {
	case c != nil:
		return c.file, nil
	case k != nil && k.kind == "Component":
		return "", &Skip{Pos: manifest.Pos{File: k.file}, Reason: "it is a kustomize component, which is no application by itself, and no kustomization uses it"}
	case k != nil:
		parts := all
		for _, u := range k.uses {
			if one := t.byName[u]; one != nil && path.Dir(one.name) != dir {
				parts = append(slices.Clip(parts), one)
			}
		}
		if s := incomplete(parts); s != nil {
			return "", s
		}
		return k.file, t.command(k)
	}
	if s := incomplete(objects); s != nil {
		return "", s
	}
	return objects[0].name, nil
}

// command finds a generator or transformer that is another program.
func (t *tree) command(k *kustomization) *Skip {
	for _, name := range k.plugins {
		one := t.byName[name]
		if one != nil && len(one.heads) > 0 && one.heads[0].group() == "viaduct.ai" {
			return &Skip{Pos: manifest.Pos{File: name, Line: one.heads[0].line}, Reason: "its kustomization runs the plugin " + one.heads[0].kind + ", which isn't here"}
		}
	}
	return nil
}

// incomplete finds a file that another tool completes before anybody applies
// it.
func incomplete(list []*file) *Skip {
	for _, one := range list {
		switch {
		case one.err != nil:
			return &Skip{Pos: manifest.Pos{File: one.name}, Reason: "it can't be read: " + one.err.Error()}
		case one.sops:
			return &Skip{Pos: manifest.Pos{File: one.name}, Reason: "it is encrypted with sops, and another tool decrypts it later"}
		case one.bad != nil && one.bad.text == "{{":
			return &Skip{Pos: manifest.Pos{File: one.name, Line: one.bad.line}, Reason: "it is a template ({{ }}) of no chart, which another tool fills in later"}
		case one.bad != nil:
			return &Skip{Pos: manifest.Pos{File: one.name, Line: one.bad.line}, Reason: fmt.Sprintf("it has the placeholder %s, which another tool fills in later", one.bad.text)}
		}
	}
	return nil
}

// lonelyJsonnet names jsonnet that makes KES resources and that no Application
// renders: nothing tells a program from a library.
func lonelyJsonnet(t *tree, all []*file) *Skip {
	for _, one := range all {
		if path.Ext(one.name) != ".jsonnet" {
			continue
		}
		data, err := read(filepath.Join(t.root, filepath.FromSlash(one.name)))
		if err == nil && bytes.Contains(data, []byte(kes.Group)) {
			return &Skip{Pos: manifest.Pos{File: one.name}, Reason: "it is jsonnet with KES resources, and no Application renders it; list its directory under apps in kesbridge.yaml if it is an application"}
		}
	}
	return nil
}

// topOf is a directory's outermost parent of a name, or "".
func topOf(dir, name string) string {
	parts := strings.Split(dir, "/")
	if i := slices.Index(parts, name); i >= 0 {
		return strings.Join(parts[:i+1], "/")
	}
	return ""
}

// testdata says why what tests read is left out, unless somebody asks for it.
func (f *Fleet) testdata(dir string) *Skip {
	top := topOf(dir, "testdata")
	if top == "" || slices.ContainsFunc(f.scope, func(s string) bool { return below(s, top) }) {
		return nil
	}
	return &Skip{Pos: manifest.Pos{File: top}, Reason: "directories called testdata hold what tests read; give the directory as PATH, or list it under apps in kesbridge.yaml, to look at it all the same"}
}

// vendored: what go mod vendor and jsonnet-bundler bring.
func (f *Fleet) vendored(dir string) bool {
	top := topOf(dir, "vendor")
	if top == "" {
		return false
	}
	for _, name := range []string{top + "/modules.txt", path.Join(path.Dir(top), "jsonnetfile.json")} {
		if _, err := os.Lstat(filepath.Join(f.checkout.Root, filepath.FromSlash(name))); err == nil {
			return true
		}
	}
	return false
}

// clustersOf are the clusters that a directory without an Application is for:
// those whose names its path has, else all.
func (f *Fleet) clustersOf(dir string) []string {
	var all, named []string
	for _, c := range f.options.Argo.Clusters {
		all = append(all, c.Name)
		if slices.Contains(strings.Split(dir, "/"), c.Name) {
			named = append(named, c.Name)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}
