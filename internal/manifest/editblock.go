package manifest

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// editBlock edits items behind dashes. Offsets are in the text.
func (d *yamlDoc) editBlock(l *list) ([]edit, error) {
	var edits []edit
	depth := d.dashColumn(l.seq)
	kept := len(l.seq.Content)
	for i, site := range l.seq.Content {
		tg := l.targets[i]
		switch tg.action() {
		case Untouched:
			continue
		case Edit:
			es, err := d.assign(tg)
			if err != nil {
				return nil, err
			}
			edits = append(edits, es...)
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
		if tg.action() == Accompany {
			out := append([]byte(strings.Repeat(" ", depth)+"- "), blockItem(tg, depth+2, depth)...)
			if d.t.b[end-1] != '\n' {
				out = append([]byte("\n"), out...)
			}
			edits = append(edits, edit{int64(end), int64(end), d.breaks(out)})
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

// itemStart gives the start of the line on which an item starts.
func (d *yamlDoc) itemStart(seq *yaml.Node, i int) int {
	if start, ok := d.dash(seq.Content[i], d.dashColumn(seq)); ok && seq.Style&yaml.FlowStyle == 0 {
		return start
	}
	return d.lineStart(d.t.nodeOffset(seq.Content[i]))
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
