package fleet

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
	"kesbridge/internal/survey"
)

// Find looks through a checkout. paths are files or directories in it, as the
// process sees them; none is the root. With paths those applications count that
// stand in one of them or whose directory does; everything is read all the
// same, since what renders a directory may stand anywhere.
//
// Where kesbridge.yaml lists apps, those are all. Else it is every Application,
// written out or made by an ApplicationSet, and every directory that is one by
// itself. Applications that only a render shows come from Rendered.
//
// Directories whose names begin with "." and node_modules aren't looked into,
// and links aren't followed. An entry of apps that nothing fits is an
// *EntryError.
func Find(ctx context.Context, checkout *argocd.Checkout, paths []string, o Options) (*Fleet, error) {
	f := &Fleet{
		checkout: checkout, options: o, seen: map[string]bool{}, rendered: map[string]bool{}, recurse: map[string]bool{},
		projects: map[string][]*project{}, evidence: &survey.Evidence{},
	}
	f.options.Argo.Listing = &argocd.Listing{} // a repository may have an ApplicationSet for each team
	var err error
	if f.scope, err = scope(checkout.Root, paths); err != nil {
		return nil, err
	}
	if f.tree, err = readTree(ctx, checkout.Root, f.scope, o.Exclude); err != nil {
		return nil, err
	}
	f.facts()
	if o.Config != nil && len(o.Config.Apps) > 0 {
		f.listed = true
		if err := f.entries(); err != nil {
			return nil, err
		}
		f.Skipped = sortSkips(f.Skipped)
		return f, nil
	}
	for _, t := range f.tree.files {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !t.argo || f.tree.inChart(t.name) || len(f.tree.users[t.name]) > 0 || f.vendored(path.Dir(t.name)) {
			continue
		}
		if s := f.testdata(path.Dir(t.name)); s != nil {
			f.skip(*s)
			continue
		}
		f.Apps = append(f.Apps, f.file(t)...)
	}
	f.Apps = append(f.Apps, f.directories()...)
	f.Skipped = sortSkips(f.Skipped)
	return f, nil
}

// scope makes paths relative to the root; nil is everything.
func scope(root string, paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return nil, fmt.Errorf("look for applications: %w", err)
		}
		rel, err := filepath.Rel(root, abs)
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return nil, fmt.Errorf("look for applications: %s is not in the repository %s", p, root)
		}
		if rel == "." {
			return nil, nil
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out, nil
}

// inScope reports whether a file or directory is asked about: it is in one of
// the paths, or a path is in it.
func (f *Fleet) inScope(name string) bool {
	return len(f.scope) == 0 || slices.ContainsFunc(f.scope, func(s string) bool { return below(name, s) })
}

// below reports whether a name is dir or in it.
func below(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

// file gives the Applications of a file. Its documents are read one by one: one
// that is wrong doesn't hide the others.
func (f *Fleet) file(t *file) []Candidate {
	var out []Candidate
	for _, doc := range t.documents() {
		apps, skips := f.parse(t.name, doc)
		f.noteAll(skips)
		for i := range apps {
			if c, ok := f.accept(&apps[i], manifest.Pos{File: t.name, Line: apps[i].Pos.Line, Column: apps[i].Pos.Column}, 0, f.skip); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

func (f *Fleet) noteAll(skips []Skip) {
	for _, s := range skips {
		f.skip(s)
	}
}

// Parents come first: an application whose sources hold other Applications is
// best rendered before those that these may render, too.
func (f *Fleet) Parent(c Candidate) bool {
	return slices.ContainsFunc(f.dirsOf(c), f.tree.makesApps)
}

// dirsOf are the directories of a candidate's sources.
func (f *Fleet) dirsOf(c Candidate) []string {
	if c.App == nil {
		return []string{c.Dir}
	}
	var out []string
	for _, s := range c.App.Sources() {
		if s.Chart == "" && s.Path != "" {
			out = append(out, path.Clean(s.Path))
		}
	}
	return out
}

// Superseded reports whether a candidate is a directory that an Application
// renders which was found in rendered output: that one counts.
func (f *Fleet) Superseded(c Candidate) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return c.App == nil && !f.listed && f.renders(c.Dir)
}

// renders reports whether an Application renders a directory.
func (f *Fleet) renders(dir string) bool {
	if f.rendered[dir] {
		return true
	}
	for up := dir; up != "."; up = path.Dir(up) {
		if f.recurse[path.Dir(up)] {
			return true
		}
	}
	return false
}
