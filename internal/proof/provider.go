package proof

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// getSecret is the provider's GetSecret.
func (e *esoSim) getSecret(s *backend, ref eso.RemoteRef) ([]byte, error) {
	switch e.spec.Backend {
	case kes.IBMCloudSecretsManager:
		return e.ibmSecret(s, ref)
	case kes.Vault:
		return e.vaultSecret(s, ref)
	case kes.AlicloudSecretsManager:
		if e.behave.alibabaGone {
			return nil, failf("ESO 2 has no Alibaba provider")
		}
	case kes.AzureKeyVault:
		if kind, _, ok := strings.Cut(ref.Key, "/"); ok && kind != "secret" {
			return nil, failf("unknown or other Azure object type %s", kind)
		}
	}
	addr, err := esoAddress(e.spec, ref, e.vaultPath)
	if err != nil {
		return nil, err
	}
	raw, err := s.get(addr)
	if err != nil {
		return nil, err
	}
	if ref.Property != "" {
		return e.property(raw, ref)
	}
	switch e.spec.Backend {
	case kes.GCPSecretsManager, kes.Akeyless, kes.AlicloudSecretsManager:
		if raw == "" {
			return nil, failf("invalid secret received: %s", ref.Key)
		}
	}
	return []byte(raw), nil
}

// property is each provider's use of gjson (facts: eso-providers-aws-azure-gcp
// section 1.2, eso-providers-vault section 0).
func (e *esoSim) property(raw string, ref eso.RemoteRef) ([]byte, error) {
	p := ref.Property
	escaped := strings.ReplaceAll(p, ".", `\.`)
	var attempts []string
	switch e.spec.Backend {
	case kes.AlicloudSecretsManager:
		attempts = []string{p} // alibaba/kms.go GetSecret
	case kes.AzureKeyVault:
		attempts = []string{p} // azure/keyvault getProperty: nested first
		if escaped != p {
			attempts = append(attempts, escaped)
		}
	case kes.GCPSecretsManager:
		if e.behave.gcpValid && !json.Valid([]byte(raw)) {
			return nil, failf("unable to unmarshal secret %s", ref.Key)
		}
		attempts = []string{p}
		if strings.Index(p, ".") > 0 { // gcp/secretmanager getDataByProperty
			attempts = []string{escaped, p}
		}
	default: // aws secretsmanager and parameterstore, akeyless
		attempts = []string{escaped, p}
	}
	return gjsonFirst(raw, ref, attempts)
}

func gjsonFirst(raw string, ref eso.RemoteRef, attempts []string) ([]byte, error) {
	for _, p := range attempts {
		if r := gjson.Get(raw, p); r.Exists() {
			return []byte(r.String()), nil
		}
	}
	return nil, failf("key %s does not exist in secret %s", ref.Property, ref.Key)
}

// getSecretMap is GetSecretMap (dataFrom.extract).
func (e *esoSim) getSecretMap(s *backend, ref eso.RemoteRef) (map[string][]byte, error) {
	if e.spec.Backend == kes.IBMCloudSecretsManager {
		return nil, &unsureError{why: "extract from IBM Cloud Secrets Manager: KES could never do it"}
	}
	b, err := e.getSecret(s, ref)
	if err != nil {
		return nil, err
	}
	stringsOnly := e.spec.Backend == kes.AlicloudSecretsManager || e.spec.Backend == kes.Akeyless && !e.behave.akeylessRaw
	out := map[string][]byte{}
	switch {
	case e.spec.Backend == kes.Vault:
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, failf("extract %s: not a JSON object", ref.Key)
		}
		for k, v := range m {
			if out[k], err = byteValue(v); err != nil {
				return nil, err
			}
		}
	case stringsOnly:
		var m map[string]string
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, failf("extract %s: not a JSON object of strings", ref.Key)
		}
		for k, v := range m {
			out[k] = []byte(v)
		}
	default:
		var m map[string]json.RawMessage
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, failf("extract %s: not a JSON object", ref.Key)
		}
		for k, v := range m {
			var text string
			if json.Unmarshal(v, &text) == nil {
				out[k] = []byte(text)
			} else {
				out[k] = v
			}
		}
	}
	return out, nil
}

// find is parameterstore findByName: always recursive, the expression on the
// full name.
func (e *esoSim) find(s *backend, f eso.Find) (map[string][]byte, error) {
	if e.spec.Backend != kes.SystemManager {
		return nil, &unsureError{why: "dataFrom.find is simulated for the Parameter Store only"}
	}
	if f.Regexp == "" {
		return nil, failf("find: neither a name nor tags") // what Map prints of it
	}
	re, err := regexp.Compile(f.Regexp)
	if err != nil {
		return nil, failf("find: %v", err)
	}
	path := f.Path
	if path == "" {
		path = "/"
	}
	out := map[string][]byte{}
	for _, p := range s.below(path, true) {
		if re.MatchString(p.name) {
			out[p.name] = []byte(p.value)
		}
	}
	return out, nil
}

// vaultSecret is readSecret and getSecretValue of vault/client_get.go: numbers
// arrive as json.Number; a literal top-level key comes before gjson, which
// reads the sorted, HTML-escaped text.
func (e *esoSim) vaultSecret(s *backend, ref eso.RemoteRef) ([]byte, error) {
	addr, err := esoAddress(e.spec, ref, e.vaultPath)
	if err != nil {
		return nil, err
	}
	raw, err := s.get(addr)
	if err != nil {
		return nil, err
	}
	wire, err := vaultWire(raw, kvVersion(e.spec))
	if err != nil {
		return nil, err
	}
	doc, err := vaultDocument(wire, 1)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(doc)
	if err != nil || ref.Property == "" {
		return text, err
	}
	if v, ok := doc[ref.Property]; ok {
		return byteValue(v)
	}
	return gjsonFirst(string(text), ref, []string{ref.Property})
}

// byteValue is esutils.GetByteValue.
func byteValue(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case json.Number:
		return []byte(v.String()), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64), nil
	case bool:
		return strconv.AppendBool(nil, v), nil
	case nil:
		return []byte{}, nil
	case map[string]any, []any:
		return json.Marshal(v)
	}
	return nil, failf("can not handle secret value with type %T", v)
}
