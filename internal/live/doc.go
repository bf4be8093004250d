// Package live compares what a plugin would send with what runs, as Argo CD's
// application controller does: the same normalisation of targets, the same
// matching of live objects, the same three-way diff. It reads what
// `argocd app manifests NAME --source live` prints and never asks a cluster.
//
// The rules are those of Argo CD 3.1.16 (controller/state.go,
// util/argo/resource_tracking.go) and of its gitops-engine (pkg/diff,
// pkg/sync); conformance/argocd holds this package to both.
package live
