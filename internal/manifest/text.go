package manifest

import (
	"bytes"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Text gives another value to one string of an object. Only the string's own
// bytes change: quotes, comments and everything around it stay.
type Text struct {
	// Path leads to the string: keys (string) and indices of lists (int), with
	// aliases and merge keys followed.
	Path  []any
	Value string
}

// Scalar is a value of an object that is no string, as it is spelled.
type Scalar string

// Value gives the object as every reader sees it, with aliases and merge keys
// resolved: map[string]any, []any, string, bool, Scalar for numbers and the
// like, nil for null. ok is false where they lead to more than anybody writes.
func (o *Object) Value() (v map[string]any, ok bool) {
	budget := valueBudget
	v, ok = plainValue(resolve(o.Node, &budget)).(map[string]any)
	return v, ok && budget > 0
}

// valueBudget bounds what aliases may make of an object: an API server takes
// objects of at most 1.5 MiB.
const valueBudget = 1 << 18

// plainValue turns what resolve gives into what Value promises, in place.
func plainValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = plainValue(x)
		}
	case []any:
		for i, x := range v {
			v[i] = plainValue(x)
		}
	case scalarValue:
		switch v.tag {
		case "!!str":
			return v.value
		case "!!null":
			return nil
		case "!!bool":
			return strings.EqualFold(v.value, "true")
		}
		return Scalar(v.value)
	}
	return v
}

// NodeAt gives the scalar at a path, nil if there is none.
func NodeAt(n *yaml.Node, path []any) *yaml.Node {
	for _, step := range path {
		n = deref(n)
		switch s := step.(type) {
		case string:
			n = Lookup(n, s)
		case int:
			if n == nil || n.Kind != yaml.SequenceNode || s < 0 || s >= len(n.Content) {
				return nil
			}
			n = n.Content[s]
		}
	}
	if n = deref(n); n == nil || n.Kind != yaml.ScalarNode {
		return nil
	}
	return n
}

// retexts gives the edits of an object's texts, each place once: several paths
// may lead to one through aliases. Offsets are in the text.
func (d *yamlDoc) retexts(tg *target) ([]edit, error) {
	var edits []edit
	done := map[*yaml.Node]string{}
	for _, t := range tg.res.Texts {
		n := NodeAt(tg.site, t.Path)
		if n == nil {
			return nil, d.fail(tg.site, tg.obj.Ref, "what is to be changed isn't where it is looked for")
		}
		if was, ok := done[n]; ok {
			if was != t.Value {
				return nil, d.fail(n, tg.obj.Ref, "one anchor stands for two different names")
			}
			continue
		}
		e, ok := d.retext(n, t.Value)
		if !ok {
			return nil, d.fail(n, tg.obj.Ref, "this value can't be changed where it stands")
		}
		done[n] = t.Value
		edits = append(edits, e)
	}
	sortEdits(edits)
	return edits, nil
}

// retext puts a text in the place of a string, in the style that it has.
func (d *yamlDoc) retext(n *yaml.Node, value string) (edit, bool) {
	if n.ShortTag() != "!!str" || !safeText(value) {
		return edit{}, false
	}
	b := d.t.b
	start := skipProperties(b, d.t.nodeOffset(n))
	if start >= len(b) {
		return edit{}, false
	}
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		end := quoteEnd(b, start)
		return edit{int64(start + 1), int64(end - 1), []byte(value)}, end-1 > start
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return d.retextBlock(n, start, value)
	}
	end := start + len(n.Value)
	if end > len(b) || string(b[start:end]) != n.Value || n.Value == "" {
		return edit{}, false
	}
	return edit{int64(start), int64(end), []byte(yamlScalar(value))}, true
}

// retextBlock is retext for a block scalar of one line.
func (d *yamlDoc) retextBlock(n *yaml.Node, start int, value string) (edit, bool) {
	b := d.t.b
	for i := d.nextLine(start); i < len(b); i = d.nextLine(i) {
		line := b[i:d.nextLine(i)]
		text := bytes.TrimSpace(line)
		if len(text) == 0 {
			continue
		}
		if string(text) != strings.TrimSpace(n.Value) || strings.Contains(strings.TrimSpace(n.Value), "\n") {
			return edit{}, false
		}
		from := i + bytes.Index(line, text)
		return edit{int64(from), int64(from + len(text)), []byte(value)}, true
	}
	return edit{}, false
}

