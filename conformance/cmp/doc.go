// Package cmp holds `kesbridge plugin` to Argo CD's plugin contract: the real
// argocd-cmp-server runs plugin.yaml as it does in the sidecar, and Argo CD's
// own client code sends repositories to it. It only has tests, for Linux.
package cmp
