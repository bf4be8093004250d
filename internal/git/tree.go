package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Kinds of entries in a tree, by git's modes.
const (
	modeFile       = "100644"
	modeExecutable = "100755"
	modeLink       = "120000"
	modeSubmodule  = "160000"
)

// entry is a file, a symbolic link or a submodule of a tree.
type entry struct {
	mode, id string
	size     int64
	path     string // from the root, with "/"
}

// NameError says that a tree holds a name that no checkout may have.
type NameError struct{ Path string }

func (e *NameError) Error() string {
	return fmt.Sprintf("read tree: %q is no name for a file", e.Path)
}

// tree lists the files of a commit.
func (r *Repo) tree(ctx context.Context, commit string) ([]entry, error) {
	out, err := r.output(ctx, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var files []entry
	for line := range strings.SplitSeq(string(out), "\x00") {
		if line == "" {
			continue
		}
		head, name, ok := strings.Cut(line, "\t")
		f := strings.Fields(head) // mode, type, id, size
		if !ok || len(f) != 4 {
			return nil, fmt.Errorf("read tree: git ls-tree said %q", line)
		}
		e := entry{mode: f[0], id: f[2], path: name}
		if f[1] == "blob" {
			if e.size, err = strconv.ParseInt(f[3], 10, 64); err != nil {
				return nil, fmt.Errorf("read tree: the size of %s: %w", name, err)
			}
		}
		if !allowed(name) {
			return nil, &NameError{name}
		}
		files = append(files, e)
	}
	return files, nil
}

// allowed refuses what git itself doesn't check out (read-cache.c,
// verify_path): ways out of the directory, and into .git, as any file system
// may spell it.
func allowed(name string) bool {
	if name == "" || path.IsAbs(name) || filepath.Separator != '/' && strings.Contains(name, `\`) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "", part == ".", part == "..":
			return false
		case isGit(part):
			return false
		}
	}
	return true
}

// isGit reports whether a file system may take a name for .git: NTFS drops
// dots and blanks at the end, and what follows a colon; HFS+ drops characters
// without width.
func isGit(part string) bool {
	part, _, _ = strings.Cut(part, ":")
	part = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, part)
	part = strings.ToLower(strings.TrimRight(part, ". "))
	return part == ".git" || part == "git~1"
}

// readBatch reads what cat-file --batch prints for blobs.
func readBatch(out io.Reader, files []entry, take func(entry, int64, io.Reader) error) error {
	in := bufio.NewReaderSize(out, 256<<10)
	for _, f := range files {
		line, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("read %s: %w", f.path, err)
		}
		parts := strings.Fields(line)
		if len(parts) != 3 || parts[0] != f.id || parts[1] != "blob" {
			return fmt.Errorf("read %s: git cat-file said %q", f.path, strings.TrimSpace(line))
		}
		size, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return fmt.Errorf("read %s: %w", f.path, err)
		}
		body := &io.LimitedReader{R: in, N: size}
		if err := take(f, size, body); err != nil {
			return err
		}
		if body.N > 0 {
			return fmt.Errorf("read %s: %w", f.path, io.ErrUnexpectedEOF)
		}
		if _, err := in.Discard(1); err != nil {
			return fmt.Errorf("read %s: %w", f.path, err)
		}
	}
	return nil
}
