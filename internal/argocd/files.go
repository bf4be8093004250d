package argocd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
)

var errDirectory = errors.New("is a directory")

// readFile reads a regular file of at most limit bytes below root, wherever
// links lead; a pipe or a device is an error.
func readFile(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("read %s: %w", name, errDirectory)
	case !info.Mode().IsRegular():
		return nil, &PathError{Path: name, Reason: "not a regular file"}
	case info.Size() > limit:
		return nil, &LimitError{What: name, Max: limit}
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(b)) > limit {
		return nil, &LimitError{What: name, Max: limit}
	}
	return b, nil
}

// maxWalk bounds the entries of a checkout that a generator looks at.
const maxWalk = 500_000

// entry is a file or directory below a root.
type entry struct {
	name string // with "/"
	dir  bool
}

// list gives what is below root in lexical order, without .git. Links aren't
// followed.
func list(root *os.Root) ([]entry, error) {
	var out []entry
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case len(out) >= maxWalk:
			return &LimitError{What: "the number of files in the checkout", Max: maxWalk}
		case name == ".":
			return nil
		case path.Base(name) == ".git" && d.IsDir():
			return fs.SkipDir
		case path.Base(name) == ".git":
			return nil
		}
		out = append(out, entry{name, d.IsDir()})
		return nil
	})
	return out, err
}

// Listing is what git generators see of repositories, listed once. The zero
// value is ready; it is for a time in which no file comes or goes.
type Listing struct {
	mu   sync.Mutex
	dirs map[string][]entry
}

func (l *Listing) of(dir string, root *os.Root) ([]entry, error) {
	if l == nil {
		return list(root)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if files, ok := l.dirs[dir]; ok {
		return files, nil
	}
	files, err := list(root)
	if err != nil {
		return nil, err
	}
	if l.dirs == nil {
		l.dirs = map[string][]entry{}
	}
	l.dirs[dir] = files
	return files, nil
}

// sourcePath is a source's path below the root (util/app/path/path.go, Path).
func sourcePath(root *os.Root, p string) (string, error) {
	if strings.HasPrefix(p, "/") {
		return "", &PathError{Path: p, Reason: "app path is absolute"}
	}
	clean := path.Clean(p)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", &PathError{Path: p, Reason: "app path outside root"}
	}
	info, err := root.Stat(clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &PathError{Path: p, Reason: "app path does not exist"}
	case err != nil:
		return "", &PathError{Path: p, Reason: err.Error()}
	case !info.IsDir():
		return "", &PathError{Path: p, Reason: "app path is not a directory"}
	}
	return clean, nil
}
