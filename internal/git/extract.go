package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"sync"
)

// outside is where a symbolic link leads that would leave the tree: nowhere.
const outside = ".git/a-link-out-of-the-repository"

// Extract writes the tree of a revision below dst, an empty directory, byte for
// byte from the object store: no filters, no end-of-line conversion, no
// attributes (export-ignore). A submodule is an empty directory. Symbolic links
// that lead out of the tree lead nowhere instead.
func (r *Repo) Extract(ctx context.Context, rev, dst string) error {
	commit, err := r.Resolve(ctx, rev)
	if err != nil {
		return err
	}
	list, err := r.tree(ctx, commit)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dst)
	if err != nil {
		return fmt.Errorf("write tree: %w", err)
	}
	defer root.Close()
	w := &writer{root: root, made: map[string]bool{".": true}}
	var files, links []entry
	for _, f := range list {
		dir := path.Dir(f.path)
		switch f.mode {
		case modeSubmodule:
			dir = f.path
		case modeLink:
			links = append(links, f)
		default:
			files = append(files, f)
		}
		if err := w.mkdir(dir); err != nil {
			return err
		}
	}
	if err := r.files(ctx, w, files); err != nil {
		return err
	}
	// Links last: nothing is ever written through one.
	return r.batch(ctx, links, w.link)
}

// files writes files whose directories are there, on all cores.
func (r *Repo) files(ctx context.Context, w *writer, files []entry) error {
	n := runtime.GOMAXPROCS(0)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		part := files[len(files)*i/n : len(files)*(i+1)/n]
		if len(part) > 0 {
			wg.Go(func() { errs[i] = r.batch(ctx, part, w.file) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Submodules lists the directories of a revision that are submodules.
func (r *Repo) Submodules(ctx context.Context, rev string) ([]string, error) {
	commit, err := r.Resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	list, err := r.tree(ctx, commit)
	var out []string
	for _, f := range list {
		if f.mode == modeSubmodule {
			out = append(out, f.path)
		}
	}
	return out, err
}

// writer writes a tree.
type writer struct {
	root *os.Root
	made map[string]bool
}

func (w *writer) mkdir(dir string) error {
	if w.made[dir] {
		return nil
	}
	if err := w.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	if err := w.root.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("write tree: %w", err)
	}
	w.made[dir] = true
	return nil
}

func (w *writer) file(f entry, _ int64, body io.Reader) (err error) {
	mode := fs.FileMode(0o644)
	if f.mode == modeExecutable {
		mode = 0o755
	}
	// O_EXCL: two names that a file system takes for one must not be merged.
	out, err := w.root.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write tree: %w", err)
	}
	defer func() {
		if cerr := out.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("write tree: %w", cerr)
		}
	}()
	if _, err := io.Copy(out, body); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// maxLink is longer than any system's PATH_MAX.
const maxLink = 32 << 10

func (w *writer) link(f entry, size int64, body io.Reader) error {
	if size > maxLink {
		return fmt.Errorf("write %s: %w", f.path, errors.New("the target of the link is too long"))
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	if err := w.root.Symlink(inside(f.path, string(b)), f.path); err != nil {
		return fmt.Errorf("write tree: %w", err)
	}
	return nil
}

// inside is a link's target, or one that isn't there if it leads out of the
// tree. Links that lead on through others are whoever reads them to hold, as in
// a checkout.
func inside(name, target string) string {
	to := path.Join(path.Dir(name), target)
	if target == "" || strings.ContainsRune(target, 0) || path.IsAbs(target) || to == ".." || strings.HasPrefix(to, "../") {
		return strings.Repeat("../", strings.Count(name, "/")) + outside
	}
	return target
}
