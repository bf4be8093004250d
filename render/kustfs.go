package render

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustFS is the repository as kustomize sees it: read-only, confined to the
// tree, and each kustomization is looked over before kustomize sees it.
type kustFS struct {
	ctx   context.Context
	tree  *tree
	dir   string // the application's directory
	guard *guard

	note        bool   // ask for origins
	injected    bool   // asked
	userOrigins bool   // the user asks for them
	rootName    string // the kustomization's name in dir

	// err is the first failure that must end the build.
	err error
}

func newKustFS(ctx context.Context, t *tree, dir string, note bool) *kustFS {
	k := &kustFS{ctx: ctx, tree: t, dir: dir, note: note}
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
func (k *kustFS) check(err error) error {
	switch err.(type) {
	case *OutsideError, *IrregularError:
		return k.fatal(&Error{File: k.guard.at(), Err: err})
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
		return nil, k.check(err)
	}
	if !isKustomization(filepath.Base(path)) {
		k.guard.file(data)
		return data, nil
	}
	if err := k.guard.kustomization(path, data); err != nil {
		return nil, k.fatal(err)
	}
	if filepath.Dir(path) == k.dir {
		k.rootName = filepath.Base(path)
		data = k.inject(data)
	}
	return data, nil
}

// inject makes the root kustomization ask for origins. buildMetadata of a
// base has no effect.
func (k *kustFS) inject(data []byte) []byte {
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return data
	}
	if bm := value(doc.Content[0], "buildMetadata"); bm != nil {
		for _, v := range bm.Content {
			k.userOrigins = k.userOrigins || v.Value == "originAnnotations"
		}
		return data
	}
	if !k.note || doc.Content[0].Style&yaml.FlowStyle != 0 {
		return data
	}
	out := append(append([]byte{}, data...), "\nbuildMetadata: [originAnnotations]\n"...)
	// Not so after a "..." or in an indented document.
	var again map[string]any
	if yaml.Unmarshal(out, &again) != nil || again["buildMetadata"] == nil {
		return data
	}
	k.injected = true
	return out
}

// CleanedAbs resolves links.
func (k *kustFS) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", "", err
	}
	p, err := k.tree.resolve(abs)
	if err != nil {
		return "", "", k.check(err)
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
		return nil, k.check(err)
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
