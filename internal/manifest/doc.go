// Package manifest is the leaf that every other package stands on: it splits
// streams of YAML and JSON documents without parsing them, finds the objects
// of a group in them, prints ordered objects, and carries positions and
// findings.
//
// What isn't asked for is never re-serialised: an untouched document leaves
// as the very bytes that came in.
package manifest
