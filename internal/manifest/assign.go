package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Assignment gives one string to an object that otherwise stays as it is,
// byte for byte.
type Assignment struct {
	// Path are the keys that lead to it through mappings. Those that don't
	// exist are made.
	Path  []string
	Value string
}

// graft is what an assignment puts into a mapping.
type graft struct {
	at  *yaml.Node // the mapping, or the null in its place
	key *yaml.Node // whose value it is, nil at the root
	put Map
}

// overwrite is a string in the place of another value.
type overwrite struct {
	node, key *yaml.Node
	value     string
}

// assignmentError says why an object can't be changed where it stands.
type assignmentError struct {
	node *yaml.Node
	msg  string
}

func (e *assignmentError) Error() string { return e.msg }

// locate finds the places of assignments in a mapping. What several of them
// put into one mapping comes together, in their order.
func locate(root *yaml.Node, set []Assignment) (grafts []*graft, over []overwrite, err error) {
	for _, s := range set {
		at, key := root, (*yaml.Node)(nil)
		rest := s.Path
		for at.Kind == yaml.MappingNode && len(rest) > 0 {
			k, v := directPair(at, rest[0])
			if k == nil {
				break
			}
			at, key, rest = v, k, rest[1:]
		}
		switch {
		case len(rest) == 0 && at.Kind == yaml.ScalarNode:
			over = append(over, overwrite{at, key, s.Value})
			continue
		case len(rest) == 0 || at.Kind == yaml.AliasNode || at.Kind == yaml.SequenceNode || at.Kind == yaml.ScalarNode && at.ShortTag() != "!!null":
			return nil, nil, &assignmentError{at, strings.Join(s.Path, ".") + " can't be set where this stands"}
		case len(rest) > 1 && at.Kind == yaml.MappingNode && Lookup(at, rest[0]) != nil:
			return nil, nil, &assignmentError{at, strings.Join(s.Path, ".") + " can't be set: " + rest[0] + " comes through a merge key"}
		}
		i := slices.IndexFunc(grafts, func(g *graft) bool { return g.at == at })
		if i < 0 {
			i = len(grafts)
			grafts = append(grafts, &graft{at: at, key: key})
		}
		grafts[i].put = insertAt(grafts[i].put, rest, s.Value)
	}
	return grafts, over, nil
}

// directPair is the last pair of a key that stands in the mapping itself.
func directPair(m *yaml.Node, key string) (k, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if n := m.Content[i]; n.Kind == yaml.ScalarNode && !isMerge(n) && scalar(n) == key {
			k, v = n, m.Content[i+1]
		}
	}
	return k, v
}

func insertAt(m Map, path []string, value string) Map {
	if len(path) == 1 {
		m.Set(path[0], value)
		return m
	}
	inner, _ := m.Get(path[0]).(Map)
	m.Set(path[0], insertAt(inner, path[1:], value))
	return m
}

// assign gives the edits of an object's assignments. Offsets are in the text.
func (d *yamlDoc) assign(tg *target) ([]edit, error) {
	if len(tg.res.Texts) > 0 {
		return d.retexts(tg)
	}
	fail := func(n *yaml.Node, msg string) error { return d.fail(n, tg.obj.Ref, msg) }
	if tg.site.Kind == yaml.AliasNode {
		return nil, fail(tg.site, "the object is an alias")
	}
	grafts, over, err := locate(tg.site, tg.res.Set)
	if bad, ok := err.(*assignmentError); ok {
		return nil, fail(bad.node, bad.msg)
	}
	var edits []edit
	for _, o := range over {
		e, ok := d.overwrite(o.node, o.key, yamlScalar(o.value))
		if !ok {
			return nil, fail(o.node, "this value can't be replaced where it stands")
		}
		edits = append(edits, e)
	}
	for _, g := range grafts {
		e, ok := d.graft(g)
		if !ok {
			return nil, fail(g.at, "nothing can be added to this mapping where it stands")
		}
		edits = append(edits, e)
	}
	sortEdits(edits)
	return edits, nil
}

// overwrite puts text in the place of a scalar that ends on its line.
func (d *yamlDoc) overwrite(n, key *yaml.Node, text string) (edit, bool) {
	b := d.t.b
	if n.Value == "" && n.ShortTag() == "!!null" {
		i, ok := d.afterColon(key)
		return edit{int64(i), int64(i), []byte(" " + text)}, ok
	}
	start := skipProperties(b, d.t.nodeOffset(n))
	end := start
	switch {
	case start >= len(b):
		return edit{}, false
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		end = quoteEnd(b, start)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0:
		end = start + len(n.Value)
		if end > len(b) || string(b[start:end]) != n.Value {
			return edit{}, false
		}
	}
	return edit{int64(start), int64(end), []byte(text)}, end > start
}

