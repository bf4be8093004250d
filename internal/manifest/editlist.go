package manifest

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

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
	var inner []edit
	for i := range l.seq.Content {
		if tg := l.targets[i]; tg.action() == Edit {
			es, err := d.assign(tg)
			if err != nil {
				return nil, err
			}
			inner = append(inner, es...)
		}
	}
	edits := editSpans(spans, open, end, func(i int) (Action, []byte) {
		tg := l.targets[i]
		var out [][]byte
		switch tg.action() {
		case Drop:
			return Drop, nil
		case Replace:
		case Accompany:
			out = append(out, d.t.b[spans[i].start:spans[i].end])
		default:
			return Untouched, nil
		}
		for _, m := range tg.res.Objects {
			out = append(out, PrintJSON(m, ""))
		}
		return Replace, bytes.Join(out, []byte(", "))
	})
	return append(edits, inner...), nil
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
