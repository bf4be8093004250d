// Package git reads a repository through the user's git: what differs from a
// revision, and a revision's files. The checkout, the index, the refs and the
// object store are never written to.
package git
