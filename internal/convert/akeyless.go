package convert

import (
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/property"
)

// akeyless: the full item name, as it is, in both; version fields are ignored
// (lib/backends/akeyless-backend.js:30-59 of 8.5.5; ESO akeyless GetSecret).
func akeyless() backend {
	return backend{
		provider: property.Akeyless,
		remote: func(c *conv, it *kes.Item) (eso.RemoteRef, bool) {
			c.shapes.akeyless = true
			return eso.RemoteRef{Key: it.Key}, true
		},
	}
}
