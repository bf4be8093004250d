package lodash

import (
	"fmt"
	"strconv"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// condition is the Go pipeline for an if on e.
func (t *translator) condition(e ast.Expression) string {
	if b, ok := e.(*ast.BinaryExpression); ok && (b.Operator == token.LOGICAL_AND || b.Operator == token.LOGICAL_OR) {
		return t.shortCircuit(b)
	}
	return t.truth(e, t.expr(e))
}

// shortCircuit: Go's and, or stop early, too (since Go 1.18), but actions that
// the right side needs first would run always; they go into an if.
func (t *translator) shortCircuit(b *ast.BinaryExpression) string {
	left := t.condition(b.Left)
	var right string
	prelude := t.apart(func() {
		t.branches++
		defer func() { t.branches-- }()
		right = t.condition(b.Right)
	})
	word := "and"
	if b.Operator == token.LOGICAL_OR {
		word = "or"
	}
	if len(prelude) == 0 {
		return word + " " + parens(left) + " " + parens(right)
	}
	c := t.variable("c")
	test := c
	if word == "or" {
		test = "not " + c
	}
	t.do("%s := not (not %s)", c, parens(left))
	t.do("if %s", test)
	t.out = append(t.out, prelude...)
	t.do("%s = not (not %s)", c, parens(right))
	t.do("end")
	return c
}

// truth is v's truthiness as a Go pipeline for if, and, or, not.
func (t *translator) truth(n ast.Expression, v value) string {
	switch v.kind {
	case kConst:
		return strconv.FormatBool(truthyConst(v.c))
	case kStr:
		return t.strOf(v, true)
	case kInt, kBool:
		return v.go_
	case kJSON:
		// Empty lists and maps are true in JavaScript.
		a := t.assign("a", t.json(v))
		return fmt.Sprintf(`or %s (kindIs "slice" %s) (kindIs "map" %s)`, a, a, a)
	case kCat:
		for _, p := range v.parts {
			if p.kind == kConst && p.c != "" {
				t.str(v) // for what it refuses
				return "true"
			}
		}
		return t.str(v)
	case kB64:
		return t.str(v.parts[0])
	case kLazy:
		switch e := n.(type) {
		case *ast.BinaryExpression:
			if e.Operator != token.COALESCE {
				return t.condition(e)
			}
		}
		if v.text {
			return t.str(v)
		}
	}
	t.refuse(n, "whether it counts as true is not known")
	return ""
}

// goBool is a bool, not only something that counts as true.
func (t *translator) goBool(v value) string {
	if v.kind == kConst {
		return strconv.FormatBool(truthyConst(v.c))
	}
	return v.go_
}

// lazy makes a value that writes one of several; their type is learnt in advance.
func (t *translator) lazy(n ast.Expression, branches []ast.Expression, write func(m mode)) value {
	v := value{kind: kLazy, node: n, text: true, write: write}
	for _, b := range branches {
		if got, ok := t.attempt(func() value { return t.expr(b) }); !ok || !got.isText() || got.maybe {
			v.text = false
		}
	}
	return v
}

func (t *translator) conditional(e *ast.ConditionalExpression) value {
	if v, ok := t.attempt(func() value { return t.expr(e.Test) }); ok && v.kind == kConst {
		if truthyConst(v.c) {
			return t.expr(e.Consequent)
		}
		return t.expr(e.Alternate)
	}
	t.attemptRefusals(e.Test, e.Consequent, e.Alternate)
	return t.lazy(e, []ast.Expression{e.Consequent, e.Alternate}, func(m mode) {
		t.choose(t.condition(e.Test), m, e.Consequent, e.Alternate)
	})
}

// attemptRefusals refuses now what would be refused when the value is written.
func (t *translator) attemptRefusals(first ast.Expression, branches ...ast.Expression) {
	t.attemptAll(0, first)
	t.attemptAll(1, branches...)
}

func (t *translator) attemptAll(depth int, list ...ast.Expression) {
	for _, e := range list {
		saved, names, folded, notes := *t, clone(t.names), clone(t.folded), t.notes
		t.notes, t.branches = map[NoteKind]*Note{}, t.branches+depth
		func() {
			defer func() {
				*t = saved
				t.names, t.folded, t.notes = names, folded, notes
			}()
			t.expr(e)
		}()
	}
}

// choose prints one of two expressions.
func (t *translator) choose(condition string, m mode, yes, no ast.Expression) {
	t.do("if %s", condition)
	t.branch(func() { t.printValue(t.expr(yes), m) })
	before := len(t.out)
	t.do("else")
	t.branch(func() { t.printValue(t.expr(no), m) })
	if len(t.out) == before+1 {
		t.out = t.out[:before]
	}
	t.do("end")
}

// logical is a || b, a && b, a ?? b.
func (t *translator) logical(e *ast.BinaryExpression) value {
	a := t.expr(e.Left)
	if a.kind == kConst {
		takesLeft := truthyConst(a.c) == (e.Operator == token.LOGICAL_OR)
		if e.Operator == token.COALESCE {
			takesLeft = !isNil(a.c)
		}
		if takesLeft {
			return a
		}
		return t.expr(e.Right)
	}
	if e.Operator == token.COALESCE {
		return t.coalesce(e, a)
	}
	if e.Operator == token.LOGICAL_OR && a.kind == kStr {
		if b, ok := t.attempt(func() value { return t.expr(e.Right) }); ok && (b.kind == kConst && b.isText() || b.kind == kStr && !b.maybe && b.key != "") {
			b = t.expr(e.Right)
			return value{kind: kStr, go_: "default " + parens(t.str(b)) + " " + parens(t.strOf(a, true)), wide: a.wide || b.isWide()}
		}
	}
	t.attemptAll(1, e.Right)
	if a.kind == kBool {
		if b, ok := t.attempt(func() value { return t.expr(e.Right) }); ok && b.kind == kBool {
			return value{kind: kBool, go_: t.shortCircuit(e)}
		}
	}
	a = t.settleOnce(a)
	v := t.lazy(e, []ast.Expression{e.Left, e.Right}, func(m mode) {
		t.do("if %s", t.truth(e.Left, a))
		left := func() { t.printValue(a, m) }
		right := func() { t.printValue(t.expr(e.Right), m) }
		if e.Operator == token.LOGICAL_AND {
			left, right = right, left
		}
		t.branch(left)
		t.do("else")
		t.branch(right)
		t.do("end")
	})
	return v
}

// settleOnce evaluates JSON access once; the rest is used where it is written.
func (t *translator) settleOnce(v value) value {
	if v.kind == kJSON {
		v.go_, v.path = t.assign("a", t.json(v)), nil
	}
	return v
}

func (t *translator) coalesce(e *ast.BinaryExpression, a value) value {
	switch {
	case a.isText() && !a.maybe:
		return a
	case a.kind != kJSON:
		t.refuse(e, "whether the left side of ?? is there is not known")
	}
	t.attemptAll(1, e.Right)
	a = t.settleOnce(a)
	return t.lazy(e, []ast.Expression{e.Left, e.Right}, func(m mode) {
		t.do(`if not (kindIs "invalid" %s)`, a.go_)
		t.branch(func() { t.printValue(a, m) })
		t.do("else")
		t.branch(func() { t.printValue(t.expr(e.Right), m) })
		t.do("end")
	})
}
