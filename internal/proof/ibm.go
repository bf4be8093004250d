package proof

import (
	"encoding/json"
	"strings"

	"kesbridge/internal/eso"
)

// ibmSecret is GetSecret of ibm/provider.go, v0.9.20-v2.9.0: the key is
// [group/]type/nameOrId. With an id the type in the key only selects how the
// answer is read.
func (e *esoSim) ibmSecret(s *backend, ref eso.RemoteRef) ([]byte, error) {
	group, kind, name := "", "arbitrary", ref.Key
	switch parts := strings.Split(ref.Key, "/"); len(parts) {
	case 2:
		kind, name = parts[0], parts[1]
	case 3:
		group, kind, name = parts[0], parts[1], parts[2]
	}
	switch kind {
	case "username_password", "imported_cert", "public_cert", "private_cert":
		if ref.Property == "" {
			return nil, failf("remoteRef.property required for secret type %s", kind)
		}
	}
	addr := address{name, kind}
	if ibmUUID.MatchString(name) {
		if _, ok := s.values[addr]; !ok {
			return nil, failf("secret %s is not of type %s, or isn't there", name, kind)
		}
	} else if group == "" {
		return nil, failf("failed to fetch the secret, secret group name is missing")
	}
	raw, err := s.get(addr)
	if err != nil {
		return nil, err
	}
	if kind == "iam_credentials" {
		return []byte(raw), nil
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		return nil, failf("secret_data is not a JSON object")
	}
	switch kind {
	case "arbitrary":
		text, ok := doc["payload"].(string)
		if !ok {
			return nil, failf("key payload does not exist in secret %s", name)
		}
		return []byte(text), nil
	case "username_password", "imported_cert", "public_cert", "private_cert":
		return e.ibmField(doc, kind, ref)
	case "kv":
		return ibmKV(doc, ref)
	}
	return nil, &unsureError{why: "ESO's reading of the IBM secret type " + kind + " is not simulated"}
}

func (e *esoSim) ibmField(doc map[string]any, kind string, ref eso.RemoteRef) ([]byte, error) {
	v, ok := doc[ref.Property]
	if text, isText := v.(string); isText {
		return []byte(text), nil
	}
	// An absent part of an imported certificate is empty; intermediate only
	// from 0.20.2 on.
	if !ok && kind == "imported_cert" && (ref.Property == "private_key" || ref.Property == "intermediate" && e.behave.ibmIntermediate) {
		return []byte{}, nil
	}
	return nil, failf("key %s does not exist in secret %s", ref.Property, ref.Key)
}

// ibmKV is getKVOrCustomCredentialsSecret: gjson on the marshalled payload.
func ibmKV(doc map[string]any, ref eso.RemoteRef) ([]byte, error) {
	payload, ok := doc["payload"].(map[string]any)
	if !ok {
		return nil, failf("secret_data has no payload object")
	}
	text, err := json.Marshal(payload)
	if err != nil || ref.Property == "" {
		return text, err
	}
	attempts := []string{ref.Property}
	if strings.Index(ref.Property, ".") > 0 {
		attempts = []string{strings.ReplaceAll(ref.Property, ".", `\.`), ref.Property}
	}
	return gjsonFirst(string(text), ref, attempts)
}
