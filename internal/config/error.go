package config

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/spelling"
)

// Error is one mistake in a configuration file.
type Error struct {
	Pos manifest.Pos
	// Key is the way to the value: "stores[0].match.region"; empty for the
	// file as a whole.
	Key string
	// Message says what is wrong and, where that is known, what was meant.
	Message string
}

// Error gives "file:line:col: key: message".
func (e *Error) Error() string {
	s := e.Pos.String()
	if e.Key != "" {
		if s != "" {
			s += ": "
		}
		s += e.Key
	}
	if s != "" {
		s += ": "
	}
	return s + e.Message
}

// NoClusterError says that the file distinguishes clusters and none was
// chosen: their stores and settings differ, so there is no safe guess.
type NoClusterError struct {
	File  string
	Names []string // sorted
}

func (e *NoClusterError) Error() string {
	return fmt.Sprintf("%s defines clusters and none was chosen: use --cluster with one of %s", e.File, strings.Join(e.Names, ", "))
}

// UnknownClusterError says that a cluster was chosen that isn't defined.
type UnknownClusterError struct {
	// File is empty where there is no configuration at all.
	File  string
	Name  string
	Names []string // sorted
}

func (e *UnknownClusterError) Error() string {
	switch {
	case e.File == "":
		return fmt.Sprintf("unknown cluster %q: there is no %s that defines clusters", e.Name, FileName)
	case len(e.Names) == 0:
		return fmt.Sprintf("unknown cluster %q: %s defines no clusters", e.Name, e.File)
	}
	if s := spelling.Closest(e.Name, e.Names); s != "" {
		return fmt.Sprintf("unknown cluster %q in %s: did you mean %q?", e.Name, e.File, s)
	}
	return fmt.Sprintf("unknown cluster %q: %s defines %s", e.Name, e.File, strings.Join(e.Names, ", "))
}

// LockedError says that an app author's file locks keys.
type LockedError struct{ File string }

func (e *LockedError) Error() string {
	return e.File + ": locked: only the administrator's file (KESBRIDGE_CONFIG) may lock keys"
}

// Hint says what to do.
func (e *LockedError) Hint() string { return "take locked out, or set KESBRIDGE_CONFIG to the file" }

// sortErrors orders by position, so that a person can go down the file.
func sortErrors(errs []*Error) {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
}
