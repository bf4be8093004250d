package render

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// kustomize sees up to three kinds of places. The repository, which is read
// only. With --enable-helm a scratch directory that stands for the repository's
// root: kustomize gives paths below it to helm and lets it write there, so
// charts are copied into it, and all other files are read from the repository
// as before. And with the network allowed, clones of remote bases, which
// kustomize makes in directories of its own.

// in translates a path of kustomize's to the tree that holds it.
func (k *kustFS) in(path string) (*tree, string) {
	path = filepath.Clean(path)
	if k.scratch != nil {
		if rel, ok := k.scratch.rel(path); ok {
			real := filepath.Join(k.tree.root, filepath.FromSlash(rel))
			if _, err := k.tree.stat(real); errors.Is(err, fs.ErrNotExist) {
				if _, err := k.scratch.stat(path); err == nil {
					return k.scratch, path
				}
			}
			return k.tree, real
		}
	}
	if t := k.clone(path); t != nil {
		return t, path
	}
	return k.tree, path
}

// out translates a path of the repository to the one that kustomize sees.
func (k *kustFS) out(path string) string {
	if k.scratch == nil {
		return path
	}
	if rel, ok := k.tree.rel(path); ok {
		return filepath.Join(k.scratch.root, filepath.FromSlash(rel))
	}
	return path
}

// treeOf is the tree of a path that in gave.
func (k *kustFS) treeOf(path string) *tree {
	for _, t := range k.clones {
		if _, ok := t.rel(path); ok {
			return t
		}
	}
	if k.scratch != nil {
		if _, ok := k.scratch.rel(path); ok {
			return k.scratch
		}
	}
	return k.tree
}

// show gives a path as people should see it.
func (k *kustFS) show(path string) string {
	t := k.treeOf(path)
	if slices.Contains(k.clones, t) {
		return "remote base: " + t.show(path)
	}
	return t.show(path)
}

// clean takes the machine's part out of a message.
func (k *kustFS) clean(msg string) string {
	for _, t := range slices.Concat(k.clones, []*tree{k.scratch}) {
		if t != nil {
			msg = t.clean(msg)
		}
	}
	return k.tree.clean(msg)
}

func (k *kustFS) close() {
	for _, t := range k.clones {
		t.close()
	}
}

// cloneName is what NewTmpConfirmedDir of kyaml/filesys makes (v0.21.2).
var cloneName = regexp.MustCompile(`^kustomize-\d+$`)

// clone is the tree of a remote base, or nil: a directory of kustomize's that
// came to be while this build ran, after it was allowed to clone something.
func (k *kustFS) clone(path string) *tree {
	if !k.guard.cloning {
		return nil
	}
	rel, err := filepath.Rel(k.temp, path)
	if err != nil || !filepath.IsLocal(rel) {
		return nil
	}
	name, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	if !cloneName.MatchString(name) || k.before[name] {
		return nil
	}
	root := filepath.Join(k.temp, name)
	for _, t := range k.clones {
		if t.root == root {
			return t
		}
	}
	fi, err := os.Lstat(root)
	if err != nil || !fi.IsDir() || fi.Mode().Perm() != 0o700 {
		return nil
	}
	t, err := openTree(root)
	if err != nil {
		return nil
	}
	k.clones = append(k.clones, t)
	return t
}

// startCloning notes what kustomize's clones can't be.
func (k *kustFS) startCloning() error {
	if k.before != nil {
		return nil
	}
	temp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	k.temp, k.before = temp, map[string]bool{}
	for _, e := range entries {
		k.before[e.Name()] = true
	}
	return nil
}
