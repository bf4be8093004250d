package lodash

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// scope is a JavaScript block.
type scope struct {
	outer *scope
	names map[string]*binding
}

// binding is a JavaScript variable.
type binding struct {
	value   value
	mutable bool // value.go_ is a Go variable that can be assigned
	broken  bool // its declaration was refused already
}

func (t *translator) push() { t.scope = &scope{outer: t.scope} }
func (t *translator) pop()  { t.scope = t.scope.outer }

func (t *translator) lookup(name string) *binding {
	for s := t.scope; s != nil; s = s.outer {
		if b := s.names[name]; b != nil {
			return b
		}
	}
	return nil
}

func (t *translator) bind(n ast.Node, name string, b *binding) {
	switch name {
	case "data", "_", "yaml", "JSON", "Buffer", "Object", "print", "String", "Array", "Boolean", "__p", "__t", "__e", "__j", "arguments", "undefined":
		t.refuse(n, "it hides %s", name)
	}
	if t.scope.names == nil {
		t.scope.names = map[string]*binding{}
	}
	if t.scope.names[name] != nil {
		t.never(n, "", "%s is declared twice: all pieces share one scope", name)
	}
	t.scope.names[name] = b
}

// declare handles `let a = …`, `const {a, b} = …`.
func (t *translator) declare(list []*ast.Binding, lexical bool) {
	for _, d := range list {
		switch target := d.Target.(type) {
		case *ast.Identifier:
			t.declareName(target, d.Initializer, lexical)
		case *ast.ObjectPattern:
			t.declarePattern(target, d.Initializer)
		default:
			t.refuse(d, "this kind of declaration")
		}
	}
}

func (t *translator) declareName(target *ast.Identifier, init ast.Expression, lexical bool) {
	name := target.Name.String()
	if !lexical && t.scope.names[name] != nil {
		t.refuse(target, "%s is declared twice", name)
	}
	b := &binding{broken: true}
	defer func() {
		if b.broken {
			if t.scope.names == nil {
				t.scope.names = map[string]*binding{}
			}
			t.scope.names[name] = b
		}
	}()
	if init == nil {
		t.refuse(target, "the variable %s has no value at first", name)
	}
	v := t.expr(init)
	if t.assigned(name) {
		b.value, b.mutable = t.variableOf(init, name, v), true
	} else {
		b.value = t.settle(name, v)
	}
	t.bind(target, name, b)
	b.broken = false
}

// settle evaluates v now, as JavaScript does, and gives what stands for it.
func (t *translator) settle(name string, v value) value {
	switch v.kind {
	case kConst, kEntries, kObject, kMapped:
		return v
	case kStr:
		if v.key != "" {
			return v
		}
		v.go_ = t.assign(name, v.go_)
	case kInt, kBool, kList:
		v.go_ = t.assign(name, v.go_)
	case kJSON:
		v.go_, v.path = t.assign(name, t.json(v)), nil
	case kCat, kLazy, kB64:
		if v.kind == kLazy && !v.text {
			t.refuse(v.node, "the type of %s is not known", name)
		}
		return value{kind: kStr, go_: t.assign(name, t.str(v)), wide: v.isWide()}
	case kBuffer:
		v.parts = []value{t.settle(name, v.parts[0])} // bytes stay bytes
	}
	return v
}

// variableOf makes a Go variable that can be assigned again, of one type.
func (t *translator) variableOf(n ast.Node, name string, v value) value {
	pipeline := ""
	switch {
	case v.isText():
		pipeline = t.str(v)
		v = value{kind: kStr, wide: true}
	case v.kind == kBool:
		pipeline = v.go_
	case v.kind == kConst && isBool(v.c):
		pipeline = t.goBool(v)
		v = value{kind: kBool}
	default:
		t.refuse(n, "a variable that is assigned again must hold a string or a bool")
	}
	v.go_ = t.variable(name)
	t.mutable[v.go_] = true
	t.do("%s := %s", v.go_, pipeline)
	return v
}

func isBool(c any) bool { _, ok := c.(bool); return ok }

func (t *translator) declarePattern(p *ast.ObjectPattern, init ast.Expression) {
	if p.Rest != nil || init == nil {
		t.refuse(p, "this kind of declaration")
	}
	v := t.expr(init)
	if v.kind != kJSON {
		t.refuse(p, "only the properties of a JSON value can be taken apart")
	}
	v = t.settle("v", v)
	for _, prop := range p.Properties {
		short, ok := prop.(*ast.PropertyShort)
		if !ok || short.Initializer != nil {
			t.refuse(prop, "this kind of declaration")
		}
		name := short.Name.Name.String()
		if t.assigned(name) {
			t.refuse(prop, "%s is assigned again", name)
		}
		member := t.member(prop, v, constant(name))
		t.bind(prop, name, &binding{value: t.settle(name, member)})
	}
}

// assign statements: `a = …`, `a += …` of a variable of the text.
func (t *translator) assignment(e *ast.AssignExpression) {
	id, ok := e.Left.(*ast.Identifier)
	if !ok {
		if _, isData := rootOf(e.Left).(*ast.Identifier); isData && rootName(e.Left) == "data" {
			t.refuse(e, "it changes data, which later templates of the same object would see")
		}
		t.refuse(e, "it changes an object")
	}
	b := t.lookup(id.Name.String())
	if b == nil {
		t.refuse(e, "it assigns to a name that is not a variable of this text")
	}
	if b.broken {
		panic(refusal{&Refused{}})
	}
	if !b.mutable || e.Operator != token.ASSIGN && e.Operator != token.PLUS {
		t.refuse(e, "this kind of assignment")
	}
	v := t.expr(e.Right)
	switch {
	case b.value.kind == kStr && e.Operator == token.PLUS:
		t.do("%s = %s", b.value.go_, t.str(value{kind: kCat, parts: []value{b.value, v}}))
	case b.value.kind == kStr && v.isText():
		t.do("%s = %s", b.value.go_, t.str(v))
	case b.value.kind == kBool && e.Operator == token.ASSIGN && (v.kind == kBool || v.kind == kConst && isBool(v.c)):
		t.do("%s = %s", b.value.go_, t.goBool(v))
	default:
		t.refuse(e, "the variable would change its type")
	}
}

func rootOf(e ast.Expression) ast.Expression {
	for {
		switch x := e.(type) {
		case *ast.DotExpression:
			e = x.Left
		case *ast.BracketExpression:
			e = x.Left
		default:
			return e
		}
	}
}

func rootName(e ast.Expression) string {
	if id, ok := rootOf(e).(*ast.Identifier); ok {
		return id.Name.String()
	}
	return ""
}
