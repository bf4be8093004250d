package cutover

import "kesbridge/internal/manifest"

// MayReference reports whether objects of a kind can name Secrets in fields
// that References knows.
func MayReference(group, kind string) bool {
	return len(rowsOf(manifest.Ref{Group: group, Kind: kind})) > 0
}
