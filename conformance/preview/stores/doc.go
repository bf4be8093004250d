// Package stores gives every store that kesbridge generates to a real
// kube-apiserver with the CRDs of each ESO release, and compares what is
// stored with what was printed. It only has tests, for Linux.
package stores
