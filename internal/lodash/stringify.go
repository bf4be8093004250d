package lodash

import (
	"fmt"
	"strings"

	"github.com/dop251/goja/ast"
)

// tokens matches one JSON token: a string, a bracket, comma or colon, or a number,
// true, false, null (facts/eso-templates.md E1, TOK).
const tokens = "`" + `"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+` + "`"

// unordered matches, in Go's own JSON text, what a token loop can't give: keys
// that JavaScript puts first, U+2028 and U+2029, which Go writes as escapes, and
// what was a lone surrogate.
const unordered = "`" + `"(0|[1-9][0-9]*)":|\\u202[89]|\x{fffd}` + "`"

// stringify is JSON.stringify(…).
func (t *translator) stringify(e *ast.CallExpression) value {
	if len(e.ArgumentList) == 0 || len(e.ArgumentList) > 3 {
		t.refuse(e, "this number of arguments is not translated")
	}
	if len(e.ArgumentList) > 1 {
		t.refuseIndent(e)
	}
	if id, ok := e.ArgumentList[0].(*ast.Identifier); ok && id.Name == "data" {
		t.suggest(e, "{{ toRawJson . }}", "the order of data's keys is lost in Go")
	}
	v := certain(t.expr(e.ArgumentList[0]))
	switch {
	case v.kind == kObject:
		return t.concat(e, t.literal(v.node))
	case v.kind == kConst && isNil(v.c) && v.c != nil:
		return constant(undefined{})
	case v.kind == kJSON && v.which == "yaml":
		t.refuse(e, "what YAML means is not the same in JavaScript and Go")
	case v.kind == kJSON && v.raw != nil:
		for _, s := range v.below {
			if s.array {
				t.refuse(e, "the order of the keys of a list's element is lost in Go")
			}
		}
		which := "stringify"
		if v.root {
			which = ""
		}
		return value{kind: kLazy, text: v.root, which: which, node: e, write: func(m mode) { t.canonical(v, m) }}
	case v.kind == kJSON:
		return t.joined(t.scalarJSON(e, v))
	case v.kind == kInt, v.kind == kBool:
		return t.concat(e, []value{v})
	case v.isText(), v.kind == kConst:
		return t.joined(t.literal(e.ArgumentList[0]))
	}
	t.refuse(e, "JSON.stringify of this is not translated")
	return value{}
}

func (t *translator) joined(parts []value) value { return t.concat(nil, parts) }

func (t *translator) refuseIndent(e *ast.CallExpression) {
	for _, a := range e.ArgumentList[1:] {
		v, ok := t.attempt(func() value { return t.expr(a) })
		if ok && v.kind == kConst && !truthyConst(v.c) {
			continue
		}
		suggestion := ""
		if v, ok := t.attempt(func() value { return t.expr(e.ArgumentList[0]) }); ok && v.kind == kJSON {
			suggestion = "{{ " + t.json(v) + " | toPrettyJson }}"
		}
		t.suggest(e, suggestion, "toPrettyJson sorts the keys and escapes < > &")
	}
}

// literal writes an expression of an object literal as JSON, in source order.
func (t *translator) literal(e ast.Expression) []value {
	switch e := e.(type) {
	case *ast.ObjectLiteral:
		return t.objectLiteral(e)
	case *ast.ArrayLiteral:
		parts := []value{constant("[")}
		for i, x := range e.Value {
			if _, spread := x.(*ast.SpreadElement); spread || x == nil {
				t.refuse(e, "this kind of element is not translated")
			}
			if i > 0 {
				parts = append(parts, constant(","))
			}
			parts = append(parts, t.literal(x)...)
		}
		return append(parts, constant("]"))
	}
	v := certain(t.expr(e))
	switch {
	case v.kind == kObject:
		return t.literal(v.node)
	case v.kind == kConst:
		switch c := v.c.(type) {
		case string:
			return []value{constant(jsonQuote(c))}
		case float64:
			if s := jsNumber(c); strings.Trim(s, "-0123456789.e+") == "" {
				return []value{constant(s)}
			}
			return []value{constant("null")}
		case undefined:
			t.refuse(e, "JSON.stringify leaves out what is undefined")
		}
		return []value{constant(jsString(v.c))}
	case v.kind == kJSON && v.root && v.raw != nil:
		return []value{{kind: kLazy, text: true, node: e, write: func(mode) { t.canonical(v, interpolated) }}}
	case v.kind == kJSON:
		return t.scalarJSON(e, v)
	case v.kind == kInt, v.kind == kBool:
		return []value{v}
	case v.kind == kB64:
		return []value{constant(`"`), v, constant(`"`)}
	case v.isText():
		return []value{t.jsonText(v)}
	}
	t.refuse(e, "JSON.stringify of this is not translated")
	return nil
}

