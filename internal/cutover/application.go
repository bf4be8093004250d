package cutover

import (
	"slices"
	"strings"

	"github.com/gobwas/glob"

	"kesbridge/internal/manifest"
)

// Application is what an Argo CD Application says of how its objects are
// synced, pruned and tracked. Rules and defaults are those of Argo CD 3.1.16.
type Application struct {
	// Name is what Argo CD's command line takes.
	Name string
	Ref  manifest.Ref
	Pos  manifest.Pos
	// Plugin: kesbridge renders it; otherwise its KES resources are in the
	// cluster as they are in Git.
	Plugin      bool
	SyncOptions []string
	// Automated, Prune, SelfHeal are spec.syncPolicy.automated.
	Automated, Prune, SelfHeal bool
	// Cascade: a finalizer of the Application deletes its objects with it.
	Cascade bool
	Ignored []Ignored
	// Tracking is how Argo CD tells which objects are the Application's.
	Tracking Tracking
}

// Tracking is application.resourceTrackingMethod of argocd-cm, as Git has it.
type Tracking struct {
	// Method is empty where Git doesn't tell it: annotation since Argo CD 3.0.
	Method string
	// LabelKey is application.instanceLabelKey, or empty.
	LabelKey string
	Pos      manifest.Pos
}

// ByLabel reports whether objects are tracked by their label alone.
func (t Tracking) ByLabel() bool { return t.Method == "label" }

// Key is the label's key.
func (t Tracking) Key() string {
	if t.LabelKey == "" {
		return "app.kubernetes.io/instance"
	}
	return t.LabelKey
}

// Ignored is an entry of spec.ignoreDifferences.
type Ignored struct {
	Group, Kind, Name, Namespace string // Group and Kind are globs
	Pointers                     []string
	// Others are jq expressions and managers, which can't be told apart here.
	Others []string
}

func (a *Application) has(option string) bool {
	return a != nil && slices.Contains(a.SyncOptions, option)
}

// value is that of the first option with a key (types.go, GetOptionValue).
func (a *Application) value(key string) string {
	if a == nil {
		return ""
	}
	for _, o := range a.SyncOptions {
		if v, ok := strings.CutPrefix(o, key+"="); ok {
			return v
		}
	}
	return ""
}

// Orphan reports whether it prunes with propagation orphan.
func (a *Application) Orphan() bool { return a != nil && OrphanPrune(a.SyncOptions) }

// propagation names the one in force where that isn't orphan.
func (a *Application) propagation() string {
	switch {
	case a.has("PrunePropagationPolicy=background"):
		return "PrunePropagationPolicy=background"
	case a.has("PrunePropagationPolicy=foreground"):
		return "PrunePropagationPolicy=foreground"
	}
	return "foreground, Argo CD's default"
}

// fits reports whether the entry is about an object. An empty namespace of the
// object is taken for any: it is the Application's own.
func (i *Ignored) fits(ref manifest.Ref) bool {
	globs := func(pattern, s string) bool {
		g, err := glob.Compile(pattern)
		return err == nil && g.Match(s)
	}
	return globs(i.Group, ref.Group) && globs(i.Kind, ref.Kind) && (i.Name == "" || i.Name == ref.Name) &&
		(i.Namespace == "" || ref.Namespace == "" || i.Namespace == ref.Namespace)
}

// covers reports whether it hides the field at a JSON pointer, or may: what jq
// and managers select isn't told apart.
func (i *Ignored) covers(pointer string) (what string, ok bool) {
	for _, p := range i.Pointers {
		if p == pointer || strings.HasPrefix(pointer, strings.TrimSuffix(p, "/")+"/") {
			return p, true
		}
	}
	for _, o := range i.Others {
		return o, true
	}
	return "", false
}

// hides says which entry keeps Argo CD from seeing, or from setting, what the
// freeze of a KES object changes.
func (a *Application) hides(ref manifest.Ref, pointers ...string) (entry, pointer string, ok bool) {
	if a == nil {
		return "", "", false
	}
	for i := range a.Ignored {
		e := &a.Ignored[i]
		if !e.fits(ref) {
			continue
		}
		for _, p := range pointers {
			if what, ok := e.covers(p); ok {
				return what, p, true
			}
		}
	}
	return "", "", false
}

// What freeze and protect change in a KES object.
const (
	controllerPointer  = "/spec/controllerId"
	syncOptionsPointer = "/metadata/annotations/argocd.argoproj.io~1sync-options"
)
