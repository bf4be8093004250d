package render

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// The engine says where in its messages only (helm v4.2.4
// pkg/engine/engine.go; text/template; releaseutil.SortManifests).
var (
	templatePlace = regexp.MustCompile(`^(?:execution error at \(|parse error at \()?([^\s():]+):(\d+)(?::(\d+))?\)?:?\s+`)
	renderedPlace = regexp.MustCompile(`^YAML parse error on ([^:]+): (?:error converting YAML to JSON: )?(?:yaml: (?:line (\d+): )?)?`)
)

// helmError makes a place of the template that the engine names.
func (a *app) helmError(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	msg := err.Error()
	if m := renderedPlace.FindStringSubmatch(msg); m != nil {
		reason := "renders to broken YAML: " + msg[len(m[0]):]
		if m[2] != "" {
			reason = fmt.Sprintf("renders to broken YAML: line %s of a document: %s", m[2], msg[len(m[0]):])
		}
		return &Error{File: a.templateFile(m[1]), Err: &chartError{reason, err}}
	}
	if m := templatePlace.FindStringSubmatch(msg); m != nil {
		line, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		if m[3] != "" {
			col++ // text/template counts columns from 0
		}
		return &Error{
			File: a.templateFile(m[1]), Line: line, Column: col,
			Err: &chartError{"render template: " + strings.TrimSpace(msg[len(m[0]):]), err},
		}
	}
	return &Error{File: a.name, Err: fmt.Errorf("render chart: %w", err)}
}

// templateFile is the file of a template, which the engine calls by the names
// of its charts, "shop/charts/db/templates/x.yaml".
func (a *app) templateFile(name string) string {
	_, rest, ok := strings.Cut(name, "/")
	if !ok {
		return name
	}
	if _, err := a.tree.stat(filepath.Join(a.dir, filepath.FromSlash(rest))); err != nil {
		return name // packed, or under an alias
	}
	return path.Join(a.name, rest)
}

// chartError is one of Helm's errors without its place.
type chartError struct {
	msg string
	err error
}

func (e *chartError) Error() string { return e.msg }
func (e *chartError) Unwrap() error { return e.err }
