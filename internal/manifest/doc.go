// Package manifest is the leaf that every other package stands on: it splits
// streams of YAML and JSON documents without parsing them, finds the objects
// of a group in them, prints ordered objects, and carries positions and
// findings.
//
// What isn't asked for is never re-serialised: an untouched document leaves
// as the very bytes that came in.
//
// # The way of a stream
//
// Transformer.Plan reads a stream once. marker.go looks for places that may
// spell a wanted API group; a stream without any is copied as it is, neither
// split nor held. split.go finds the document around such a place, and
// outline.go rules out those that merely quote one. What is left is parsed:
// by yaml.v3 (yamldoc.go), or as JSON (jsondoc.go), where only the wanted
// objects become nodes. The visitor decides; edit*.go turn its decisions into
// edits of the text, and verify.go reads the result back. The outcome is a
// list of ranges to copy and of new documents, which Plan.WriteTo writes.
//
// # Limits
//
// A document that may hold a wanted object is held in memory while it is
// looked at, and if it is YAML, parsed whole. An array at the root of a
// document is no object, as for kubectl, and stays as it is. A line starts
// after LF; a "---" after a lone CR or a Unicode line separator is a syntax
// error where it matters.
package manifest
