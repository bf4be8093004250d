package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is what Find looks for.
const FileName = "kesbridge.yaml"

// Find looks for kesbridge.yaml from a directory upwards to the repository's
// root, the directory that holds `.git` (a directory, or a file in a
// worktree); the nearest one wins, and nothing is merged. It returns "" where
// there is none.
//
// Outside a repository only the directory itself is looked at: further up,
// anybody may have put a file (think of /tmp).
//
// The path comes back as startDir was given: absolute, or relative to the
// current directory.
func Find(startDir string) (path string, err error) {
	abs, err := filepath.Abs(startDir)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", FileName, err)
	}
	// Parents are those of the real directory, not of a link to it: the
	// repository that owns the files decides.
	dir, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", FileName, err)
	}
	root, err := Root(dir)
	if err != nil {
		return "", err
	}
	return findUp(dir, root, startDir)
}

// FindIn is Find in a repository whose root is known: a plugin may get it
// without its .git. Both are absolute, without links.
func FindIn(startDir, root string) (path string, err error) {
	return findUp(startDir, root, startDir)
}

func findUp(dir, root, startDir string) (string, error) {
	for {
		file := filepath.Join(dir, FileName)
		found, err := exists(file)
		if err != nil {
			return "", err
		}
		if found {
			return likeStart(file, startDir), nil
		}
		if dir == root || dir == filepath.Dir(dir) {
			return "", nil
		}
		dir = filepath.Dir(dir)
	}
}

// Root is the nearest directory upwards with a .git in it, or dir.
func Root(dir string) (string, error) {
	for up := dir; ; {
		found, err := exists(filepath.Join(up, ".git"))
		if err != nil {
			return "", err
		}
		if found {
			return up, nil
		}
		next := filepath.Dir(up)
		if next == up {
			return dir, nil
		}
		up = next
	}
}

// exists doesn't follow links: a dangling kesbridge.yaml is there, and Load
// says what is wrong with it.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	}
	return false, fmt.Errorf("look for %s: %w", FileName, err)
}

// likeStart makes the path relative again where the start was.
func likeStart(file, startDir string) string {
	if filepath.IsAbs(startDir) {
		return file
	}
	cwd, err := os.Getwd()
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(cwd); err == nil {
		cwd = real
	}
	if rel, err := filepath.Rel(cwd, file); err == nil {
		return rel
	}
	return file
}
