package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// MissingError says that there is no git to run.
type MissingError struct{}

func (*MissingError) Error() string { return "run git: there is no such command in PATH" }

// Hint says what to do.
func (*MissingError) Hint() string { return "install git: revisions are read with it" }

// NoRepositoryError says that a directory is in no repository.
type NoRepositoryError struct {
	Dir string
	// Reason is git's own, such as a directory of somebody else's.
	Reason string
}

func (e *NoRepositoryError) Error() string {
	return fmt.Sprintf("%s is in no git repository: %s", e.Dir, e.Reason)
}

// Hint says what to do.
func (e *NoRepositoryError) Hint() string {
	return "run it in a checkout: revisions are read from the repository that holds the application"
}

// RevisionError says that a repository has no such commit.
type RevisionError struct{ Revision string }

func (e *RevisionError) Error() string { return fmt.Sprintf("revision %q: no such commit", e.Revision) }

// Hint says what to do.
func (e *RevisionError) Hint() string {
	return "give a branch, a tag or a commit that is here; in CI, fetch it first (a shallow clone holds only one commit)"
}

// commandError is a git command that failed.
type commandError struct {
	command string
	err     error
	stderr  string
}

func (e *commandError) Error() string {
	s := "git " + e.command + ": " + e.err.Error()
	if e.stderr != "" {
		s += ": " + e.stderr
	}
	return s
}

func (e *commandError) Unwrap() error { return e.err }

// Repo is a checkout.
type Repo struct {
	// Root is its top directory, without symbolic links.
	Root string
}

// Open finds the checkout that holds a directory. The error is a
// *MissingError or a *NoRepositoryError where git or a repository is missing.
func Open(ctx context.Context, dir string) (*Repo, error) {
	out, err := (&Repo{Root: dir}).output(ctx, "rev-parse", "--show-toplevel")
	var failed *commandError
	switch {
	case errors.As(err, &failed) && ctx.Err() == nil:
		return nil, &NoRepositoryError{Dir: dir, Reason: failed.stderr}
	case err != nil:
		return nil, err
	}
	root := strings.TrimSuffix(strings.TrimSuffix(string(out), "\n"), "\r")
	if root == "" {
		return nil, &NoRepositoryError{Dir: dir, Reason: "it has no files of its own (a bare repository)"}
	}
	if root, err = filepath.EvalSymlinks(filepath.FromSlash(root)); err != nil {
		return nil, fmt.Errorf("find repository: %w", err)
	}
	return &Repo{Root: root}, nil
}

// Resolve gives the commit that a revision names: a branch, a tag, a commit or
// an expression of git's. It is a *RevisionError if there is none.
func (r *Repo) Resolve(ctx context.Context, rev string) (commit string, err error) {
	if rev == "" || strings.ContainsRune(rev, 0) {
		return "", &RevisionError{rev}
	}
	out, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	var failed *commandError
	if errors.As(err, &failed) && ctx.Err() == nil {
		return "", &RevisionError{rev}
	}
	return strings.TrimSpace(string(out)), err
}

// command makes a git command that neither locks nor fetches, whatever the
// environment of a hook or an alias would have it do. ssh and credentials are
// not asked for, since nothing here talks to anybody.
func (r *Repo) command(ctx context.Context, args ...string) (*exec.Cmd, *tail, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, nil, &MissingError{}
	}
	// No fsmonitor: it is a program that the repository's configuration names.
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Dir = r.Root
	cmd.WaitDelay = 2 * time.Second
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		// A hook's: they would choose another repository than the directory's.
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_TRACE"}, name)
	})
	cmd.Env = append(env, "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C")
	stderr := &tail{}
	cmd.Stderr = stderr
	return cmd, stderr, nil
}

func (r *Repo) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd, stderr, err := r.command(ctx, args...)
	if err != nil {
		return nil, err
	}
	out, err := cmd.Output()
	return out, failure(ctx, args[0], err, stderr)
}

func failure(ctx context.Context, command string, err error, stderr *tail) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", command, context.Cause(ctx))
	}
	return &commandError{command, err, stderr.String()}
}

// batch runs cat-file for some objects and hands each to take, in their order.
// take must read all of it.
func (r *Repo) batch(ctx context.Context, files []entry, take func(entry, int64, io.Reader) error) error {
	cmd, stderr, err := r.command(ctx, "cat-file", "--batch", "--buffer")
	if err != nil {
		return err
	}
	var ids bytes.Buffer
	for _, f := range files {
		ids.WriteString(f.id + "\n")
	}
	cmd.Stdin = &ids
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return failure(ctx, "cat-file", err, stderr)
	}
	if err := readBatch(out, files, take); err != nil {
		_ = cmd.Process.Kill()
		werr := cmd.Wait()
		if ctx.Err() != nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			if f := failure(ctx, "cat-file", werr, stderr); f != nil {
				return f
			}
		}
		return err
	}
	return failure(ctx, "cat-file", cmd.Wait(), stderr)
}

// tail keeps the end of what a command says.
type tail struct{ buf []byte }

const maxTail = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - maxTail; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	return strings.TrimPrefix(strings.Join(strings.Fields(strings.ToValidUTF8(string(t.buf), "?")), " "), "fatal: ")
}
