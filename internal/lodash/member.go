package lodash

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/dop251/goja/ast"
)

// member is object[key] (or object.key) of anything but data.
func (t *translator) member(n ast.Node, v, key value) value {
	if key.kind == kConst && jsString(key.c) == "length" {
		return t.length(n, v)
	}
	switch v.kind {
	case kJSON:
		return t.property(n, v, key)
	case kList:
		return t.element(n, v, key)
	case kPair:
		if i, ok := wholeNumber(key); ok && (i == 0 || i == 1) {
			return v.parts[i]
		}
	case kConst:
		if isNil(v.c) {
			t.never(n, "", "%s has no properties", jsString(v.c))
		}
	}
	if _, isIndex := key.c.(float64); v.isText() && isIndex {
		t.refuse(n, "a character by index is undefined beyond the end (charAt is translated)")
	}
	t.refuse(n, "this property is not translated")
	return value{}
}

// property steps into a JSON value.
func (t *translator) property(n ast.Node, v, key value) value {
	s := step{}
	switch {
	case key.kind == kConst:
		switch c := key.c.(type) {
		case string:
			s = step{operand: quote(c), name: c}
		case float64:
			if c < 0 || c != math.Trunc(c) || c >= 1<<31 {
				t.refuse(n, "this index is not translated")
			}
			s = step{operand: jsNumber(c), name: jsNumber(c), array: true}
		default:
			t.refuse(n, "this property is not translated")
		}
		if inherited[s.name] {
			t.refuse(n, "%s is what every JavaScript object inherits", s.name)
		}
	case key.kind == kInt:
		s = step{operand: key.go_, array: true}
	case key.isText():
		s = step{operand: t.str(key)}
	default:
		t.refuse(n, "the type of the property's name is not known")
	}
	v.path = append(v.path[:len(v.path):len(v.path)], s)
	v.below = append(v.below[:len(v.below):len(v.below)], s)
	v.root = false
	return v
}

// element is list[n] of split's list: undefined beyond its end.
func (t *translator) element(n ast.Node, v, key value) value {
	if key.kind == kInt {
		return value{kind: kStr, go_: "index " + parens(v.go_) + " " + parens(key.go_), wide: v.wide}
	}
	index, ok := key.c.(float64)
	if key.kind != kConst || !ok || index < 0 || index != math.Trunc(index) || index >= 1<<31 {
		t.refuse(n, "this index is not translated")
	}
	if index == 0 { // split always gives one
		return value{kind: kStr, go_: "index " + parens(v.go_) + " 0", wide: v.wide}
	}
	l := t.assign("l", v.go_)
	i := jsNumber(index)
	e := value{kind: kStr, go_: fmt.Sprintf("index %s %s", l, i), wide: v.wide}
	return value{kind: kLazy, node: expression(n), text: false, parts: []value{e}, which: "element", write: func(m mode) {
		if m == concatenated {
			t.show(e.go_) // fails beyond the end, where KES writes undefined
			return
		}
		t.do("if gt (len %s) %s", l, i)
		t.show(e.go_)
		t.do("end")
	}}
}

func expression(n ast.Node) ast.Expression {
	e, _ := n.(ast.Expression)
	return e
}

// certain turns list[n] into the element; beyond the end Go fails, as do the
// methods of JavaScript's undefined. So does JSON.stringify of what is missing.
func certain(v value) value {
	if v.kind == kLazy && v.which == "stringify" {
		write := v.write
		v.text, v.which, v.write = true, "", func(mode) { write(concatenated) }
	}
	if v.kind == kLazy && v.which == "element" {
		return v.parts[0]
	}
	return v
}

func (t *translator) length(n ast.Node, v value) value {
	v = certain(v)
	switch {
	case v.kind == kList:
		return value{kind: kInt, go_: "len " + parens(v.go_)}
	case v.kind == kEntries:
		return value{kind: kInt, go_: "len " + t.mustMap(v.parts[0])}
	case v.kind == kConst && v.isText():
		return constant(float64(len(utf16Of(v.c.(string)))))
	case v.isText():
		return value{kind: kInt, go_: "len " + parens(t.narrow(v, "counted"))}
	case v.kind == kJSON:
		a := t.assign("a", t.json(v))
		t.failIf(fmt.Sprintf(`kindIs "map" %s`, a), "not a list")
		t.guardWide(a)
		return value{kind: kInt, go_: "len " + a}
	}
	t.refuse(n, "the length of this is not translated")
	return value{}
}

// wide notes that text beyond ASCII is treated by its bytes.
func (t *translator) wide(what string) {
	t.note(WideText, "", "text that was decoded (JSON \\u escapes, base64) is "+what+": beyond ASCII JavaScript and Go differ")
}

// guardWide: the type isn't known, it may be text that was decoded.
func (t *translator) guardWide(operand string) {
	if t.target.Exact {
		t.failIf(fmt.Sprintf(`and (kindIs "string" %s) (regexMatch "[^\\x00-\\x7f]" (toString %s))`, operand, operand), "non-ASCII")
		return
	}
	t.wide("counted")
}

// narrow gives v for a Go function that works on bytes; exact guards it.
func (t *translator) narrow(v value, what string) string {
	operand := t.receiver(v)
	if !v.isWide() {
		return operand
	}
	if what != "changed" && slices.ContainsFunc(t.pieces, func(e Expr) bool { return !isASCII(e.Code) }) {
		t.refuse(nil, "text that is %s may hold the template's own characters beyond ASCII, which JavaScript counts otherwise", what)
	}
	if t.target.Exact {
		operand = t.once("s", operand)
		t.failIf(fmt.Sprintf(`regexMatch "[^\\x00-\\x7f]" %s`, operand), "non-ASCII")
		return operand
	}
	t.wide(what)
	return operand
}

// cut is substring(from, to) with constant bounds, from <= to; to < 0: the end.
func (t *translator) cut(v value, from, to int) value {
	operand := t.narrow(v, "cut")
	if from == 0 && to >= 0 {
		return str("trunc " + strconv.Itoa(to) + " " + parens(operand)).wideAs(v)
	}
	// sprig's substr panics where the start lies behind the end of the text.
	s := t.once("s", operand)
	if to < 0 {
		return str(fmt.Sprintf(`trimPrefix (trunc %d %s) %s`, from, s, s)).wideAs(v)
	}
	return str(fmt.Sprintf(`trimPrefix (trunc %d %s) (trunc %d %s)`, from, s, to, s)).wideAs(v)
}

func (v value) wideAs(list ...value) value {
	v.wide = slices.ContainsFunc(list, value.isWide)
	return v
}
