// Package fleet finds the applications of a repository, and what else in Git
// decides whether they can be synced: AppProjects, Argo CD's resource filters,
// and what says which ESO is installed.
package fleet

import (
	"cmp"
	"slices"
	"sync"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/survey"
)

// Candidate is an application to look at.
type Candidate struct {
	// App is the Application; nil for a directory that is an application by
	// itself. Of an Application with sources elsewhere it has the others only;
	// those are named in Skipped.
	App *argocd.Application
	// Dir is the application's directory, relative to the root with "/", where
	// App is nil.
	Dir string
	// Clusters are names under clusters in kesbridge.yaml that it is rendered
	// for; none: wherever its Application sends it.
	Clusters []string
	// From says what it was found by: an Application's file, an apps entry, a
	// directory.
	From manifest.Pos

	depth int // of the apps of apps that it was found through
}

// Skip is something that can't be looked at from Git alone.
type Skip struct {
	Pos    manifest.Pos
	Ref    manifest.Ref
	Reason string
	// App is the Application that is left out, or one of whose sources is; nil
	// where it is none.
	App *argocd.Application
}

// Fleet is what a repository holds.
type Fleet struct {
	// Apps are in a fixed order: Applications, then directories. Directories
	// that an Application renders which is found later, in rendered output,
	// are Superseded.
	Apps []Candidate
	// Skipped are named, never silent.
	Skipped []Skip

	checkout *argocd.Checkout
	options  Options
	tree     *tree
	scope    []string // nil: all

	mu       sync.Mutex
	seen     map[string]bool // Applications and ApplicationSets
	rendered map[string]bool // directories that an Application renders
	recurse  map[string]bool // those of them that it renders with all below
	listed   bool            // kesbridge.yaml lists the apps
	apps     []argocd.Application
	projects map[string][]*project
	filters  []filter
	tracking []tracked
	evidence *survey.Evidence
}

// Options are what a checkout doesn't tell.
type Options struct {
	// Argo are Argo CD's, with the clusters of both configurations.
	Argo argocd.Options
	// Config is kesbridge.yaml, for its apps; may be nil.
	Config *config.Config
	// Exclude are directories that hold no apps, relative to the root with "/",
	// such as those of stored output.
	Exclude []string
}

// skip notes what is left out, unless it isn't asked about.
func (f *Fleet) skip(s Skip) {
	if f.inScope(s.Pos.File) {
		f.Skipped = append(f.Skipped, s)
	}
}

// sortSkipped puts them in order and drops repetitions.
func sortSkips(skips []Skip) []Skip {
	slices.SortStableFunc(skips, func(a, b Skip) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Ref.String(), b.Ref.String()), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.CompactFunc(skips, func(a, b Skip) bool { return a.Pos == b.Pos && a.Ref == b.Ref && a.Reason == b.Reason })
}
