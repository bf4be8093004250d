package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlDoc is a document that had to be parsed.
type yamlDoc struct {
	b      *builder
	seg    segment
	t      *text
	end    int // of the document in the text: the "..." line, or the text's end
	root   *yaml.Node
	origin string
	crlf   bool

	steps   int // objects and Lists met
	depth   int // of Lists in Lists
	targets []*target
	lists   map[*yaml.Node]*list
}

// target is an object that was asked for.
type target struct {
	obj  *Object
	site *yaml.Node // the object, or an alias to it
	list *list      // nil for a document's root
	res  Result
}

// list is a List's items.
type list struct {
	seq     *yaml.Node
	key     *yaml.Node // "items"
	limit   int        // where the text after the items starts, at the latest
	fixed   string     // why they can't be edited where they stand
	targets map[int]*target
}

func (b *builder) yamlDocument(seg segment) error {
	raw, err := b.src.bytes(seg.text, seg.end)
	if err != nil {
		return err
	}
	if seg.content < 0 && !oddBreak(raw) {
		return nil // the marker is in a comment
	}
	head, err := b.src.bytes(seg.start, max(seg.start, seg.content))
	if err != nil {
		return err
	}
	line, _, err := b.cursor.at(seg.text)
	if err != nil {
		return err
	}
	d := &yamlDoc{
		b: b, seg: seg, end: len(raw), origin: sourceComment(head),
		t:     newText(raw, b.src.name, seg.text, line, 1),
		lists: map[*yaml.Node]*list{},
	}
	if seg.endMark >= 0 {
		d.end = int(seg.endMark - seg.text)
	}
	i := bytes.IndexByte(raw, '\n')
	d.crlf = i > 0 && raw[i-1] == '\r'
	docs, err := parseYAML(d.t)
	if err != nil || len(docs) == 0 {
		return err
	}
	if len(docs) > 1 {
		return &SyntaxError{d.t.nodePos(docs[1]), "another document starts without a \"---\" line of its own"}
	}
	d.root = docs[0].Content[0]
	if err := d.find(d.root, nil, 0, Ref{}, d.end); err != nil {
		return err
	}
	return d.visit()
}

// parseYAML gives the documents in a text.
func parseYAML(t *text) (docs []*yaml.Node, err error) {
	defer func() {
		// The parser has met input before that it can't take; the run must
		// end with a position then, too.
		if r := recover(); r != nil {
			docs, err = nil, &SyntaxError{t.pos(1, 1), fmt.Sprintf("the YAML parser gave up: %v", r)}
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(t.b))
	for {
		n := new(yaml.Node)
		err := dec.Decode(n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, t.syntaxError(err)
		}
		docs = append(docs, n)
	}
}

// syntaxError puts the place in the file in front of the parser's message,
// which only knows the line in the document.
func (t *text) syntaxError(err error) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	var line int
	if n, _ := fmt.Sscanf(msg, "line %d:", &line); n == 1 {
		_, msg, _ = strings.Cut(msg, ": ")
		if strings.HasPrefix(msg, "did not find expected") {
			line++ // those, and only those, are counted from 0
		}
		return &SyntaxError{t.pos(line, 0), msg}
	}
	if i := unreadable(t.b); i >= 0 {
		b := t.b[:i]
		p := Pos{File: t.file, Line: t.line + bytes.Count(b, newline), Column: columns(b[bytes.LastIndexByte(b, '\n')+1:]) + 1}
		return &SyntaxError{p, msg}
	}
	return &SyntaxError{t.pos(1, 0), msg}
}

