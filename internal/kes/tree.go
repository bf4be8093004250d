package kes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// The limits of what is read of KES's settings: the files are anybody's, and
// aliases may make much of little.
const (
	maxNodes = 200_000
	maxNest  = 100
)

// SettingsError says that a file with KES's settings can't be read. It never
// holds text of the file, which may be a secret.
type SettingsError struct {
	File string
	Line int // 0: unknown
	What string
}

func (e *SettingsError) Error() string {
	where := manifest.Pos{File: e.File, Line: e.Line}
	return fmt.Sprintf("read KES's settings: %s: %s", where, e.What)
}

// Hint says what to do.
func (e *SettingsError) Hint() string {
	return "the file's text isn't shown, since it may hold secrets; correct it there, or give KES's variables under controller.env in kesbridge.yaml"
}

// Tree is a document without aliases and merge keys, each value with its
// place. A nil Tree is "not there" and can be asked all the same.
type Tree struct {
	Pos manifest.Pos
	// Keys are a mapping's, in the order of the file, each once.
	Keys []string
	// List is what a list holds.
	List []*Tree

	fields map[string]*Tree
	places map[string]manifest.Pos
	kind   yaml.Kind
	// whole: Helm takes a number of it for an integer (--set).
	whole bool
	// scalar is one, read when it is asked for: most never are.
	scalar *yaml.Node
}

// value is a scalar as a string, bool, json.Number or nil.
func (t *Tree) value() any {
	v, _ := scalar(t.scalar)
	return v
}

// At follows keys; nil where the way ends.
func (t *Tree) At(keys ...string) *Tree {
	for _, k := range keys {
		if t == nil {
			return nil
		}
		t = t.fields[k]
	}
	return t
}

// Text is a scalar as Helm's templates and people would write it; empty for
// all else.
func (t *Tree) Text() string {
	if t == nil || t.kind != yaml.ScalarNode {
		return ""
	}
	switch v := t.value().(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// Items is List, of nil too.
func (t *Tree) Items() []*Tree {
	if t == nil {
		return nil
	}
	return t.List
}

// Names is Keys, of nil too.
func (t *Tree) Names() []string {
	if t == nil {
		return nil
	}
	return t.Keys
}

// IsNull reports a key without a value.
func (t *Tree) IsNull() bool { return t != nil && t.kind == yaml.ScalarNode && t.value() == nil }

// IsMapping tells mappings from all else.
func (t *Tree) IsMapping() bool { return t != nil && t.kind == yaml.MappingNode }

// Place is where a key of a mapping stands.
func (t *Tree) Place(key string) manifest.Pos {
	if t == nil {
		return manifest.Pos{}
	}
	return t.places[key]
}

// empty is Helm's notion of it.
func (t *Tree) empty() bool {
	if t == nil {
		return true
	}
	switch t.kind {
	case yaml.MappingNode:
		return len(t.Keys) == 0
	case yaml.SequenceNode:
		return len(t.List) == 0
	}
	switch v := t.value().(type) {
	case string:
		return v == ""
	case bool:
		return !v
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == 0
	}
	return true
}

// set adds or replaces a key.
func (t *Tree) set(key string, at manifest.Pos, v *Tree) {
	if t.fields == nil {
		t.fields, t.places = map[string]*Tree{}, map[string]manifest.Pos{}
	}
	if _, ok := t.fields[key]; !ok {
		t.Keys = append(t.Keys, key)
	}
	t.fields[key], t.places[key] = v, at
}

var errorLine = regexp.MustCompile(`line ([0-9]+)`)

// Documents parses a file.
func Documents(name string, data []byte) ([]*Tree, error) {
	return documents(name, data, 0, false)
}

// Embedded parses YAML that stands as text in a document. Its lines are those of
// the file as far as it is a block; columns aren't known.
func Embedded(t *Tree) ([]*Tree, error) {
	text := t.Text()
	if text == "" {
		return nil, nil
	}
	above := t.Pos.Line
	if t.scalar.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		above--
	}
	return documents(t.Pos.File, []byte(text), above, true)
}

func documents(name string, data []byte, above int, inner bool) (docs []*Tree, err error) {
	defer func() {
		if rec := recover(); rec != nil { // the parser has met input that it can't take
			docs, err = nil, &SettingsError{File: name, What: "the YAML parser gave up"}
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			e := &SettingsError{File: name, What: "it is no YAML"}
			if m := errorLine.FindStringSubmatch(err.Error()); m != nil {
				e.Line, _ = strconv.Atoi(m[1])
				e.Line += above
			}
			return nil, e
		}
		if len(n.Content) != 1 {
			continue
		}
		b := &grower{file: name, above: above, inner: inner, left: maxNodes, grown: map[*yaml.Node]*Tree{}}
		t, err := b.grow(n.Content[0], 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, t)
	}
}

// grower makes a Tree. What several aliases stand for is made once.
type grower struct {
	file        string
	above, left int
	inner       bool
	grown       map[*yaml.Node]*Tree
}

func (g *grower) pos(n *yaml.Node) manifest.Pos {
	p := manifest.Pos{File: g.file, Line: n.Line + g.above, Column: n.Column}
	if g.inner {
		p.Column = 0
	}
	return p
}

func (g *grower) grow(n *yaml.Node, depth int) (*Tree, error) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Anchor != "" {
		if t := g.grown[n]; t != nil {
			return t, nil
		}
	}
	if g.left--; g.left < 0 || depth > maxNest {
		return nil, &SettingsError{File: g.file, Line: n.Line + g.above, What: "aliases, or values in values, make too much of it"}
	}
	t := &Tree{Pos: g.pos(n), kind: n.Kind}
	if n.Anchor != "" {
		defer func() { g.grown[n] = t }() // not before: it may hold itself
	}
	switch n.Kind {
	case yaml.MappingNode:
		return t, g.mapping(t, n, depth)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			v, err := g.grow(item, depth+1)
			if err != nil {
				return nil, err
			}
			t.List = append(t.List, v)
		}
	default:
		t.scalar = n
	}
	return t, nil
}

// mapping fills in a mapping: of two keys the last counts, and what is merged
// in (<<) is weaker than what stands there, the first strongest.
func (g *grower) mapping(t *Tree, n *yaml.Node, depth int) error {
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := deref(n.Content[i]), n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			merged = append(merged, v)
			continue
		}
		if k.Kind != yaml.ScalarNode {
			continue // nothing that is looked for
		}
		sub, err := g.grow(v, depth+1)
		if err != nil {
			return err
		}
		t.set(k.Value, g.pos(n.Content[i]), sub)
	}
	for _, m := range merged {
		from, err := g.grow(m, depth+1)
		if err != nil {
			return err
		}
		for _, one := range append([]*Tree{from}, from.List...) {
			for _, k := range one.Keys {
				if _, ok := t.fields[k]; !ok {
					t.set(k, one.places[k], one.fields[k])
				}
			}
		}
	}
	return nil
}
