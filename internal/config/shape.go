package config

import "regexp"

// kind is what a value of the file is.
type kind int

const (
	object     kind = iota + 1 // a mapping with known keys
	dictionary                 // a mapping whose keys the user chooses
	list
	text
	boolean
	globs // one pattern or a list of them
)

// shape is what a value may be. The checker and the JSON schema both follow
// it; nothing else says what kesbridge.yaml may hold.
type shape struct {
	kind kind
	doc  string
	// fields are an object's keys, in the order of the documentation.
	fields []field
	// either are keys of an object one of which, at least, must be given.
	either []string
	// item is what a list or a dictionary holds.
	item *shape
	// keys checks the keys of a dictionary; it says what is wrong, or "".
	keys func(key string) string

	// loose text also takes a number or a boolean, as it is spelled: 0.20
	// stays "0.20".
	loose bool
	// empty text, or a key without any value, is allowed.
	empty   bool
	enum    []string
	pattern *regexp.Regexp
	// wants says in words what the pattern asks for.
	wants string
	// check is for what no pattern can say; it says what is wrong, or "".
	check func(value string) string
	// example and preset (the built-in value) are for the schema.
	example any
	preset  any
}

// field is one key of an object.
type field struct {
	name     string
	required bool
	// later: the key belongs to a version still to come, so it is refused,
	// but not as a slip of the pen.
	later bool
	shape *shape
}

// find returns the field of a name, or nil.
func (s *shape) find(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// names lists the keys that are supported.
func (s *shape) names() []string {
	var names []string
	for _, f := range s.fields {
		if !f.later {
			names = append(names, f.name)
		}
	}
	return names
}
