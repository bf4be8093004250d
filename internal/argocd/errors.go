package argocd

import (
	"fmt"
	"strings"

	"kesbridge/internal/manifest"
)

// Error is a failure of one Application, ApplicationSet or file.
type Error struct {
	Pos manifest.Pos
	// Object is "Application/argocd/web", or empty.
	Object string
	Err    error
	// Fix says what to do about it; may be empty.
	Fix string
}

// Error gives "file:line:col: object: reason" and on the next line what to do.
func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Pos.String(), e.Object} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	b.WriteString(e.Err.Error())
	if e.Fix != "" {
		b.WriteString("\n  " + e.Fix)
	}
	return b.String()
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// MultipleTypesError is a source with the options of more than one tool.
type MultipleTypesError struct{ Types []string }

// Error is Argo CD's own text (types.go, ExplicitType).
func (e *MultipleTypesError) Error() string {
	return "multiple application sources defined: " + strings.Join(e.Types, ",")
}

// UnsupportedError is a field that can't be honoured.
type UnsupportedError struct{ Field, Value, Reason string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: %s isn't supported: %s", e.Field, e.Value, e.Reason)
}

// PluginError is a source for a config management plugin.
type PluginError struct {
	Name string
	// Plugin is the block, with the .argocd-source files merged in.
	Plugin *ApplicationSourcePlugin
}

func (e *PluginError) Error() string {
	if e.Name == "" {
		return "the source is for a config management plugin that Argo CD finds by itself"
	}
	return fmt.Sprintf("the source is for the config management plugin %q", e.Name)
}

// ChartError is a chart that isn't in a checkout but in a Helm repository.
type ChartError struct{ Chart, RepoURL, Version string }

func (e *ChartError) Error() string {
	return fmt.Sprintf("chart %s %s is in the Helm repository %s", e.Chart, e.Version, e.RepoURL)
}

// RepoError is a repository that isn't the checkout.
type RepoError struct {
	// For is "source 2", "ref $values" or "git generator".
	For     string
	RepoURL string
	// Known are the URLs of the checkout.
	Known []string
}

func (e *RepoError) Error() string {
	s := fmt.Sprintf("%s is in the repository %s, which isn't here", e.For, e.RepoURL)
	if len(e.Known) > 0 {
		s += ": this is " + strings.Join(e.Known, ", ")
	}
	return s
}

// RefError is a $ref that no source has.
type RefError struct {
	Ref   string // with its $
	Known []string
}

// Error is Argo CD's own text (reposerver/repository/repository.go,
// resolveReferencedSources).
func (e *RefError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("source referenced %q, but no source has a 'ref' field defined", e.Ref)
	}
	return fmt.Sprintf("source referenced %q, which is not one of the available sources (%s)", e.Ref, strings.Join(e.Known, ", "))
}

// PathError is a path that can't be an application's.
type PathError struct{ Path, Reason string }

func (e *PathError) Error() string { return e.Path + ": " + e.Reason }

// GeneratorError is a generator of an ApplicationSet that needs more than a
// checkout, or that nobody knows.
type GeneratorError struct {
	Generator string
	Unknown   bool
}

func (e *GeneratorError) Error() string {
	if e.Unknown {
		return "unknown generator " + e.Generator
	}
	return "generator " + e.Generator + " needs what isn't in a checkout"
}

// ClustersError is a clusters generator with a selector where no clusters are
// known: it would quietly make nothing.
type ClustersError struct{}

func (e *ClustersError) Error() string { return "no clusters are known to select from" }

// TemplateError is a template that fails.
type TemplateError struct {
	Template string
	Err      error
}

func (e *TemplateError) Error() string {
	t := e.Template
	if len(t) > 80 {
		t = t[:77] + "..."
	}
	return fmt.Sprintf("template %q: %v", t, e.Err)
}

// Unwrap gives the reason.
func (e *TemplateError) Unwrap() error { return e.Err }

// LimitError is an input beyond what a real one needs.
type LimitError struct {
	What string
	Max  int64
}

func (e *LimitError) Error() string { return fmt.Sprintf("%s is larger than %d", e.What, e.Max) }
