package store

import (
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// buildAlibaba follows KES's config/alicloud-config.js and lib/backends/
// alicloud-secrets-manager-backend.js. ESO has the provider up to 1.3.
func buildAlibaba(b *builder) manifest.Map {
	m := manifest.Map{{Key: "regionID", Value: b.alibabaRegion()}}
	if b.Need.RoleArn != "" {
		b.unknown(b.path+".auth.rrsa", true, "KES assumes role %s with an access key; ESO assumes roles through RRSA only (OIDC): write the store by hand", b.Need.RoleArn)
		return m
	}
	var ref manifest.Map
	for _, f := range []struct{ name, variable string }{{"accessKeyIDSecretRef", "ALICLOUD_ACCESS_KEY_ID"}, {"accessKeySecretSecretRef", "ALICLOUD_ACCESS_KEY_SECRET"}} {
		v, field := b.look(f.variable), "auth.secretRef."+f.name
		if !v.set() {
			b.unknown(b.path+"."+field, true, "%s", b.where(v))
			continue
		}
		ref.Set(f.name, b.selector(field, v))
	}
	b.grant("the RAM user of the access key must keep kms:GetSecretValue on the secrets, as for KES")
	m.Set("auth", manifest.Map{{Key: "secretRef", Value: ref}})
	return m
}

// alibabaRegion is in the endpoint's name: ESO makes the endpoint of the region.
func (b *builder) alibabaRegion() string {
	v := b.look("ALICLOUD_ENDPOINT")
	host := strings.TrimRight(v.value, "/")
	host, _, _ = strings.Cut(host[strings.LastIndexByte(host, '/')+1:], ":")
	parts := strings.Split(host, ".")
	switch {
	case v.value == "":
		b.unknown(b.path+".regionID", true, "%s", b.where(v))
	case len(parts) == 4 && parts[1] != "" && (parts[0] == "kms" || parts[0] == "kms-vpc") && strings.HasSuffix(host, ".aliyuncs.com"):
		if parts[0] == "kms-vpc" {
			b.unknown(b.path+".regionID", false, "KES asks %s; ESO asks the public kms.%s.aliyuncs.com", host, parts[1])
		}
		return parts[1]
	default:
		b.unknown(b.path+".regionID", true, "the region of KES's ALICLOUD_ENDPOINT, which isn't kms.REGION.aliyuncs.com")
	}
	return ""
}

func keyOf(name, key string) kes.Key { return kes.Key{Kind: "Secret", Name: name, Key: key} }
