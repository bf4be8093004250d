// Package cutover holds the hand-over of live Secrets to a real kube-apiserver,
// etcd, garbage collector and the controllers of three ESO releases, with a
// stand-in for kubernetes-external-secrets (package kes). Every Secret is
// watched, each event is kept, and a reader reads it all the while. It only has
// tests, for Linux.
package cutover
