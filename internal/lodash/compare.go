package lodash

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

func (t *translator) comparison(e *ast.BinaryExpression) value {
	a, b := t.expr(e.Left), t.expr(e.Right)
	if a.kind == kConst && b.kind == kConst {
		t.refuse(e, "a comparison of constants")
	}
	equality := map[token.Token]string{token.EQUAL: "eq", token.STRICT_EQUAL: "eq", token.NOT_EQUAL: "ne", token.STRICT_NOT_EQUAL: "ne"}[e.Operator]
	if equality != "" {
		return value{kind: kBool, go_: t.equal(e, a, b, equality)}
	}
	op := map[token.Token]string{token.LESS: "lt", token.LESS_OR_EQUAL: "le", token.GREATER: "gt", token.GREATER_OR_EQUAL: "ge"}[e.Operator]
	x, okA := intOperand(a)
	y, okB := intOperand(b)
	switch {
	case okA && okB:
		return value{kind: kBool, go_: op + " " + parens(x) + " " + parens(y)}
	case a.isText() && b.isText():
		if a.isWide() || b.isWide() {
			t.wide("compared")
		}
		return value{kind: kBool, go_: op + " " + parens(t.str(a)) + " " + parens(t.str(b))}
	case a.kind == kJSON && okB && b.kind == kConst:
		return value{kind: kBool, go_: op + " " + t.mustNumber(a) + " " + goFloat(b.c.(float64))}
	case b.kind == kJSON && okA && a.kind == kConst:
		return value{kind: kBool, go_: op + " " + goFloat(a.c.(float64)) + " " + t.mustNumber(b)}
	}
	t.refuse(e, "a comparison of values whose type is not known")
	return value{}
}

func goFloat(n float64) string {
	s := jsNumber(n)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

func (t *translator) mustNumber(v value) string {
	n := t.assign("n", t.json(v))
	t.failIf(fmt.Sprintf(`not (kindIs "float64" %s)`, n), "not a number")
	t.note(Guarded, "", "where a JSON value that is compared is no number, ESO fails; KES converts it")
	return n
}

// equal compares as === does, or as == where that is the same.
func (t *translator) equal(e *ast.BinaryExpression, a, b value, op string) string {
	loose := e.Operator == token.EQUAL || e.Operator == token.NOT_EQUAL
	if a.kind == kConst {
		a, b = b, a
	}
	negate := func(s string) string {
		if op == "ne" {
			return "not " + parens(s)
		}
		return s
	}
	x, okA := intOperand(a)
	y, okB := intOperand(b)
	switch {
	case okA && okB:
		return op + " " + parens(x) + " " + parens(y)
	case a.isText() && b.isText():
		if (a.maybe || b.maybe) && !(b.kind == kConst && b.c != "") {
			return op + " " + parens(t.str(a)) + " " + parens(t.str(b))
		}
		return op + " " + parens(t.optional(a)) + " " + parens(t.optional(b))
	case a.isText() && !a.maybe && b.kind == kConst && (!loose || isNil(b.c)):
		t.str(a)
		return strconv.FormatBool(op == "ne")
	case a.kind == kBool && b.kind == kConst && isBool(b.c):
		return op + " " + parens(a.go_) + " " + t.goBool(b)
	case a.kind == kJSON && b.kind == kConst && isNil(b.c) && (loose || b.c == nil && a.root):
		return negate(`kindIs "invalid" ` + parens(t.json(a)))
	case a.kind == kJSON && !loose:
		return negate(t.equalJSON(e, a, b))
	}
	t.refuse(e, "a comparison of values whose type is not known (=== may be translatable where == is not)")
	return ""
}

// optional reads a string; "" if the key isn't fetched.
func (t *translator) optional(v value) string {
	if v.kind == kStr {
		return t.strOf(v, true)
	}
	return t.str(v)
}

// equalJSON: Go's eq fails on different types, where === is false.
func (t *translator) equalJSON(e ast.Node, a, b value) string {
	if n := len(a.path); n > 0 && a.path[n-1].array {
		t.refuse(e, "an element taken by index may be a character of a string")
	}
	kind, operand := "", ""
	switch {
	case b.kind == kConst:
		switch c := b.c.(type) {
		case float64:
			kind, operand = "float64", goFloat(c)
		case bool:
			kind, operand = "bool", t.goBool(b)
		case string:
			kind, operand = "string", quote(c)
		default:
			t.refuse(e, "null and a missing property look the same in a Go template")
		}
	case b.isText() && !b.maybe:
		kind, operand = "string", parens(t.str(b))
	default:
		t.refuse(e, "a comparison of values whose type is not known")
	}
	v := t.assign("v", t.json(a))
	return fmt.Sprintf(`and (kindIs "%s" %s) (eq %s %s)`, kind, v, v, operand)
}
