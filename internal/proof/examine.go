package proof

import (
	"reflect"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// Code longer or deeper than this isn't parsed: goja's parser recurses, and
// Go's stack is not Node's.
const (
	maxCode    = 32 << 10
	maxNesting = 200
)

// examine looks at a text's JavaScript before it is run. err is what KES
// fails with; unsure is why it can't be told.
func examine(source string, code []string) (unsure string, err error) {
	if len(code) == 0 {
		return "", nil
	}
	all := strings.Join(code, "\n")
	if len(all) > maxCode || nesting(all) > maxNesting {
		return "its JavaScript is too long or nested too deeply to be run", nil
	}
	if strings.ContainsAny(all, "\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff") {
		return "it has blanks outside ASCII, which the engine doesn't skip in numbers", nil
	}
	program, parseErr := parser.ParseFile(nil, "", "("+source+")", 0, parser.WithDisableSourceMaps)
	if parseErr != nil {
		// The engine tells: code may close the function and go on.
		return "", nil
	}
	walkAST(program, func(n ast.Node) {
		if a, ok := n.(*ast.AssignExpression); ok && logical(a.Operator) {
			err = failf("SyntaxError: Node 14 has no logical assignment")
		}
		if why := doubt(n); why != "" && unsure == "" {
			unsure = why
		}
	})
	return unsure, err
}

// doubt says why goja may not run a piece of code as Node 14 does. The
// engine's mistakes were found by comparing it with Node (testdata/gen.js).
func doubt(n ast.Node) string {
	const bits = "it uses bit operations, which the engine gets wrong for large numbers"
	switch n := n.(type) {
	case *ast.AssignExpression:
		if bitwise(n.Operator) {
			return bits
		}
	case *ast.BinaryExpression:
		right, ok := n.Right.(*ast.BinaryExpression)
		switch {
		case bitwise(n.Operator):
			return bits
		case (n.Operator == token.EQUAL || n.Operator == token.NOT_EQUAL) && !ofText(n.Left) && !ofText(n.Right):
			return "it compares loosely, which the engine gets wrong for texts like 1.00"
		case ok && relational(n.Operator) && relational(right.Operator):
			return "it has a chain of comparisons, which the engine reads from the right"
		}
	case *ast.UnaryExpression:
		if n.Operator == token.BITWISE_NOT {
			return bits
		}
	case *ast.CatchStatement:
		if n.Parameter != nil {
			return "it looks at an error, whose text is the engine's own"
		}
	case *ast.ClassLiteral:
		return "it defines a class"
	case *ast.WithStatement:
		return "it uses with"
	case *ast.DebuggerStatement:
		return "it uses debugger"
	case *ast.AwaitExpression:
		return "it awaits"
	}
	return ""
}

// ofText: loosely equal to a text or to null is what the engine gets right.
func ofText(e ast.Expression) bool {
	switch e := e.(type) {
	case *ast.StringLiteral, *ast.NullLiteral, *ast.TemplateLiteral:
		return true
	case *ast.Identifier:
		return e.Name == "undefined"
	}
	return false
}

func relational(op token.Token) bool {
	switch op {
	case token.LESS, token.GREATER, token.LESS_OR_EQUAL, token.GREATER_OR_EQUAL, token.INSTANCEOF, token.IN:
		return true
	}
	return false
}

// logical: goja gives a&&=b the operator of its binary form.
func logical(op token.Token) bool {
	switch op {
	case token.LOGICAL_AND, token.LOGICAL_OR, token.COALESCE, token.LOGICAL_AND_ASSIGN, token.LOGICAL_OR_ASSIGN, token.COALESCE_ASSIGN:
		return true
	}
	return false
}

func bitwise(op token.Token) bool {
	switch op {
	case token.AND, token.OR, token.EXCLUSIVE_OR, token.SHIFT_LEFT, token.SHIFT_RIGHT, token.UNSIGNED_SHIFT_RIGHT:
		return true
	}
	return false
}

// nesting is how deep the brackets go, or a long run of operators, each of
// which may be one more level to the parser. Strings count too, which is
// only too careful.
func nesting(s string) int {
	depth, deepest, operators := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '!', '~', '-', '?', '=':
			operators++
		case ';', '\n':
			operators = 0
		}
		deepest = max(deepest, depth, operators/8)
	}
	return deepest
}

// walkAST visits every node below one; goja's ast has no walker.
func walkAST(n any, visit func(ast.Node)) {
	w := astWalker{visit: visit, seen: map[uintptr]bool{}}
	w.value(reflect.ValueOf(n))
}

type astWalker struct {
	visit func(ast.Node)
	seen  map[uintptr]bool
}

func (w *astWalker) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		w.value(v.Elem())
	case reflect.Pointer:
		if v.IsNil() || w.seen[v.Pointer()] {
			return
		}
		w.seen[v.Pointer()] = true
		if n, ok := v.Interface().(ast.Node); ok {
			w.visit(n)
		}
		w.value(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Struct:
		if v.Type().PkgPath() != "github.com/dop251/goja/ast" {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Name != "DeclarationList" {
				w.value(v.Field(i))
			}
		}
	}
}
