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
	program, parseErr := parser.ParseFile(nil, "", "("+source+")", 0, parser.WithDisableSourceMaps)
	if parseErr != nil {
		// The engine tells: code may close the function and go on.
		return "", nil
	}
	walkAST(program, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.AssignExpression:
			// goja gives a&&=b the operator of its binary form.
			if n.Operator == token.LOGICAL_AND || n.Operator == token.LOGICAL_OR || n.Operator == token.COALESCE ||
				n.Operator == token.LOGICAL_AND_ASSIGN || n.Operator == token.LOGICAL_OR_ASSIGN || n.Operator == token.COALESCE_ASSIGN {
				err = failf("SyntaxError: Node 14 has no logical assignment")
			}
		case *ast.CatchStatement:
			if n.Parameter != nil {
				unsure = "it looks at an error, whose text is the engine's own"
			}
		case *ast.ClassLiteral:
			unsure = "it defines a class"
		case *ast.WithStatement:
			unsure = "it uses with"
		case *ast.DebuggerStatement:
			unsure = "it uses debugger"
		case *ast.AwaitExpression:
			unsure = "it awaits"
		}
	})
	return unsure, err
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
