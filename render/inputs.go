package render

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Inputs are what a render depended on in the repository. Paths are relative
// to Root, with "/" ("." is Root itself), sorted, each once: as long as none
// of them changes, the output is the same. What came over the network and a
// ref's directory outside Root aren't in them.
type Inputs struct {
	// Files were read; among them are the symbolic links on the way to them.
	Files []string
	// Dirs were listed, or looked for and found: which names are in them counts.
	Dirs []string
	// Missing were looked for in vain.
	Missing []string
}

// InputsOf gives what it depends on to read these files of a repository, the
// links on the way included, without reading them. Names are relative to root,
// with "/". It is for files that someone else reads.
func InputsOf(root string, names ...string) (Inputs, error) {
	real, err := realDir(root)
	if err != nil {
		return Inputs{}, err
	}
	t, err := openTree(real)
	if err != nil {
		return Inputs{}, err
	}
	defer t.close()
	t.rec = &recorder{}
	for _, n := range names {
		p := filepath.Join(real, filepath.FromSlash(n))
		if _, err := t.stat(p); err != nil {
			if _, ok := t.rel(p); !ok {
				return Inputs{}, &OutsideError{Path: n}
			}
		}
	}
	return t.rec.inputs(), nil
}

// recorder takes down what a render looks at. Several goroutines may.
type recorder struct {
	mu                   sync.Mutex
	files, dirs, missing map[string]struct{}
}

func (r *recorder) add(to *map[string]struct{}, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if *to == nil {
		*to = map[string]struct{}{}
	}
	(*to)[name] = struct{}{}
}

func (r *recorder) inputs() Inputs {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := func(m map[string]struct{}) []string {
		if len(m) == 0 {
			return nil
		}
		out := make([]string, 0, len(m))
		for name := range m {
			out = append(out, name)
		}
		slices.Sort(out)
		return out
	}
	return Inputs{Files: list(r.files), Dirs: list(r.dirs), Missing: list(r.missing)}
}

// noteFile takes down a file that is read. real is absolute, without links.
func (t *tree) noteFile(real string) {
	if t.rec != nil {
		t.note(&t.rec.files, real)
	}
}

// noteDir takes down a directory that is listed. real is absolute, without
// links.
func (t *tree) noteDir(real string) {
	if t.rec != nil {
		t.note(&t.rec.dirs, real)
	}
}

func (t *tree) note(to *map[string]struct{}, real string) {
	if r, ok := t.rel(real); ok {
		t.rec.add(to, path.Join(t.at, r))
	}
}

// trace takes down the links on the way to a path, and where the way ends if
// nothing is there.
func (t *tree) trace(abs string) {
	r, ok := t.rel(abs)
	if t.rec == nil || !ok {
		return
	}
	at, todo := ".", strings.Split(r, "/")
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		if part == ".." && at == "." {
			return // outside
		}
		p := path.Join(at, part)
		full := filepath.Join(t.root, filepath.FromSlash(p))
		fi, err := os.Lstat(full)
		if err != nil {
			t.rec.add(&t.rec.missing, path.Join(t.at, p, path.Join(todo...)))
			return
		}
		if fi.Mode()&fs.ModeSymlink == 0 {
			at = p
			continue
		}
		t.rec.add(&t.rec.files, path.Join(t.at, p))
		target, err := os.Readlink(full)
		if links++; err != nil || links > 40 { // Linux's limit
			return
		}
		if filepath.IsAbs(target) {
			if target, ok = t.rel(filepath.Clean(target)); !ok {
				return
			}
			at = "."
		}
		todo = append(strings.Split(filepath.ToSlash(target), "/"), todo...)
	}
}

// traceDir takes down the links on the way to the application's directory.
func (t *tree) traceDir(src Source) {
	dir, err := filepath.Abs(src.Dir)
	if err != nil {
		return
	}
	// The root's own path may hold links.
	for _, root := range []string{src.Root, t.root} {
		if root == "" {
			continue
		}
		if root, err = filepath.Abs(root); err != nil {
			continue
		}
		if r, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(r) {
			t.trace(filepath.Join(t.root, r))
			return
		}
	}
}

// noteFS is a tree for fs.Glob.
type noteFS struct{ tree *tree }

func (n noteFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// ReadDir goes through os.Root, so that no link is followed out of the
// repository.
func (n noteFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n.note(name)
	return fs.ReadDir(n.tree.dir.FS(), name)
}

func (n noteFS) Stat(name string) (fs.FileInfo, error) {
	n.note(name)
	return fs.Stat(n.tree.dir.FS(), name)
}

// note takes down a file or a directory, or that there is none.
func (n noteFS) note(name string) {
	if n.tree.rec != nil {
		_, _ = n.tree.stat(filepath.Join(n.tree.root, filepath.FromSlash(name)))
	}
}
