package lodash

import (
	"fmt"

	"github.com/dop251/goja/ast"
)

// callback is a function that forEach or map calls for each element.
type callback struct {
	params     []ast.BindingTarget
	body       []ast.Statement // forEach
	expression ast.Expression  // map
	node       ast.Node
	print      func(pair value) // our own, instead of a body
}

func (t *translator) callback(e ast.Expression) *callback {
	c := &callback{node: e}
	var list *ast.ParameterList
	switch f := e.(type) {
	case *ast.ArrowFunctionLiteral:
		if f.Async {
			t.refuse(e, "an async callback")
		}
		list = f.ParameterList
		switch b := f.Body.(type) {
		case *ast.ExpressionBody:
			c.expression = b.Expression
		case *ast.BlockStatement:
			c.body = b.List
		}
	case *ast.FunctionLiteral:
		if f.Async || f.Generator {
			t.refuse(e, "an async callback")
		}
		list, c.body = f.ParameterList, f.Body.List
	default:
		t.refuse(e, "the callback is not written in place")
	}
	for _, p := range list.List {
		if p.Initializer != nil {
			t.refuse(p, "a parameter with a default")
		}
		c.params = append(c.params, p.Target)
	}
	if list.Rest != nil || len(c.params) > 2 {
		t.refuse(e, "a callback with more than element and index")
	}
	// `e => { return x }` is `e => x`.
	if len(c.body) == 1 {
		if r, ok := c.body[0].(*ast.ReturnStatement); ok && r.Argument != nil {
			c.expression, c.body = r.Argument, nil
		}
	}
	return c
}

func (t *translator) listMethod(e *ast.CallExpression, v value, name string) value {
	switch name {
	case "forEach":
		t.refuse(e, "forEach inside of an expression")
	case "map":
		if len(e.ArgumentList) != 1 || v.kind == kMapped {
			t.refuse(e, "map with these arguments is not translated")
		}
		c := t.callback(e.ArgumentList[0])
		if c.expression == nil {
			t.refuse(e, "a callback with statements")
		}
		return value{kind: kMapped, parts: []value{v}, call: c, node: e}
	case "join", "toString":
		separator := constant(",")
		if name == "join" {
			if args := t.arguments(e, 0, 1); len(args) == 1 {
				separator = args[0]
			}
		} else {
			t.arguments(e, 0, 0)
		}
		return t.join(e, v, separator, name == "toString")
	case "sort":
		if v.kind == kEntries && v.which == "keys" && len(e.ArgumentList) == 0 {
			return value{kind: kList, go_: "keys " + t.mustMap(v.parts[0]) + " | sortAlpha", wide: true}
		}
	case "pop", "shift":
		callee := e.Callee.(*ast.DotExpression)
		if v.kind == kList && !isIdentifier(callee.Left) && len(e.ArgumentList) == 0 {
			function := map[string]string{"pop": "last", "shift": "first"}[name]
			return value{kind: kStr, go_: function + " " + parens(v.go_), wide: v.wide}
		}
	case "slice":
		if v.kind == kList && len(e.ArgumentList) == 1 {
			if n, ok := wholeNumber(t.expr(e.ArgumentList[0])); ok && n == 1 {
				return value{kind: kList, go_: "rest " + parens(v.go_), wide: v.wide, which: "rest"}
			}
		}
	case "includes":
		args := t.arguments(e, 1, 1)
		if v.kind == kList && args[0].isText() {
			return value{kind: kBool, go_: "has " + parens(t.str(args[0])) + " " + parens(v.go_)}
		}
	}
	t.refuse(e, "%s of a list is not translated", name)
	return value{}
}

// join writes the elements with text between them.
func (t *translator) join(e *ast.CallExpression, v, separator value, toString bool) value {
	if separator.kind != kConst && !separator.isText() {
		t.refuse(e, "the separator is not known to be text")
	}
	switch v.kind {
	case kList:
		// x.split(a).join(b) replaces every a.
		if s, ok := t.splitJoin(e, separator); ok {
			return s
		}
		return value{kind: kStr, go_: "join " + parens(t.str(separator)) + " " + parens(v.go_)}.wideAs(v, separator)
	case kJSON:
		if separator.kind == kConst && separator.c == "," {
			return t.joinJSON(e, v, toString)
		}
	case kMapped:
		return value{kind: kLazy, text: true, node: e, write: func(mode) { t.each(e, v.parts[0], v.call, &separator) }}
	}
	return value{kind: kLazy, text: true, node: e, write: func(mode) { t.each(e, v, nil, &separator) }}
}

func (t *translator) splitJoin(e *ast.CallExpression, separator value) (value, bool) {
	inner, ok := e.Callee.(*ast.DotExpression).Left.(*ast.CallExpression)
	if !ok || len(inner.ArgumentList) != 1 {
		return value{}, false
	}
	d, ok := inner.Callee.(*ast.DotExpression)
	if !ok || d.Identifier.Name != "split" {
		return value{}, false
	}
	by, okBy := t.attempt(func() value { return t.expr(inner.ArgumentList[0]) })
	if !okBy || by.kind != kConst || !by.isText() {
		return value{}, false
	}
	text := t.expr(d.Left)
	return str(fmt.Sprintf("replace %s %s %s", quote(jsString(by.c)), parens(t.str(separator)), parens(t.receiver(text)))).wideAs(text, separator), true
}

// joinJSON: String() of a list is its elements joined by commas. join fails on
// what is no list; toString on null.
func (t *translator) joinJSON(e *ast.CallExpression, v value, toString bool) value {
	text := value{kind: kLazy, text: true, node: e}
	text.write = func(mode) {
		a := t.assign("a", t.json(v))
		if toString {
			t.failIf(fmt.Sprintf(`kindIs "invalid" %s`, a), "null or missing")
		} else {
			t.failIf(fmt.Sprintf(`not (kindIs "slice" %s)`, a), "not a list")
		}
		t.printJSON(value{kind: kJSON, go_: a}, interpolated)
	}
	return text
}

func joiner(s string) *value { v := constant(s); return &v }

// mustMap: sprig's keys takes nil for an empty map.
func (t *translator) mustMap(v value) string {
	m := t.assign("m", t.json(v))
	t.failIf(fmt.Sprintf(`not (kindIs "map" %s)`, m), "not an object")
	return m
}
