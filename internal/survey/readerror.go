package survey

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/render"
)

// NoControllerError says that a place tells nothing of KES.
type NoControllerError struct {
	From string
	// Object was asked for; Names are there.
	Object string
	Names  []string
}

func (e *NoControllerError) Error() string {
	switch {
	case e.Object != "":
		return fmt.Sprintf("%s holds no KES called %s", e.From, e.Object)
	case len(e.Names) > 0:
		return fmt.Sprintf("%s holds more than one KES: %s", e.From, strings.Join(e.Names, ", "))
	}
	return e.From + " holds no Deployment of KES and no values for its chart"
}

// Hint says what to do.
func (e *NoControllerError) Hint() string {
	if len(e.Names) > 0 {
		return "say which one: " + e.From + "#" + e.Names[0]
	}
	return "name the manifest of KES's Deployment, the values of its chart, an Application or HelmRelease of it, or a directory that renders to it"
}

// RenderError is a render that failed. Its reason isn't printed where it may
// quote the source, and can't be unwrapped: what stands there may be a secret.
type RenderError struct {
	From string
	err  error
}

func (e *RenderError) Error() string {
	if why := safe(e.err); why != "" {
		return "render " + e.From + ": " + why
	}
	where := e.From
	var at *render.Error
	if errors.As(e.err, &at) && at.File != "" {
		where = manifest.Pos{File: at.File, Line: at.Line, Column: at.Column}.String()
	}
	return "render " + e.From + ": it fails at " + where
}

// Is reports what ended the render from outside.
func (e *RenderError) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.err, target)
}

// Hint says what to do.
func (e *RenderError) Hint() string {
	command := "kesbridge render "
	if ext := path.Ext(e.From); ext == ".yaml" || ext == ".yml" || ext == ".json" {
		command += "--application "
	}
	return "the reason isn't shown, since it may quote secrets: `" + command + e.From + "` shows it; name the values file or the Deployment's manifest instead if it can't be rendered here"
}

// safe is the reason of errors that hold paths and names alone.
func safe(err error) string {
	var (
		network    *render.NetworkError
		outside    *render.OutsideError
		irregular  *render.IrregularError
		size       *render.SizeError
		dependency *render.DependencyError
		option     *render.BuildOptionError
	)
	switch {
	case errors.As(err, &network):
		return "network not allowed"
	case errors.As(err, &outside):
		return outside.Error()
	case errors.As(err, &irregular):
		return irregular.Error()
	case errors.As(err, &size):
		return size.Error()
	case errors.As(err, &dependency):
		return dependency.Error()
	case errors.As(err, &option):
		return option.Error()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "interrupted"
	}
	return ""
}