// scalarJSON writes a JSON value of unknown type; only a scalar looks the same in
// Go, and what is missing would be left out.
func (t *translator) scalarJSON(n ast.Expression, v value) []value {
	t.note(Guarded, "", "where a property inside of JSON.stringify is null, missing, a list or an object, ESO fails")
	return []value{{kind: kLazy, text: true, node: n, write: func(mode) {
		if t.sink == "" {
			t.use("JSON()")
			t.do(`template "JSON()" %s`, parens(t.json(v)))
			return
		}
		s := t.assign("s", t.json(v))
		t.failIf(fmt.Sprintf(`not (or (kindIs "string" %s) (kindIs "bool" %s) (kindIs "float64" %s))`, s, s, s), "not a string, number or boolean")
		t.failIf(fmt.Sprintf("regexMatch %s (toString %s)", specials, s), "special characters")
		t.show(fmt.Sprintf(`toRawJson %s | replace "-0" (ternary (toRawJson %s) "0" (kindIs "string" %s))`, s, s, s))
	}}}
}

// specials: Go writes U+2028 and U+2029 as escapes, JavaScript lone surrogates,
// which Go has already replaced by U+FFFD.
const specials = `"[\\x{fffd}\\x{2028}\\x{2029}]"`

// jsonText is JSON.stringify of text.
func (t *translator) jsonText(v value) value {
	text := t.str(v)
	if v.isWide() {
		text = t.once("s", text)
		t.failIf(fmt.Sprintf("regexMatch %s %s", specials, text), "special characters")
	}
	return str("toRawJson " + parens(text)).wideAs(v)
}

func (t *translator) objectLiteral(e *ast.ObjectLiteral) []value {
	parts := []value{constant("{")}
	seen := map[string]bool{}
	for i, p := range e.Value {
		if i > 0 {
			parts = append(parts, constant(","))
		}
		var key, v ast.Expression
		computed := false
		switch p := p.(type) {
		case *ast.PropertyShort:
			key, v = &ast.StringLiteral{Idx: p.Name.Idx, Value: p.Name.Name}, &p.Name
		case *ast.PropertyKeyed:
			if p.Kind != ast.PropertyKindValue {
				t.refuse(p, "methods are not translated")
			}
			key, v, computed = p.Key, p.Value, p.Computed
		default:
			t.refuse(e, "this kind of property is not translated")
		}
		k := t.propertyKey(key)
		name, isConst := k.c.(string)
		switch {
		case k.kind == kConst && isConst:
			if seen[name] || name == "__proto__" || isInteger(name) {
				t.refuse(p, "the property %s has another place in JavaScript's order", name)
			}
			seen[name] = true
			parts = append(parts, constant(jsonQuote(name)+":"))
		case computed && k.isText() && len(e.Value) == 1:
			parts = append(parts, t.jsonText(k), constant(":"))
		default:
			t.refuse(p, "a computed name among others may change JavaScript's order")
		}
		parts = append(parts, t.literal(v)...)
	}
	return append(parts, constant("}"))
}

func (t *translator) propertyKey(key ast.Expression) value {
	k := t.expr(key)
	if k.kind == kConst {
		return constant(jsString(k.c))
	}
	return k
}

// isInteger: such names come first in JavaScript's order.
func isInteger(s string) bool {
	return isDigits(s) && (s == "0" || s[0] != '0')
}

// jsonQuote is JSON.stringify of a string.
func jsonQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if r < ' ' {
				fmt.Fprintf(&b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
