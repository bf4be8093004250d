package render

import (
	"fmt"
	"strings"
)

// Error is a failure at a place in the source.
type Error struct {
	// File is relative to Root, with "/".
	File string
	// Line and Column count from 1; 0 is unknown.
	Line, Column int
	Err          error
	// Fix says what to do about it; may be empty.
	Fix string
}

// Error gives "file:line:col: reason" and on the next line what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, ":%d", e.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	if e.Fix != "" {
		b.WriteString("\n  " + e.Fix)
	}
	return b.String()
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// NetworkError says that a source needs something from elsewhere.
type NetworkError struct{ URL string }

func (e *NetworkError) Error() string { return "network not allowed: " + e.URL }

// OutsideError says that a path leads out of the repository, perhaps through
// a symbolic link.
type OutsideError struct{ Path string }

func (e *OutsideError) Error() string {
	return e.Path + " is outside the repository"
}

// IrregularError says that a path is a device, a pipe, a socket or a file of
// the kernel's.
type IrregularError struct{ Path string }

func (e *IrregularError) Error() string { return e.Path + " is not a regular file" }

// UnsupportedError says that a source uses something that this package
// doesn't do.
type UnsupportedError struct{ What string }

func (e *UnsupportedError) Error() string { return e.What + " isn't supported" }

// SizeError says that the files of a directory are too large together.
type SizeError struct{ Max int64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("the manifests of this directory are larger than %d bytes together", e.Max)
}

// DependencyError names the charts that a chart needs and doesn't hold.
type DependencyError struct{ Missing []string }

func (e *DependencyError) Error() string {
	return "dependencies missing in charts/: " + strings.Join(e.Missing, ", ")
}
