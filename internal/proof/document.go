package proof

import (
	"slices"
	"strconv"
	"strings"
)

// node is a JSON document under construction: an object or array with
// children, or raw JSON text.
type node struct {
	raw   string
	array bool
	// ordered keeps the keys as they were put in; else they are sorted.
	ordered bool
	keys    []string
	kids    []*node
}

func leaf(raw string) *node { return &node{raw: raw} }

func (n *node) isLeaf() bool { return n.raw != "" }

func (n *node) child(key string) *node {
	for i, k := range n.keys {
		if k == key {
			return n.kids[i]
		}
	}
	return nil
}

// set puts a child in; an array is filled with text up to its index.
func (n *node) set(key string, c *node) {
	n.raw = ""
	for i, k := range n.keys {
		if k == key {
			n.kids[i] = c
			return
		}
	}
	if n.array {
		for i := len(n.keys); i < arrayIndex(key) && i < 50; i++ {
			n.keys = append(n.keys, strconv.Itoa(i))
			n.kids = append(n.kids, leaf(`"element `+strconv.Itoa(i)+`"`))
		}
	}
	n.keys = append(n.keys, key)
	n.kids = append(n.kids, c)
}

// put sets a leaf at a path and makes what is needed on the way; segments of
// digits are indexes of arrays.
func (n *node) put(path []string, raw string) {
	for i, key := range path {
		if i == len(path)-1 {
			n.set(key, leaf(raw))
			return
		}
		next := n.child(key)
		if next == nil || next.isLeaf() {
			next = &node{array: arrayIndex(path[i+1]) >= 0 && arrayIndex(path[i+1]) < 50}
			n.set(key, next)
		}
		n = next
	}
}

// drop takes a path away.
func (n *node) drop(path []string) {
	for i, key := range path {
		if i == len(path)-1 {
			if j := slices.Index(n.keys, key); j >= 0 {
				n.keys = slices.Delete(slices.Clone(n.keys), j, j+1)
				n.kids = slices.Delete(slices.Clone(n.kids), j, j+1)
			}
			return
		}
		if n = n.child(key); n == nil {
			return
		}
	}
}

func (n *node) clone() *node {
	c := &node{raw: n.raw, array: n.array, ordered: n.ordered, keys: slices.Clone(n.keys)}
	for _, k := range n.kids {
		c.kids = append(c.kids, k.clone())
	}
	return c
}

// layout is how a document is written.
type layout struct {
	blanks  bool
	reverse bool   // keys in reverse order, else sorted
	twice   string // a key of the top level that is repeated, with text first
}

func (n *node) String() string { return n.text(layout{}) }

func (n *node) text(l layout) string {
	var b strings.Builder
	n.write(&b, l, true)
	return b.String()
}

func (n *node) write(b *strings.Builder, l layout, top bool) {
	if n.isLeaf() {
		b.WriteString(n.raw)
		return
	}
	order := make([]int, len(n.keys))
	for i := range order {
		order[i] = i
	}
	if !n.array {
		if !n.ordered {
			slices.SortFunc(order, func(x, y int) int { return strings.Compare(n.keys[x], n.keys[y]) })
		}
		if l.reverse {
			slices.Reverse(order)
		}
	}
	ends, comma, colon := "{}", ",", ":"
	if n.array {
		ends = "[]"
	}
	if l.blanks {
		comma, colon = ",\n  ", " : "
	}
	b.WriteByte(ends[0])
	for j, i := range order {
		if j > 0 {
			b.WriteString(comma)
		}
		if !n.array {
			if top && l.twice == n.keys[i] {
				b.WriteString(jsonString(n.keys[i]) + `:"repeated",`)
			}
			b.WriteString(jsonString(n.keys[i]) + colon)
		}
		n.kids[i].write(b, l, false)
	}
	b.WriteByte(ends[1])
}
