package lodash

import (
	"fmt"
	"unicode/utf16"

	"github.com/dop251/goja/ast"
)

func utf16Of(s string) []uint16 { return utf16.Encode([]rune(s)) }

// call translates calls of global functions and of methods.
func (t *translator) call(e *ast.CallExpression) value {
	switch callee := e.Callee.(type) {
	case *ast.Identifier:
		return t.callGlobal(e, callee.Name.String())
	case *ast.DotExpression:
		name := callee.Identifier.Name.String()
		if isIdentifier(callee.Left) && t.lookup(rootName(callee.Left)) == nil {
			if v, ok := t.callStatic(e, rootName(callee.Left), name); ok {
				return v
			}
		}
		if re, ok := callee.Left.(*ast.RegExpLiteral); ok && name == "test" && len(e.ArgumentList) == 1 {
			text := certain(t.expr(e.ArgumentList[0]))
			if !text.isText() {
				t.refuse(e, "the tested value is not known to be text")
			}
			return value{kind: kBool, go_: fmt.Sprintf("regexMatch %s %s", quote(t.pattern(re, text.isWide()).source), parens(t.regexpText(text)))}
		}
		return t.method(e, callee.Left, name)
	}
	t.refuse(e, "this kind of call is not translated")
	return value{}
}

func (t *translator) arguments(e *ast.CallExpression, least, most int) []value {
	if len(e.ArgumentList) < least || len(e.ArgumentList) > most {
		t.refuse(e, "this number of arguments is not translated")
	}
	var args []value
	for _, a := range e.ArgumentList {
		args = append(args, t.expr(a))
	}
	return args
}

func (t *translator) callGlobal(e *ast.CallExpression, name string) value {
	if t.lookup(name) != nil {
		t.refuse(e, "functions of the text's own are not translated")
	}
	switch name {
	case "String":
		v := t.arguments(e, 1, 1)[0]
		return t.concat(e, []value{v})
	case "Boolean":
		v := t.arguments(e, 1, 1)[0]
		if v.kind == kConst {
			return constant(truthyConst(v.c))
		}
		return value{kind: kBool, go_: "not (not " + parens(t.truth(e.ArgumentList[0], v)) + ")"}
	case "encodeURIComponent":
		v := t.arguments(e, 1, 1)[0]
		text := t.mustText(e, v)
		if v.isWide() { // JavaScript throws on a lone surrogate
			text = t.once("s", text)
			t.failIf(`regexMatch "\\x{fffd}" `+text, "special characters")
		}
		return str("urlquery " + parens(text) + ` | replace "+" "%20" | replace "%21" "!" | replace "%27" "'" | replace "%28" "(" | replace "%29" ")" | replace "%2A" "*"`)
	case "Number", "parseInt", "parseFloat":
		t.suggest(e, t.nearest(e), "Go's conversions to numbers differ from JavaScript's on empty text, spaces, hex and trailing text")
	case "require":
		t.never(e, "", "require is not defined in a template")
	case "atob":
		t.never(e, "{{ b64dec .KEY }}", "Node 14 has no atob")
	case "btoa":
		t.never(e, "{{ b64enc .KEY }}", "Node 14 has no btoa")
	case "structuredClone":
		t.never(e, "", "Node 14 has no structuredClone")
	case "print":
		t.refuse(e, "print inside of an expression")
	}
	t.expr(e.Callee) // refuses unknown names
	t.refuse(e, "%s is not translated", name)
	return value{}
}

// nearest suggests the first argument as it is.
func (t *translator) nearest(e *ast.CallExpression) string {
	if len(e.ArgumentList) == 0 {
		return ""
	}
	v, ok := t.attempt(func() value {
		v := t.expr(e.ArgumentList[0])
		return str(t.str(v))
	})
	if !ok {
		return ""
	}
	return "{{ " + v.go_ + " }}"
}

// mustText is String(v) for a Go function that takes anything.
func (t *translator) mustText(n ast.Node, v value) string {
	switch v.kind {
	case kObject, kEntries:
		t.refuse(n, "an object as text")
	}
	return t.str(v)
}

func (t *translator) callStatic(e *ast.CallExpression, object, name string) (value, bool) {
	switch object + "." + name {
	case "JSON.parse":
		return t.parseJSON(e), true
	case "JSON.stringify":
		return t.stringify(e), true
	case "Buffer.from":
		return t.buffer(e, e.ArgumentList), true
	case "_.escape":
		return t.htmlEscaped(t.arguments(e, 1, 1)[0]), true
	case "Object.keys", "Object.values", "Object.entries":
		v := t.arguments(e, 1, 1)[0]
		if v.kind != kJSON {
			t.refuse(e, "only the keys of a JSON value are known")
		}
		return value{kind: kEntries, which: name, parts: []value{v}, node: e}, true
	case "Array.isArray":
		v := t.arguments(e, 1, 1)[0]
		if v.kind != kJSON {
			t.refuse(e, "only a JSON value's type is asked for")
		}
		return value{kind: kBool, go_: `kindIs "slice" ` + parens(t.json(v))}, true
	case "yaml.dump", "yaml.safeDump":
		return t.yamlDump(e), true
	case "yaml.load", "yaml.safeLoad":
		return t.yamlLoad(e), true
	}
	switch object {
	case "_":
		suggestion := ""
		if name == "get" {
			suggestion = "{{ (fromJson .KEY).PROPERTY }}"
		}
		t.never(e, suggestion, "in KES _ is not lodash: its only member is escape")
	case "JSON", "Buffer", "Object", "Array", "yaml", "Math", "Date", "console", "process", "Number", "String":
		t.refuse(e, "%s.%s is not translated", object, name)
	}
	return value{}, false
}

