package manifest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// This is a much simpler program that should do the same: read the stream at
// once with the YAML parser, and replace objects as values.

// simple gives the values of a stream after byName, in order; ok is false if
// the parser can't read it at once (concatenated JSON, broken YAML).
func simple(in string, replace bool) (docs []any, ok bool) {
	if strings.Contains(strings.TrimPrefix(in, "\ufeff"), "\ufeff") {
		return nil, false // the parser knows it only in front of everything
	}
	dec := yaml.NewDecoder(strings.NewReader(in))
	for {
		n := new(yaml.Node)
		err := dec.Decode(n)
		if errors.Is(err, io.EOF) {
			return docs, true
		}
		if err != nil {
			return nil, false
		}
		if strayAlias(n) {
			return nil, false // the parser's anchors outlive their document
		}
		budget := 10000
		v := value(n.Content[0], &budget)
		if budget <= 0 {
			return nil, false
		}
		if v == nil && n.Content[0].Value == "" {
			continue // an empty document
		}
		if !replace {
			docs = append(docs, v)
			continue
		}
		docs = append(docs, simpleObject(v, Ref{})...)
	}
}

// strayAlias reports whether an alias leads out of its document.
func strayAlias(doc *yaml.Node) bool {
	own := map[*yaml.Node]bool{}
	var aliases []*yaml.Node
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		own[n] = true
		if n.Kind == yaml.AliasNode {
			aliases = append(aliases, n.Alias)
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(doc)
	for _, a := range aliases {
		if !own[a] {
			return true
		}
	}
	return false
}

func simpleObject(v any, inherit Ref) []any {
	m, ok := v.(map[string]any)
	if !ok {
		return []any{v}
	}
	apiVersion, kind := untagged(m["apiVersion"]), untagged(m["kind"])
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		group, version = "", group
	}
	ref := Ref{Group: group, Version: version, Kind: kind}
	if apiVersion == "" && kind == "" {
		ref = inherit
	}
	if items, ok := m["items"].([]any); ok && simpleList(kind, items) {
		var out []any
		for _, it := range items {
			out = append(out, simpleObject(it, itemRef(ref))...)
		}
		if out == nil {
			out = []any{}
		}
		m["items"] = out
		return []any{m}
	}
	meta, _ := m["metadata"].(map[string]any)
	ref.Name = untagged(meta["name"])
	if ref.Group != "kubernetes-client.io" && ref.Group != "external-secrets.io" {
		return []any{m}
	}
	res, _ := byName(&Object{Ref: ref})
	switch res.Action {
	case Untouched:
		return []any{m}
	case Drop:
		return nil
	case Edit:
		notes, ok := meta["annotations"].(map[string]any)
		if !ok {
			notes = map[string]any{}
			meta["annotations"] = notes
		}
		notes["a.b/c"], notes["d"], meta["name"] = "1", "x,y: z", "renamed"
		return []any{m}
	}
	var out []any
	if res.Action == Accompany {
		out = append(out, m)
	}
	for _, o := range res.Objects {
		m := map[string]any{}
		for _, f := range o {
			m[f.Key] = f.Value
		}
		out = append(out, m)
	}
	return out
}

// untagged gives the text of a scalar that isn't a string.
func untagged(v any) string {
	s, _ := v.(string)
	if strings.HasPrefix(s, "!") {
		_, s, _ = strings.Cut(s, " ")
	}
	return s
}

func simpleList(kind string, items []any) bool {
	if strings.HasSuffix(kind, "List") {
		return true
	}
	for _, it := range items {
		if _, ok := it.(map[string]any); !ok {
			return false
		}
	}
	return len(items) > 0
}

// value resolves a node as the YAML of Go's v2 does.
func value(n *yaml.Node, budget *int) any {
	if *budget--; *budget <= 0 {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return value(n.Alias, budget)
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], value(n.Content[i+1], budget)
			if isMerge(k) {
				mergeValue(m, v)
				continue
			}
			if k = deref(k); k.Kind == yaml.ScalarNode {
				m[scalar(k)] = v
				continue
			}
			m[fmt.Sprint(value(k, budget))] = v
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, value(c, budget))
		}
		return list
	}
	if n.ShortTag() == "!!str" || n.ShortTag() == "!!binary" {
		return scalar(n)
	}
	if n.ShortTag() == "!!null" {
		return nil
	}
	return n.ShortTag() + " " + n.Value
}

func mergeValue(m map[string]any, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			m[k] = x
		}
	case []any:
		for i := len(v) - 1; i >= 0; i-- {
			if mm, ok := v[i].(map[string]any); ok {
				mergeValue(m, mm)
			}
		}
	}
}
