// Package render turns an application directory into the YAML streams that
// Argo CD would apply: a plain directory of manifests and jsonnet, a
// kustomization or a Helm chart, found by what the directory holds, with the
// options that an Application may have for it.
//
// Everything happens in this process with the tools' own libraries: no helm
// or kustomize binary, no shell, and no network unless an administrator allows
// it (Network). Nothing outside the repository is
// read, through symbolic links neither, and nothing in it is written. Two
// things ask for a program, and are off unless an administrator allows them:
// charts in a kustomization, for which kustomize runs this program again (see
// HelmCommand), and remote bases, for which it runs git (Network).
//
// Helm's libraries tell some of what they do on the default loggers of slog
// and log; a program that wants its stderr for itself sets those. That a
// resource was left out is in Output.Warnings, too.
//
// The streams are the tools' own bytes: what `kustomize build` and
// `helm template --include-crds` print, and for a directory the files as they
// are. Nothing is parsed and printed again; only what jsonnet evaluates to is
// printed here, as YAML.
package render
