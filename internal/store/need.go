// Package store decides which SecretStore or ClusterSecretStore serves a KES
// resource: one that a flag or a rule names, or one whose name is derived
// from what it must hold. Such a store it generates (Generate), as far as the
// settings of KES that stand in Git tell what it holds.
package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// Need is what a KES resource asks of a store, as its manifest says; an empty
// field leaves it to the KES controller's settings. The zero value of each
// field is "not given", as KES itself takes empty text.
type Need struct {
	// Backend is KES's backendType; the old spelling secretManager is
	// secretsManager.
	Backend string

	Region  string // AWS
	RoleArn string // AWS and Alibaba

	VaultMountPoint string
	VaultRole       string
	KVVersion       int // 1 or 2; 0 is KES's default, 2

	KeyVaultName string // Azure
	ProjectID    string // Google Cloud
}

// Normal is the need without what KES ignores for its backend (a region on
// Vault, say) and with KES's fixed defaults spelled out. Two resources need
// the same store exactly if their normal needs are equal.
func (n Need) Normal() Need {
	if n.Backend == "secretManager" {
		n.Backend = "secretsManager" // config/index.js of KES, "backwards compatibility"
	}
	m := Need{Backend: n.Backend}
	switch n.Backend {
	case "secretsManager", "systemManager":
		m.Region, m.RoleArn = n.Region, n.RoleArn
	case "vault":
		m.VaultMountPoint, m.VaultRole, m.KVVersion = n.VaultMountPoint, n.VaultRole, n.KVVersion
		if m.KVVersion == 0 {
			m.KVVersion = 2 // lib/backends/vault-backend.js:44 of KES
		}
	case "azureKeyVault":
		m.KeyVaultName = n.KeyVaultName
	case "gcpSecretsManager":
		m.ProjectID = n.ProjectID
	case "alicloudSecretsManager":
		m.RoleArn = n.RoleArn
	}
	return m
}

// maxName is the length of a DNS-1123 label. Stores may have longer names,
// but a label value may not, and people label things with them.
const maxName = 63

// Name is the store's derived name: a part that people can read, and the
// first 8 hexadecimal digits of a SHA-256 over all of the normal need, so that
// needs that look alike keep apart. It is a DNS-1123 label.
//
// The rule is frozen. Stores with these names are created by hand and by other
// tools, and ExternalSecrets in clusters refer to them: another name is an
// outage. It takes from the manifest alone, so that settings that are added to
// kesbridge.yaml later rename nothing.
func (n Need) Name() string {
	n = n.Normal()
	sum := sha256.Sum256([]byte(n.canonical()))
	digest := "-" + hex.EncodeToString(sum[:4])
	readable := strings.Join(n.readable(), "-")
	if limit := maxName - len(digest); len(readable) > limit {
		readable = strings.TrimRight(readable[:limit], "-")
	}
	return readable + digest
}

// canonical encodes a normal need: its fields by name in a fixed order, each
// with its length, so that no value can pass for another field. Empty fields
// are left out: a field that this struct gains later changes no name of needs
// without it.
func (n Need) canonical() string {
	var b strings.Builder
	b.WriteString("kesbridge store 1\n")
	put := func(field, value string) {
		if value != "" {
			b.WriteString(field + ":" + strconv.Itoa(len(value)) + ":" + value + "\n")
		}
	}
	put("backend", n.Backend)
	put("region", n.Region)
	put("roleArn", n.RoleArn)
	put("vaultMountPoint", n.VaultMountPoint)
	put("vaultRole", n.VaultRole)
	if n.KVVersion != 0 {
		put("kvVersion", strconv.Itoa(n.KVVersion))
	}
	put("keyVaultName", n.KeyVaultName)
	put("projectId", n.ProjectID)
	return b.String()
}

// readable gives the words of a normal need's name; the first is never empty.
func (n Need) readable() []string {
	var parts []string
	add := func(values ...string) {
		for _, v := range values {
			if w := word(v); w != "" {
				parts = append(parts, w)
			}
		}
	}
	switch n.Backend {
	case "secretsManager":
		add("aws-sm", n.Region, roleName(n.RoleArn))
	case "systemManager":
		add("aws-ssm", n.Region, roleName(n.RoleArn))
	case "vault":
		add("vault-kv"+strconv.Itoa(n.KVVersion), n.VaultRole)
		if n.VaultMountPoint != "kubernetes" {
			// The usual mount tells nobody anything.
			add(n.VaultMountPoint)
		}
	case "azureKeyVault":
		add("azure", n.KeyVaultName)
	case "gcpSecretsManager":
		add("gcp", n.ProjectID)
	case "alicloudSecretsManager":
		add("alicloud", roleName(n.RoleArn))
	case "ibmcloudSecretsManager":
		add("ibm")
	case "akeyless":
		add("akeyless")
	default:
		add("store", n.Backend)
	}
	return parts
}

// roleName is the last part of a role's ARN: arn:aws:iam::1:role/team/app is
// app. What isn't an ARN stays whole.
func roleName(arn string) string {
	return arn[strings.LastIndexByte(arn, '/')+1:]
}

// word makes a value fit for a DNS-1123 label: ASCII letters in lower case,
// digits, and one hyphen for each run of anything else inside. It doesn't ask
// package unicode, whose tables change with Go.
func word(value string) string {
	var b strings.Builder
	gap := false
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteByte(c)
	}
	return b.String()
}
