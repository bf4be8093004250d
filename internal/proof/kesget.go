package proof

import (
	"encoding/json"
	"errors"

	"github.com/dop251/goja"

	"kesbridge/internal/kes"
)

// get is the backend's _get: a string, a Buffer or null.
func (k *kesSim) get(e *engine, s *backend, f fetchItem) goja.Value {
	raw, err := "", f.err
	if err == nil {
		raw, err = s.get(f.addr)
	}
	if err != nil {
		if u := (*unsureError)(nil); errors.As(err, &u) {
			e.trap(u.why)
			return goja.Undefined()
		}
		e.throw("Error", err.Error())
	}
	vm := e.vm
	switch k.in.Spec.Backend {
	case kes.SecretsManager:
		if s.binary {
			return k.buffer(e, []byte(raw))
		}
	case kes.GCPSecretsManager:
		// gcp-secrets-manager-backend.js:47.
		return vm.ToValue(nodeUTF8([]byte(raw)))
	case kes.Vault:
		return k.vault(e, raw)
	case kes.IBMCloudSecretsManager:
		return k.ibm(e, f, raw)
	}
	return vm.ToValue(nodeUTF8([]byte(raw)))
}

func (k *kesSim) buffer(e *engine, b []byte) goja.Value {
	ctor := e.vm.GlobalObject().Get("Buffer").ToObject(e.vm)
	from, _ := goja.AssertFunction(ctor.Get("from"))
	list := make([]any, len(b))
	for i, c := range b {
		list[i] = int(c)
	}
	v, err := from(ctor, e.vm.NewArray(list...))
	if err != nil {
		panic(err)
	}
	return v
}

// vault is JSON.stringify of what the server sent (vault-backend.js:92-98):
// kv 1 gives response.data, kv 2 response.data.data. A value that isn't an
// object can't be stored in Vault.
func (k *kesSim) vault(e *engine, raw string) goja.Value {
	text, err := vaultWire(raw, kvVersion(&k.in.Spec))
	if err != nil {
		e.throw("Error", err.Error())
	}
	return k.stringify(e, text)
}

// stringify is JSON.stringify(JSON.parse(text)).
func (k *kesSim) stringify(e *engine, text string) goja.Value {
	v, err := e.parse(goja.Undefined(), e.vm.ToValue(text))
	if err != nil {
		panic(err)
	}
	js := e.vm.GlobalObject().Get("JSON").ToObject(e.vm)
	f, _ := goja.AssertFunction(js.Get("stringify"))
	out, err := f(js, v)
	if err != nil {
		panic(err)
	}
	return out
}

// ibm: JSON.stringify of secret_data, for iam_credentials of api_key
// (ibmcloud-secrets-manager-backend.js:65-69).
func (k *kesSim) ibm(e *engine, f fetchItem, raw string) goja.Value {
	if f.item.SecretType == "iam_credentials" {
		b, _ := json.Marshal(raw)
		return k.stringify(e, string(b))
	}
	if !json.Valid([]byte(raw)) {
		e.throw("Error", "secret_data is not JSON")
	}
	return k.stringify(e, raw)
}
