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
// tree, and each kustomization is looked over before kustomize sees it.
type kustFS struct {
	ctx   context.Context
	tree  *tree
	dir   string // the application's directory
	guard *guard

	note    bool // ask for origins
	rootSet bool // the application's kustomization was read
	inject  injection
	// kusts maps a file to the kustomization that it is: kustomization.yaml may
	// be a link to a file of any name.
	kusts map[string]string
	read  []string // what was read, in order

	// err is the first failure that must end the build.
	err error
}

func newKustFS(ctx context.Context, t *tree, dir string, note bool) *kustFS {
	k := &kustFS{ctx: ctx, tree: t, dir: dir, note: note, kusts: map[string]string{}}
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
	data, err := k.tree.readFile(path)
	if err != nil {
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
			return data, nil
		}
		kust = path
	}
	if err := k.guard.kustomization(kust, data); err != nil {
		return nil, k.fatal(err)
	}
	// Only the first time: a generator may make data of the same file.
	if filepath.Dir(kust) == k.dir && !k.rootSet {
		k.rootSet = true
		k.inject = injectOrigins(data, k.note)
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
	p, err := k.tree.resolve(abs)
	if err != nil {
		return "", "", k.check(abs, err)
	}
	if isKustomization(filepath.Base(abs)) {
		k.kusts[p] = abs
	}
	fi, err := os.Lstat(p)
	if err != nil {
		return "", "", err
	}
	if fi.IsDir() {
		return filesys.ConfirmedDir(p), "", nil
	}
	return filesys.ConfirmedDir(filepath.Dir(p)), filepath.Base(p), nil
}

// Exists says whether there is something in the repository at path.
func (k *kustFS) Exists(path string) bool {
	_, err := k.tree.stat(path)
	return err == nil
}

// IsDir says whether it is a directory.
func (k *kustFS) IsDir(path string) bool {
	fi, err := k.tree.stat(path)
	return err == nil && fi.IsDir()
}

// ReadDir lists a directory.
func (k *kustFS) ReadDir(path string) ([]string, error) {
	p, err := k.tree.resolve(path)
	if err != nil {
		return nil, k.check(path, err)
	}
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

// RemoveAll refuses.
func (k *kustFS) RemoveAll(path string) error { return k.refuse("remove", path) }

// WriteFile refuses.
func (k *kustFS) WriteFile(path string, _ []byte) error { return k.refuse("write", path) }

func (k *kustFS) refuse(op, path string) error {
	return &fs.PathError{Op: op, Path: k.tree.show(path), Err: errReadOnly}
}
