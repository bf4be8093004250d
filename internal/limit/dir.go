package limit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// DirError is a directory that another user could change, so that it can't
// be used.
type DirError struct {
	// Path is the directory.
	Path string
	// Reason is what is wrong with it.
	Reason string
}

func (e *DirError) Error() string {
	return fmt.Sprintf("use directory %s for limiting: %s; name one that does not exist yet, or that is this user's alone (mode 0700)", e.Path, e.Reason)
}

// DefaultDir is kesbridge-UID in the directory for temporary files.
func DefaultDir() string {
	return filepath.Join(os.TempDir(), "kesbridge-"+strconv.Itoa(os.Geteuid()))
}

// openDir makes the directory where it is absent and opens it. It must be a
// directory, not a link to one, this user's, and closed to all others.
func openDir(dir string) (*os.Root, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("make directory for limiting: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make directory for limiting: %w", err)
	}
	seen, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("look at directory for limiting: %w", err)
	}
	refuse := func(format string, args ...any) error {
		return &DirError{Path: dir, Reason: fmt.Sprintf(format, args...)}
	}
	switch uid, ok := owner(seen); {
	case seen.Mode()&fs.ModeSymlink != 0:
		return nil, refuse("it is a symbolic link")
	case !seen.IsDir():
		return nil, refuse("it is not a directory")
	case supported && (!ok || uid != os.Geteuid()):
		return nil, refuse("it belongs to user %d, not to user %d", uid, os.Geteuid())
	case supported && seen.Mode().Perm()&0o077 != 0:
		return nil, refuse("others may use it (mode %#o)", seen.Mode().Perm())
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open directory for limiting: %w", err)
	}
	// What was looked at is what was opened.
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = refuse("it was replaced while it was opened")
	}
	for _, name := range []string{queueDir, slotDir, scratchDir} {
		if err != nil {
			break
		}
		if err = root.Mkdir(name, 0o700); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("open directory for limiting: %w", err)
	}
	return root, nil
}
