package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

const notYet = "not supported by this version of kesbridge"

// checker holds a document to the table and collects what is wrong.
type checker struct {
	file string
	errs []*Error
}

func (c *checker) add(n *yaml.Node, key, format string, args ...any) {
	c.errs = append(c.errs, &Error{
		Pos:     manifest.Pos{File: c.file, Line: n.Line, Column: n.Column},
		Key:     key,
		Message: fmt.Sprintf(format, args...),
	})
}

// value checks a node and everything below it; key is the way to it.
func (c *checker) value(n *yaml.Node, s *shape, key string) {
	if n.Kind == yaml.AliasNode {
		// Aliases can nest until they cost more than the file is worth, and
		// no setting is long enough to need them.
		c.add(n, key, "aliases are not supported here: write the value out")
		return
	}
	switch s.kind {
	case object:
		c.object(n, s, key)
	case dictionary:
		c.dictionary(n, s, key)
	case list:
		c.list(n, s, key)
	case text:
		c.text(n, s, key)
	case boolean:
		if n.Kind != yaml.ScalarNode || n.Style&yaml.TaggedStyle != 0 || n.ShortTag() != "!!bool" {
			c.add(n, key, "want true or false, not %s", describe(n))
		}
	case globs:
		c.globs(n, s, key)
	}
}

func (c *checker) object(n *yaml.Node, s *shape, key string) {
	seen := c.entries(n, key, "with the keys "+strings.Join(s.names(), ", "), func(k, v *yaml.Node) {
		f := s.find(k.Value)
		switch way := join(key, k.Value); {
		case f == nil:
			c.add(k, way, "%s", unknownKey(k.Value, s))
		case f.later:
			c.add(k, way, notYet)
		default:
			// A match without a value would be a match for everything, which
			// is too much to read into a slip.
			if isNull(v) && (f.shape.kind == text || f.shape.kind == boolean || f.shape.kind == globs || f.name == "match") {
				c.add(k, way, "has no value: give one, or leave the key out")
				return
			}
			c.value(v, f.shape, way)
		}
	})
	if seen == nil {
		return
	}
	for _, f := range s.fields {
		if f.required && !seen[f.name] {
			c.add(n, key, "needs the key %q", f.name)
		}
	}
	if len(s.either) > 0 && !slices.ContainsFunc(s.either, func(name string) bool { return seen[name] }) {
		c.add(n, key, "needs one of the keys %s", strings.Join(s.either, ", "))
	}
}

func (c *checker) dictionary(n *yaml.Node, s *shape, key string) {
	c.entries(n, key, "of names and values", func(k, v *yaml.Node) {
		way := join(key, k.Value)
		if s.keys != nil {
			if msg := s.keys(k.Value); msg != "" {
				c.add(k, way, "%s", msg)
				return
			}
		}
		if isNull(v) && (s.item.kind == globs || s.item.kind == text && !s.item.empty) {
			c.add(k, way, "has no value: give one, or leave the key out")
			return
		}
		c.value(v, s.item, way)
	})
}

// entries goes through the keys of a mapping and returns those that were
// there; nil if it is none. A key without a value (null) is an empty mapping.
func (c *checker) entries(n *yaml.Node, key, what string, do func(k, v *yaml.Node)) map[string]bool {
	if isNull(n) {
		return map[string]bool{}
	}
	if n.Kind != yaml.MappingNode || n.ShortTag() != "!!map" {
		c.add(n, key, "want a mapping %s, not %s", what, describe(n))
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind == yaml.AliasNode || k.ShortTag() == "!!merge":
			c.add(k, key, "aliases and merge keys are not supported here: write the value out")
		case k.Kind != yaml.ScalarNode || !isText(k, true) || k.Value == "":
			c.add(k, key, "want a name as key, not %s", describe(k))
		case seen[k.Value]:
			c.add(k, join(key, k.Value), "is given twice")
		default:
			seen[k.Value] = true
			do(k, v)
		}
	}
	return seen
}

func (c *checker) list(n *yaml.Node, s *shape, key string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode || n.ShortTag() != "!!seq" {
		c.add(n, key, "want a list, not %s", describe(n))
		return
	}
	for i, item := range n.Content {
		way := key + "[" + strconv.Itoa(i) + "]"
		if isNull(item) {
			c.add(item, way, "has no value")
			continue
		}
		c.value(item, s.item, way)
	}
}

func (c *checker) text(n *yaml.Node, s *shape, key string) {
	if s.empty && isNull(n) {
		return
	}
	if !isText(n, s.loose) {
		c.add(n, key, "want %s, not %s", words(s), describe(n))
		return
	}
	v := n.Value
	switch {
	case v == "" && s.empty:
	case v == "":
		c.add(n, key, "is empty: give a value, or leave the key out")
	case s.enum != nil && !slices.Contains(s.enum, v):
		c.add(n, key, "%s", badWord(v, s.enum))
	case s.pattern != nil && !s.pattern.MatchString(v):
		c.add(n, key, "%q is not %s", v, s.wants)
	case s.check != nil:
		if msg := s.check(v); msg != "" {
			c.add(n, key, "%q %s", v, msg)
		}
	}
}

func (c *checker) globs(n *yaml.Node, s *shape, key string) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode && n.ShortTag() == "!!seq" {
		items = n.Content
		if len(items) == 0 {
			c.add(n, key, "an empty list fits nothing: give a pattern, or leave the key out")
		}
	}
	for i, item := range items {
		way := key
		if item != n {
			way += "[" + strconv.Itoa(i) + "]"
		}
		if !isText(item, true) {
			c.add(item, way, "want a pattern or a list of patterns, not %s", describe(item))
			continue
		}
		if msg := s.check(item.Value); msg != "" {
			c.add(item, way, "%q %s", item.Value, msg)
		}
	}
}

// isNull reports whether a key was given no value. As below, a tag that was
// written out (`!!null x`) isn't trusted: its value needn't be of that type.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style&yaml.TaggedStyle == 0 && n.ShortTag() == "!!null"
}

// isText reports whether a scalar can be taken as text.
func isText(n *yaml.Node, loose bool) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	switch n.ShortTag() {
	case "!!str":
		return true
	case "!!int", "!!float", "!!bool", "!!timestamp":
		return loose && n.Style&yaml.TaggedStyle == 0
	}
	return false
}
