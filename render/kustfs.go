package render

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustFS is the repository as kustomize sees it: read-only, confined to the
// tree, the options applied, and each kustomization looked over before
// kustomize sees it.
type kustFS struct {
	ctx   context.Context
	tree  *tree
	dir   string // the application's directory
	guard *guard

	opt   *KustomizeOptions
	allow bool // the network
	// shared: other builds run beside this one, which may not set the schema.
	shared bool
	helm   bool // --enable-helm

	// See kustplace.go.
	scratch *tree
	copied  struct{ files, bytes int64 }
	clones  []*tree
	temp    string
	before  map[string]bool

	note    bool // ask for origins
	rootSet bool // the application's kustomization was read
	inject  injection
	// kusts maps a file to the kustomization that it is: kustomization.yaml may
	// be a link to a file of any name.
	kusts map[string]string
	read  []string // what was read, in order
	// files are the contents of what was read, kustomizations aside, if origins
	// may have to be found in them.
	files map[string][]byte

	// err is the first failure that must end the build.
	err error
}

func (a *app) newKustFS(ctx context.Context, note bool) *kustFS {
	k := &kustFS{
		ctx: ctx, tree: a.tree, dir: a.dir, note: note, kusts: map[string]string{},
		opt: &a.src.Kustomize, allow: a.src.Network.Allow, shared: a.shared, scratch: a.scratch,
	}
	if !note && len(a.src.OriginsOf) > 0 {
		k.files = map[string][]byte{}
	}
	k.guard = newGuard(k)
	return k
}

// fatal keeps an error that kustomize would take for a sign to try something
// else.
func (k *kustFS) fatal(err error) error {
	if k.err == nil {
		k.err = err
	}
	return err
}

// check sorts errors: a missing file may be one of kustomize's guesses, a
// way out of the repository never is.
func (k *kustFS) check(path string, err error) error {
	switch err.(type) {
	case *OutsideError, *IrregularError:
		return k.fatal(k.guard.blame(path, err))
	}
	return err
}

// ReadFile reads a file of the repository.
func (k *kustFS) ReadFile(path string) ([]byte, error) {
	if err := context.Cause(k.ctx); err != nil {
		return nil, k.fatal(err)
	}
	if k.err != nil {
		return nil, k.err
	}
	t, path := k.in(path)
	data, err := t.readFile(path)
	if err != nil {
		if fi, serr := t.stat(path); serr == nil && fi.IsDir() {
			// Without load restrictions kustomize tries bases as files.
			return nil, &fs.PathError{Op: "read", Path: t.show(path), Err: errIsDir}
		}
		return nil, k.check(path, err)
	}
	k.read = append(k.read, path)
	if bytes.Contains(data, []byte("needs-hash")) {
		// Hashes of objects other than ConfigMap and Secret take in annotations.
		k.guard.touchesAnnotations = true
	}
	kust := k.kusts[path]
	if kust == "" {
		if !isKustomization(filepath.Base(path)) {
			k.guard.renames = k.guard.renames || mayRename(data)
			if k.files != nil {
				k.files[path] = data
			}
			return data, nil
		}
		kust = path
	}
	// Only the first time: a generator may make data of the same file.
	isRoot := filepath.Dir(kust) == k.dir && !k.rootSet
	text := data
	if isRoot {
		k.rootSet = true
		if text, err = k.edit(filepath.Base(kust), data); err != nil {
			return nil, k.fatal(&Error{File: k.tree.show(kust), Err: err})
		}
	}
	if err := k.guard.kustomization(seenFile{kust, data}, text); err != nil {
		return nil, k.fatal(err)
	}
	if isRoot {
		k.inject = injectOrigins(text, k.note)
		return k.inject.data, nil
	}
	return data, nil
}

// CleanedAbs resolves links.
func (k *kustFS) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", "", err
	}
	t, abs := k.in(abs)
	p, err := t.resolve(abs)
	if err != nil {
		return "", "", k.check(abs, err)
	}
	if isKustomization(filepath.Base(abs)) {
		k.kusts[p] = abs
	}
	fi, err := t.stat(p)
	if err != nil {
		return "", "", err
	}
	if fi.IsDir() {
		return filesys.ConfirmedDir(k.out(p)), "", nil
	}
	return filesys.ConfirmedDir(k.out(filepath.Dir(p))), filepath.Base(p), nil
}

// Exists says whether there is something in the repository at path.
func (k *kustFS) Exists(path string) bool {
	t, path := k.in(path)
	_, err := t.stat(path)
	return err == nil
}

// IsDir says whether it is a directory.
func (k *kustFS) IsDir(path string) bool {
	t, path := k.in(path)
	fi, err := t.stat(path)
	return err == nil && fi.IsDir()
}

// ReadDir lists a directory.
func (k *kustFS) ReadDir(path string) ([]string, error) {
	t, path := k.in(path)
	p, err := t.resolve(path)
	if err != nil {
		return nil, k.check(path, err)
	}
	t.noteDir(p)
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// The rest of filesys.FileSystem: a build asks for none of it, and nothing is
// ever written.

// Open refuses.
func (k *kustFS) Open(path string) (filesys.File, error) { return nil, k.refuse("open", path) }

// Glob refuses.
func (k *kustFS) Glob(pattern string) ([]string, error) { return nil, k.refuse("glob", pattern) }

// Walk refuses.
func (k *kustFS) Walk(path string, _ filepath.WalkFunc) error { return k.refuse("walk", path) }

// Create refuses.
func (k *kustFS) Create(path string) (filesys.File, error) { return nil, k.refuse("create", path) }

// Mkdir refuses.
func (k *kustFS) Mkdir(path string) error { return k.refuse("mkdir", path) }

// MkdirAll refuses.
func (k *kustFS) MkdirAll(path string) error { return k.refuse("mkdir", path) }

// RemoveAll removes kustomize's own clone of a remote base, and nothing else.
func (k *kustFS) RemoveAll(path string) error {
	if t := k.clone(path); t != nil && t.root == filepath.Clean(path) {
		return os.RemoveAll(t.root)
	}
	return k.refuse("remove", path)
}

// WriteFile refuses.
func (k *kustFS) WriteFile(path string, _ []byte) error { return k.refuse("write", path) }

func (k *kustFS) refuse(op, path string) error {
	return &fs.PathError{Op: op, Path: k.show(path), Err: errReadOnly}
}
