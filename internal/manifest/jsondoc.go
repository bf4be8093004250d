package manifest

import (
	"bytes"
	"strings"
)

// jsonDoc is one JSON document that holds a marker. It is known to be valid,
// so finding one's way in it is easy; only objects that may be wanted become
// nodes.
type jsonDoc struct {
	b      *builder
	seg    segment
	t      []byte
	off    int64 // of t[0] in the source
	origin string
	crlf   bool
}

// jsonDocument visits the objects in a JSON document. only tells that there
// is no other in its segment.
func (b *builder) jsonDocument(seg segment, s span64, only bool) error {
	raw, err := b.src.bytes(s.start, s.end)
	if err != nil {
		return err
	}
	d := &jsonDoc{b: b, seg: seg, t: raw, off: s.start}
	if s.start == seg.content {
		head, err := b.src.bytes(seg.start, seg.content)
		if err != nil {
			return err
		}
		d.origin = sourceComment(head)
	}
	i := bytes.IndexByte(raw, '\n')
	d.crlf = i > 0 && raw[i-1] == '\r'

	edits, res, obj, err := d.object(span{0, len(raw)}, Ref{}, 0)
	if err != nil {
		return err
	}
	if obj == nil {
		if err := d.verify(edits); err != nil {
			return err
		}
		return b.emit(d.absolute(edits))
	}
	switch res.Action {
	case Replace:
		return b.emit([]edit{d.whole(s, res.Objects)})
	case Edit:
		edits, ok, err := d.edit(span{0, len(d.t)}, obj, &res)
		if err != nil || !ok {
			return err
		}
		return b.emit(d.absolute(edits))
	case Accompany:
		base, unit := d.layout(span{0, len(d.t)})
		sep := "\n"
		if only {
			sep = "\n---\n" // it may be one JSON document among YAML ones
		}
		if d.crlf {
			sep = strings.ReplaceAll(sep, "\n", "\r\n")
		}
		out := append([]byte(sep), d.print(res.Objects, base, unit, sep)...)
		return b.emit([]edit{{s.end, s.end, out}})
	case Drop:
		if !only {
			return b.emit([]edit{{s.start, s.next, nil}})
		}
		tail, err := b.src.bytes(s.end, seg.end)
		if err != nil {
			return err
		}
		if seg.endMark >= 0 {
			tail = tail[:seg.endMark-s.end]
		}
		if i := bytes.IndexByte(tail, '#'); i >= 0 {
			tail = tail[bytes.LastIndexByte(tail[:i], '\n')+1:]
		} else {
			tail = nil
		}
		return b.dropSegment(seg, tail)
	}
	return nil
}

// whole prints objects in the place of a document.
func (d *jsonDoc) whole(s span64, objects []Map) edit {
	base, unit := d.layout(span{0, len(d.t)})
	out := d.print(objects, base, unit, "\n")
	start := s.start
	if d.seg.sep >= 0 && s.start == d.seg.content {
		// Content on the separator's line moves to the next.
		between, err := d.b.src.bytes(d.seg.sep, s.start)
		if err == nil && !bytes.Contains(between, newline) {
			start = d.seg.sep + 3
			out = append([]byte("\n"), out...)
			if d.crlf {
				out = append([]byte("\r"), out...)
			}
		}
	}
	return edit{start, s.end, out}
}

func (d *jsonDoc) print(objects []Map, base, unit, sep string) []byte {
	var out []byte
	for i, m := range objects {
		if i > 0 {
			out = append(out, sep...)
			if strings.HasSuffix(sep, "\n") {
				out = append(out, base...)
			}
		}
		printed := PrintJSON(m, unit)
		out = append(out, bytes.ReplaceAll(printed, newline, []byte("\n"+base))...)
	}
	if d.crlf {
		return bytes.ReplaceAll(out, newline, []byte("\r\n"))
	}
	return out
}

// layout tells how an object is indented: the indentation of the line that it
// ends on, and of its first key beyond that. unit is empty if it is written
// on one line.
func (d *jsonDoc) layout(s span) (base, unit string) {
	b := d.t[s.start:s.end]
	first := bytes.IndexByte(b, '\n')
	if first < 0 {
		return "", ""
	}
	indent := func(b []byte) string { return string(b[:len(b)-len(bytes.TrimLeft(b, " \t"))]) }
	base = indent(b[bytes.LastIndexByte(b, '\n')+1:])
	unit, ok := strings.CutPrefix(indent(bytes.TrimLeft(b[first+1:], "\r\n")), base)
	if !ok || unit == "" {
		unit = "  "
	}
	return base, unit
}

