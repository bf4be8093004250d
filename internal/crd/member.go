package crd

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// member is one field of a mapping as the API server sees it.
type member struct {
	key   string
	node  *yaml.Node // the key's
	value *yaml.Node
}

// members gives a mapping's fields, in the order in which they first stand
// there, with merge keys resolved and the last of several values, as
// manifest.Lookup finds them; not ok where merge keys lead to too many.
func (c *checker) members(n *yaml.Node) (ms []member, ok bool) {
	at := map[string]int{}
	merged := false
	c.walk(n, 0, func(k *yaml.Node, v *yaml.Node, inMerge bool) {
		merged = merged || inMerge
		key := keyText(k)
		if i, ok := at[key]; ok {
			ms[i].value = v
			return
		}
		at[key] = len(ms)
		ms = append(ms, member{key, k, v})
	})
	if c.budget <= 0 {
		c.tooLarge("", n)
		return nil, false
	}
	if merged {
		for i := range ms {
			if v := manifest.Lookup(n, ms[i].key); v != nil {
				ms[i].value = v
			}
		}
	}
	return ms, true
}

// walk visits the fields of a mapping and of what it merges.
func (c *checker) walk(n *yaml.Node, depth int, visit func(k, v *yaml.Node, inMerge bool)) {
	n = deref(n)
	if n == nil || c.budget <= 0 {
		return
	}
	c.budget--
	if n.Kind == yaml.SequenceNode && depth > 0 {
		for _, item := range n.Content {
			c.walk(item, depth+1, visit)
		}
	}
	if n.Kind != yaml.MappingNode || depth > maxMerges {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && k.Value == "<<" && (k.Tag == "" || k.Tag == "!" || k.ShortTag() == "!!merge") {
			c.walk(n.Content[i+1], depth+1, visit)
			continue
		}
		visit(n.Content[i], n.Content[i+1], depth > 0)
	}
}

// maxMerges bounds merge keys within merge keys.
const maxMerges = 64

// keyText is a key in JSON: true for yes, 1 for 1.
func keyText(k *yaml.Node) string {
	k = deref(k)
	switch v, _ := kes.Scalar(k); v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case json.Number:
		return v.String()
	}
	return k.Value
}

func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	v, ok := kes.Scalar(n)
	return ok && v == nil
}

func join(path, key string) string {
	if strings.ContainsAny(key, ".[]") {
		return path + "[" + key + "]"
	}
	return strings.TrimPrefix(path+"."+key, ".")
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
