package proof

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// address names one version of one backend value, whoever asks for it. For
// IBM by name, version is the secret's type.
type address struct{ key, version string }

// param is an SSM parameter, in the order in which the API lists it.
type param struct{ name, value string }

// store is a made-up backend.
type backend struct {
	values map[address]string
	params []param
	binary bool // AWS Secrets Manager holds SecretBinary
}

func (s *backend) get(a address) (string, error) {
	v, ok := s.values[a]
	if !ok {
		return "", failf("no such secret: %s (%s)", a.key, a.version)
	}
	return v, nil
}

// below gives the parameters under a path as GetParametersByPath does.
func (s *backend) below(p string, recursive bool) []param {
	prefix := strings.TrimRight(p, "/") + "/"
	var out []param
	for _, q := range s.params {
		name := q.name
		if !strings.HasPrefix(name, "/") {
			name = "/" + name
		}
		rest, ok := strings.CutPrefix(name, prefix)
		if ok && (recursive || !strings.Contains(rest, "/")) {
			out = append(out, q)
		}
	}
	return out
}

// kesAddress is what KES 8.5.5 asks for (lib/backends/*.js).
func kesAddress(s *kes.Spec, it *kes.Item) (address, error) {
	switch s.Backend {
	case kes.SecretsManager:
		// secrets-manager-backend.js:29,53-58.
		switch {
		case it.VersionID != "":
			return address{it.Key, "id:" + it.VersionID}, nil
		case it.VersionStage == nil:
			return address{it.Key, "stage:AWSCURRENT"}, nil
		}
		return address{it.Key, "stage:" + *it.VersionStage}, nil
	case kes.GCPSecretsManager:
		v := it.Version
		if v == "" || v == "0" {
			v = "latest"
		}
		return address{it.Key, v}, nil
	case kes.AlicloudSecretsManager:
		if it.VersionStage == nil || *it.VersionStage == "" {
			return address{it.Key, "stage:ACSCurrent"}, nil
		}
		return address{it.Key, "stage:" + *it.VersionStage}, nil
	case kes.IBMCloudSecretsManager:
		if it.SecretType == "" {
			return address{}, failf("the IBM SDK refuses a request without secretType")
		}
		return address{it.Key, it.SecretType}, nil
	case kes.Vault:
		return vaultURL(it.Key)
	}
	return address{it.Key, ""}, nil
}

// vaultURL reads a KES key as the rest of a URL (vault-backend.js:90).
func vaultURL(key string) (address, error) {
	key, _, _ = strings.Cut(key, "#")
	key, query, _ := strings.Cut(key, "?")
	decoded, err := url.PathUnescape(key)
	if err != nil {
		return address{}, failf("vault refuses the path %s", key)
	}
	decoded = strings.TrimPrefix(decoded, "/")
	if decoded != strings.TrimPrefix(path.Clean("/"+decoded), "/") || strings.Contains(strings.ToLower(key), "%2f") {
		return address{}, &unsureError{why: "what a Vault server answers for the path " + key + ", which isn't clean, is not known"}
	}
	return address{decoded, query}, nil
}

// esoAddress is what ESO's provider asks for.
func esoAddress(s *kes.Spec, ref eso.RemoteRef, vaultPath string) (address, error) {
	switch s.Backend {
	case kes.SecretsManager:
		// aws/secretsmanager constructSecretValue, v0.9.20-v2.9.0.
		switch {
		case ref.Version == "":
			return address{ref.Key, "stage:AWSCURRENT"}, nil
		case strings.HasPrefix(ref.Version, "uuid/"):
			return address{ref.Key, "id:" + strings.TrimPrefix(ref.Version, "uuid/")}, nil
		}
		return address{ref.Key, "stage:" + ref.Version}, nil
	case kes.SystemManager:
		if ref.Version != "" {
			return address{ref.Key + ":" + ref.Version, ""}, nil
		}
	case kes.GCPSecretsManager:
		if ref.Version == "" {
			return address{ref.Key, "latest"}, nil
		}
		return address{ref.Key, ref.Version}, nil
	case kes.AzureKeyVault:
		kind, name, ok := strings.Cut(ref.Key, "/")
		if ok && kind == "secret" {
			name, _, _ = strings.Cut(name, "/")
			return address{name, ref.Version}, nil
		}
	case kes.AlicloudSecretsManager:
		if ref.Version == "" {
			return address{ref.Key, "stage:ACSCurrent"}, nil
		}
		return address{ref.Key, "id:" + ref.Version}, nil
	case kes.Vault:
		p := strings.TrimPrefix(path.Clean("/"+vaultBuildPath(ref.Key, vaultPath, kvVersion(s))), "/")
		if ref.Version != "" {
			return address{p, "version=" + ref.Version}, nil
		}
		return address{p, ""}, nil
	}
	return address{ref.Key, ref.Version}, nil
}

func kvVersion(s *kes.Spec) int {
	if s.KVVersion == 0 {
		return 2
	}
	return s.KVVersion
}

// vaultBuildPath is buildPath of vault/client_get.go, v0.9.20-v2.9.0.
func vaultBuildPath(key, mount string, kv int) string {
	if mount != "" {
		if rest, ok := strings.CutPrefix(key, mount+"/"); ok {
			key = rest
			if kv == 2 {
				key = strings.TrimPrefix(key, "data/")
			}
		}
		if kv == 2 {
			mount += "/data"
		}
		return mount + "/" + key
	}
	if kv == 2 && !strings.Contains(key, "/data/") {
		first, rest, more := strings.Cut(key, "/")
		key = first + "/data"
		if more {
			key += "/" + rest
		}
	}
	return key
}

// ibmUUID is what uuid.Parse of github.com/google/uuid takes for an id.
var ibmUUID = regexp.MustCompile(`(?i)^(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$|^[0-9a-f]{32}$`)
