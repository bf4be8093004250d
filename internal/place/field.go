package place

import (
	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// maxNodes bounds how far aliases lead the search.
const maxNodes = 100_000

// step leads from a mapping or a list to one of its values.
type step struct {
	key   string
	index int // -1 for a key
	// from is the mapping or list, in the rendered object.
	from *yaml.Node
}

// way is how to get to a node of an object.
type way struct {
	steps []step
	onKey bool // to the last step's key, not its value
	value *yaml.Node
}

// wayTo finds the node of an object that a place is the place of.
func wayTo(o *manifest.Object, p manifest.Pos) (w way, ok bool) {
	budget := maxNodes
	at := func(n *yaml.Node) bool {
		q := o.PosOf(n)
		return q.Line == p.Line && q.Column == p.Column
	}
	var find func(n *yaml.Node, steps []step) bool
	find = func(n *yaml.Node, steps []step) bool {
		if budget--; budget <= 0 {
			return false
		}
		if n = deref(n); n.Kind == yaml.ScalarNode && at(n) {
			w = way{steps, false, n}
			return true
		}
		steps = steps[:len(steps):len(steps)]
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				next := append(steps, step{n.Content[i].Value, -1, n})
				if at(n.Content[i]) {
					w = way{next, true, deref(n.Content[i+1])}
					return true
				}
				if find(n.Content[i+1], next) {
					return true
				}
			}
		case yaml.SequenceNode:
			for i, item := range n.Content {
				if find(item, append(steps, step{"", i, n})) {
					return true
				}
			}
		}
		if at(n) { // a block mapping is where its first key is
			w = way{steps, false, n}
			return true
		}
		return false
	}
	return w, find(o.Node, nil)
}

// field goes the way to a rendered field in the source object.
func (x *Index) field(origin string, f *file, o *manifest.Object, p manifest.Pos) manifest.Pos {
	s := x.same(f, o)
	if s == nil {
		return manifest.Pos{File: origin, Line: 1}
	}
	w, ok := wayTo(o, p)
	if !ok || p.Line == o.Pos.Line && p.Column == o.Pos.Column {
		return here(origin, s.Pos)
	}
	n, all := s.Node, true
	last := s.Pos
	for i, st := range w.steps {
		key, value := follow(n, st)
		if value == nil {
			all = false
			break
		}
		n = value
		last = s.PosOf(value)
		if key != nil && (w.onKey && i == len(w.steps)-1 || value.Kind != yaml.ScalarNode) {
			last = s.PosOf(key)
		}
	}
	if (!all || n.Kind == yaml.ScalarNode && w.value.Kind == yaml.ScalarNode && n.Value != w.value.Value) && !renaming(w) {
		if q, ok := x.patched(o, w); ok {
			return q
		}
		if all {
			return here(origin, s.Pos) // something that isn't found set it
		}
	}
	return here(origin, last)
}

// renaming: kustomize changes names and namespaces by itself.
func renaming(w way) bool {
	return len(w.steps) == 2 && w.steps[0].key == "metadata" && (w.steps[1].key == "name" || w.steps[1].key == "namespace")
}

// follow makes one step in the source; nil where it can't be made.
func follow(n *yaml.Node, st step) (key, value *yaml.Node) {
	n = deref(n)
	if st.index < 0 {
		value = manifest.Lookup(n, st.key)
		for i := 0; value != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if deref(n.Content[i+1]) == value {
				key = n.Content[i]
			}
		}
		return key, value
	}
	if n.Kind != yaml.SequenceNode {
		return nil, nil
	}
	want := deref(st.from.Content[st.index])
	if st.index < len(n.Content) && alike(deref(n.Content[st.index]), want) {
		return nil, deref(n.Content[st.index])
	}
	for _, item := range n.Content {
		if alike(deref(item), want) {
			if value != nil {
				return nil, nil // two may be it
			}
			value = deref(item)
		}
	}
	return nil, value
}

// alike compares list items by what tells them apart.
func alike(a, b *yaml.Node) bool {
	if a.Kind != b.Kind {
		return false
	}
	if a.Kind == yaml.ScalarNode {
		return a.Value == b.Value
	}
	for _, key := range []string{"name", "key", "secretKey", "path"} {
		x, y := manifest.Lookup(a, key), manifest.Lookup(b, key)
		if (x == nil) != (y == nil) || x != nil && x.Value != y.Value {
			return false
		}
	}
	return true
}

func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
