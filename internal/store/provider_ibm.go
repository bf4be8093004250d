package store

import (
	"strings"

	"kesbridge/internal/manifest"
)

const ibmPrefix = "IBM_CLOUD_SECRETS_MANAGER_API_"

// buildIBM follows KES's config/ibmcloud-config.js and lib/backends/
// ibmcloud-secrets-manager-backend.js: with AUTH_TYPE the IBM SDK reads its
// settings from the environment, else it is an API key.
func buildIBM(b *builder) manifest.Map {
	endpoint := b.address("serviceUrl", ibmPrefix+"ENDPOINT", b.text("serviceUrl", "", ibmPrefix+"ENDPOINT"))
	m := manifest.Map{{Key: "serviceUrl", Value: endpoint}}
	var auth manifest.Map
	kind := b.optional(ibmPrefix + "AUTH_TYPE")
	if kind.set() && kind.value == "" {
		b.unknown(b.path+".auth", true, "%s", b.where(kind))
		return m
	}
	switch strings.ToLower(kind.value) {
	case "", "iam":
		key := b.look(ibmPrefix + "APIKEY")
		if !key.set() {
			b.unknown(b.path+".auth.secretRef.secretApiKeySecretRef", true, "%s", b.where(key))
			return m
		}
		auth.Set("secretRef", manifest.Map{{Key: "secretApiKeySecretRef", Value: b.selector("auth.secretRef.secretApiKeySecretRef", key)}})
		b.grant("the service ID of the API key must keep the role SecretsReader on the instance, as for KES")
		if b.look(ibmPrefix + "AUTH_URL").set() {
			b.unknown(b.path+".auth.secretRef.iamEndpoint", false, "KES asks another IAM for tokens (%sAUTH_URL); ESO has a field for it from 1.1 on", ibmPrefix)
		}
	case "container":
		c := manifest.Map{{Key: "profile", Value: b.text("auth.containerAuth.profile", "", ibmPrefix+"IAM_PROFILE_NAME")}}
		if v := b.optional(ibmPrefix + "CR_TOKEN_FILENAME"); v.value != "" {
			c.Set("tokenLocation", v.value)
		} else if v.set() {
			b.unknown(b.path+".auth.containerAuth.tokenLocation", false, "the file in %s of KES, where that isn't the usual one", v.name)
		}
		if v := b.optional(ibmPrefix + "AUTH_URL"); v.value != "" {
			c.Set("iamEndpoint", b.address("auth.containerAuth.iamEndpoint", v.name, v.value))
		}
		auth.Set("containerAuth", c)
		b.grant("trusted profile %s must trust ESO's service account and namespace (it trusts %s now), and the token's file has to be mounted in the pods of ESO's controller and of its webhook, which refuses the store without it", first(c.At("profile").(string), "of KES"), b.whose())
		b.ambient()
	default:
		b.unknown(b.path+".auth", true, "KES logs in by %s (%sAUTH_TYPE), for which ESO has no form: only an API key and a trusted profile (container)", kind.value, ibmPrefix)
		return m
	}
	m.Set("auth", auth)
	return m
}
