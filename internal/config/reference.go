package config

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// ReferenceRule says where resources of a kind name a Secret, for kinds that
// kesbridge doesn't know.
type ReferenceRule struct {
	Group string `yaml:"group"` // empty is the core group
	Kind  string `yaml:"kind"`
	// Path leads to the name, as ParsePath reads it.
	Path string `yaml:"path"`
	// Pos is where the rule stands.
	Pos manifest.Pos `yaml:"-"`
}

// UnmarshalYAML keeps the rule's place.
func (r *ReferenceRule) UnmarshalYAML(n *yaml.Node) error {
	type plain ReferenceRule
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.Pos = manifest.Pos{Line: n.Line, Column: n.Column}
	return nil
}

func completeReferences(rules []ReferenceRule, file string) {
	for i := range rules {
		rules[i].Pos.File = file
	}
}

// Steps of a path that aren't keys.
const (
	EachItem = "[]" // each item of a list
	AnyDepth = "**" // any keys and items, or none
)

var pathStep = regexp.MustCompile(`^(?:\["([^"\]]+)"\]|(\[\])|\.?(\*\*|[A-Za-z0-9_$*-]+))`)

// ParsePath reads a path of fields: keys with dots in between, [] for each item
// of a list, ["a.b/c"] for a key with other characters, * in a key for any
// text, and ** for any depth. ok is false if it is none.
func ParsePath(path string) (steps []string, ok bool) {
	for first := true; path != ""; first = false {
		m := pathStep.FindStringSubmatch(path)
		if m == nil || first == strings.HasPrefix(m[0], ".") && m[3] != "" {
			return nil, false
		}
		steps = append(steps, m[1]+m[2]+m[3])
		path = path[len(m[0]):]
	}
	return steps, len(steps) > 0 && steps[len(steps)-1] != AnyDepth
}

func referencesShape() *shape {
	return &shape{kind: list, doc: "Where resources of kinds that kesbridge doesn't know name a Secret of their own namespace. In modes switch and switched those names follow, and check knows that the resource reads the Secret.", item: &shape{kind: object, doc: "One field.", fields: []field{
		{name: "group", shape: &shape{kind: text, empty: true, pattern: apiGroup, wants: "an API group such as example.com", example: "example.com", doc: "API group of the resources; without it the core group."}},
		{name: "kind", required: true, shape: &shape{kind: text, pattern: kindName, wants: "a kind such as Widget", example: "Widget", doc: "Their kind."}},
		{name: "path", required: true, shape: &shape{kind: text, check: checkFieldPath, example: "spec.auth[].secretName", doc: "The field that holds the name: keys with dots in between, [] for each item of a list, [\"a.b/c\"] for a key with dots, * for any key, ** for any depth. A value NAMESPACE/NAME is understood."}},
	}}}
}

var (
	apiGroup = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`)
	kindName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
)

func checkFieldPath(v string) string {
	if _, ok := ParsePath(v); !ok {
		return "is not a path of fields such as spec.auth[].secretName"
	}
	return ""
}
