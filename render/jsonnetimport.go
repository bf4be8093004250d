package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-jsonnet"
)

// importer finds imports as Argo CD does, and only regular files inside the
// repository: confinedImporter of reposerver/repository/repository.go (3.5.7,
// 3.6.1), which is jsonnet's FileImporter behind a check. Names are relative
// to the root with a leading "/", so that std.thisFile and errors are the same
// on every machine.
type importer struct {
	ctx  context.Context
	tree *tree
	libs []string // the application's directory first
	// contents by name: the library wants the same for the same name.
	contents map[string]jsonnet.Contents
	// failed are errors by their messages, as the library keeps no more.
	failed map[string]error
}

// Import finds a file for import, importstr and importbin.
func (i *importer) Import(from, imported string) (jsonnet.Contents, string, error) {
	c, at, err := i.find(from, imported)
	if err != nil {
		if from != "" || !strings.HasPrefix(imported, "/") {
			err = fmt.Errorf("import %q: %w", imported, err)
		}
		i.failed[err.Error()] = err
	}
	return c, at, err
}

func (i *importer) find(from, imported string) (jsonnet.Contents, string, error) {
	if err := context.Cause(i.ctx); err != nil {
		return jsonnet.Contents{}, "", err
	}
	name, err := i.locate(from, imported)
	if err != nil {
		return jsonnet.Contents{}, "", err
	}
	at := "/" + name
	if c, ok := i.contents[at]; ok {
		return c, at, nil
	}
	data, err := i.tree.readFile(filepath.Join(i.tree.root, filepath.FromSlash(name)))
	if err != nil {
		return jsonnet.Contents{}, "", err
	}
	// Whatever its name, it may be imported as code.
	if err := checkNesting(data); err != nil {
		return jsonnet.Contents{}, "", &Error{File: name, Err: err}
	}
	c := jsonnet.MakeContentsRaw(data)
	i.contents[at] = c
	return c, at, nil
}

// locate gives the name of the first file that exists: relative to the
// importing file, then to the libraries, the last one first.
func (i *importer) locate(from, imported string) (string, error) {
	var names []string
	switch {
	case from == "" && strings.HasPrefix(imported, "/"):
		return strings.TrimPrefix(imported, "/"), nil // the file to evaluate
	case filepath.IsAbs(imported):
		// Argo CD takes it if it is in the checkout, wherever that may be.
		name, ok := i.tree.rel(filepath.Clean(imported))
		if !ok {
			return "", &OutsideError{Path: imported}
		}
		names = []string{name}
	default:
		// Code of options has no file: Argo CD looks into the directory in which
		// its server runs, where nothing of an application is.
		if from != "" {
			names = append(names, path.Join(path.Dir(strings.TrimPrefix(from, "/")), imported))
		}
		for _, lib := range slices.Backward(i.libs) {
			names = append(names, path.Join(lib, imported))
		}
	}
	var outside error
	for _, name := range names {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			outside = &OutsideError{Path: imported} // not even looked at
			continue
		}
		// Not resolved yet: a link that leads nowhere is found, and is an error.
		_, err := i.tree.dir.Lstat(filepath.FromSlash(name))
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			// Through a link out of the repository, perhaps: the error says so.
			_, rerr := i.tree.resolve(filepath.Join(i.tree.root, filepath.FromSlash(name)))
			return "", cmp.Or(rerr, err)
		}
		i.tree.trace(filepath.Join(i.tree.root, filepath.FromSlash(name)))
	}
	if outside != nil {
		return "", outside
	}
	return "", errors.New("no such file next to the importing file or in the libraries")
}
