package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/git"
)

// past is a revision of the repository, written below a directory of its own.
type past struct {
	repo *git.Repo
	rev  string // as it was given
	root string
	// submodules have no files in a revision.
	submodules []string
}

// pastError is an error of a revision: it names files in that, not where they
// were written to.
type pastError struct {
	past *past
	err  error
}

func (e *pastError) Error() string { return e.past.clean("at " + e.past.rev + ": " + e.err.Error()) }
func (e *pastError) Unwrap() error { return e.err }

// clean takes the directory out of a text.
func (p *past) clean(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, p.root+string(filepath.Separator), ""), p.root, ".")
}

// openPast writes a revision of the repository that holds a path, which needn't
// be there any more.
func (a *app) openPast(ctx context.Context, rev, path string) (p *past, remove func(), err error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	commit, err := repo.Resolve(ctx, rev)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.MkdirTemp("", "kesbridge-diff-")
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("make a place for %s: %w", rev, err)
	}
	remove = func() { os.RemoveAll(root) }
	p = &past{repo: repo, rev: rev, root: root}
	if err = repo.Extract(ctx, commit, root); err == nil {
		p.submodules, err = repo.Submodules(ctx, commit)
	}
	if err == nil {
		err = p.mark()
	}
	if err != nil {
		remove()
		return nil, nil, fmt.Errorf("read %s: %w", rev, err)
	}
	return p, remove, nil
}

// mark makes the directory a checkout of the same repository, as far as that
// is read here: its remotes, and its commit. That is the working tree's, so that
// a source that prints its revision doesn't differ by that alone.
func (p *past) mark() error {
	checkout, err := argocd.OpenCheckout(p.repo.Root)
	if err != nil {
		return err
	}
	dir := filepath.Join(p.root, ".git")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	var config strings.Builder
	for i, url := range checkout.URLs {
		fmt.Fprintf(&config, "[remote \"r%d\"]\n\turl = \"%s\"\n", i, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(url))
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "config"), []byte(config.String()), 0o644),
		os.WriteFile(filepath.Join(dir, "HEAD"), []byte(checkout.Revision+"\n"), 0o644),
	)
}

// at gives where a path of the working tree is in the revision; the path needn't
// be there on either side.
func (p *past) at(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	// What isn't there can't be resolved, what is above it can.
	rest := ""
	for up := abs; ; up = filepath.Dir(up) {
		if real, err := filepath.EvalSymlinks(up); err == nil {
			abs = filepath.Join(real, rest)
			break
		}
		if up == filepath.Dir(up) {
			break
		}
		rest = filepath.Join(filepath.Base(up), rest)
	}
	rel, err := filepath.Rel(p.repo.Root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is outside of the repository at %s", path, p.repo.Root)
	}
	return filepath.Join(p.root, rel), nil
}

// options are those for the revision: a configuration that is in the
// repository is taken from there, too.
func (p *past) options(o options, dir string) options {
	if o.appName == "" && dir != "" {
		if abs, err := filepath.Abs(dir); err == nil {
			if real, err := filepath.EvalSymlinks(abs); err == nil {
				abs = real
			}
			o.appName = filepath.Base(abs) // the root's name is another there
		}
	}
	if o.config == "" {
		return o
	}
	file, err := p.at(o.config)
	if err != nil {
		return o // from outside: the same for both
	}
	o.config = file
	if !exists(file) {
		o.config = "" // nobody had it then
	}
	return o
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