// verify reads an edited List back. JSON has no anchors, so what isn't edited
// can't have changed as long as the whole is still valid.
func (d *jsonDoc) verify(edits []edit) error {
	if len(edits) == 0 {
		return nil
	}
	var s jsonScanner
	edited := applyEdits(d.t, 0, edits)
	if n, ok := s.scan(edited); !ok || n != len(edited) || s.state != jsonDone {
		line, col, err := d.b.cursor.at(d.off)
		if err != nil {
			return err
		}
		return &EditError{Pos: Pos{File: d.b.src.name, Line: line, Column: col, Origin: d.origin}, Msg: "the result would be no JSON"}
	}
	return nil
}

func (d *jsonDoc) absolute(edits []edit) []edit {
	for i := range edits {
		edits[i].start += d.off
		edits[i].end += d.off
	}
	return edits
}

// maxListDepth bounds Lists in Lists.
const maxListDepth = 100

// object looks at the object in a span. It is visited if it is wanted (obj is
// then not nil); if it is a List, its items are, and edits are theirs.
func (d *jsonDoc) object(s span, inherit Ref, depth int) (edits []edit, res Result, obj *Object, err error) {
	if depth > maxListDepth {
		return nil, res, nil, d.b.jsonError(d.off+int64(s.start), "lists in lists in lists: too deep")
	}
	var kind, apiVersion string
	items := span{-1, -1}
	for m := range jsonMembers(d.t, s) {
		switch m.key {
		case "kind":
			kind = jsonText(d.t, m.value)
		case "apiVersion":
			apiVersion = jsonText(d.t, m.value)
		case "items":
			items = m.value
		}
	}
	ref := inherit
	if kind != "" || apiVersion != "" {
		group, version, ok := strings.Cut(apiVersion, "/")
		if !ok {
			group, version = "", group
		}
		ref = Ref{Group: group, Version: version, Kind: kind}
	}
	if d.isList(kind, items) {
		edits, err = d.items(items, itemRef(ref), depth)
		return edits, res, nil, err
	}
	if !d.b.wanted.has(ref.Group) {
		return nil, res, nil, nil
	}
	obj, err = d.newObject(s, ref)
	if err != nil {
		return nil, res, nil, err
	}
	res, err = d.b.call(obj)
	return nil, res, obj, err
}

func (d *jsonDoc) newObject(s span, ref Ref) (*Object, error) {
	line, col, err := d.b.cursor.at(d.off + int64(s.start))
	if err != nil {
		return nil, err
	}
	raw := d.t[s.start:s.end:s.end]
	t := newText(raw, d.b.src.name, d.off+int64(s.start), line, col)
	o := &Object{Node: jsonNode(raw), JSON: true, text: t, raw: raw}
	o.Ref = refOf(o.Node)
	o.Ref.Group, o.Ref.Version, o.Ref.Kind = ref.Group, ref.Version, ref.Kind
	first := o.Node
	if len(first.Content) > 0 {
		first = first.Content[0]
	}
	o.Pos = t.nodePos(first)
	o.Pos.Origin = d.origin
	if origin := originOf(o.Node); origin != "" {
		o.Pos.Origin = origin
	}
	return o, nil
}

func (d *jsonDoc) isList(kind string, items span) bool {
	if items.start < 0 || d.t[items.start] != '[' {
		return false
	}
	if strings.HasSuffix(kind, "List") {
		return true
	}
	n := 0
	for it := range jsonItems(d.t, items) {
		if d.t[it.start] != '{' {
			return false
		}
		n++
	}
	return n > 0
}

// items visits the items of a List.
func (d *jsonDoc) items(items span, inherit Ref, depth int) ([]edit, error) {
	var spans []span
	results := map[int]Result{}
	var inner []edit
	for it := range jsonItems(d.t, items) {
		spans = append(spans, it)
		if d.t[it.start] != '{' || !d.b.wanted[inherit.Group] && !d.b.scan.in(d.t[it.start:it.end]) {
			continue
		}
		edits, res, obj, err := d.object(it, inherit, depth+1)
		if err != nil {
			return nil, err
		}
		if res.Action == Edit {
			if edits, _, err = d.edit(it, obj, &res); err != nil {
				return nil, err
			}
		} else if res.Action != Untouched {
			results[len(spans)-1] = res
		}
		inner = append(inner, edits...)
	}
	if len(results) > 0 {
		inner = append(inner, editSpans(spans, items.start, items.end, func(i int) (Action, []byte) {
			res := results[i]
			if res.Action == Untouched || res.Action == Drop {
				return res.Action, nil
			}
			base, unit := d.layout(spans[i])
			sep := ","
			switch {
			case unit != "":
				sep = ",\n"
			case i > 0:
				sep = string(d.t[spans[i-1].end:spans[i].start])
			}
			out := d.print(res.Objects, base, unit, sep)
			if res.Action == Accompany {
				if strings.HasSuffix(sep, "\n") {
					sep += base
				}
				it := d.t[spans[i].start:spans[i].end]
				out = append(append(append([]byte(nil), it...), sep...), out...)
			}
			return Replace, out
		})...)
	}
	sortEdits(inner)
	return inner, nil
}
