package config

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/spelling"
)

// describe says in words what a node is. It never prints a mapping or a list:
// there may be credentials in it.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!str":
		if n.Value == "" {
			return "empty text"
		}
		return "the text " + strconv.Quote(n.Value)
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a date"
	}
	return "a value of type " + n.ShortTag()
}

// words says what a text should be.
func words(s *shape) string {
	switch {
	case s.enum != nil:
		return strings.Join(s.enum, " or ")
	case s.wants != "":
		return s.wants
	}
	return "text"
}

func unknownKey(name string, s *shape) string {
	if near := spelling.Closest(name, s.names()); near != "" {
		return "unknown key: did you mean " + strconv.Quote(near) + "?"
	}
	return "unknown key: use " + strings.Join(s.names(), ", ")
}

func badWord(v string, enum []string) string {
	msg := strconv.Quote(v) + " is not " + strings.Join(enum, " or ")
	if near := spelling.Closest(v, enum); near != "" && len(enum) > 1 {
		msg += ": did you mean " + strconv.Quote(near) + "?"
	}
	return msg
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join makes "a.b", quoting keys that would read wrongly.
func join(key, name string) string {
	if !plainKey.MatchString(name) {
		return key + "[" + strconv.Quote(name) + "]"
	}
	if key == "" {
		return name
	}
	return key + "." + name
}
