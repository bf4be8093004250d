package manifest

import (
	"bytes"
	"slices"
)

// assign gives the edits of the assignments to the object in a span. Offsets
// are in the text.
func (d *jsonDoc) assign(s span, o *Object, set []Assignment) ([]edit, error) {
	var edits []edit
	fail := func(msg string) ([]edit, error) {
		return nil, &EditError{Pos: o.Pos, Ref: o.Ref, Msg: msg}
	}
	type put struct {
		at  span
		put Map
	}
	var puts []put
	for _, a := range set {
		at, rest := s, a.Path
		for len(rest) > 0 && d.t[at.start] == '{' {
			found := span{-1, -1}
			for m := range jsonMembers(d.t, at) {
				if m.key == rest[0] {
					found = m.value
				}
			}
			if found.start < 0 {
				break
			}
			at, rest = found, rest[1:]
		}
		null := string(d.t[at.start:at.end]) == "null"
		switch {
		case len(rest) == 0 && (d.t[at.start] == '{' || d.t[at.start] == '['), len(rest) > 0 && d.t[at.start] != '{' && !null:
			return fail("a string can't be set where another kind of value stands")
		case len(rest) == 0:
			edits = append(edits, edit{int64(at.start), int64(at.end), quote(nil, a.Value, false)})
			continue
		}
		i := slices.IndexFunc(puts, func(p put) bool { return p.at == at })
		if i < 0 {
			i = len(puts)
			puts = append(puts, put{at: at})
		}
		puts[i].put = insertAt(puts[i].put, rest, a.Value)
	}
	_, unit := d.layout(s)
	for _, p := range puts {
		edits = append(edits, d.graft(p.at, p.put, unit))
	}
	sortEdits(edits)
	edited := applyEdits(d.t[s.start:s.end], int64(s.start), edits)
	var scan jsonScanner
	if n, ok := scan.scan(edited); !ok || n != len(edited) || scan.state != jsonDone || !assigned(jsonNode(d.t[s.start:s.end]), jsonNode(edited), set) {
		return fail("the result would mean something else")
	}
	return edits, nil
}

// graft adds members in front of those that an object has, or puts an object
// in the place of a null.
func (d *jsonDoc) graft(at span, m Map, unit string) edit {
	if d.t[at.start] != '{' {
		return edit{int64(at.start), int64(at.end), PrintJSON(m, "")}
	}
	open := at.start + 1
	first := jsonBlank(d.t, open)
	blank := d.t[open:first]
	if d.t[first] == '}' {
		return edit{int64(open), int64(first), []byte(flowMembers(m))}
	}
	var out []byte
	indent := blank[bytes.LastIndexByte(blank, '\n')+1:]
	for _, f := range m {
		out = append(out, blank...)
		one := PrintJSON(Map{f}, unit) // {"key": value}
		one = bytes.TrimSpace(one[1 : len(one)-1])
		if bytes.IndexByte(blank, '\n') >= 0 && unit != "" {
			// Printed one level deep, so its lines are indented by one unit.
			inner := append([]byte("\n"), indent...)
			one = bytes.ReplaceAll(one, append([]byte("\n"), unit...), inner)
			if d.crlf {
				one = bytes.ReplaceAll(one, newline, []byte("\r\n"))
			}
		} else {
			one = []byte(flowMembers(Map{f}))
		}
		out = append(append(out, one...), ',')
	}
	return edit{int64(open), int64(open), out}
}
