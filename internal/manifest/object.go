package manifest

import (
	"bytes"
	"encoding/base64"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is one Kubernetes object of a stream: a document's root, or an item
// of a List.
type Object struct {
	// Node is the object's root mapping. Aliases and merge keys in it are
	// unresolved; Lookup follows them. Lines and columns count from the start
	// of the text that was parsed: PosOf gives the place in the file.
	Node *yaml.Node
	// Pos is where the object starts. Origin is Helm's "# Source:" comment in
	// front of the document, or kustomize's origin annotation.
	Pos Pos
	// Ref is what the object says of itself. An item of a typed List that
	// has no apiVersion and kind of its own has the List's.
	Ref Ref
	// JSON tells that it was written as JSON.
	JSON bool

	text *text
	raw  []byte
}

// PosOf gives the place of a node of the object in the file.
func (o *Object) PosOf(n *yaml.Node) Pos {
	p := o.text.pos(n.Line, n.Column)
	p.Origin = o.Pos.Origin
	return p
}

// Raw gives the bytes of the object as they stand in the stream: without the
// separator, and for an item without the dash. They must not be changed.
func (o *Object) Raw() []byte { return o.raw }

// text is what was parsed at once, and where it stands in the file.
type text struct {
	b     []byte
	file  string
	off   int64 // in the source
	line  int   // of b[0], counting from 1
	col   int
	lines []int // where lines start, as the parser counts them
	odd   bool  // some line breaks aren't what an editor calls one
}

func newText(b []byte, file string, off int64, line, col int) *text {
	t := &text{b: b, file: file, off: off, line: line, col: col, lines: []int{0}, odd: oddBreak(b)}
	if !t.odd {
		for i := 0; ; {
			j := bytes.IndexByte(b[i:], '\n')
			if j < 0 {
				return t
			}
			i += j + 1
			t.lines = append(t.lines, i)
		}
	}
	for i := 0; i < len(b); {
		if n := lineBreak(b[i:]); n > 0 {
			i += n
			t.lines = append(t.lines, i)
			continue
		}
		i++
	}
	return t
}

// offset gives the index of a line and column (in characters) in the text.
func (t *text) offset(line, col int) int {
	if line < 1 || line > len(t.lines) {
		return len(t.b)
	}
	i := t.lines[line-1]
	for col--; col > 0 && i < len(t.b); col-- {
		i++
		for i < len(t.b) && t.b[i]&0xC0 == 0x80 {
			i++
		}
	}
	return i
}

func (t *text) nodeOffset(n *yaml.Node) int { return t.offset(n.Line, n.Column) }

// pos gives the place in the file of a line and column in the text.
func (t *text) pos(line, col int) Pos {
	if line < 1 {
		return Pos{File: t.file, Line: t.line}
	}
	if t.odd {
		b := t.b[:t.offset(line, col)]
		line = bytes.Count(b, newline) + 1
		col = columns(b[bytes.LastIndexByte(b, '\n')+1:]) + 1
	}
	if line == 1 {
		col += t.col - 1
	}
	return Pos{File: t.file, Line: t.line + line - 1, Column: col}
}

func (t *text) nodePos(n *yaml.Node) Pos { return t.pos(n.Line, n.Column) }

// Lookup gives the value at a key of a mapping as the API server will see it:
// aliases and merge keys resolved, the last of several values taken, as the
// conversion to JSON in kubectl and Argo CD does. It is nil if there is none,
// or if the merge keys lead to more mappings than anybody writes.
func Lookup(m *yaml.Node, key string) *yaml.Node {
	n, _ := boundedLookup(m, key)
	return n
}

// lookupBudget bounds the mappings that merge keys lead to: they can be
// nested so that there are exponentially many, or in a circle.
const lookupBudget = 10000

func boundedLookup(m *yaml.Node, key string) (n *yaml.Node, ok bool) {
	budget := lookupBudget
	n = lookup(m, key, &budget)
	return n, budget > 0
}

func lookup(m *yaml.Node, key string, budget *int) *yaml.Node {
	m = deref(m)
	if m == nil || m.Kind != yaml.MappingNode || *budget <= 0 {
		return nil
	}
	*budget--
	var found *yaml.Node
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := deref(m.Content[i]), m.Content[i+1]
		switch {
		case isMerge(m.Content[i]):
			if got := lookupMerged(v, key, budget); got != nil {
				found = got
			}
		case scalar(k) == key && k.Kind == yaml.ScalarNode:
			found = deref(v)
		}
	}
	return found
}

func lookupMerged(v *yaml.Node, key string, budget *int) *yaml.Node {
	v = deref(v)
	if v == nil || v.Kind != yaml.SequenceNode {
		return lookup(v, key, budget)
	}
	for _, c := range v.Content {
		if got := lookup(c, key, budget); got != nil {
			return got // earlier mappings win
		}
	}
	return nil
}

func isMerge(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "<<" &&
		(n.Tag == "" || n.Tag == "!" || n.ShortTag() == "!!merge")
}

// deref follows an alias. An anchor can't stand on an alias, so one step is
// enough.
func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// scalar gives the string that a scalar stands for, "" for anything else.
func scalar(n *yaml.Node) string {
	n = deref(n)
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	if n.ShortTag() == "!!binary" {
		b, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return n.Value
}

func refOf(n *yaml.Node) Ref {
	group, version, ok := strings.Cut(scalar(Lookup(n, "apiVersion")), "/")
	if !ok {
		group, version = "", group
	}
	meta := Lookup(n, "metadata")
	return Ref{
		Group:     group,
		Version:   version,
		Kind:      scalar(Lookup(n, "kind")),
		Namespace: scalar(Lookup(meta, "namespace")),
		Name:      scalar(Lookup(meta, "name")),
	}
}

// originOf gives the file that kustomize says the object came from.
func originOf(n *yaml.Node) string {
	v := scalar(Lookup(Lookup(Lookup(n, "metadata"), "annotations"), "config.kubernetes.io/origin"))
	for line := range strings.Lines(v) {
		if path, ok := strings.CutPrefix(line, "path:"); ok {
			return strings.Trim(strings.TrimSpace(path), `"'`)
		}
	}
	return ""
}

// sourceComment gives the path in the last "# Source:" line, as Helm writes
// it in front of each document.
func sourceComment(head []byte) string {
	origin := ""
	for line := range bytes.Lines(head) {
		if path, ok := bytes.CutPrefix(line, []byte("# Source: ")); ok {
			origin = string(bytes.TrimSpace(path))
		}
	}
	return origin
}