func (t *translator) parseJSON(e *ast.CallExpression) value {
	text := certain(t.arguments(e, 1, 1)[0])
	if text.kind == kJSON {
		// JavaScript would take 5 or null as JSON again; Go fails.
		return value{kind: kJSON, go_: "mustFromJson " + parens(t.json(text)), root: true}
	}
	if text.kind == kBuffer {
		text = t.bufferText(text)
	}
	if !text.isText() {
		t.refuse(e, "only text can be parsed")
	}
	if text.kind != kStr || text.key == "" {
		text = value{kind: kStr, go_: t.assign("json", t.str(text)), wide: true}
	}
	v := value{kind: kJSON, go_: "mustFromJson " + parens(t.strOf(text, false)), root: true, raw: &text}
	return v
}

func (t *translator) newExpression(e *ast.NewExpression) value {
	if id, ok := e.Callee.(*ast.Identifier); ok && id.Name == "Buffer" {
		v := t.expr(e.ArgumentList[0])
		if len(e.ArgumentList) > 1 || v.isText() {
			return t.buffer(e, e.ArgumentList)
		}
	}
	t.refuse(e, "new objects are not translated")
	return value{}
}

// buffer is Buffer.from(text) and Buffer.from(text, encoding).
func (t *translator) buffer(n ast.Node, args []ast.Expression) value {
	if len(args) == 0 || len(args) > 2 {
		t.refuse(n, "this number of arguments is not translated")
	}
	v := certain(t.expr(args[0]))
	if v.kind == kBuffer && len(args) == 1 {
		return v
	}
	encoding := "utf8"
	if len(args) == 2 {
		encoding = t.encoding(args[1])
	}
	switch {
	case v.kind == kConst && !v.isText():
		t.never(n, "", "a Buffer can't be made from that")
	case v.kind == kJSON:
		v = str(t.mustString(v)).wideAs(v)
	case !v.isText():
		t.refuse(n, "a Buffer of something that is not text for certain")
	}
	switch encoding {
	case "utf8", "utf-8":
		return value{kind: kBuffer, parts: []value{v}}
	case "ascii", "latin1", "binary":
		if v.isWide() {
			t.refuse(n, "the text may hold other than ASCII")
		}
		return value{kind: kBuffer, parts: []value{v}}
	case "base64":
		return value{kind: kBuffer, parts: []value{t.decoded(v)}, bytes: true}
	}
	t.refuse(n, "the encoding %s is not translated", encoding)
	return value{}
}

func (t *translator) encoding(e ast.Expression) string {
	v := t.expr(e)
	if s, ok := v.c.(string); ok && v.kind == kConst {
		return lower(s)
	}
	t.refuse(e, "the encoding is not known")
	return ""
}

// decoded: sprig's b64dec gives the error's text for bad input, Node decodes
// leniently; Node's toString replaces what is not UTF-8 (facts C3, E2).
func (t *translator) decoded(v value) value {
	text := parens(t.once("b", t.str(v)))
	d := t.variable("d")
	t.do("%s := b64dec %s", d, text)
	t.failIf(fmt.Sprintf(`ne (b64enc %s) (%s | replace "\n" "" | replace "\r" "")`, d, text), "not canonical base64")
	t.note(Guarded, "", "where the value is not canonical base64 of UTF-8 text ESO fails; KES decodes what it can")
	return value{kind: kStr, go_: d, wide: true}
}

// bufferText is a Buffer's toString(): bytes that are no UTF-8 become U+FFFD in
// JavaScript.
func (t *translator) bufferText(v value) value {
	text := v.parts[0]
	if v.bytes {
		t.failIf(`regexMatch "\\x{fffd}" `+text.go_, "not UTF-8")
	}
	return text
}

// htmlEscaped is lodash's escape: & < > " '.
func (t *translator) htmlEscaped(v value) value {
	v = certain(v)
	text := ""
	switch {
	case v.kind == kConst:
		if isNil(v.c) {
			return constant("")
		}
		return constant(lodashEscape.Replace(jsString(v.c)))
	case v.kind == kStr:
		text = t.strOf(v, true)
	case v.kind == kJSON:
		s := t.variable("s")
		t.do("%s := %s", s, t.json(v))
		t.do(`if kindIs "invalid" %s`, s)
		t.do(`%s = ""`, s)
		t.do("end")
		text = t.scalarVariable(s, "toJson "+s) // lodash's toString keeps -0
	case v.isText() || v.kind == kInt || v.kind == kBool:
		text = t.str(v)
	default:
		text = t.collect(func() { t.printValue(v, interpolated) })
	}
	if t.target.Exact { // html writes U+FFFD for NUL
		return str(text + ` | replace "&" "&amp;" | replace "<" "&lt;" | replace ">" "&gt;" | replace "\"" "&quot;" | replace "'" "&#39;"`).wideAs(v)
	}
	t.note(NULByte, "", "html writes U+FFFD for a NUL byte; KES keeps it")
	return str("html " + parens(text) + ` | replace "&#34;" "&quot;"`).wideAs(v)
}
