package proof

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"kesbridge/internal/kes"
)

// entry is a key of the Secret with its value, in the order of JavaScript's
// object.
type entry struct {
	name  string
	value []byte
}

type partKey struct {
	item   int
	stored string
}

// part is what one item adds to the Secret.
type part struct {
	entries []entry
	err     error
}

// fetchAll is kv-backend.js getSecretManifestData: what each item gives, later
// ones over earlier ones, at the place of the first.
func (k *kesSim) fetchAll(s *backend) ([]entry, error) {
	var all []entry
	at := map[string]int{}
	for i := range len(k.dataFrom) + len(k.data) {
		p := k.part(i, s)
		if p.err != nil {
			return nil, p.err
		}
		for _, x := range p.entries {
			if j, ok := at[x.name]; ok {
				all[j] = x
				continue
			}
			at[x.name] = len(all)
			all = append(all, x)
		}
	}
	return all, nil
}

// part runs kes.js for one item, or remembers.
func (k *kesSim) part(i int, s *backend) part {
	f, from := fetchItem{}, i < len(k.dataFrom)
	if from {
		f = k.dataFrom[i]
	} else {
		f = k.data[i-len(k.dataFrom)]
	}
	key := partKey{i, "\x00"}
	if f.item.FromPath != "" {
		for _, p := range s.params {
			key.stored += p.name + "\x00" + p.value + "\x00"
		}
	} else if v, ok := s.values[f.addr]; ok {
		key.stored = "=" + v
	}
	if p, ok := k.parts[key]; ok {
		return p
	}
	var p part
	p.entries, p.err = k.fetch(f, from, s)
	if k.parts == nil {
		k.parts = map[partKey]part{}
	}
	k.parts[key] = p
	return p
}

func (k *kesSim) fetch(f fetchItem, from bool, s *backend) ([]entry, error) {
	e := k.calm.again()
	vm := e.vm
	e.get = func() goja.Value { return k.get(e, s, f) }
	e.byPath = func() goja.Value {
		if f.err != nil {
			e.throw("Error", f.err.Error())
		}
		o := vm.NewObject()
		for _, p := range s.below(f.item.FromPath, f.item.Recursive) {
			_ = o.Set(p.name[strings.LastIndexByte(p.name, '/')+1:], p.value)
		}
		return o
	}
	property := goja.Undefined()
	if f.item.Property != nil {
		property = vm.ToValue(*f.item.Property)
	}
	v, err := e.fetch(goja.Undefined(), vm.ToValue(from), vm.ToValue(f.item.Name), vm.ToValue(f.item.FromPath), property, vm.ToValue(f.item.IsBinary))
	if err = e.explain(err); err != nil {
		return nil, err
	}
	list := v.ToObject(vm)
	n := int(list.Get("length").ToInteger())
	out := make([]entry, n/2)
	for i := range out {
		out[i].name = list.Get(strconv.Itoa(2 * i)).String()
		out[i].value = []byte{}
		if err := vm.ExportTo(list.Get(strconv.Itoa(2*i+1)), &out[i].value); err != nil {
			return nil, &unsureError{why: "a value can't be read"}
		}
	}
	return out, nil
}

// entryList gives entries to kes.js.
func entryList(e *engine, entries []entry) goja.Value {
	list := make([]any, len(entries))
	for i, x := range entries {
		list[i] = e.vm.NewArray(x.name, e.buffer(x.value))
	}
	return e.vm.NewArray(list...)
}

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
			return e.buffer([]byte(raw))
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

// buffer makes a Node Buffer.
func (e *engine) buffer(b []byte) goja.Value {
	v, err := e.bytes(goja.Undefined(), e.vm.ToValue(e.vm.NewArrayBuffer(b)))
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
