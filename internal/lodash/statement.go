package lodash

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

func (t *translator) stmts(list []ast.Statement) {
	for _, s := range list {
		t.piece(func() { t.stmt(s) })
	}
}

func (t *translator) stmt(s ast.Statement) {
	switch s := s.(type) {
	case *ast.EmptyStatement:
	case loopBody:
		outer := t.loops
		t.loops = 1
		defer func() { t.loops = outer }()
		t.stmt(s.Statement)
	case *ast.ExpressionStatement:
		t.statementOf(s.Expression)
	case *ast.VariableStatement:
		t.declare(s.List, false)
	case *ast.LexicalDeclaration:
		t.declare(s.List, true)
	case *ast.BlockStatement:
		t.push()
		t.stmts(s.List)
		t.pop()
	case *ast.IfStatement:
		t.ifStatement(s, "if")
	case *ast.ForOfStatement:
		t.forOf(s)
	case *ast.ForInStatement:
		t.forIn(s)
	case *ast.ForStatement:
		t.forCount(s)
	case *ast.BranchStatement:
		if s.Label != nil || t.loops <= 0 {
			t.refuse(s, "a jump out of here")
		}
		t.do("%s", map[token.Token]string{token.BREAK: "break", token.CONTINUE: "continue"}[s.Token])
	case *ast.ReturnStatement:
		t.returnStatement(s)
	case *ast.FunctionDeclaration, *ast.ClassDeclaration:
		t.refuse(s, "functions of the text's own are not translated")
	case *ast.TryStatement:
		t.refuse(s, "a Go template can't catch errors")
	case *ast.ThrowStatement:
		if t.branches > 0 {
			t.do("fail %s", quote("thrown by the template"))
			return
		}
		t.never(s, "", "it throws")
	default:
		t.refuse(s, "this kind of statement is not translated")
	}
}

// returnStatement: inside a forEach callback, `return` goes on with the next
// element; at the top it ends the text.
func (t *translator) returnStatement(s *ast.ReturnStatement) {
	if t.loops >= 0 || s.Argument != nil {
		t.refuse(s, "return ends the text early")
	}
	t.do("continue")
}

func (t *translator) ifStatement(s *ast.IfStatement, word string) {
	var condition string
	prelude := t.apart(func() { condition = t.condition(s.Test) })
	if word == "else if" && len(prelude) > 0 {
		// The test needs actions of its own first: a nested if.
		t.do("else")
		t.branch(func() { t.ifStatement(s, "if") })
		return
	}
	t.out = append(t.out, prelude...)
	t.do("%s %s", word, condition)
	t.branch(func() { t.stmts([]ast.Statement{s.Consequent}) })
	switch alternate := s.Alternate.(type) {
	case nil:
	case *ast.IfStatement:
		t.branch(func() { t.ifStatement(alternate, "else if") })
	default:
		t.do("else")
		t.branch(func() { t.stmts([]ast.Statement{alternate}) })
	}
	if word == "if" {
		t.do("end")
	}
}

// statementOf handles an expression whose value nobody reads.
func (t *translator) statementOf(e ast.Expression) {
	switch e := e.(type) {
	case *ast.AssignExpression:
		if list, ok := t.printed(e); ok {
			for _, p := range list {
				t.piece(func() { t.printPiece(p) })
			}
			return
		}
		t.assignment(e)
	case *ast.CallExpression:
		t.callStatement(e)
	case *ast.StringLiteral: // "use strict"
	case *ast.SequenceExpression:
		for _, x := range e.Sequence {
			t.statementOf(x)
		}
	case *ast.ConditionalExpression:
		t.refuse(e, "write it as if and else")
	default:
		t.refuse(e, "an expression whose value is not used")
	}
}

func (t *translator) callStatement(e *ast.CallExpression) {
	if id, ok := e.Callee.(*ast.Identifier); ok && id.Name == "print" && t.lookup("print") == nil {
		for _, a := range e.ArgumentList {
			t.show1(t.expr(a))
		}
		return
	}
	if d, ok := e.Callee.(*ast.DotExpression); ok && d.Identifier.Name == "forEach" && rootName(d.Left) != "_" {
		if len(e.ArgumentList) != 1 {
			t.refuse(e, "forEach with more than a callback")
		}
		list := t.expr(d.Left)
		t.each(e, list, t.callback(e.ArgumentList[0]), nil)
		return
	}
	// For what it refuses; a value that nobody reads prints nothing.
	t.expr(e)
	t.refuse(e, "an expression whose value is not used")
}

// printed takes lodash's own `__p += …` apart.
func (t *translator) printed(e *ast.AssignExpression) ([]ast.Expression, bool) {
	id, ok := e.Left.(*ast.Identifier)
	if !ok || id.Name != "__p" || e.Operator != token.PLUS {
		return nil, false
	}
	var list []ast.Expression
	x := e.Right
	for {
		if t.own(x) {
			list = append(list, x)
			break
		}
		b, ok := x.(*ast.BinaryExpression)
		if !ok || b.Operator != token.PLUS || !t.own(b.Right) {
			t.refuse(e, "the pieces of code can't be told from the text between them")
		}
		list = append(list, b.Right)
		x = b.Left
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, true
}

// own: an operand that lodash wrote.
func (t *translator) own(e ast.Expression) bool {
	switch e := e.(type) {
	case *ast.StringLiteral:
		_, ok := t.texts[offset(e.Idx)]
		return ok
	case *ast.CallExpression:
		return t.escapes[offset(e.Idx0())]
	case *ast.ConditionalExpression:
		return t.values[offset(e.Idx0())]
	}
	return false
}

// code is the expression between the delimiters of an operand that lodash wrote.
func (t *translator) code(e ast.Expression) (code ast.Expression, escaped bool) {
	switch e := e.(type) {
	case *ast.CallExpression:
		if len(e.ArgumentList) != 1 {
			t.refuse(e, "more than one expression")
		}
		return e.ArgumentList[0], true
	case *ast.ConditionalExpression:
		if test, ok := e.Test.(*ast.BinaryExpression); ok {
			if a, ok := test.Left.(*ast.AssignExpression); ok {
				return a.Right, false
			}
		}
		t.refuse(e, "the pieces of code can't be told from the text between them")
	}
	return nil, false
}

func (t *translator) printPiece(e ast.Expression) {
	if lit, ok := e.(*ast.StringLiteral); ok {
		t.print(t.texts[offset(lit.Idx)])
		return
	}
	code, escaped := t.code(e)
	if tree := t.suppliedAt(e, code); tree != nil {
		t.showSupplied(tree)
		return
	}
	v := t.expr(code)
	if escaped {
		v = t.htmlEscaped(v)
	}
	t.show1(v)
}
