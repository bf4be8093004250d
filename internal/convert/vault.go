package convert

import (
	"net/url"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// vault: HashiCorp Vault. KES asks GET <addr>/v1/<key>, key verbatim
// (lib/backends/vault-backend.js:90 of 8.5.5). ESO with a store without path
// asks for kv 2 keys that contain /data/ and for all kv 1 keys verbatim too
// (vault client_get.go buildPath, v0.9.20-v2.9.0), for every mount.
func vault() backend {
	return backend{
		provider:   property.Vault,
		specFields: []string{"vaultMountPoint", "vaultRole", "kvVersion"},
		remote: func(c *conv, it *kes.Item) (eso.RemoteRef, bool) {
			ref, ok := c.vaultKey(it)
			if !ok {
				return ref, false
			}
			kv := c.kvVersion()
			if kv == 2 && !strings.Contains(ref.Key, "/data/") {
				c.report(rule.VaultKey, it.FieldPos("key"), "%s.key %s has no /data/: KES asked a kv version 2 mount for exactly that and got nothing; ESO would insert data/ and read something", it.Path, it.Key)
				return ref, false
			}
			if p := c.choice.Path; p != "" && !store.VaultKeyFits(p, kv, ref.Key) {
				c.report(rule.StorePath, it.FieldPos("key"), "%s.key %s is not below the path %s of %s %s", it.Path, it.Key, p, c.out.Store.Kind, c.out.Store.Name)
				return ref, false
			}
			if it.Property == nil {
				c.shapes.vaultWhole = true
			}
			c.shapes.vaultKV1 = kv == 1
			c.vaultNamespace()
			return ref, true
		},
	}
}

func (c *conv) kvVersion() int {
	if v := c.in.Spec.KVVersion; v != 0 {
		return v
	}
	return 2
}

// vaultKey rewrites what the two send differently, so that the request is the
// same: KES's key is the rest of a URL, ESO's is a path that it escapes.
func (c *conv) vaultKey(it *kes.Item) (eso.RemoteRef, bool) {
	key, _, _ := strings.Cut(it.Key, "#")
	key, query, hasQuery := strings.Cut(key, "?")
	ref := eso.RemoteRef{}
	if hasQuery {
		version, ok := strings.CutPrefix(query, "version=")
		if !ok || version == "" || strings.Trim(version, "0123456789") != "" {
			c.report(rule.NoEquivalent, it.FieldPos("key"), "%s.key has the query ?%s; ESO can send only ?version=N", it.Path, query)
			return ref, false
		}
		ref.Version = version
	}
	decoded, err := url.PathUnescape(key)
	if err != nil {
		c.report(rule.NeverWorked, it.FieldPos("key"), "%s.key %s has a broken percent-escape", it.Path, it.Key)
		return ref, false
	}
	ref.Key = strings.TrimPrefix(decoded, "/")
	cleaned := strings.HasPrefix(ref.Key, "/") || strings.HasSuffix(ref.Key, "/")
	for i, part := range strings.Split(ref.Key, "/") {
		cleaned = cleaned || part == "." || part == ".." || (part == "" && i > 0)
	}
	if cleaned {
		c.report(rule.VaultKeyCleaned, it.FieldPos("key"), "%s.key %s: KES sends it as it is, ESO cleans the path before it asks", it.Path, it.Key)
	}
	if strings.Contains(strings.TrimPrefix(key, "/"), "%2F") || strings.Contains(key, "%2f") {
		c.report(rule.VaultKeyCleaned, it.FieldPos("key"), "%s.key %s has an escaped slash, which ESO sends as a slash", it.Path, it.Key)
	}
	return ref, true
}

// vaultNamespace is said once per object (config/index.js:63-79 of 8.5.5).
func (c *conv) vaultNamespace() {
	if c.opts.Settings.Controller["VAULT_NAMESPACE"] == "" || c.in.Spec.VaultRole == "" {
		return
	}
	for _, f := range c.fs {
		if f.Rule == rule.VaultNamespace.ID {
			return
		}
	}
	c.report(rule.VaultNamespace, c.in.Spec.Pos("vaultRole"), "with VAULT_NAMESPACE KES sent its first token for every role; ESO logs in as %s, whose policies may differ", c.in.Spec.VaultRole)
}
