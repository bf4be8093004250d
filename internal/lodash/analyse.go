package lodash

import (
	"reflect"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// facts about a program's variables, found in one walk.
type variables struct {
	changes  map[string]int // assignments, ++ and --
	declared map[string]bool
}

func (p *program) variables() *variables {
	if p.vars != nil {
		return p.vars
	}
	p.vars = &variables{changes: map[string]int{}, declared: map[string]bool{}}
	declare := func(target ast.Expression) {
		if id, ok := target.(*ast.Identifier); ok {
			p.vars.declared[id.Name.String()] = true
		}
	}
	walk(reflect.ValueOf(p.body), func(n any) {
		switch n := n.(type) {
		case *ast.AssignExpression:
			if id, ok := n.Left.(*ast.Identifier); ok {
				p.vars.changes[id.Name.String()]++
			}
		case *ast.UnaryExpression:
			if id, ok := n.Operand.(*ast.Identifier); ok && (n.Operator == token.INCREMENT || n.Operator == token.DECREMENT) {
				p.vars.changes[id.Name.String()]++
			}
		case *ast.ForIntoExpression:
			if id, ok := n.Expression.(*ast.Identifier); ok {
				p.vars.changes[id.Name.String()]++
			}
		case *ast.Binding:
			declare(n.Target)
		case *ast.ForDeclaration:
			declare(n.Target)
		case *ast.PropertyShort:
			p.vars.declared[n.Name.Name.String()] = true
		case *ast.FunctionLiteral:
			if n.Name != nil {
				declare(n.Name)
			}
		case *ast.CatchStatement:
			declare(n.Parameter)
		}
	})
	return p.vars
}

func (p *program) assigned(name string) bool { return p.variables().changes[name] > 0 }
func (p *program) changes(name string) int   { return p.variables().changes[name] }
func (p *program) declaredLater(name string) bool {
	return p.variables().declared[name]
}

// walk visits every node below v. Declaration lists repeat what the statements
// hold.
func walk(v reflect.Value, visit func(any)) {
	switch v.Kind() {
	case reflect.Interface:
		walk(v.Elem(), visit)
	case reflect.Pointer:
		if !v.IsNil() {
			visit(v.Interface())
			walk(v.Elem(), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "DeclarationList" {
				walk(v.Field(i), visit)
			}
		}
	}
}
