// Package preview shows what will change: unified diffs for people, without
// the values of Secrets.
package preview
