package manifest

import "bytes"

// editWhole replaces or drops a document.
func (d *yamlDoc) editWhole(tg *target) error {
	if tg.res.Action == Edit {
		return d.editObject(tg)
	}
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
	if tg.res.Action == Accompany {
		return d.accompany(tg, end)
	}
	out := printDocuments(tg.res.Objects)
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

func printDocuments(objects []Map) []byte {
	var out []byte
	for i, m := range objects {
		if i > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, PrintYAML(m)...)
	}
	return out
}

// accompany puts documents after one that ends at end.
func (d *yamlDoc) accompany(tg *target, end int) error {
	out := append([]byte("---\n"), printDocuments(tg.res.Objects)...)
	if end > 0 && d.t.b[end-1] != '\n' {
		out = append([]byte("\n"), out...)
	}
	edits := []edit{{d.t.off + int64(end), d.t.off + int64(end), d.breaks(out)}}
	docs, err := parseYAML(newText(applyEdits(d.t.b, d.t.off, edits), d.t.file, d.t.off, d.t.line, d.t.col))
	if err != nil {
		return d.fail(tg.site, tg.obj.Ref, "the result can't be read: "+err.Error())
	}
	c := comparison{seen: map[pair]bool{}}
	ok := len(docs) == 1+len(tg.res.Objects) && c.differ(d.root, docs[0].Content[0], true) == nil
	for i := 1; ok && i < len(docs); i++ {
		ok = means(docs[i].Content[0], tg.res.Objects[i-1])
	}
	if !ok {
		return d.fail(tg.site, tg.obj.Ref, "the result would mean something else")
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
