package render

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// tree is the repository: the only files that a render may read.
type tree struct {
	root string   // absolute, no symbolic links
	dir  *os.Root // opens what was resolved, so that a race can't leave root
	// real are directories with their links followed, by path: kustomize asks
	// for each file several times, from its root on.
	real sync.Map

	// rec, if there is one, takes down what is looked at; at is the tree's root
	// as it knows it.
	rec *recorder
	at  string
}

func openTree(root string) (*tree, error) {
	d, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	return &tree{root: root, dir: d}, nil
}

func (t *tree) close() { t.dir.Close() }

// rel gives an absolute path relative to the root, with "/"; not ok if it is
// outside.
func (t *tree) rel(path string) (string, bool) {
	r, err := filepath.Rel(t.root, path)
	if err != nil || !filepath.IsLocal(r) {
		return "", false
	}
	return filepath.ToSlash(r), true
}

// show gives a path as people should see it: without the machine's part.
func (t *tree) show(path string) string {
	r, err := filepath.Rel(t.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(r)
}

// clean takes the machine's part out of the message of a library's error.
func (t *tree) clean(msg string) string {
	if t.root == "/" {
		return msg
	}
	sep := string(filepath.Separator)
	return strings.ReplaceAll(strings.ReplaceAll(msg, t.root+sep, ""), t.root, ".")
}

// resolve follows symbolic links and fails if they, or the path itself, lead
// out of the repository.
func (t *tree) resolve(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", &OutsideError{Path: path}
	}
	path = filepath.Clean(path)
	if _, ok := t.rel(path); !ok {
		return "", &OutsideError{Path: t.show(path)}
	}
	p, err := t.follow(path)
	if err != nil || p != path {
		t.trace(path)
	}
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			// Not pe.Path: it may be the far end of a link.
			return "", &fs.PathError{Op: "open", Path: t.show(path), Err: pe.Err}
		}
		return "", err
	}
	if _, ok := t.rel(p); !ok {
		return "", &OutsideError{Path: t.show(path)}
	}
	// With "/" as the root these would be inside, and they are no files.
	for _, d := range []string{"/proc", "/dev", "/sys"} {
		if p == d || strings.HasPrefix(p, d+"/") {
			return "", &IrregularError{Path: t.show(path)}
		}
	}
	return p, nil
}

// follow is filepath.EvalSymlinks, which looks at every directory on the way.
func (t *tree) follow(path string) (string, error) {
	parent := filepath.Dir(path)
	dir, known := t.real.Load(parent)
	if !known {
		p, err := filepath.EvalSymlinks(parent)
		if err != nil {
			return filepath.EvalSymlinks(path) // with its error
		}
		dir, _ = t.real.LoadOrStore(parent, p)
	}
	p := filepath.Join(dir.(string), filepath.Base(path))
	if fi, err := os.Lstat(p); err != nil || fi.Mode()&fs.ModeSymlink != 0 {
		return filepath.EvalSymlinks(path)
	}
	return p, nil
}

// stat is os.Stat inside the repository.
func (t *tree) stat(path string) (fs.FileInfo, error) {
	p, err := t.resolve(path)
	if err != nil {
		return nil, err
	}
	fi, err := os.Lstat(p)
	if err == nil && fi.IsDir() {
		t.noteDir(p)
	} else if err == nil {
		t.noteFile(p)
	}
	return fi, err
}

// readFile reads a regular file of the repository.
func (t *tree) readFile(path string) ([]byte, error) {
	p, err := t.resolve(path)
	if err != nil {
		return nil, err
	}
	t.noteFile(p)
	r, _ := t.rel(p)
	fi, err := t.dir.Lstat(filepath.FromSlash(r))
	if err != nil {
		return nil, err
	}
	// Before opening: to open a pipe waits for its other end.
	if !fi.Mode().IsRegular() {
		return nil, &IrregularError{Path: t.show(path)}
	}
	f, err := t.dir.Open(filepath.FromSlash(r))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
