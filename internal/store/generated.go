package store

import (
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// Request asks for one store.
type Request struct {
	Need Need
	// Ref is its kind and name, Namespace where a SecretStore lives.
	Ref       eso.StoreRef
	Namespace string
	// KES is what Git tells of the controller; nil: nothing.
	KES     *kes.Controller
	Profile eso.Profile
	// Namespaces are those whose ExternalSecrets may use a ClusterSecretStore
	// (spec.conditions), sorted; nil: all.
	Namespaces []string
	// Class is spec.controller: the ESO that serves the store; empty: every.
	Class string
}

// Generated is a store, or why there is none.
type Generated struct {
	Ref       eso.StoreRef
	Namespace string
	Need      Need
	// Object is nil where an Unknown is Required.
	Object manifest.Map
	// Unknown is what Git can't know.
	Unknown []Unknown
	// Grants say what ESO's identity must be allowed that KES's was.
	Grants []string
	// Secrets are those that the store reads its credentials from.
	Secrets []SecretKey
}

// Unknown is a field whose value Git doesn't tell.
type Unknown struct {
	Path string // spec.provider.vault.server
	Text string // what is missing and who knows it
	// Required: the CRD or ESO refuses the store without it, or the store would
	// read from elsewhere or as somebody else. There is no Object then.
	Required bool
}

// SecretKey is a key of a Secret with a credential.
type SecretKey struct {
	Namespace, Name, Key string
	// Make says what to put there where the Secret doesn't exist yet; empty
	// for a Secret that KES uses.
	Make string
}
