package manifest

import (
	"cmp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

func sortEdits(edits []edit) {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
}

// verifyWhole reads a replaced document back.
func (d *yamlDoc) verifyWhole(tg *target, edited []byte) error {
	docs, err := parseYAML(newText(edited, d.t.file, d.t.off, d.t.line, d.t.col))
	if err != nil {
		return d.fail(tg.site, tg.obj.Ref, "the result can't be read: "+err.Error())
	}
	ok := len(docs) == len(tg.res.Objects)
	for i := 0; ok && i < len(docs); i++ {
		ok = means(docs[i].Content[0], tg.res.Objects[i])
	}
	if !ok {
		return d.fail(tg.site, tg.obj.Ref, "the result would mean something else")
	}
	return nil
}

// verifyLists reads a document with edited Lists back and compares everything
// in it with what it was, or should be.
func (d *yamlDoc) verifyLists(edited []byte) error {
	first := d.targets[0]
	docs, err := parseYAML(newText(edited, d.t.file, d.t.off, d.t.line, d.t.col))
	if err != nil {
		return d.fail(first.site, first.obj.Ref, "the result can't be read (is an anchor used elsewhere?): "+err.Error())
	}
	if len(docs) != 1 {
		return d.fail(first.site, first.obj.Ref, "the result is no longer one document")
	}
	c := comparison{lists: d.lists, seen: map[pair]bool{}}
	if bad := c.differ(d.root, docs[0].Content[0], true); bad != nil {
		return d.fail(bad, Ref{}, "this would mean something else afterwards (is an anchor of a replaced object used here?)")
	}
	return nil
}

type pair struct {
	a, b     *yaml.Node
	editable bool
}

type comparison struct {
	lists map[*yaml.Node]*list
	seen  map[pair]bool
}

// differ gives the first node of a that isn't the same in b, nil if there is
// none. Edited Lists count as edited where they stand, but not where an alias
// leads to them.
func (c *comparison) differ(a, b *yaml.Node, editable bool) *yaml.Node {
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() {
		return a
	}
	if a.Kind == yaml.ScalarNode {
		if a.Value != b.Value {
			return a
		}
		return nil
	}
	p := pair{a, b, editable}
	if c.seen[p] {
		return nil
	}
	c.seen[p] = true
	if a.Kind == yaml.AliasNode {
		if c.differ(a.Alias, b.Alias, false) != nil {
			return a
		}
		return nil
	}
	if l := c.lists[a]; l != nil && editable {
		return c.itemsDiffer(l, b)
	}
	if len(a.Content) != len(b.Content) {
		return a
	}
	for i := range a.Content {
		if bad := c.differ(a.Content[i], b.Content[i], editable); bad != nil {
			return bad
		}
	}
	return nil
}

func (c *comparison) itemsDiffer(l *list, b *yaml.Node) *yaml.Node {
	rest := b.Content
	for i, it := range l.seq.Content {
		tg := l.targets[i]
		var want []Map
		switch tg.action() {
		case Drop:
			continue
		case Replace:
			want = tg.res.Objects
		case Edit:
			if len(rest) == 0 || !became(it, rest[0], tg.res) {
				return it
			}
			rest = rest[1:]
		case Accompany:
			if len(rest) == 0 || c.differ(it, rest[0], true) != nil {
				return it
			}
			rest = rest[1:]
			want = tg.res.Objects
		default:
			if len(rest) == 0 {
				return it
			}
			if bad := c.differ(it, rest[0], true); bad != nil {
				return bad
			}
			rest = rest[1:]
			continue
		}
		for _, m := range want {
			if len(rest) == 0 || !means(rest[0], m) {
				return it
			}
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		return l.seq
	}
	return nil
}

// means reports whether a node, read back, is the value that was printed.
func means(n *yaml.Node, v any) bool {
	switch v := v.(type) {
	case string:
		return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && n.Value == validUTF8(v)
	case bool:
		return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && n.Value == strconv.FormatBool(v)
	case int:
		return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" && n.Value == strconv.Itoa(v)
	case int64:
		return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" && n.Value == strconv.FormatInt(v, 10)
	case Map:
		ok := n.Kind == yaml.MappingNode && len(n.Content) == 2*len(v)
		for i := 0; ok && i < len(v); i++ {
			ok = means(n.Content[2*i], v[i].Key) && means(n.Content[2*i+1], v[i].Value)
		}
		return ok
	case []any:
		ok := n.Kind == yaml.SequenceNode && len(n.Content) == len(v)
		for i := 0; ok && i < len(v); i++ {
			ok = means(n.Content[i], v[i])
		}
		return ok
	case []string:
		ok := n.Kind == yaml.SequenceNode && len(n.Content) == len(v)
		for i := 0; ok && i < len(v); i++ {
			ok = means(n.Content[i], v[i])
		}
		return ok
	}
	return false
}
