package render

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// helmFile is a file that an option names: a path in a tree, or a URL.
type helmFile struct {
	raw  string // as the option has it
	tree *tree
	path string // absolute
	url  string // instead of tree and path
}

// helmFiles finds and reads the files that Helm's options name.
type helmFiles struct {
	*app
	ctx  context.Context
	refs map[string]*tree // the opened ones of HelmOptions.Refs
}

func (a *app) helmFiles(ctx context.Context) *helmFiles {
	return &helmFiles{app: a, ctx: ctx, refs: map[string]*tree{}}
}

func (h *helmFiles) close() {
	for _, t := range h.refs {
		t.close()
	}
}

// locate finds what raw means, as Argo CD does (3.6, util/io/path/resolved.go
// ResolveValueFilePathOrUrl and reposerver/repository/repository.go
// getResolvedRefValueFile): relative to the application; with "/" to the
// repository; "$name/" to another source. The last element's links are
// followed first, and the result must be in its repository.
func (h *helmFiles) locate(raw string) (helmFile, error) {
	f := helmFile{raw: raw, tree: h.tree}
	dir, p := h.dir, raw
	if name, ok := strings.CutPrefix(raw, "$"); ok && len(h.src.Helm.Refs) > 0 {
		name, rest, _ := strings.Cut(name, "/")
		t, err := h.ref(name)
		if err != nil {
			return f, err
		}
		f.tree, dir, p = t, t.root, "/"+rest
	} else if u, err := url.Parse(raw); err == nil && u.Scheme != "" {
		f.url = raw
		return f, nil
	}
	if strings.HasPrefix(p, "/") {
		dir = f.tree.root
	}
	p = filepath.Join(dir, filepath.FromSlash(p))
	for links := 0; ; links++ {
		target, err := os.Readlink(p)
		if err != nil {
			break
		}
		if _, ok := f.tree.rel(p); !ok || links == 10 {
			return f, &OutsideError{Path: raw}
		}
		f.tree.trace(p)
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(p), target)
		}
		p = filepath.Clean(target)
	}
	if r, ok := f.tree.rel(p); !ok || r == "." {
		return f, &OutsideError{Path: raw}
	}
	f.path = p
	return f, nil
}

// ref opens the directory behind $name.
func (h *helmFiles) ref(name string) (*tree, error) {
	if t := h.refs[name]; t != nil {
		return t, nil
	}
	dir, ok := h.src.Helm.Refs[name]
	if !ok {
		known := slices.Sorted(maps.Keys(h.src.Helm.Refs))
		return nil, fmt.Errorf("no source has the ref %q: there are %s", name, strings.Join(known, ", "))
	}
	dir, err := realDir(dir)
	var t *tree
	if err == nil {
		t, err = openTree(dir)
	}
	if at, ok := h.tree.rel(dir); ok && err == nil {
		t.rec, t.at = h.tree.rec, path.Join(h.tree.at, at)
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the path is the machine's
	}
	if err != nil {
		return nil, fmt.Errorf("open ref %q: %w", name, err)
	}
	h.refs[name] = t
	return t, nil
}

// read reads a file. URLs need the network.
func (h *helmFiles) read(f helmFile) ([]byte, error) {
	if f.url == "" {
		return f.tree.readFile(f.path)
	}
	if !h.src.Network.Allow {
		return nil, &NetworkError{URL: f.url}
	}
	// http and https only, Argo CD's default of helm.valuesFileSchemes.
	get := fetcher{max: maxValueFile}
	return get.get(h.ctx, f.url)
}

func isGlob(p string) bool { return strings.ContainsAny(p, "*?[") }

// valueFiles expands the option ValueFiles as Argo CD 3.4 and later do
// (3.6, reposerver/repository/repository.go, getResolvedValueFiles): the
// matches of a glob in lexical order, without those that are named elsewhere,
// and every file only where it stands first.
func (h *helmFiles) valueFiles() ([]helmFile, error) {
	named := map[string]bool{}
	for _, raw := range h.src.Helm.ValueFiles {
		if f, err := h.locate(raw); err == nil && !f.isGlob() {
			named[f.path+f.url] = true
		}
	}
	var out []helmFile
	seen := map[string]bool{}
	add := func(f helmFile) {
		if k := f.path + f.url; !seen[k] {
			seen[k] = true
			out = append(out, f)
		}
	}
	for _, raw := range h.src.Helm.ValueFiles {
		f, err := h.locate(raw)
		if err != nil {
			return nil, fmt.Errorf("find value file %s: %w", raw, err)
		}
		if f.isGlob() {
			matches, err := h.glob(f)
			if err != nil {
				return nil, fmt.Errorf("find value files %s: %w", raw, err)
			}
			for _, m := range matches {
				if !named[m.path] {
					add(m)
				}
			}
			continue
		}
		if f.url == "" && h.src.Helm.IgnoreMissingValueFiles {
			if _, err := f.tree.stat(f.path); errors.Is(err, fs.ErrNotExist) {
				continue
			}
		}
		add(f)
	}
	return out, nil
}

// isGlob looks at the application's directory, too, as Argo CD does.
func (f helmFile) isGlob() bool {
	r, _ := f.tree.rel(f.path)
	return f.url == "" && isGlob(r)
}

func (h *helmFiles) glob(f helmFile) ([]helmFile, error) {
	pattern, _ := f.tree.rel(f.path)
	fsys := &globFS{ctx: h.ctx, tree: f.tree}
	names, err := doublestar.Glob(fsys, pattern)
	if fsys.err != nil {
		err = fsys.err
	}
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && !h.src.Helm.IgnoreMissingValueFiles {
		return nil, errors.New("no file matches")
	}
	out := make([]helmFile, len(names))
	for i, n := range names {
		out[i] = helmFile{raw: f.raw, tree: f.tree, path: filepath.Join(f.tree.root, filepath.FromSlash(n))}
		if _, err := f.tree.resolve(out[i].path); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// What a glob looks at is capped: "**" follows links to directories, and a few
// that lead to one another make a tree without end. (Linux follows 40 links.)
const (
	maxGlobReads = 20_000
	maxGlobDepth = 60
)

// globFS is a tree for doublestar, which takes errors for absence.
type globFS struct {
	ctx   context.Context
	tree  *tree
	reads int
	err   error
}

func (g *globFS) resolve(name string) (string, error) {
	if g.reads++; g.reads > maxGlobReads && g.err == nil {
		g.err = errors.New("too many files to look through")
	}
	if g.err == nil {
		g.err = context.Cause(g.ctx)
	}
	if g.err != nil {
		return "", g.err
	}
	if strings.Count(name, "/") > maxGlobDepth {
		return "", fs.ErrNotExist
	}
	return g.tree.resolve(filepath.Join(g.tree.root, filepath.FromSlash(name)))
}

func (g *globFS) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := g.resolve(name)
	if err != nil {
		return nil, err
	}
	g.tree.noteDir(p)
	return os.ReadDir(p)
}

func (g *globFS) Stat(name string) (fs.FileInfo, error) {
	p, err := g.resolve(name)
	if err != nil {
		return nil, err
	}
	return g.tree.stat(p)
}

func (g *globFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
