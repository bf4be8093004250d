package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"kesbridge/internal/argocd"
	"kesbridge/internal/crd"
	"kesbridge/internal/eso"
	"kesbridge/internal/fleet"
	"kesbridge/internal/input"
	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
)

// inspect looks at the ESO objects that people wrote.
func (w *work) inspect(ctx context.Context) error {
	r := w.r
	for i, p := range w.plans {
		opts := w.options[i]
		set := w.c.schemas(opts.Profile)
		err := p.Find(ctx, []string{eso.Group}, []string{eso.Group}, func(o *manifest.Object) {
			w.kinds[o.Ref.Kind] = true
			w.rendered(o)
			if o.Ref.Kind == "ExternalSecret" {
				w.note(o, i)
			}
			if !opts.VersionSet && opts.Evidence == "" && crd.Possible(o) {
				return // nobody says which ESO runs
			}
			for _, problem := range set.Check(o) {
				pos := o.Pos
				if problem.Node != nil {
					pos = o.PosOf(problem.Node)
				}
				r.about = append(r.about, rule.Invalid.At(w.place(pos, o.Ref), o.Ref, "%s", problem))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clusterScoped are ESO's kinds without a namespace.
var clusterScoped = []string{"ClusterSecretStore", "ClusterExternalSecret", "ClusterPushSecret", "ClusterGenerator"}

// crossFile holds the output against what else is in the repository.
func (w *work) crossFile() {
	r, c := w.r, w.c
	app := w.j.candidate.App
	if app == nil {
		return
	}
	server := app.Spec.Destination.Server
	if known := c.known[w.j.cluster]; known.Server != "" {
		server = known.Server
	}
	for _, kind := range slices.Sorted(maps.Keys(w.kinds)) {
		if pos, why, ok := c.fleet.Forbidden(app.Project(), eso.Group, kind, !slices.Contains(clusterScoped, kind)); ok {
			r.about = append(r.about, rule.Forbidden.At(pos, manifest.Ref{Group: eso.Group, Kind: kind}, "%s", why))
		}
		if pos, why, ok := c.fleet.Excluded(server, eso.Group, kind); ok {
			r.about = append(r.about, rule.Forbidden.At(pos, manifest.Ref{Group: eso.Group, Kind: kind}, "%s", why))
		}
	}
	if r.app.KES > 0 && fleet.RefSources(app) {
		r.about = append(r.about, rule.OtherSources.At(r.app.Application, manifest.Ref{Group: argocd.Group, Kind: "Application", Namespace: app.Metadata.Namespace, Name: app.Metadata.Name},
			"value files come from another source ($ref)"))
	}
}

// generatePaths compares the annotation with what was read.
func (w *work) generatePaths() {
	app := w.j.candidate.App
	if app == nil || len(app.Sources()) != 1 || w.r.app.State == report.Broken || w.r.app.State == report.Skipped {
		return
	}
	annotation := app.Metadata.Annotations[fleet.GeneratePathsAnnotation]
	if annotation == "" {
		return
	}
	missing, value := input.GeneratePaths(annotation, app.Sources()[0].Path, input.New(w.c.checkout.Root, append(w.c.inGit(w.rs), w.read...)...))
	if len(missing) == 0 {
		return
	}
	more := ""
	if n := len(missing) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	w.r.about = append(w.r.about, rule.GeneratePaths.At(w.c.fleet.Annotation(w.j.candidate, fleet.GeneratePathsAnnotation),
		manifest.Ref{Group: argocd.Group, Kind: "Application", Namespace: app.Metadata.Namespace, Name: app.Metadata.Name},
		"it leaves out %s%s, which the render reads; the value that has all of it: %s", missing[0], more, value))
}

// blocked says why an app with KES resources can't be a plugin app.
func (w *work) blocked() (string, bool) {
	app := w.j.candidate.App
	switch {
	case app == nil:
		return "", false
	case fleet.RefSources(app):
		return "value files come from another source ($ref), which no plugin sees", true
	}
	return w.c.fleet.Blocked(app)
}
