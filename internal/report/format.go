package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// Options say how a report is written. The zero value works.
type Options struct {
	// Colour is for text alone.
	Colour bool
	// Width is the terminal's; text is cut to it. 0 is no terminal: nothing is cut.
	Width int
	// FailOn is the severity from which on findings fail; 0 means Error.
	FailOn manifest.Severity
	// Quiet leaves findings below FailOn out of text and github, Verbose lets
	// them show infos; the other formats hold everything.
	Quiet   bool
	Verbose bool
}

func (o Options) failOn() manifest.Severity {
	if o.FailOn == 0 {
		return manifest.Error
	}
	return o.FailOn
}

// shows is the severity from which on text and github have findings, as the
// other commands print them.
func (o Options) shows() manifest.Severity {
	switch {
	case o.Quiet:
		return min(manifest.Error, o.failOn())
	case o.Verbose:
		return manifest.Info
	}
	return min(manifest.Warning, o.failOn())
}

type writer func(io.Writer, *Report, Options) error

// formats has one row for each file of this package that writes one.
func formats() []struct {
	name  string
	write writer
} {
	return []struct {
		name  string
		write writer
	}{
		{"text", text}, {"json", jsonDocument}, {"junit", junit}, {"sarif", sarif},
		{"github", github}, {"gitlab", gitlab}, {"markdown", markdown}, {"html", html},
	}
}

// Formats lists the names that Write knows.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// FormatError is a format that doesn't exist, or a target that names none.
type FormatError struct{ Given string }

func (e *FormatError) Error() string {
	return fmt.Sprintf("unknown report %q: use FORMAT=PATH, FORMAT one of %s, PATH - for standard output", e.Given, strings.Join(Formats(), ", "))
}

// ParseTarget reads FORMAT=PATH; "-" is standard output. The path may hold
// another "=".
func ParseTarget(s string) (format, path string, err error) {
	format, path, ok := strings.Cut(s, "=")
	if !ok || path == "" || !slices.Contains(Formats(), format) {
		return "", "", &FormatError{Given: s}
	}
	return format, path, nil
}

// Write writes r in one format, in one piece: nothing is written where
// something fails before. It leaves r as it is, so that several formats may be
// written at once.
func Write(format string, w io.Writer, r *Report, o Options) error {
	for _, f := range formats() {
		if f.name != format {
			continue
		}
		var b bytes.Buffer
		if err := f.write(&b, r.settled(), o); err != nil {
			return fmt.Errorf("write the %s report: %w", format, err)
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return fmt.Errorf("write the %s report: %w", format, err)
		}
		return nil
	}
	return &FormatError{Given: format}
}
