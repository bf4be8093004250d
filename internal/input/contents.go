package input

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// contents are what paths below a root are, each looked at once: applications
// share files.
type contents struct {
	root string
	mu   sync.Mutex
	of   map[string]*content
}

type content struct {
	once  sync.Once
	state string
	err   error
}

// absent is the state of what isn't there.
const absent = "-"

// state is a digest of what all inputs are.
func (c *contents) state(s Set) (string, error) {
	sum := sha256.New()
	for _, l := range []struct {
		kind  string
		names []string
	}{{"file", s.in.Files}, {"dir", s.in.Dirs}, {"missing", s.in.Missing}} {
		for _, name := range l.names {
			one := c.get(l.kind == "dir", name)
			if one.err != nil {
				return "", one.err
			}
			fmt.Fprintf(sum, "%s %q %s\n", l.kind, name, one.state)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// unchanged fails if an input isn't what it was, or may have been another, at
// that time.
func (c *contents) unchanged(s Set, then time.Time) error {
	root, err := os.OpenRoot(c.root)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, list := range [][]string{s.in.Files, s.in.Dirs} {
		for _, name := range list {
			fi, err := root.Lstat(filepath.FromSlash(name))
			if err != nil {
				return err
			}
			if fi.ModTime().After(then) {
				return fmt.Errorf("%s was written while it was read", name)
			}
		}
	}
	for _, name := range s.in.Missing {
		if _, err := root.Lstat(filepath.FromSlash(name)); err == nil {
			return fmt.Errorf("%s came to be", name)
		}
	}
	return nil
}

func (c *contents) get(dir bool, name string) *content {
	key := name
	if dir {
		key += "/"
	}
	c.mu.Lock()
	one := c.of[key]
	if one == nil {
		one = &content{}
		c.of[key] = one
	}
	c.mu.Unlock()
	one.once.Do(func() { one.state, one.err = look(c.root, name, dir) })
	return one
}

// look says what a path is; of a directory, with dir, which names are in it.
func look(at, name string, dir bool) (string, error) {
	root, err := os.OpenRoot(at) // a name from a record leads nowhere else
	if err != nil {
		return "", err
	}
	defer root.Close()
	name = filepath.FromSlash(name)
	fi, err := root.Lstat(name)
	if err != nil {
		// What stands where a directory would be is looked at by itself.
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return absent, nil
		}
		return "", err
	}
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		target, err := root.Readlink(name)
		return fmt.Sprintf("link %q", target), err
	case fi.Mode().IsRegular():
		return hash(root, name)
	case fi.IsDir() && dir:
		return names(root, name)
	}
	return "other " + fi.Mode().Type().String(), nil
}

func hash(root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// names is a digest of what is in a directory and of which type.
func names(root *os.Root, name string) (string, error) {
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(name)) // sorted
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(sum, "%q %s\n", e.Name(), e.Type())
	}
	return "dir " + hex.EncodeToString(sum.Sum(nil)), nil
}
