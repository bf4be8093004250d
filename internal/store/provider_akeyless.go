package store

import "kesbridge/internal/manifest"

// buildAkeyless follows KES's config/akeyless-config.js and lib/backends/
// akeyless-backend.js. ESO takes all three settings from a Secret, also those
// that are no secrets.
func buildAkeyless(b *builder) manifest.Map {
	endpoint := "https://api.akeyless.io" // config/akeyless-config.js:4
	switch v := b.optional("AKEYLESS_API_ENDPOINT"); {
	case v.value != "":
		endpoint = b.address("akeylessGWApiURL", v.name, v.value)
	case v.set():
		b.unknown(b.path+".akeylessGWApiURL", true, "%s", b.where(v))
	}
	const field = "authSecretRef.secretRef."
	var ref manifest.Map
	add := func(name string, v variable) {
		ref.Set(name, b.selector(field+name, v))
	}
	for _, f := range []struct{ name, variable string }{{"accessID", "AKEYLESS_ACCESS_ID"}, {"accessType", "AKEYLESS_ACCESS_TYPE"}} {
		v := b.look(f.variable)
		if !v.set() {
			b.unknown(b.path+"."+field+f.name, true, "%s", b.where(v))
			continue
		}
		add(f.name, v)
	}
	kind := b.look("AKEYLESS_ACCESS_TYPE").value // empty also where a Secret has it
	param := b.look("AKEYLESS_ACCESS_TYPE_PARAM")
	switch {
	case param.set():
		add("accessTypeParam", param)
	case !param.open && kind != "access_key":
		// KES works without, so the access type needs none.
		ref.Set("accessTypeParam", b.secret(field+"accessTypeParam", keyOf(b.credentials, param.name), "empty text: KES has no "+param.name+", but ESO before 2.8 reads the key"))
	default:
		b.unknown(b.path+"."+field+"accessTypeParam", true, "%s", b.where(param))
	}
	switch kind {
	case "aws_iam", "azure_ad", "gcp":
		b.grant("the Akeyless auth method of AKEYLESS_ACCESS_ID must allow the cloud identity (%s) of ESO's pods, as it allows that of KES's", kind)
		b.ambient()
	case "":
		b.grant("the Akeyless auth method of AKEYLESS_ACCESS_ID: where its type is a cloud's (aws_iam, azure_ad, gcp), it must allow the identity of ESO's pods, as it allows that of KES's; an access key goes on being the same")
	default:
		b.grant("the access role of the Akeyless auth method of AKEYLESS_ACCESS_ID stays as it is: ESO logs in with the same id")
	}
	return manifest.Map{{Key: "akeylessGWApiURL", Value: endpoint}, {Key: "authSecretRef", Value: manifest.Map{{Key: "secretRef", Value: ref}}}}
}
