package cli

import (
	"bytes"
	"errors"
	"io"
	"syscall"

	"kesbridge/internal/manifest"
)

// EmptyError says that nothing was rendered or read.
type EmptyError struct {
	What string
	// Below are applications in subdirectories, if there are any.
	Below string
}

func (e *EmptyError) Error() string { return e.What }

// Hint says what to do.
func (e *EmptyError) Hint() string {
	if e.Below != "" {
		return "applications below it: " + e.Below + "; give one of those"
	}
	return "with pruning on an empty render deletes the application; if it is meant to be empty, use --allow-empty"
}

// joiner writes streams one after another so that no two documents run
// together; a single stream leaves byte for byte.
type joiner struct {
	w    io.Writer
	last byte // of what was written, 0 for nothing
	next bool // another stream begins with the next byte
}

func (j *joiner) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if j.next {
		j.next = false
		if _, err := io.WriteString(j.w, j.separator(p)); err != nil {
			return 0, err
		}
	}
	j.last = p[len(p)-1]
	return j.w.Write(p)
}

// separator is what has to stand in front of a stream that begins with head.
func (j *joiner) separator(head []byte) string {
	if j.last == 0 {
		return ""
	}
	s := ""
	if j.last != '\n' {
		s = "\n"
	}
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	switch {
	case bytes.HasPrefix(head, []byte("---")):
		return s
	case bytes.HasPrefix(head, []byte("%")):
		return s + "...\n" // a directive must not follow a separator
	}
	return s + "---\n"
}

// write prints all plans; nothing was printed before.
func (a *app) write(plans []*manifest.Plan) error {
	j := &joiner{w: a.out}
	for _, p := range plans {
		j.next = true
		if _, err := p.WriteTo(j.target(len(plans))); err != nil {
			return writeError(err)
		}
	}
	return nil
}

// target is the bare writer where only one stream is written, so that the
// kernel may copy.
func (j *joiner) target(streams int) io.Writer {
	if streams == 1 {
		return j.w
	}
	return j
}

func writeError(err error) error {
	hint := "what was written so far is not whole: don't use it, and run again"
	switch {
	case errors.Is(err, syscall.EPIPE):
		hint = "the reader closed the pipe before everything was written; whatever it did with the beginning is not the whole application"
	case errors.Is(err, syscall.ENOSPC):
		hint = "free some space and run again; what was written is not whole and must not be used"
	}
	return &hintError{err, hint}
}
