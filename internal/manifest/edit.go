package manifest

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// editWhole replaces or drops a document.
func (d *yamlDoc) editWhole(tg *target) error {
	start := d.t.nodeOffset(tg.site)
	end := d.tokenEnd(tg.site)
	if end >= 0 {
		end = d.nextLine(end)
	} else {
		end = d.contentEnd(tg.site, d.end, 0)
	}
	if tg.res.Action == Drop {
		return d.b.dropSegment(d.seg, d.trailing(end))
	}
	var out []byte
	for i, m := range tg.res.Objects {
		if i > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, PrintYAML(m)...)
	}
	ls := d.lineStart(start)
	if before := d.t.b[ls:start]; len(bytes.TrimLeft(before, " ")) == 0 {
		start = ls
	} else {
		// The content stands on the separator's line.
		start = ls + len(bytes.TrimRight(before, " \t"))
		out = append([]byte("\n"), out...)
	}
	edits := []edit{{d.t.off + int64(start), d.t.off + int64(end), d.breaks(out)}}
	if err := d.verifyWhole(tg, applyEdits(d.t.b, d.t.off, edits)); err != nil {
		return err
	}
	return d.b.emit(edits)
}

// trailing gives the comments after the content: they stay when a document
// is dropped, since they may well be about the next one.
func (d *yamlDoc) trailing(end int) []byte {
	b := d.t.b[end:max(end, d.end)]
	i := bytes.IndexByte(b, '#')
	if i < 0 {
		return nil
	}
	return b[bytes.LastIndexByte(b[:i], '\n')+1:]
}

// dropSegment takes a document out with its separator and the comments in
// front of it, and leaves text in its place.
func (b *builder) dropSegment(seg segment, text []byte) error {
	start := seg.start
	if start == 0 {
		head, err := b.src.bytes(0, min(3, seg.end))
		if err != nil {
			return err
		}
		if bytes.Equal(head, bom) {
			start = 3
		}
	}
	if seg.directive && seg.start > 0 {
		// Whether a line after a scalar is a directive or more of the scalar
		// can't be told without parsing the document in front: an empty
		// document is left behind, which is right in both cases.
		start = seg.sep + 3
		text = append([]byte("\n"), text...)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' && seg.end < b.src.size {
		text = append(bytes.Clone(text), '\n')
	}
	e := edit{start, seg.end, text}
	if seg.endMark >= 0 {
		// The "..." may have been all that stood between the neighbours, or a
		// second one may follow that has nothing to end any more.
		n := newSplitter(b.split.win)
		n.restart(seg.end)
		next, ok, err := n.next()
		if err != nil {
			return err
		}
		bare := ok && next.sep < 0
		switch {
		case ok && next.directive && seg.start > 0:
			e.end = seg.endMark
		case bare && (next.content >= 0 && seg.start > 0 || next.content < 0 && next.endMark >= 0):
			e.text = append(bytes.Clone(text), "---\n"...)
		}
	}
	return b.emit([]edit{e})
}

// editLists changes the items of the Lists in a document.
func (d *yamlDoc) editLists() error {
	var edits []edit
	for _, l := range d.listsInOrder() {
		var err error
		for _, tg := range l.targets {
			if l.fixed != "" && tg.res.Action != Untouched {
				return d.fail(tg.site, tg.obj.Ref, l.fixed)
			}
		}
		var es []edit
		if l.seq.Style&yaml.FlowStyle != 0 {
			es, err = d.editFlow(l)
		} else {
			es, err = d.editBlock(l)
		}
		if err != nil {
			return err
		}
		edits = append(edits, es...)
	}
	for i := range edits {
		edits[i].start += d.t.off
		edits[i].end += d.t.off
	}
	sortEdits(edits)
	for i := 1; i < len(edits); i++ {
		if edits[i].start < edits[i-1].end {
			return d.fail(d.targets[0].site, d.targets[0].obj.Ref, "items overlap")
		}
	}
	if err := d.verifyLists(applyEdits(d.t.b, d.t.off, edits)); err != nil {
		return err
	}
	return d.b.emit(edits)
}

// listsInOrder gives the Lists with something to change.
func (d *yamlDoc) listsInOrder() []*list {
	var out []*list
	seen := map[*list]bool{}
	for _, tg := range d.targets {
		if tg.res.Action != Untouched && !seen[tg.list] {
			seen[tg.list] = true
			out = append(out, tg.list)
		}
	}
	return out
}

// editFlow edits items between brackets. Offsets are in the text.
func (d *yamlDoc) editFlow(l *list) ([]edit, error) {
	open := skipProperties(d.t.b, d.t.nodeOffset(l.seq))
	spans, end, ok := flowSpans(d.t.b, open)
	if !ok || len(spans) != len(l.seq.Content) {
		return nil, d.fail(l.seq, Ref{}, "the items can't be told apart")
	}
	return editSpans(spans, open, end, func(i int) (Action, []byte) {
		tg := l.targets[i]
		if tg == nil || tg.res.Action != Replace {
			return tg.action(), nil
		}
		var out [][]byte
		for _, m := range tg.res.Objects {
			out = append(out, PrintJSON(m, ""))
		}
		return Replace, bytes.Join(out, []byte(", "))
	}), nil
}

func (tg *target) action() Action {
	if tg == nil {
		return Untouched
	}
	return tg.res.Action
}

