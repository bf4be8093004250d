package kes

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// maxDepth bounds how deep aliases and nested values are followed.
const maxDepth = 64

// deref follows aliases.
func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < maxDepth; i++ {
		n = n.Alias
	}
	return n
}

// scalar reads a scalar as kubectl, Argo CD and the API server do: YAML 1.1
// (yes is true, 0777 is 511), through the very library that they use. The
// result is a string, bool, json.Number or nil; ok is false for mappings and
// lists.
func scalar(n *yaml.Node) (v any, ok bool) {
	n = deref(n)
	if n == nil {
		return nil, true
	}
	if n.Kind != yaml.ScalarNode {
		return nil, false
	}
	tagged := n.Style&yaml.TaggedStyle != 0
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if (quoted && !tagged) || (tagged && n.Tag == "!!str") {
		return n.Value, true
	}
	if !tagged && plainString(n.Value) {
		return n.Value, true
	}
	text := n.Value
	if tagged {
		b, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: n.Tag, Value: n.Value, Style: n.Style})
		if err != nil {
			return n.Value, true
		}
		text = strings.TrimSuffix(string(b), "\n")
	}
	// As a list item, so that a value like --- isn't taken for a separator.
	var list []any
	useNumber := func(d *json.Decoder) *json.Decoder { d.UseNumber(); return d }
	if err := sigsyaml.Unmarshal([]byte("- "+text), &list, useNumber); err != nil || len(list) != 1 {
		return n.Value, true
	}
	switch list[0].(type) {
	case string, bool, json.Number, nil:
		return list[0], true
	}
	return n.Value, true
}

// plainString reports whether YAML 1.1 surely reads a plain scalar as a
// string: it starts with a letter or a slash and is none of the words for
// booleans and null (yaml.v2, resolve.go). Most scalars are such, and asking
// the library costs more than all the rest of reading an object.
func plainString(s string) bool {
	if s == "" {
		return false
	}
	switch c := s[0] | 0x20; {
	case s[0] == '/':
		return true
	case c < 'a' || c > 'z':
		return false
	case len(s) > len("false"):
		return true
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return true
}

// isNull reports whether the API server would prune the value: null, in any
// spelling, where the field isn't nullable (apiextensions v1 structural
// schemas), is as if the field weren't there.
func isNull(n *yaml.Node) bool {
	v, ok := scalar(n)
	return ok && v == nil
}

// typeName says what a person would call the value's type.
func typeName(n *yaml.Node) string {
	n = deref(n)
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	v, _ := scalar(n)
	switch v := v.(type) {
	case bool:
		return "a boolean"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "a number"
		}
		return "an integer"
	case nil:
		return "null"
	}
	return "a string"
}

// Scalar reads a scalar as the API server does; see scalar.
func Scalar(n *yaml.Node) (v any, ok bool) { return scalar(n) }
