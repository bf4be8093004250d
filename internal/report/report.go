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
	// Next is the next step of its way, as far as Git tells.
	Next *Next `json:"next,omitempty"`
}

// Next is the next step of a KES resource on its way to ESO.
type Next struct {
	// Step is the mode to set, "final" for final: true, or empty at the end of the
	// way.
	Step string `json:"step,omitempty"`
	// Safe: nothing in Git stands against the step now. What Git can't tell is
	// under needs.
	Safe bool `json:"safe"`
	// Started: somebody chose a mode, and kesbridge renders it for Argo CD.
	Started bool `json:"started"`
	// Or is a mode that is safe instead of it: protect, the guarded way.
	Or string `json:"or,omitempty"`
	// Blockers are the reasons why it isn't safe.
	Blockers []Blocker `json:"blockers,omitempty"`
	// Needs are what has to be so, or to be done, with the step.
	Needs []string `json:"needs,omitempty"`
	// Later are reasons against the steps behind it.
	Later []Blocker `json:"later,omitempty"`
}

// Blocker is a reason against a step.
type Blocker struct {
	// Code is stable: no-application, propagation, sync-option, label-tracking,
	// keys, deletion-policy, creation-policy, hook, owner, controller,
	// cannot-freeze, not-converted, recreated, hidden, readers, readers-not-seen.
	Code string `json:"code"`
	// Rule is the page of docs/findings.md about it.
	Rule string `json:"rule,omitempty"`
	// Message says what is so; Fix says what to do about it.
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Finding is a finding with what tells it again in another run.
type Finding struct {
	manifest.Finding
	// Fingerprint is the same in every format and run, wherever lines moved.
	Fingerprint string `json:"fingerprint"`
}
