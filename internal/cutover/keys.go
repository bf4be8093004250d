package cutover

import (
	"slices"
	"strings"

	"kesbridge/internal/kes"
)

// Keys are the data keys of a Secret, as far as the object that makes it tells
// them. Never a value.
type Keys struct {
	Known []string // sorted
	// Open: the backend decides about more of them.
	Open bool
}

func (k *Keys) add(name string) {
	if i, ok := slices.BinarySearch(k.Known, name); !ok {
		k.Known = slices.Insert(k.Known, i, name)
	}
}

// KeysOf tells the keys that an ExternalSecret of KES or ESO makes.
func KeysOf(o map[string]any) Keys {
	version, _ := o["apiVersion"].(string)
	if group, _, _ := strings.Cut(version, "/"); group == kes.Group {
		return keysOfKES(o)
	}
	return keysOfESO(o)
}

func at(o map[string]any, path ...string) map[string]any {
	for _, key := range path {
		o, _ = o[key].(map[string]any)
	}
	return o
}

func items(o map[string]any, key string) []map[string]any {
	list, _ := o[key].([]any)
	var out []map[string]any
	for _, it := range list {
		if m, ok := it.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// keysOfKES: data, dataFrom and dataFromWithOptions make keys, and template is
// merged over them (KES 8.5.5, lib/backends/kv-backend.js, lib/poller.js).
func keysOfKES(o map[string]any) (k Keys) {
	spec := at(o, "spec")
	if spec == nil {
		spec = at(o, "secretDescriptor")
	}
	data := "data"
	if _, ok := spec[data]; !ok {
		data = "properties"
	}
	for _, it := range items(spec, data) {
		name, _ := it["name"].(string)
		if _, ok := it["path"]; ok || name == "" {
			k.Open = true
			continue
		}
		k.add(name)
	}
	for _, list := range []string{"dataFrom", "dataFromWithOptions"} {
		if l, ok := spec[list].([]any); ok && len(l) > 0 {
			k.Open = true
		}
	}
	for _, field := range []string{"data", "stringData"} {
		for name := range at(spec, "template", field) {
			k.add(name)
		}
	}
	return k
}

// keysOfESO: with a template of its own keys, and without mergePolicy Merge,
// those alone reach the Secret (ESO, externalsecret_controller_template.go).
func keysOfESO(o map[string]any) (k Keys) {
	spec := at(o, "spec")
	template := at(spec, "target", "template")
	from, _ := template["templateFrom"].([]any)
	templated := len(at(template, "data")) > 0 || len(from) > 0
	for name := range at(template, "data") {
		k.add(name)
	}
	k.Open = len(from) > 0
	if templated && template["mergePolicy"] != "Merge" {
		return k
	}
	for _, it := range items(spec, "data") {
		if name, ok := it["secretKey"].(string); ok {
			k.add(name)
		}
	}
	if list, ok := spec["dataFrom"].([]any); ok && len(list) > 0 {
		k.Open = true
	}
	return k
}

// missing are keys of a Secret of KES's that an ESO object is not known to
// make. ESO takes away what it doesn't make when it adopts a Secret, with
// creationPolicy Owner (facts/cutover.md: both versions). unsure: more of
// them can't be told.
func (k Keys) missing(by Keys) (names []string, unsure bool) {
	for _, name := range k.Known {
		if !slices.Contains(by.Known, name) {
			names = append(names, name)
		}
	}
	return names, k.Open && !by.Open || by.Open && len(names) > 0
}