// find collects the wanted objects under a node: itself, or what is in it if
// it is a List.
func (d *yamlDoc) find(site *yaml.Node, in *list, index int, inherit Ref, limit int) error {
	// A List inside itself, or Lists of aliases to Lists, would never end.
	// What is really written takes more bytes than it has objects.
	if d.steps++; d.steps > len(d.t.b) || d.depth > maxListDepth {
		return &SyntaxError{d.t.nodePos(site), "aliases lead to too many objects"}
	}
	m := deref(site)
	if m.Kind != yaml.MappingNode {
		return nil
	}
	for _, key := range []string{"apiVersion", "items"} {
		if _, ok := boundedLookup(m, key); !ok {
			return &SyntaxError{d.t.nodePos(m), "merge keys lead to too many mappings"}
		}
	}
	ref := refOf(m)
	if ref.Kind == "" && ref.APIVersion() == "" {
		ref.Group, ref.Version, ref.Kind = inherit.Group, inherit.Version, inherit.Kind
	}
	items := Lookup(m, "items")
	if isList(ref.Kind, items) {
		return d.findItems(m, items, site, in, ref, limit)
	}
	if !d.b.wanted.has(ref.Group) {
		return nil
	}
	first := site
	if site == m && len(m.Content) > 0 {
		first = m.Content[0]
	}
	pos := d.t.nodePos(first)
	pos.Origin = d.origin
	if o := originOf(m); o != "" {
		pos.Origin = o
	}
	tg := &target{obj: &Object{Node: m, Pos: pos, Ref: ref, text: d.t}, site: site, list: in}
	tg.obj.raw = d.raw(tg, limit)
	d.targets = append(d.targets, tg)
	if in != nil {
		in.targets[index] = tg
	}
	return nil
}

// isList reports whether kubectl and Argo CD take an object for a List.
func isList(kind string, items *yaml.Node) bool {
	if items == nil || items.Kind != yaml.SequenceNode {
		return false
	}
	if strings.HasSuffix(kind, "List") {
		return true
	}
	for _, it := range items.Content {
		if it = deref(it); it.Kind != yaml.MappingNode {
			return false
		}
	}
	return len(items.Content) > 0
}

// itemRef is what an item of a typed List is, if it doesn't say so itself.
func itemRef(list Ref) Ref {
	kind, ok := strings.CutSuffix(list.Kind, "List")
	if !ok || kind == "" {
		return Ref{}
	}
	return Ref{Group: list.Group, Version: list.Version, Kind: kind}
}

func (d *yamlDoc) findItems(m, items, site *yaml.Node, in *list, ref Ref, limit int) error {
	l := &list{seq: items, limit: limit, targets: map[int]*target{}}
	if in != nil {
		l.fixed = in.fixed
	}
	if site != m {
		l.fixed = "the List is written as an alias"
	}
	if l.fixed == "" {
		l.fixed = "the List's items come through an alias or a merge key"
		for i := 0; i+1 < len(m.Content); i += 2 {
			if m.Content[i+1] != items || scalar(m.Content[i]) != "items" {
				continue
			}
			l.fixed, l.key = "", m.Content[i]
			if i+2 < len(m.Content) {
				l.limit = d.lineStart(d.t.nodeOffset(m.Content[i+2]))
			}
		}
		d.lists[items] = l
	}
	d.depth++
	defer func() { d.depth-- }()
	for i, it := range items.Content {
		limit := l.limit
		if i+1 < len(items.Content) {
			limit = d.itemStart(items, i+1)
		}
		if err := d.find(it, l, i, itemRef(ref), limit); err != nil {
			return err
		}
	}
	return nil
}

// visit asks what to do with each object, and does it.
func (d *yamlDoc) visit() error {
	changed := false
	for _, tg := range d.targets {
		var err error
		if tg.res, err = d.b.call(tg.obj); err != nil {
			return err
		}
		changed = changed || tg.res.Action != Untouched
	}
	if !changed {
		return nil
	}
	err := d.edit()
	if bad := (*EditError)(nil); errors.As(err, &bad) && d.refuse(err) {
		err = d.edit() // without what can't be changed where it stands
	}
	return err
}

func (d *yamlDoc) edit() error {
	tg := d.targets[0]
	switch {
	case !slices.ContainsFunc(d.targets, func(tg *target) bool { return tg.res.Action != Untouched }):
		return nil
	case tg.list == nil:
		return d.editWhole(tg)
	}
	return d.editLists()
}

func (d *yamlDoc) fail(n *yaml.Node, ref Ref, msg string) error {
	p := d.t.nodePos(n)
	p.Origin = d.origin
	return &EditError{p, ref, msg}
}

func (d *yamlDoc) lineStart(i int) int { return bytes.LastIndexByte(d.t.b[:i], '\n') + 1 }

// nextLine gives the start of the line after i.
func (d *yamlDoc) nextLine(i int) int {
	if j := bytes.IndexByte(d.t.b[i:], '\n'); j >= 0 {
		return i + j + 1
	}
	return len(d.t.b)
}

// breaks gives printed text the document's line breaks.
func (d *yamlDoc) breaks(b []byte) []byte {
	if d.crlf {
		return bytes.ReplaceAll(b, newline, []byte("\r\n"))
	}
	return b
}
