package preview

import (
	"bytes"
	"io"

	"github.com/rogpeppe/go-internal/diff"
)

// Unified prints how b differs from a as a unified diff with three lines of
// context; nothing if it doesn't.
func Unified(w io.Writer, colour bool, oldName, newName string, a, b []byte) error {
	_, text, _ := bytes.Cut(diff.Diff(oldName, a, newName, b), []byte("\n")) // its first line is for patch
	if !colour {
		_, err := w.Write(text)
		return err
	}
	var out bytes.Buffer
	n := 0
	for line := range bytes.Lines(text) {
		paint(&out, n, bytes.TrimSuffix(line, []byte("\n")))
		n++
	}
	_, err := w.Write(out.Bytes())
	return err
}

// paint colours a line as git does.
func paint(out *bytes.Buffer, n int, line []byte) {
	code := ""
	switch {
	case n < 2:
		code = "1" // the names
	case bytes.HasPrefix(line, []byte("@@")):
		code = "36"
	case bytes.HasPrefix(line, []byte("-")):
		code = "31"
	case bytes.HasPrefix(line, []byte("+")):
		code = "32"
	}
	if code != "" {
		out.WriteString("\x1b[" + code + "m")
	}
	out.Write(line)
	if code != "" {
		out.WriteString("\x1b[0m")
	}
	out.WriteByte('\n')
}
