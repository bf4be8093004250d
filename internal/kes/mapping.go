package kes

import (
	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// field is one key of a mapping after merge keys were followed.
type field struct {
	key     string
	keyNode *yaml.Node
	value   *yaml.Node
}

// decoder collects findings while it walks one object.
type decoder struct {
	o   *manifest.Object
	ref manifest.Ref
	fs  manifest.Findings
}

func (d *decoder) report(r rule.Rule, n *yaml.Node, format string, args ...any) {
	d.fs = append(d.fs, r.At(d.o.PosOf(n), d.ref, format, args...))
}

// fields lists a mapping's keys in input order: the last of a repeated key,
// explicit keys over merged ones (<<), null values left out.
func (d *decoder) fields(n *yaml.Node, path string) []field {
	all := d.collect(deref(n), path, 0)
	out := all[:0]
	for _, f := range all {
		if !isNull(f.value) {
			out = append(out, f)
		}
	}
	return out
}

func (d *decoder) collect(n *yaml.Node, path string, depth int) []field {
	if n == nil || n.Kind != yaml.MappingNode || depth > maxDepth {
		return nil
	}
	var own, merged []field
	at := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := deref(n.Content[i]), n.Content[i+1]
		if k.Tag == "!!merge" {
			merged = append(merged, d.mergeSources(deref(v), path, depth)...)
			continue
		}
		f := field{key: k.Value, keyNode: n.Content[i], value: v}
		if j, seen := at[f.key]; seen {
			d.report(rule.DuplicateKey, own[j].keyNode, "%s is given again on line %d, and the later one wins", join(path, f.key), d.o.PosOf(f.keyNode).Line)
			own[j] = f
			continue
		}
		at[f.key] = len(own)
		own = append(own, f)
	}
	for _, f := range merged {
		if _, seen := at[f.key]; !seen {
			at[f.key] = len(own)
			own = append(own, f)
		}
	}
	return own
}

// mergeSources lists the keys that << brings in; of several sources the
// first wins (YAML 1.1 merge type).
func (d *decoder) mergeSources(v *yaml.Node, path string, depth int) []field {
	switch v.Kind {
	case yaml.MappingNode:
		return d.collect(v, path, depth+1)
	case yaml.SequenceNode:
		var out []field
		for _, s := range v.Content {
			out = append(out, d.collect(deref(s), path, depth+1)...)
		}
		return out
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// str reads a string field; anything else is a wrong type.
func (d *decoder) str(f field, path string) string {
	if v, ok := scalar(f.value); ok {
		if s, ok := v.(string); ok {
			return s
		}
	}
	d.wrong(f.value, path, "a string")
	return ""
}

func (d *decoder) boolean(f field, path string) bool {
	if v, ok := scalar(f.value); ok {
		if b, ok := v.(bool); ok {
			return b
		}
	}
	d.wrong(f.value, path, "a boolean")
	return false
}

func (d *decoder) wrong(n *yaml.Node, path, want string) {
	d.report(rule.WrongType, n, "%s is %s, but the KES CRD wants %s: the API server refuses the object, so KES never saw it", path, typeName(n), want)
}

// mapping checks that a value is one.
func (d *decoder) mapping(n *yaml.Node, path string) bool {
	if deref(n).Kind == yaml.MappingNode {
		return true
	}
	d.wrong(n, path, "a mapping")
	return false
}

// list checks that a value is one and gives its elements.
func (d *decoder) list(n *yaml.Node, path string) []*yaml.Node {
	if s := deref(n); s.Kind == yaml.SequenceNode {
		return s.Content
	}
	d.wrong(n, path, "a list")
	return nil
}

// stringMap reads labels or annotations: the API server refuses values that
// aren't strings.
func (d *decoder) stringMap(f field, path string) manifest.Map {
	if !d.mapping(f.value, path) {
		return nil
	}
	var m manifest.Map
	for _, e := range d.fields(f.value, path) {
		m = append(m, manifest.Field{Key: e.key, Value: d.str(e, join(path, e.key))})
	}
	return m
}
