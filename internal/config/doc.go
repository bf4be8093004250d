// Package config reads kesbridge.yaml: which store serves which secret, how
// KES was set up, and what differs between clusters.
//
// The file is held to one table (table.go): the parser walks it, and the
// published JSON schema is printed from it, so the two can't say different
// things. Every mistake of a file is reported at once, each with its place.
package config
