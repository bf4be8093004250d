// Package fleet finds the applications of a repository.
package fleet

import (
	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
)

// Candidate is an application to look at.
type Candidate struct {
	// App is the Application; nil for a directory that is an application by
	// itself.
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
}

// Skip is something that can't be looked at from Git alone.
type Skip struct {
	Pos    manifest.Pos
	Ref    manifest.Ref
	Reason string
}

// Fleet is what a repository holds.
type Fleet struct {
	// Apps are in a fixed order.
	Apps []Candidate
	// Skipped are named, never silent.
	Skipped []Skip
}
