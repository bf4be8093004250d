package proof

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// vaultWire is the JSON of a secret's data as Vault's server sends it: Go
// maps, so keys are sorted. kv 2 reads what it stored with float64
// (vault-plugin-secrets-kv path_data.go), kv 1 keeps number literals
// (passthrough.go); facts: eso-providers-vault section 1.3.
func vaultWire(raw string, kv int) (string, error) {
	doc, err := vaultDocument(raw, kv)
	if err != nil {
		return "", err
	}
	b, err := marshalRaw(doc)
	return string(b), err
}

// vaultDocument decodes a stored document with the number type of the kv
// version.
func vaultDocument(raw string, kv int) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(raw))
	if kv == 1 {
		d.UseNumber()
	}
	var doc map[string]any
	if err := d.Decode(&doc); err != nil || doc == nil {
		return nil, failf("vault stores objects only")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, failf("vault stores one object")
	}
	return doc, nil
}

// marshalRaw is json.Marshal without HTML escaping.
func marshalRaw(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
