// Package render turns an application directory into the YAML streams that
// Argo CD would apply: a plain directory of manifests, a kustomization or a
// Helm chart, found by what the directory holds.
//
// Everything happens in this process with the tools' own libraries: no helm
// or kustomize binary, no shell, no network. Nothing outside the repository is
// read, through symbolic links neither, and nothing in it is written.
//
// The streams are the tools' own bytes: what `kustomize build` and
// `helm template --include-crds` print, and for a directory the files as they
// are. Nothing is parsed and printed again.
package render