// editSpans edits items that commas separate, between the brackets at open
// and in front of end.
func editSpans(spans []span, open, end int, item func(i int) (Action, []byte)) []edit {
	var edits []edit
	lastKept := -1
	for i, s := range spans {
		act, text := item(i)
		switch act {
		case Drop:
			continue
		case Replace:
			edits = append(edits, edit{int64(s.start), int64(s.end), text})
		}
		// The comma behind a dropped item goes with it.
		if lastKept+1 < i {
			edits = append(edits, edit{int64(spans[lastKept+1].start), int64(s.start), nil})
		}
		lastKept = i
	}
	switch n := len(spans) - 1; {
	case lastKept < 0:
		edits = append(edits, edit{int64(open + 1), int64(end - 1), nil})
	case lastKept < n:
		edits = append(edits, edit{int64(spans[lastKept].end), int64(spans[n].end), nil})
	}
	sortEdits(edits)
	return edits
}

// editBlock edits items behind dashes. Offsets are in the text.
func (d *yamlDoc) editBlock(l *list) ([]edit, error) {
	var edits []edit
	depth := d.dashColumn(l.seq)
	kept := len(l.seq.Content)
	for i, site := range l.seq.Content {
		tg := l.targets[i]
		if tg.action() == Untouched {
			continue
		}
		dash, ok := d.dash(site, depth)
		limit := l.limit
		if ok && i+1 < len(l.seq.Content) {
			limit, ok = d.dash(l.seq.Content[i+1], depth)
		}
		if !ok {
			return nil, d.fail(site, tg.obj.Ref, "the item's dash isn't where it is looked for")
		}
		end := d.tokenEnd(site)
		if end >= 0 {
			end = d.nextLine(end)
		} else {
			end = d.contentEnd(site, limit, depth)
		}
		if tg.res.Action == Drop {
			kept--
			edits = append(edits, edit{int64(dash), int64(end), nil})
			continue
		}
		edits = append(edits, edit{int64(d.t.nodeOffset(site)), int64(end), d.breaks(blockItem(tg, site.Column-1, depth))})
	}
	if kept == 0 {
		edits[0].text = d.breaks([]byte(strings.Repeat(" ", depth+1) + "[]\n"))
		edits = append(edits, d.emptyOnKeyLine(l, edits)...)
		sortEdits(edits)
	}
	return edits, nil
}

// blockItem prints objects in the place of one that starts at a column.
func blockItem(tg *target, column, depth int) []byte {
	var out []byte
	for i, m := range tg.res.Objects {
		if i > 0 {
			out = append(out, strings.Repeat(" ", depth)+"- "...)
			column = depth + 2
		}
		first := true
		for line := range bytes.Lines(PrintYAML(m)) {
			if !first && len(line) > 1 {
				out = append(out, strings.Repeat(" ", column)...)
			}
			first = false
			out = append(out, line...)
		}
	}
	return out
}

// emptyOnKeyLine puts the brackets of an emptied block sequence behind its
// key, where people expect them, if nothing but a comment stands there.
func (d *yamlDoc) emptyOnKeyLine(l *list, edits []edit) []edit {
	if l.key == nil || l.key.Style != 0 || l.seq.Anchor != "" || l.seq.Style&yaml.TaggedStyle != 0 {
		return nil
	}
	colon := skipProperties(d.t.b, d.t.nodeOffset(l.key)) + len(l.key.Value)
	if colon >= len(d.t.b) || d.t.b[colon] != ':' || d.lineStart(colon) == d.lineStart(int(edits[0].start)) {
		return nil
	}
	edits[0].text = nil
	return []edit{{int64(colon + 1), int64(colon + 1), []byte(" []")}}
}

// dashColumn gives the column, counting from 0, at which the dashes of a
// block sequence stand. The sequence's own place may be that of an anchor.
func (d *yamlDoc) dashColumn(seq *yaml.Node) int {
	if seq.Anchor == "" && seq.Style&yaml.TaggedStyle == 0 || len(seq.Content) == 0 {
		return seq.Column - 1
	}
	i := d.t.nodeOffset(seq.Content[0])
	start := d.lineStart(i)
	for line := d.t.b[start:i]; ; {
		text := bytes.TrimLeft(line, " ")
		if len(text) > 0 && text[0] == '-' || start == 0 {
			return len(line) - len(text)
		}
		end := start
		start = d.lineStart(end - 1)
		line = d.t.b[start:end]
	}
}

// dash gives the start of the line on which the dash of an item at a depth
// stands: the item's own, or one above it with only comments in between.
func (d *yamlDoc) dash(item *yaml.Node, depth int) (int, bool) {
	i := d.t.nodeOffset(item)
	start := d.lineStart(i)
	line := d.t.b[start:i]
	for {
		if len(line) > depth && line[depth] == '-' && len(bytes.TrimLeft(line[:depth], " ")) == 0 {
			rest := bytes.TrimLeft(line[depth+1:], " \t\r\n")
			return start, len(rest) == 0 || rest[0] == '#' || rest[0] == '&' || rest[0] == '!'
		}
		if t := bytes.TrimLeft(line, " \t\r\n"); len(t) > 0 && t[0] != '#' || start == 0 {
			return 0, false
		}
		end := start
		start = d.lineStart(end - 1)
		line = d.t.b[start:end]
	}
}
