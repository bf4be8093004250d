// Package report prints what check found: one file per format, all from the
// same Report.
package report

import "kesbridge/internal/manifest"

// Report is what a run of check found. Paths are relative to the repository's
// root, with "/"; nothing in it depends on the machine or the time.
type Report struct {
	// Version is kesbridge's own.
	Version string `json:"version"`
	// Apps are in the order of their IDs.
	Apps []App `json:"apps"`
	// Findings are those that belong to no app.
	Findings []Finding `json:"findings,omitempty"`
}

// State says what an app is ready for.
type State string

// The states, in the order in which tables list them.
const (
	// Native: no KES resources, so that the app stays as it is.
	Native State = "native"
	// Rewrite: the few KES resources stand plainly in the app's own manifests,
	// so that changing them in Git is less work than a plugin.
	Rewrite State = "rewrite"
	// Plugin: it renders and converts under the plugin.
	Plugin State = "plugin"
	// Blocked: it can't be a plugin app; Reason says why.
	Blocked State = "blocked"
	// Decision: somebody has to decide something first; Reason says what.
	Decision State = "decision"
	// Broken: it doesn't render, or not to the same bytes twice.
	Broken State = "broken"
	// Skipped: it can't be looked at here; Reason says why.
	Skipped State = "skipped"
)

// States lists them in order.
func States() []State {
	return []State{Native, Rewrite, Plugin, Decision, Blocked, Broken, Skipped}
}

// App is one application on one cluster.
type App struct {
	// ID is unique in a report and stable: the name of the Application (its
	// path without one), and the cluster behind "@" where there is one.
	ID        string `json:"id"`
	Name      string `json:"name"`
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Project   string `json:"project,omitempty"`
	// Path is the directory of its (first) source.
	Path string `json:"path,omitempty"`
	// Application is where its Application or ApplicationSet stands.
	Application manifest.Pos `json:"application,omitzero"`
	// Kind of source: directory, kustomize or helm; empty where it isn't known.
	Kind   string `json:"kind,omitempty"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	// KES resources found, and those of them that were converted.
	KES       int       `json:"kes"`
	Converted int       `json:"converted"`
	Secrets   []Secret  `json:"secrets,omitempty"`
	Findings  []Finding `json:"findings,omitempty"`
}

// Secret is one KES resource and what becomes of it.
type Secret struct {
	Ref manifest.Ref `json:"ref"`
	// Pos is where it stands in the sources.
	Pos  manifest.Pos `json:"pos"`
	Mode string       `json:"mode,omitempty"`
	// Store is "Kind/name" of the store that it references.
	Store string `json:"store,omitempty"`
	// Target is the name of the Secret that ESO makes.
	Target string `json:"target,omitempty"`
	// Before and After are YAML; After is empty where nothing was converted.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Finding is a finding with what tells it again in another run.
type Finding struct {
	manifest.Finding
	// Fingerprint is the same in every format and run, wherever lines moved.
	Fingerprint string `json:"fingerprint"`
}
