package lodash

import (
	"fmt"

	"github.com/dop251/goja/ast"
)

// guardOrder makes ESO fail for texts with duplicate or integer-like keys, and
// for characters that Go writes otherwise. (Where keys are duplicate Go's own text
// has fewer tokens.)
func (t *translator) guardOrder(text string) {
	c := t.variable("c")
	t.do("%s := toRawJson (mustFromJson %s)", c, text)
	t.failIf(fmt.Sprintf("or (ne (len (regexFindAll %s %s -1)) (len (regexFindAll %s %s -1))) (regexMatch %s %s)",
		tokens, text, tokens, c, unordered, c), "duplicate or integer keys or special characters in JSON")
	t.note(Guarded, "", "where JSON text has duplicate keys, integers as keys, U+2028, U+2029 or lone surrogates, ESO fails; KES rewrites it")
}

// canonical prints JSON.stringify of a JSON value, from the tokens of the text
// that it was parsed from: the order of keys is kept (facts E3, E5).
func (t *translator) canonical(v value, m mode) {
	text := parens(t.strOf(*v.raw, false))
	if len(v.below) > 0 {
		t.do("$_ := %s", t.json(v)) // fails where KES does
	}
	t.guardOrder(text)
	over := fmt.Sprintf("regexFindAll %s %s -1", tokens, text)
	for _, s := range v.below {
		over = t.capture(over, s.operand)
	}
	if m == concatenated && len(v.below) > 0 {
		t.failIf("not "+parens(over), "missing")
	}
	token := t.variable("t")
	t.do("range %s := %s", token, over)
	t.do("if regexMatch `^[\"\\-0-9]` %s", token)
	t.do("%s = mustFromJson %s | toRawJson", token, token)
	t.do("end")
	t.do("if eq %s \"-0\"", token)
	t.print("0")
	t.do("else")
	t.show(token)
	t.do("end")
	t.do("end")
}

// capture collects the tokens of one property's value into a list; the last of
// duplicates counts.
func (t *translator) capture(over, key string) string {
	out, depth, before, on, token := t.variable("out"), t.variable("d"), t.variable("before"), t.variable("on"), t.variable("t")
	t.do("%s := list", out)
	t.do("%s := 0", depth)
	t.do(`%s := ""`, before)
	t.do("%s := false", on)
	t.do("range %s := %s", token, over)
	t.do(`if has %s (list "}" "]")`, token)
	t.do("%s = sub %s 1", depth, depth)
	t.do("end")
	t.do(`if or (eq %s 0) (and (eq %s 1) (eq %s ","))`, depth, depth, token)
	t.do("%s = false", on)
	t.do("end")
	t.do("if %s", on)
	t.do("%s = append %s %s", out, out, token)
	t.do(`else if and (eq %s 1) (eq %s ":")`, depth, token)
	t.do("if eq (mustFromJson %s) %s", before, parens(key))
	t.do("%s = true", on)
	t.do("%s = list", out)
	t.do("end")
	t.do("end")
	t.do("%s = %s", before, token)
	t.do(`if has %s (list "{" "[")`, token)
	t.do("%s = add %s 1", depth, depth)
	t.do("end")
	t.do("end")
	return out
}

// eachEntry loops over an object's entries in the order of the text (facts E5).
func (t *translator) eachEntry(n ast.Node, list value, c *callback, separator *value) {
	v := list.parts[0]
	if v.raw == nil {
		t.refuse(n, "the order of this object's keys is lost in Go")
	}
	text := parens(t.strOf(*v.raw, false))
	m := t.assign("m", t.json(v))
	t.failIf(fmt.Sprintf(`not (kindIs "map" %s)`, m), "not an object")
	t.guardOrder(text)
	over := fmt.Sprintf("regexFindAll %s %s -1", tokens, text)
	for _, s := range v.below {
		if s.array {
			t.refuse(n, "the order of this object's keys is lost in Go")
		}
		over = t.capture(over, s.operand)
	}
	depth, before, token, key := t.variable("d"), t.variable("before"), t.variable("t"), t.variable("k")
	first := ""
	if separator != nil {
		first = t.variable("first")
		t.do("%s := true", first)
	}
	t.do("%s := 0", depth)
	t.do(`%s := ""`, before)
	t.do("range %s := %s", token, over)
	t.do(`if has %s (list "}" "]")`, token)
	t.do("%s = sub %s 1", depth, depth)
	t.do(`else if has %s (list "{" "[")`, token)
	t.do("%s = add %s 1", depth, depth)
	t.do(`else if and (eq %s 1) (eq %s ":")`, depth, token)
	t.do("%s := mustFromJson %s", key, before)
	t.inLoop(func() {
		if separator != nil {
			t.do("if not %s", first)
			t.printValue(*separator, concatenated)
			t.do("end")
			t.do("%s = false", first)
		}
		t.run(c, t.entry(list, m, key))
	})
	t.do("end")
	t.do("%s = %s", before, token)
	t.do("end")
}

// entry gives what the callback gets.
func (t *translator) entry(list value, m, key string) []value {
	k := value{kind: kStr, go_: key, wide: true}
	v := value{kind: kJSON, go_: m, path: []step{{operand: key}}, root: true}
	counter := value{kind: kInt}
	switch list.which {
	case "keys":
		return []value{k, counter}
	case "values":
		return []value{v, counter}
	}
	return []value{{kind: kPair, parts: []value{k, v}}, counter}
}