// safeText: the text means itself between quotes of any kind, too.
func safeText(s string) bool {
	for _, c := range []byte(s) {
		if !nameByte(c) && c != '/' && c != ':' && c != '_' {
			return false
		}
	}
	return s != ""
}

// nameByte is one of those of which Kubernetes' names consist, in any case.
func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.'
}

// retexted reports whether b is a with the texts changed and nothing else, as
// every reader sees it.
func retexted(a, b *yaml.Node, texts []Text) bool {
	budget := 2 * valueBudget
	want, got := resolve(a, &budget), resolve(b, &budget)
	for _, t := range texts {
		if !setText(want, t.Path, t.Value) {
			return false
		}
	}
	return budget > 0 && reflect.DeepEqual(want, got)
}

// setText changes the string at a path.
func setText(v any, path []any, value string) bool {
	for i, step := range path {
		last := i == len(path)-1
		switch s := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				return false
			}
			if v = m[s]; last {
				m[s] = scalarValue{"!!str", value}
			}
		case int:
			l, ok := v.([]any)
			if !ok || s < 0 || s >= len(l) {
				return false
			}
			if v = l[s]; last {
				l[s] = scalarValue{"!!str", value}
			}
		}
	}
	old, ok := v.(scalarValue)
	return ok && old.tag == "!!str" && len(path) > 0
}

// became reports whether b is what the edits of a visitor make of a.
func became(a, b *yaml.Node, res Result) bool {
	if len(res.Texts) > 0 {
		return retexted(a, b, res.Texts)
	}
	return assigned(a, b, res.Set)
}

// refuse leaves the objects as they are whose texts can't be changed where
// they stand, and tells their visitor. It reports whether there are any.
func (d *yamlDoc) refuse(err error) bool {
	any := false
	for _, tg := range d.targets {
		if d.b.refused(&tg.res, err) {
			any = true
		}
	}
	return any
}

func (b *builder) refused(res *Result, err error) bool {
	if res.Action != Edit || len(res.Texts) == 0 || res.Refused == nil {
		return false
	}
	b.plan.stats.Edited--
	b.plan.stats.Untouched++
	res.Refused(err)
	*res = Result{}
	return true
}

// retext is yamlDoc's for JSON: the edits to the object in a span. Offsets are
// in the text.
func (d *jsonDoc) retext(s span, o *Object, texts []Text) ([]edit, error) {
	fail := func(msg string) ([]edit, error) {
		return nil, &EditError{Pos: o.Pos, Ref: o.Ref, Msg: msg}
	}
	var edits []edit
	for _, t := range texts {
		at, ok := d.spanAt(s, t.Path)
		if !ok || d.t[at.start] != '"' || !safeText(t.Value) {
			return fail("this value can't be changed where it stands")
		}
		edits = append(edits, edit{int64(at.start + 1), int64(at.end - 1), []byte(t.Value)})
	}
	sortEdits(edits)
	for i := 1; i < len(edits); i++ {
		if edits[i].start < edits[i-1].end {
			return fail("one value is to be changed twice")
		}
	}
	edited := applyEdits(d.t[s.start:s.end], int64(s.start), edits)
	var scan jsonScanner
	if n, ok := scan.scan(edited); !ok || n != len(edited) || scan.state != jsonDone || !retexted(jsonNode(d.t[s.start:s.end]), jsonNode(edited), texts) {
		return fail("the result would mean something else")
	}
	return edits, nil
}

// spanAt follows a path; of members with one name the last counts.
func (d *jsonDoc) spanAt(s span, path []any) (span, bool) {
	for _, step := range path {
		found := span{-1, -1}
		switch step := step.(type) {
		case string:
			if d.t[s.start] != '{' {
				return s, false
			}
			for m := range jsonMembers(d.t, s) {
				if m.key == step {
					found = m.value
				}
			}
		case int:
			if d.t[s.start] != '[' {
				return s, false
			}
			i := 0
			for it := range jsonItems(d.t, s) {
				if i == step {
					found = it
				}
				i++
			}
		}
		if found.start < 0 {
			return s, false
		}
		s = found
	}
	return s, true
}

// edit gives the edits of a visitor to the object in a span; ok is false where
// it is left as it is after all.
func (d *jsonDoc) edit(s span, o *Object, res *Result) (edits []edit, ok bool, err error) {
	if len(res.Texts) == 0 {
		edits, err = d.assign(s, o, res.Set)
		return edits, true, err
	}
	edits, err = d.retext(s, o, res.Texts)
	if err != nil && d.b.refused(res, err) {
		return nil, false, nil
	}
	return edits, true, err
}
