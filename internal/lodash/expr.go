package lodash

import (
	"math"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

const maxSteps = 20000

// expr translates an expression; actions that it needs first are emitted.
func (t *translator) expr(e ast.Expression) value {
	// Types of branches are learnt by trying, which doubles with each nesting.
	if *t.steps++; *t.steps > maxSteps {
		t.refuse(e, "it is nested too deeply")
	}
	switch e := e.(type) {
	case *ast.StringLiteral:
		return constant(e.Value.String())
	case *ast.NumberLiteral:
		return t.number(e)
	case *ast.BooleanLiteral:
		return constant(e.Value)
	case *ast.NullLiteral:
		return constant(nil)
	case *ast.Identifier:
		return t.identifier(e)
	case *ast.TemplateLiteral:
		return t.templateLiteral(e)
	case *ast.BinaryExpression:
		return t.binary(e)
	case *ast.UnaryExpression:
		return t.unary(e)
	case *ast.ConditionalExpression:
		return t.conditional(e)
	case *ast.DotExpression:
		return t.dotExpression(e)
	case *ast.BracketExpression:
		if rootName(e) == "data" && isIdentifier(e.Left) && t.lookup("data") == nil {
			return t.dataAt(e)
		}
		return t.member(e, t.expr(e.Left), t.expr(e.Member))
	case *ast.CallExpression:
		return t.call(e)
	case *ast.NewExpression:
		return t.newExpression(e)
	case *ast.ObjectLiteral, *ast.ArrayLiteral:
		return value{kind: kObject, node: e}
	case *ast.OptionalChain, *ast.Optional:
		t.refuse(e, "optional chaining (?.) is not translated")
	case *ast.AssignExpression:
		t.assignment(e) // refuses what must be refused
		t.refuse(e, "an assignment whose value is used")
	case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral, *ast.ClassLiteral:
		t.refuse(e, "functions of the text's own are not translated")
	case *ast.RegExpLiteral:
		t.refuse(e, "a regular expression can only be used by replace, split and test")
	}
	t.refuse(e, "this kind of expression is not translated")
	return value{}
}

func isIdentifier(e ast.Expression) bool { _, ok := e.(*ast.Identifier); return ok }

func (t *translator) number(e *ast.NumberLiteral) value {
	switch n := e.Value.(type) {
	case int64:
		return constant(float64(n))
	case float64:
		return constant(n)
	}
	t.refuse(e, "this kind of number is not translated")
	return value{}
}

func (t *translator) identifier(e *ast.Identifier) value {
	name := e.Name.String()
	if b := t.lookup(name); b != nil {
		if b.broken {
			panic(refusal{&Refused{}})
		}
		return b.value
	}
	switch name {
	case "undefined":
		return constant(undefined{})
	case "NaN":
		return constant(math.NaN())
	case "Infinity":
		return constant(math.Inf(1))
	case "data":
		t.refuse(e, "the whole of data has no faithful form")
	case "process":
		t.refuse(e, "it reads the KES controller's own environment")
	case "Date", "Math", "globalThis", "global", "console", "JSON", "Buffer", "Object", "yaml", "_", "print", "String", "Number", "parseInt", "URL", "Array":
		t.refuse(e, "%s can't be translated here", name)
	case "__p", "__t", "__e", "__j", "arguments":
		t.refuse(e, "it is lodash's own variable")
	}
	if t.declaredLater(name) {
		t.refuse(e, "%s is declared in another block, or later", name)
	}
	if known := otherGlobals[name]; known {
		t.refuse(e, "%s can't be translated", name)
	}
	suggestion := ""
	if at, expr := t.excerpt(e); at > 1 && t.text[at-2:at] == "${" {
		suggestion = "${" + expr + "}" // a shell's variable: ESO leaves it alone
	}
	t.never(e, suggestion, "%s is not defined", name)
	return value{}
}

// otherGlobals: names that Node 14 defines and identifier doesn't list.
var otherGlobals = names("Boolean", "Function", "Symbol", "Map", "Set", "WeakMap", "WeakSet", "Promise", "Proxy", "Reflect", "RegExp", "Error", "TypeError", "RangeError",
	"SyntaxError", "EvalError", "URIError", "ReferenceError", "BigInt", "Intl", "ArrayBuffer", "Uint8Array", "Int8Array", "DataView", "isNaN", "isFinite", "parseFloat",
	"encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent", "escape", "unescape", "eval", "setTimeout", "setInterval", "setImmediate", "clearTimeout",
	"clearInterval", "clearImmediate", "queueMicrotask", "TextEncoder", "TextDecoder", "URLSearchParams", "WebAssembly", "Atomics", "SharedArrayBuffer", "this",
	"Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "Uint8ClampedArray", "AbortController")

func names(list ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range list {
		m[n] = true
	}
	return m
}

func (t *translator) templateLiteral(e *ast.TemplateLiteral) value {
	if e.Tag != nil {
		t.refuse(e, "tagged template literals are not translated")
	}
	var parts []value
	for i, el := range e.Elements {
		parts = append(parts, constant(el.Parsed.String()))
		if i < len(e.Expressions) {
			parts = append(parts, t.expr(e.Expressions[i]))
		}
	}
	return t.concat(e, parts)
}

// concat joins values as strings; constants are merged.
func (t *translator) concat(n ast.Node, parts []value) value {
	var flat []value
	for _, p := range parts {
		switch {
		case p.kind == kCat:
		case p.kind == kObject || p.kind == kEntries || p.kind == kBuffer && n == nil:
			t.refuse(p.node, "an object as text")
		}
		list := []value{p}
		if p.kind == kCat {
			list = p.parts
		}
		for _, q := range list {
			if q.kind == kConst {
				q = constant(jsString(q.c))
				if last := len(flat) - 1; last >= 0 && flat[last].kind == kConst {
					flat[last] = constant(flat[last].c.(string) + q.c.(string))
					continue
				}
				if q.c == "" {
					continue
				}
			}
			flat = append(flat, q)
		}
	}
	if len(flat) == 0 {
		return constant("")
	}
	if len(flat) == 1 && (flat[0].isText() && !flat[0].maybe) {
		return flat[0]
	}
	return value{kind: kCat, parts: flat}
}

func (t *translator) binary(e *ast.BinaryExpression) value {
	switch e.Operator {
	case token.LOGICAL_AND, token.LOGICAL_OR, token.COALESCE:
		return t.logical(e)
	case token.EQUAL, token.NOT_EQUAL, token.STRICT_EQUAL, token.STRICT_NOT_EQUAL,
		token.LESS, token.LESS_OR_EQUAL, token.GREATER, token.GREATER_OR_EQUAL:
		return t.comparison(e)
	case token.PLUS, token.MINUS, token.MULTIPLY, token.REMAINDER, token.SLASH:
	default:
		t.refuse(e, "the operator %s is not translated", e.Operator)
	}
	a, b := t.expr(e.Left), t.expr(e.Right)
	if x, ok := a.c.(float64); ok && a.kind == kConst {
		if y, ok := b.c.(float64); ok && b.kind == kConst {
			return constant(arithmetic(e.Operator, x, y))
		}
	}
	if e.Operator == token.PLUS && (a.isText() || b.isText()) {
		return t.concat(e, []value{a, b})
	}
	x, okA := intOperand(a)
	y, okB := intOperand(b)
	name := map[token.Token]string{token.PLUS: "add", token.MINUS: "sub", token.MULTIPLY: "mul"}[e.Operator]
	if !okA || !okB || name == "" {
		t.refuse(e, "arithmetic on values whose type is not known: JavaScript adds numbers and joins strings")
	}
	return value{kind: kInt, go_: name + " " + parens(x) + " " + parens(y)}
}

func arithmetic(op token.Token, x, y float64) float64 {
	switch op {
	case token.PLUS:
		return x + y
	case token.MINUS:
		return x - y
	case token.MULTIPLY:
		return x * y
	case token.SLASH:
		return x / y
	}
	return math.Mod(x, y)
}

// intOperand: integers stay well below 2^53 here: lengths and indexes.
func intOperand(v value) (string, bool) {
	if n, ok := v.c.(float64); ok && v.kind == kConst && n == math.Trunc(n) && math.Abs(n) < 1<<31 {
		return jsNumber(n), true
	}
	return v.go_, v.kind == kInt
}

func (t *translator) unary(e *ast.UnaryExpression) value {
	switch e.Operator {
	case token.NOT:
		v := t.expr(e.Operand)
		if v.kind == kConst {
			return constant(!truthyConst(v.c))
		}
		return value{kind: kBool, go_: "not " + parens(t.truth(e.Operand, v))}
	case token.MINUS:
		if n, ok := t.expr(e.Operand).c.(float64); ok {
			return constant(-n)
		}
	case token.VOID:
		return constant(undefined{})
	case token.TYPEOF:
		t.refuse(e, "typeof is not translated")
	}
	t.refuse(e, "the operator %s is not translated", e.Operator)
	return value{}
}

// dotExpression is a.b; calls of methods don't come here.
func (t *translator) dotExpression(e *ast.DotExpression) value {
	name := e.Identifier.Name.String()
	if isIdentifier(e.Left) && t.lookup(rootName(e)) == nil {
		switch rootName(e) {
		case "data":
			return t.data(e, name)
		case "process":
			t.refuse(e, "it reads the KES controller's own environment")
		case "_":
			t.never(e, "", "in KES _ has no member but escape")
		}
	}
	return t.member(e, t.expr(e.Left), constant(name))
}

func (t *translator) dataAt(e *ast.BracketExpression) value {
	k := t.expr(e.Member)
	if k.kind == kConst {
		return t.data(e, jsString(k.c))
	}
	if !k.isText() || t.target.Exact {
		t.refuse(e, "the key of data is not known")
	}
	t.note(NonASCII, "", foldNote)
	pipeline := "index " + t.dot() + " " + parens(t.str(k))
	return value{kind: kLazy, node: e, write: func(m mode) {
		if m == concatenated {
			t.refuse(e, "KES writes undefined for a key that is not fetched")
		}
		t.show(pipeline)
	}}
}
