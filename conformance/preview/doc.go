// Package preview holds kesbridge's previews to a whole Argo CD: API server,
// controller, repo-server, plugin sidecar and command line of 3.1.16, with
// Debian's redis-server and a real kube-apiserver and etcd. It only has
// tests, for Linux.
package preview
