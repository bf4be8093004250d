package crd

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/kes"
)

// maxValues bounds the values that aliases can multiply; etcd takes no object
// near as large.
const maxValues = 1_000_000

// checker goes through one object.
type checker struct {
	schemas  []schema
	problems []Problem
	budget   int
	spent    bool
}

func (c *checker) add(path string, n *yaml.Node, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, n, fmt.Sprintf(format, args...)})
}

// object checks the root: apiVersion, kind and metadata are the API server's
// own business, and status can't be set by a writer of the object.
func (c *checker) object(n *yaml.Node, s *schema) {
	root := *s
	root.Properties = map[string]int{}
	for k, i := range s.Properties {
		switch k {
		case "apiVersion", "kind", "metadata", "status":
		default:
			root.Properties[k] = i
		}
	}
	ms, ok := c.members(n)
	if !ok {
		return
	}
	var own []member
	for _, m := range ms {
		switch m.key {
		case "apiVersion", "kind", "status":
		case "metadata":
			c.metadata(m.value)
		default:
			own = append(own, m)
		}
	}
	if !slices.ContainsFunc(ms, func(m member) bool { return m.key == "metadata" }) {
		c.add("metadata", n, "is required")
	}
	c.mapping("", n, own, &root)
}

// value checks one value, which isn't a null that falls away.
func (c *checker) value(path string, n *yaml.Node, s *schema) {
	if c.budget--; c.budget <= 0 {
		c.tooLarge(path, n)
		return
	}
	n = deref(n)
	switch n.Kind {
	case yaml.MappingNode:
		if s.Type != "object" && !s.Preserve {
			c.wrongType(path, n, s, "a mapping")
			return
		}
		if ms, ok := c.members(n); ok {
			c.mapping(path, n, ms, s)
		}
	case yaml.SequenceNode:
		if s.Type != "array" && !s.Preserve {
			c.wrongType(path, n, s, "a list")
			return
		}
		c.count(path, n, s, len(n.Content), "items")
		if s.Items == nil {
			return
		}
		for i, item := range n.Content {
			c.value(fmt.Sprintf("%s[%d]", path, i), item, &c.schemas[*s.Items])
		}
	default:
		c.scalar(path, n, s)
	}
}

// tooLarge says once that the rest isn't checked.
func (c *checker) tooLarge(path string, n *yaml.Node) {
	if !c.spent {
		c.spent = true
		c.add(path, n, "is too large to be checked: aliases lead to more than %d values", maxValues)
	}
}

// mapping does what the API server does, in its order: prune, drop nulls, set
// defaults, validate.
func (c *checker) mapping(path string, n *yaml.Node, ms []member, s *schema) {
	present := map[string]bool{}
	for _, m := range ms {
		at := join(path, m.key)
		if slices.Contains(s.Forbidden, m.key) {
			c.add(at, m.node, "is a key that ESO sets itself")
		}
		sub := s.Additional
		if i, ok := s.Properties[m.key]; ok {
			sub = &i
		}
		if sub == nil {
			if s.Preserve {
				present[m.key] = true
				continue
			}
			c.add(at, m.node, "is an unknown field, which the API server takes away")
			continue
		}
		child := &c.schemas[*sub]
		if isNull(m.value) && !child.Nullable {
			continue
		}
		present[m.key] = true
		c.value(at, m.value, child)
	}
	for _, k := range sortedKeys(s.Properties) {
		if c.schemas[s.Properties[k]].Default {
			present[k] = true
		}
	}
	for _, k := range s.Required {
		if !present[k] {
			c.add(join(path, k), n, "is required")
		}
	}
	c.count(path, n, s, len(present), "fields")
}

func (c *checker) count(path string, n *yaml.Node, s *schema, have int, what string) {
	if b := s.Count; b.Min != nil && have < *b.Min {
		c.add(path, n, "must have at least %d %s", *b.Min, what)
	} else if b.Max != nil && have > *b.Max {
		c.add(path, n, "must have at most %d %s, not %d", *b.Max, what, have)
	}
}

func (c *checker) wrongType(path string, n *yaml.Node, s *schema, got string) {
	want := map[string]string{"object": "a mapping", "array": "a list", "string": "a string", "boolean": "true or false", "integer": "an integer", "number": "a number"}[s.Type]
	if s.IntOrString {
		want = "an integer or a string"
	}
	c.add(path, n, "must be %s, not %s", want, got)
}

// base64Text is what kube-openapi (pkg/validation/strfmt) takes for base64.
const base64Text = `^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$`

func (c *checker) scalar(path string, n *yaml.Node, s *schema) {
	v, _ := kes.Scalar(n)
	switch v := v.(type) {
	case nil:
		if !s.Nullable {
			c.wrongType(path, n, s, "null")
		}
	case bool:
		if s.Type != "boolean" && !s.Preserve {
			c.wrongType(path, n, s, "the boolean "+strconv.FormatBool(v))
		}
	case json.Number:
		c.number(path, n, s, v)
	case string:
		if s.Type != "string" && !s.IntOrString && !s.Preserve {
			c.wrongType(path, n, s, "a string")
			return
		}
		c.text(path, n, s, v)
	}
}

func (c *checker) number(path string, n *yaml.Node, s *schema, v json.Number) {
	if s.Preserve {
		return
	}
	f, err := v.Float64()
	whole := err == nil && f == math.Trunc(f)
	switch {
	case s.Type == "number":
	case (s.Type == "integer" || s.IntOrString) && whole:
	default:
		c.wrongType(path, n, s, "the number "+v.String())
		return
	}
	if s.Format == "int32" && (f < math.MinInt32 || f > math.MaxInt32) {
		c.add(path, n, "must fit in 32 bits, not %s", v)
	}
}

func (c *checker) text(path string, n *yaml.Node, s *schema, v string) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		c.add(path, n, "must be one of %s, not %q", strings.Join(s.Enum, ", "), short(v))
	}
	if s.Pattern != "" && !patterns()[s.Pattern].MatchString(v) {
		c.add(path, n, "%q doesn't match %s", short(v), s.Pattern)
	}
	if s.Format == "byte" && !patterns()[base64Text].MatchString(v) {
		c.add(path, n, "must be base64")
	}
	have := utf8.RuneCountInString(v)
	if b := s.Length; b.Min != nil && have < *b.Min {
		c.add(path, n, "must have at least %d characters, not %d", *b.Min, have)
	} else if b.Max != nil && have > *b.Max {
		c.add(path, n, "must have at most %d characters, not %d", *b.Max, have)
	}
}

// short keeps a long value out of a message.
func short(v string) string {
	if r := []rune(v); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return v
}
