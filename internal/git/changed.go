package git

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// Changed lists the paths that differ between a revision's tree and what is on
// disk: changed, deleted and added files, in the order of their names. They are
// relative to Root, with "/".
//
// What is compared are bytes, not git's index: a file that git ignores or
// doesn't know is added, since a render reads it all the same; so are the files
// in a submodule, whose commit the tree names and whose files it doesn't hold;
// and a file that a filter or an end-of-line setting writes otherwise than it is
// stored is changed. So the list may be too long, never too short.
func (r *Repo) Changed(ctx context.Context, rev string) ([]string, error) {
	commit, err := r.Resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	files, err := r.tree(ctx, commit)
	if err != nil {
		return nil, err
	}
	known := make(map[string]entry, len(files))
	for _, f := range files {
		if f.mode != modeSubmodule {
			known[f.path] = f
		}
	}
	c := &comparison{root: r.Root, known: known}
	if err := c.walk(ctx); err != nil {
		return nil, err
	}
	if err := c.hash(ctx); err != nil {
		return nil, err
	}
	for path := range c.known { // what is left was not met
		c.changed = append(c.changed, path)
	}
	slices.Sort(c.changed)
	return c.changed, nil
}

// comparison is one run of Changed.
type comparison struct {
	root    string
	known   map[string]entry
	maybe   []entry // of the same kind and size
	changed []string
}

func (c *comparison) walk(ctx context.Context) error {
	return filepath.WalkDir(c.root, func(p string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, fs.ErrPermission) && p != c.root {
			return c.unreadable(p)
		}
		if err != nil {
			return fmt.Errorf("look for changes: %w", err)
		}
		if d.Name() == ".git" && p != c.root {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(c.root, p)
		if err != nil {
			return err
		}
		return c.file(filepath.ToSlash(rel), d)
	})
}

// unreadable takes a directory that nobody may list for changed; what the tree
// has in it is missing.
func (c *comparison) unreadable(p string) error {
	rel, err := filepath.Rel(c.root, p)
	if err != nil {
		return err
	}
	c.changed = append(c.changed, filepath.ToSlash(rel))
	return fs.SkipDir
}

func (c *comparison) file(path string, d fs.DirEntry) error {
	f, ok := c.known[path]
	delete(c.known, path)
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		c.changed = append(c.changed, path) // it went while we looked
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for changes: %w", err)
	}
	if !ok || kind(info.Mode()) != f.mode || info.Size() != f.size && f.mode != modeLink {
		c.changed = append(c.changed, path)
		return nil
	}
	c.maybe = append(c.maybe, f)
	return nil
}

// kind is a file's mode as git sees it.
func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return modeLink
	case !m.IsRegular():
		return ""
	case m&0o100 != 0 && runtime.GOOS != "windows":
		return modeExecutable
	}
	return modeFile
}

// hash compares contents, on all cores.
func (c *comparison) hash(ctx context.Context) error {
	differs := make([]bool, len(c.maybe))
	errs := make([]error, runtime.GOMAXPROCS(0))
	next := make(chan int)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			for i := range next {
				same, err := c.same(c.maybe[i])
				differs[i] = !same
				if err != nil && errs[w] == nil {
					errs[w] = fmt.Errorf("look for changes: %w", err)
				}
			}
		})
	}
	for i := range c.maybe {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := errors.Join(append(errs, context.Cause(ctx))...); err != nil {
		return err
	}
	for i, f := range c.maybe {
		if differs[i] {
			c.changed = append(c.changed, f.path)
		}
	}
	return nil
}

// same compares a file with a blob by git's name for it.
func (c *comparison) same(f entry) (bool, error) {
	name := filepath.Join(c.root, filepath.FromSlash(f.path))
	if f.mode == modeLink {
		to, err := os.Readlink(name)
		if err != nil {
			return false, gone(err)
		}
		h := newHash(f.id, int64(len(to)))
		io.WriteString(h, filepath.ToSlash(to))
		return hex.EncodeToString(h.Sum(nil)) == f.id, nil
	}
	in, err := os.Open(name)
	if err != nil {
		return false, gone(err)
	}
	defer in.Close()
	h := newHash(f.id, f.size)
	if _, err := io.Copy(h, in); err != nil {
		return false, err
	}
	return hex.EncodeToString(h.Sum(nil)) == f.id, nil
}

// gone takes a file that is no longer there, or that nobody may read, for
// changed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// newHash is the hash of a blob, in the repository's object format.
func newHash(id string, size int64) hash.Hash {
	h := sha1.New()
	if len(id) == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", size)
	return h
}

// Existed tells of a path whether a revision's tree has a file or a directory
// there; not of a link or a submodule, which hold more than their names.
func (r *Repo) Existed(ctx context.Context, rev string) (func(path string) bool, error) {
	commit, err := r.Resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	files, err := r.tree(ctx, commit)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{".": true}
	for _, f := range files {
		if f.mode == modeSubmodule || f.mode == modeLink {
			continue
		}
		known[f.path] = true
		for d := path.Dir(f.path); !known[d]; d = path.Dir(d) {
			known[d] = true
		}
	}
	return func(p string) bool { return known[p] }, nil
}