// afterColon is the place behind the colon of a key.
func (d *yamlDoc) afterColon(key *yaml.Node) (int, bool) {
	if key == nil {
		return 0, false
	}
	b := d.t.b
	i := skipProperties(b, d.t.nodeOffset(key))
	if i < len(b) && (b[i] == '"' || b[i] == '\'') {
		i = quoteEnd(b, i)
	} else {
		i += len(key.Value)
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i + 1, i < len(b) && b[i] == ':'
}

// graft adds keys in front of those that a mapping has.
func (d *yamlDoc) graft(g *graft) (edit, bool) {
	if g.at.Kind == yaml.ScalarNode { // null
		return d.overwrite(g.at, g.key, string(PrintJSON(g.put, "")))
	}
	if g.at.Style&yaml.FlowStyle != 0 {
		open := skipProperties(d.t.b, d.t.nodeOffset(g.at))
		if open >= len(d.t.b) || d.t.b[open] != '{' {
			return edit{}, false
		}
		text := flowMembers(g.put)
		if len(g.at.Content) > 0 {
			text += ", "
		}
		return edit{int64(open + 1), int64(open + 1), []byte(text)}, true
	}
	if g.key == nil || len(g.at.Content) == 0 {
		return edit{}, false
	}
	// On the line after the key's, so that comments stay with what they are
	// about.
	at := d.nextLine(d.t.nodeOffset(g.key))
	if first := d.t.nodeOffset(g.at.Content[0]); at > d.lineStart(first) {
		return edit{}, false
	}
	var out []byte
	indent := strings.Repeat(" ", g.at.Content[0].Column-1)
	for line := range strings.Lines(string(PrintYAML(g.put))) {
		out = append(out, indent+line...)
	}
	return edit{int64(at), int64(at), d.breaks(out)}, true
}

// flowMembers are the members of a map as they stand between braces.
func flowMembers(m Map) string {
	var parts []string
	for _, f := range m {
		var v []byte
		if inner, ok := f.Value.(Map); ok {
			v = PrintJSON(inner, "")
		} else {
			v = quote(nil, fmt.Sprint(f.Value), false)
		}
		parts = append(parts, string(quote(nil, f.Key, false))+": "+string(v))
	}
	return strings.Join(parts, ", ")
}

// editObject changes strings of a document that is one object.
func (d *yamlDoc) editObject(tg *target) error {
	edits, err := d.assign(tg)
	if err != nil {
		return err
	}
	for i := range edits {
		edits[i].start += d.t.off
		edits[i].end += d.t.off
	}
	docs, err := parseYAML(newText(applyEdits(d.t.b, d.t.off, edits), d.t.file, d.t.off, d.t.line, d.t.col))
	if err != nil {
		return d.fail(tg.site, tg.obj.Ref, "the result can't be read: "+err.Error())
	}
	if len(docs) != 1 || !became(d.root, docs[0].Content[0], tg.res) {
		return d.fail(tg.site, tg.obj.Ref, "the result would mean something else")
	}
	return d.b.emit(edits)
}

// assigned reports whether b is a after the assignments, as every reader sees
// it: with aliases and merge keys resolved.
func assigned(a, b *yaml.Node, set []Assignment) bool {
	budget := resolveBudget
	want, got := resolve(a, &budget), resolve(b, &budget)
	for _, s := range set {
		var ok bool
		if want, ok = assignValue(want, s.Path, s.Value); !ok {
			return false
		}
	}
	return budget > 0 && reflect.DeepEqual(want, got)
}

func assignValue(v any, path []string, value string) (any, bool) {
	if len(path) == 0 {
		return scalarValue{"!!str", value}, true
	}
	m, ok := v.(map[string]any)
	switch {
	case ok:
	case v == nil || v == scalarValue{tag: "!!null"}:
		m = map[string]any{}
	default:
		return nil, false
	}
	m[path[0]], ok = assignValue(m[path[0]], path[1:], value)
	return m, ok
}

// resolveBudget bounds the values that aliases may lead to.
const resolveBudget = 1 << 20

type scalarValue struct{ tag, value string }

// resolve gives a value without aliases and merge keys. It uses up the budget
// where they lead to more than anybody writes, or to keys that are no texts.
func resolve(n *yaml.Node, budget *int) any {
	if *budget--; *budget <= 0 {
		return nil
	}
	n = deref(n)
	switch n.Kind {
	case yaml.MappingNode:
		return resolveMapping(n, budget)
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, resolve(c, budget))
		}
		return list
	}
	if n.ShortTag() == "!!null" {
		return scalarValue{tag: "!!null"}
	}
	return scalarValue{n.ShortTag(), n.Value}
}

func resolveMapping(n *yaml.Node, budget *int) any {
	own, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], resolve(n.Content[i+1], budget)
		switch {
		case isMerge(k):
			mergeInto(merged, v)
		case deref(k).Kind == yaml.ScalarNode:
			own[scalar(k)] = v
		default:
			*budget = 0
		}
	}
	mergeInto(own, merged)
	return own
}

// mergeInto adds what isn't there yet: earlier mappings win.
func mergeInto(m map[string]any, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if _, ok := m[k]; !ok {
				m[k] = x
			}
		}
	case []any:
		for _, x := range v {
			mergeInto(m, x)
		}
	}
}
