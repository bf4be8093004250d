// Package rewrite changes Application and ApplicationSet manifests where they
// stand: it puts kesbridge's plugin block in the place of a native block and
// the other way round. Only the lines of the block change; the result is read
// back and compared before anybody gets it.
package rewrite
