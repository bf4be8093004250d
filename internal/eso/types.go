// Package eso holds the External Secrets Operator objects that kesbridge
// emits, lean: only the fields that it writes, and what each ESO version
// knows and defaults of them.
package eso

import "kesbridge/internal/manifest"

// Group is ESO's API group.
const Group = "external-secrets.io"

// ExternalSecret is what one KES ExternalSecret becomes. The fields follow
// apis/externalsecrets/v1/externalsecret_types.go of ESO v0.16.0-v2.9.0 and
// apis/externalsecrets/v1beta1 of v0.9.20-v0.15.1, which agree on them.
type ExternalSecret struct {
	Name      string
	Namespace string
	// Labels and Annotations are the ExternalSecret's own, in input order;
	// all values are strings. They never reach the Secret, since Template is
	// always printed.
	Labels      manifest.Map
	Annotations manifest.Map

	// RefreshInterval is a Go duration in Go's own form: "1h0m0s", which is
	// also what "" stands for.
	RefreshInterval string
	Store           StoreRef
	Target          Target
	Data            []Data
	DataFrom        []DataFrom
}

// StoreRef names a SecretStore or ClusterSecretStore; without Kind ESO takes
// it for a SecretStore.
type StoreRef struct {
	Name string
	Kind string
}

// Target is the Secret. creationPolicy is always Owner and deletionPolicy
// always Retain: KES owned its Secret and kept it when the backend failed.
type Target struct {
	// Name is the Secret's name where it differs from the ExternalSecret's.
	Name      string
	Immutable bool
	Template  Template
}

// Template is target.template; it is printed even when it is empty.
type Template struct {
	// Type is the Secret's type; KES's default Opaque is spelled out.
	Type        string
	Labels      manifest.Map
	Annotations manifest.Map
	// Data are templates by key, in order.
	Data manifest.Map
	// TemplateFrom, in order: of one key the last wins, and Data over all.
	TemplateFrom []TemplateFrom
	// Merge keeps fetched keys beside Data (mergePolicy Merge).
	Merge bool
	// Finalizers exist since ESO 0.20; Map leaves them out for profiles that
	// don't know them, so whoever sets them asks Profile.Knows first.
	Finalizers []string
}

// TemplateFrom is a template for keys that aren't known beforehand. What it
// prints is a YAML mapping of text to text, whose keys become keys of the
// Secret (target Data).
type TemplateFrom struct {
	Literal string
}

// RemoteRef names a value in the backend.
type RemoteRef struct {
	Key      string
	Property string
	Version  string
	// Decode is the decodingStrategy; "" is None.
	Decode string
}

// Data is one entry of spec.data.
type Data struct {
	SecretKey string
	RemoteRef RemoteRef
}

// DataFrom is one entry of spec.dataFrom: an extract or a find.
type DataFrom struct {
	Extract *RemoteRef
	Find    *Find
	Rewrite []Rewrite
}

// Find selects by path and by a regular expression on the name.
type Find struct {
	Path   string
	Regexp string
}

// Rewrite is one regexp rewrite of the found keys.
type Rewrite struct {
	Source string
	Target string
}
