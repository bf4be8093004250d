package cli

import (
	"errors"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
	"kesbridge/render"
)

// broken says that an app doesn't render.
func (r *checked) broken(pos manifest.Pos, err error) {
	r.app.State, r.app.Reason = report.Broken, strings.TrimPrefix(pos.String()+": "+reasonOf(err), ": ")
	f := rule.NotRendered.At(pos, manifest.Ref{}, "%s", reasonOf(err))
	if fix := fixOf(err); fix != "" {
		f.Fix = fix
	}
	r.about = append(r.about, f)
}

// failed sorts an error into what is wrong with the app, and what just isn't
// here.
func (r *checked) failed(err error) {
	plugin := (*argocd.PluginError)(nil)
	if errors.As(err, &plugin) {
		r.app.State, r.app.Reason = report.Blocked, plugin.Error()
		r.about = append(r.about, rule.NotChecked.At(r.app.Application, manifest.Ref{}, "%s", plugin.Error()))
		return
	}
	if elsewhere(err) {
		r.app.State, r.app.Reason = report.Skipped, firstLine(err.Error())
		r.about = append(r.about, rule.NotChecked.At(errorPos(err, r.app.Application), manifest.Ref{}, "%s", firstLine(err.Error())))
		return
	}
	r.broken(errorPos(err, r.app.Application), err)
}

// elsewhere tells what a checkout alone can't show.
func elsewhere(err error) bool {
	var (
		chart     *argocd.ChartError
		repo      *argocd.RepoError
		generator *argocd.GeneratorError
		clusters  *argocd.ClustersError
		network   *render.NetworkError
		depends   *render.DependencyError
	)
	return errors.As(err, &chart) || errors.As(err, &repo) || errors.As(err, &generator) || errors.As(err, &clusters) ||
		errors.As(err, &network) || errors.As(err, &depends)
}

// errorPos is the place that an error names, or where the app stands.
func errorPos(err error, otherwise manifest.Pos) manifest.Pos {
	var (
		rendering *render.Error
		app       *argocd.Error
		syntax    *manifest.SyntaxError
		from      *fromError
	)
	switch {
	case errors.As(err, &from):
		return from.from.Pos
	case errors.As(err, &rendering) && rendering.File != "":
		return manifest.Pos{File: rendering.File, Line: rendering.Line, Column: rendering.Column}
	case errors.As(err, &syntax) && syntax.Pos.File != "":
		return syntax.Pos
	case errors.As(err, &app) && app.Pos.File != "":
		return app.Pos
	}
	return otherwise
}

func fixOf(err error) string {
	var rendering *render.Error
	if errors.As(err, &rendering) && rendering.Fix != "" {
		return rendering.Fix
	}
	return whatToDo(err)
}

// reasonOf is an error without the place that it names.
func reasonOf(err error) string {
	var rendering *render.Error
	var from *fromError
	if errors.As(err, &from) {
		return firstLine(from.reason())
	}
	if errors.As(err, &rendering) && rendering.File != "" {
		return firstLine(rendering.Err.Error())
	}
	return firstLine(err.Error())
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
