// Package crd holds objects against the CRDs of External Secrets Operator as
// an API server would that has them: what it refuses, and what it prunes.
//
// The schemas of ExternalSecret, SecretStore and ClusterSecretStore of seven
// ESO releases, v0.9.20 to v2.9.0, are embedded: types, required fields,
// enums, patterns, formats, bounds and CEL rules, without descriptions.
// Other kinds of the group (PushSecret, ClusterExternalSecret, generators)
// aren't: Set.Knows says so, and Check says nothing of them.
//
// The order of an API server is kept (k8s.io/apiextensions-apiserver v0.36.1,
// pkg/apiserver/customresource_handler.go): unknown fields are pruned, nulls
// that aren't allowed fall away, defaults are set, and the outcome is
// validated. status is not looked at, since a writer of the main resource
// can't set it. conformance/crd compares the verdicts with those of the API
// server's own code.
package crd
