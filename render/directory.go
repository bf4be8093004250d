package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gobwas/glob"
)

// Source of everything here: argo-cd reposerver/repository/repository.go,
// findManifests and what it calls (3.6).

// defaultMaxSize is what Argo CD's repository server allows ("10M").
const defaultMaxSize = 10_000_000

// skipMarker anywhere in a file takes the file out.
const skipMarker = "+argocd:skip-file-rendering"

var manifestName = regexp.MustCompile(`^.*\.(yaml|yml|json|jsonnet)$`)

// lister walks a directory for files that may be manifests.
type lister struct {
	*app
	include, exclude *glob.Pattern
	max, size        int64
	libs             []string // of jsonnet, once they are known
	out              *Output
}

func (a *app) directory(ctx context.Context) (*Output, error) {
	l := &lister{app: a, max: a.src.Directory.MaxSize, out: &Output{Kind: Directory}}
	if l.max == 0 {
		l.max = defaultMaxSize
	}
	var err error
	if l.include, err = compileGlob("include", a.src.Directory.Include); err != nil {
		return nil, err
	}
	if l.exclude, err = compileGlob("exclude", a.src.Directory.Exclude); err != nil {
		return nil, err
	}
	var errs []error
	err = filepath.Walk(a.dir, func(path string, fi fs.FileInfo, err error) error {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if fi.IsDir() {
			if path != a.dir && (!a.src.Directory.Recurse || fi.Name() == ".git") {
				return filepath.SkipDir
			}
			a.tree.noteDir(path)
			return nil
		}
		err = l.file(ctx, path, fi)
		if _, ok := err.(*SizeError); ok {
			return err
		}
		if err != nil {
			errs = append(errs, err) // the other files' errors belong to the same run
		}
		return nil
	})
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return l.out, nil
}

// compileGlob fails where Argo CD would log the error and match nothing: an
// include that matches nothing renders to nothing.
func compileGlob(what, pattern string) (*glob.Pattern, error) {
	if pattern == "" {
		return nil, nil
	}
	g, err := glob.Compile(pattern) // no separators: "*" crosses "/"
	if err != nil {
		return nil, fmt.Errorf("compile %s glob %q: %w", what, pattern, err)
	}
	return g, nil
}

// file puts one file into the output, if it is a manifest.
func (l *lister) file(ctx context.Context, path string, fi fs.FileInfo) error {
	name := l.tree.show(path)
	fail := func(err error) error { return &Error{File: name, Err: err} }
	// Argo CD's own file, which it reads before it looks for manifests. Its
	// parameters may quote manifests, which would make it look like a broken one.
	if !l.src.Directory.DisableExtensionFilter && !manifestName.MatchString(fi.Name()) || strings.HasPrefix(fi.Name(), ".argocd-source") {
		return nil
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		real, err := l.tree.stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return l.skip(name, "it is a link to a file that doesn't exist")
		case err != nil:
			return fail(err)
		case real.IsDir():
			return l.skip(name, "it is a link to a directory")
		}
		fi = real
	}
	rel, err := filepath.Rel(l.dir, path)
	if err != nil {
		return fail(err)
	}
	rel = filepath.ToSlash(rel)
	if l.exclude != nil && l.exclude.Match(rel) || l.include != nil && !l.include.Match(rel) {
		return nil
	}
	if !fi.Mode().IsRegular() {
		l.tree.noteFile(path)
		// Argo CD logs and skips these. None can come from Git.
		return fail(&IrregularError{Path: name})
	}
	if strings.HasSuffix(name, ".jsonnet") {
		return l.jsonnet(ctx, path, name)
	}
	return l.manifest(path, name)
}

// manifest reads a file and puts it into the output, if it holds objects.
func (l *lister) manifest(path, name string) error {
	raw, err := l.tree.readFile(path)
	if err != nil {
		return &Error{File: name, Err: err}
	}
	data := toUTF8(raw)
	if bytes.Contains(data, []byte(skipMarker)) {
		return l.skip(name, "it says "+skipMarker)
	}
	if l.size += int64(len(raw)); l.max >= 0 && l.size > l.max {
		return &SizeError{Max: l.max}
	}
	ok, err := isManifest(name, data)
	if err != nil {
		return err
	}
	if !ok {
		return l.skip(name, "it holds no Kubernetes object")
	}
	l.out.Streams = append(l.out.Streams, Stream{Name: name, Data: data})
	return nil
}

func (l *lister) skip(name, reason string) error {
	l.out.Skipped = append(l.out.Skipped, Skipped{Name: name, Reason: reason})
	return nil
}
