package convert

import (
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/property"
)

// gcp: GCP Secret Manager, projects/<projectId>/secrets/<key>/versions/<version
// or latest> in both (lib/backends/gcp-secrets-manager-backend.js:31-46 of
// 8.5.5; ESO gcp/secretmanager GetSecret, latest when empty). version is a
// string field in ESO.
func gcp() backend {
	return backend{
		provider:   property.GCP,
		itemFields: []string{"version"},
		specFields: []string{"projectId"},
		remote: func(c *conv, it *kes.Item) (eso.RemoteRef, bool) {
			c.shapes.gcpText = true
			ref := eso.RemoteRef{Key: it.Key, Version: it.Version}
			if ref.Version == "latest" {
				ref.Version = "" // the default of both
			}
			return ref, true
		},
	}
}
