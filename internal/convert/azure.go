package convert

import (
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
)

// azure: Azure Key Vault, always the latest version of a secret
// (lib/backends/azure-keyvault-backend.js:33-38 of 8.5.5). ESO takes a slash
// in the key for an object type (azure/keyvault getObjType, v0.9.20-v2.9.0).
func azure() backend {
	return backend{
		provider:   property.Azure,
		specFields: []string{"keyVaultName"},
		remote: func(c *conv, it *kes.Item) (eso.RemoteRef, bool) {
			if strings.Contains(it.Key, "/") {
				c.report(rule.NeverWorked, it.FieldPos("key"), "%s.key %s: names in Azure Key Vault have no slash, so KES never found it; ESO would take the first part for a type", it.Path, it.Key)
				return eso.RemoteRef{}, false
			}
			return eso.RemoteRef{Key: it.Key}, true
		},
	}
}
