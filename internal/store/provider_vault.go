package store

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"kesbridge/internal/manifest"
)

// buildVault follows KES's config/index.js, config/environment.js and
// lib/backends/vault-backend.js. The store has no path, so that keys stay what
// they are (buildPath of ESO's Vault provider).
func buildVault(b *builder) manifest.Map {
	n := b.Need
	m := manifest.Map{{Key: "server", Value: b.vaultServer()}}
	if v := b.optional("VAULT_NAMESPACE"); v.value != "" {
		m.Set("namespace", v.value)
		b.grant("with VAULT_NAMESPACE KES sent the token of its first login for every role: other roles may lack the rights that they seem to have, so check their policies")
	} else if v.set() {
		b.unknown(b.path+".namespace", true, "%s", b.where(v))
	}
	m.Set("version", "v"+strconv.Itoa(n.KVVersion))
	if v := b.optional("VAULT_PREFIX"); v.set() {
		b.unknown(b.path, false, "KES puts VAULT_PREFIX in front of each key, which no store does: write it into the keys")
	}
	b.vaultCA(&m)
	m.Set("auth", b.vaultAuth())
	return m
}

// vaultServer is VAULT_ADDR. KES's default, and its chart's, is a Vault in its
// own pod, which ESO's pod doesn't have.
func (b *builder) vaultServer() string {
	v := b.look("VAULT_ADDR")
	address := b.address("server", v.name, v.value)
	u, err := url.Parse(address)
	switch {
	case v.value == "" && v.open:
		b.unknown(b.path+".server", true, "%s", b.where(v))
	case v.value == "" && !v.set():
		b.unknown(b.path+".server", true, "%s, so it asks http://127.0.0.1:8200: a Vault in its own pod, which ESO's doesn't have", b.where(v))
	case v.value == "":
		b.unknown(b.path+".server", true, "%s", b.where(v))
	case address == "" || err != nil:
	case loopback(u.Hostname()):
		b.unknown(b.path+".server", true, "VAULT_ADDR of KES is %s: a Vault in its own pod, which ESO's doesn't have", address)
	}
	return address
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// vaultCA is the file of NODE_EXTRA_CA_CERTS, which node trusts beside its own
// list; ESO trusts caProvider alone.
func (b *builder) vaultCA(m *manifest.Map) {
	if b.look("VAULT_SKIP_VERIFY").set() || b.look("NODE_TLS_REJECT_UNAUTHORIZED").value == "0" {
		b.unknown(b.path+".caProvider", false, "KES doesn't verify Vault's certificate (VAULT_SKIP_VERIFY or NODE_TLS_REJECT_UNAUTHORIZED), ESO always does: name the CA here")
	}
	v := b.optional("NODE_EXTRA_CA_CERTS")
	if !v.set() {
		return
	}
	key, ok := b.KES.File(v.value)
	if !ok {
		b.unknown(b.path+".caProvider", false, "KES trusts the CA in %s (NODE_EXTRA_CA_CERTS), a file that no Secret or ConfigMap in Git gives it: put it into one and name it here", first(v.value, "a file"))
		return
	}
	ns := b.namespaceFor("caProvider", key.Kind+" "+key.Name)
	ca := manifest.Map{{Key: "type", Value: key.Kind}, {Key: "name", Value: key.Name}, {Key: "key", Value: key.Key}}
	if b.cluster && ns != "" {
		ca.Set("namespace", ns)
	}
	m.Set("caProvider", ca)
	switch from := b.kesNamespace(); {
	case !b.cluster && (ns == "" || ns != from):
		b.unknown(b.path+".caProvider", false, "make a copy of KES's %s %s in the store's namespace: a SecretStore reads its own", key.Kind, key.Name)
	case ns != "":
		b.keep(key.Kind + " " + key.Name)
	}
}

func (b *builder) vaultAuth() manifest.Map {
	// node-vault starts with VAULT_TOKEN; KES logs in where it has none.
	if v := b.optional("VAULT_TOKEN"); v.set() {
		b.grant("the token in VAULT_TOKEN of KES goes on being used; it has to be renewed by somebody")
		return manifest.Map{{Key: "tokenSecretRef", Value: b.selector("auth.tokenSecretRef", v)}}
	}
	mount := b.Need.VaultMountPoint
	if mount == "" {
		v := b.optional("DEFAULT_VAULT_MOUNT_POINT")
		if v.set() && v.value == "" {
			b.unknown(b.path+".auth.kubernetes.mountPath", true, "%s", b.where(v))
		}
		mount = first(v.value, "kubernetes")
	}
	k := manifest.Map{
		{Key: "mountPath", Value: mount},
		{Key: "role", Value: b.text("auth.kubernetes.role", b.Need.VaultRole, "DEFAULT_VAULT_ROLE")},
	}
	// ESO writes auth/MOUNT as KES does, whatever the mount.
	what := "Vault role " + first(b.Need.VaultRole, b.look("DEFAULT_VAULT_ROLE").value, "of KES") + " at auth/" + strings.Trim(mount, "/")
	ref, name, ok := b.account()
	if !ok {
		b.ambient()
		b.grant("%s: add ESO's service account to bound_service_account_names and its namespace to bound_service_account_namespaces, beside %s", what, b.whose())
		return manifest.Map{{Key: "kubernetes", Value: k}}
	}
	k.Set("serviceAccountRef", ref)
	b.grant("%s: bound_service_account_names must go on holding %s, and bound_service_account_namespaces %s, as for KES", what, name, b.kesNamespace())
	b.useAccount("auth.kubernetes.serviceAccountRef", name)
	return manifest.Map{{Key: "kubernetes", Value: k}}
}
