package proof

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// Names through which code could change what the next run finds.
var restless = strings.Fields("prototype __proto__ constructor defineProperty defineProperties assign setPrototypeOf freeze seal" +
	" preventExtensions Reflect Proxy call apply bind __defineGetter__ __defineSetter__ callee caller arguments Symbol")

// calm reports whether a text's code surely leaves the JavaScript world as it
// was, so that it may be used again: it assigns to its own variables and to
// data only. Making a world costs a millisecond.
func calm(source string) bool {
	source = strings.Replace(source, lodashPrint, ";\n", 1)
	program, err := parser.ParseFile(nil, "", "("+source+")", 0, parser.WithDisableSourceMaps)
	if err != nil {
		return false
	}
	own := map[string]bool{"data": true, "__t": true, "__p": true, "__e": true, "__j": true}
	walkAST(program, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Binding:
			declare(n.Target, own)
		case *ast.ForDeclaration:
			declare(n.Target, own)
		}
	})
	ok := true
	walkAST(program, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Identifier:
			ok = ok && !slices.Contains(restless, n.Name.String())
		case *ast.DotExpression:
			ok = ok && !slices.Contains(restless, n.Identifier.Name.String())
		case *ast.StringLiteral:
			ok = ok && !slices.Contains(restless, n.Value.String())
		case *ast.ThisExpression, *ast.ForIntoExpression, *ast.NewExpression:
			ok = false
		case *ast.AssignExpression:
			ok = ok && ownTarget(n.Left, own)
		case *ast.UnaryExpression:
			switch n.Operator {
			case token.DELETE:
				ok = false
			case token.INCREMENT, token.DECREMENT:
				ok = ok && ownTarget(n.Operand, own)
			}
		}
	})
	return ok
}

func declare(target ast.Expression, own map[string]bool) {
	walkAST(target, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Identifier:
			own[n.Name.String()] = true
		case *ast.PropertyShort:
			own[n.Name.Name.String()] = true
		}
	})
}

// ownTarget: a variable of the code, or something of the data object.
func ownTarget(e ast.Expression, own map[string]bool) bool {
	switch e := e.(type) {
	case *ast.Identifier:
		return own[e.Name.String()]
	case *ast.DotExpression:
		id, ok := e.Left.(*ast.Identifier)
		return ok && id.Name == "data"
	case *ast.BracketExpression:
		id, ok := e.Left.(*ast.Identifier)
		_, literal := e.Member.(*ast.StringLiteral)
		return ok && literal && id.Name == "data"
	}
	return false
}
