package lodash

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// each runs a callback for every element; without one it prints the elements.
// With a separator the callback's value is printed, separated.
func (t *translator) each(n ast.Node, list value, c *callback, separator *value) {
	if separator != nil && separator.kind != kConst {
		s := str(t.assign("separator", t.str(*separator)))
		separator = &s
	}
	if list.kind == kEntries {
		t.eachEntry(n, list, c, separator)
		return
	}
	needIndex := separator != nil || c != nil && len(c.params) == 2
	element, index := t.variable(paramName(c, 0, "e")), ""
	if needIndex {
		index = t.variable(paramName(c, 1, "i"))
	}
	var over string
	e := value{kind: kStr, go_: element, wide: list.wide}
	switch list.kind {
	case kList:
		over = list.go_
	case kJSON:
		// mustSlice fails on what has no elements; Go would range over a map.
		over = "mustSlice " + parens(t.json(list))
		e = value{kind: kJSON, go_: element, root: true}
	default:
		t.refuse(n, "a loop over something whose type is not known")
	}
	if needIndex {
		t.do("range %s, %s := %s", index, element, over)
	} else {
		t.do("range %s := %s", element, over)
	}
	t.inLoop(func() {
		if separator != nil && !(separator.kind == kConst && separator.c == "") {
			t.do("if %s", index)
			t.printValue(*separator, concatenated)
			t.do("end")
		}
		t.run(c, []value{e, {kind: kInt, go_: index}})
	})
	t.do("end")
}

func paramName(c *callback, i int, otherwise string) string {
	if c != nil && i < len(c.params) {
		if id, ok := c.params[i].(*ast.Identifier); ok {
			return id.Name.String()
		}
	}
	return otherwise
}

func (t *translator) inLoop(f func()) {
	t.ranges++
	defer func() { t.ranges-- }()
	t.branch(f)
}

// run binds a callback's parameters and runs its body.
func (t *translator) run(c *callback, args []value) {
	if c == nil {
		t.printValue(args[0], interpolated)
		return
	}
	if c.print != nil {
		c.print(args[0])
		return
	}
	for i, p := range c.params {
		t.bindTarget(p, args[i])
	}
	if c.expression != nil && c.body == nil {
		v := t.expr(c.expression)
		t.printValue(v, interpolated) // join prints null and undefined as ""
		return
	}
	outer := t.loops
	t.loops = -1
	defer func() { t.loops = outer }()
	t.stmts(c.body)
}

func (t *translator) bindTarget(p ast.BindingTarget, v value) {
	switch p := p.(type) {
	case *ast.Identifier:
		if t.assigned(p.Name.String()) {
			t.refuse(p, "%s is assigned in the loop", p.Name.String())
		}
		if v.kind == kInt && v.go_ == "" {
			t.refuse(p, "the number of an entry is not counted")
		}
		t.bind(p, p.Name.String(), &binding{value: v})
	case *ast.ArrayPattern:
		if v.kind != kPair || len(p.Elements) > 2 || p.Rest != nil {
			t.refuse(p, "this kind of parameter")
		}
		for i, e := range p.Elements {
			id, ok := e.(*ast.Identifier)
			if !ok {
				t.refuse(p, "this kind of parameter")
			}
			t.bindTarget(id, v.parts[i])
		}
	case *ast.ObjectPattern:
		if v.kind != kJSON || p.Rest != nil {
			t.refuse(p, "this kind of parameter")
		}
		for _, prop := range p.Properties {
			short, ok := prop.(*ast.PropertyShort)
			if !ok || short.Initializer != nil {
				t.refuse(prop, "this kind of parameter")
			}
			t.bindTarget(&short.Name, t.member(prop, v, constant(short.Name.Name.String())))
		}
	default:
		t.refuse(p, "this kind of parameter")
	}
}

func (t *translator) forOf(s *ast.ForOfStatement) {
	list := t.expr(s.Source)
	t.each(s, list, &callback{params: []ast.BindingTarget{t.into(s.Into)}, body: []ast.Statement{loopBody{s.Body}}, node: s}, nil)
}

// loopBody marks a statement that break and continue refer to.
type loopBody struct{ ast.Statement }

func (t *translator) into(into ast.ForInto) ast.BindingTarget {
	switch into := into.(type) {
	case *ast.ForDeclaration:
		return into.Target
	case *ast.ForIntoVar:
		return into.Binding.Target
	}
	t.refuse(into, "the loop's variable is declared elsewhere")
	return nil
}

func (t *translator) forIn(s *ast.ForInStatement) {
	v := t.expr(s.Source)
	if v.kind != kJSON {
		t.refuse(s, "only the keys of a JSON value are known")
	}
	keys := value{kind: kEntries, which: "keys", parts: []value{v}, node: s.Source}
	t.each(s, keys, &callback{params: []ast.BindingTarget{t.into(s.Into)}, body: []ast.Statement{loopBody{s.Body}}, node: s}, nil)
}

// forCount is `for (let i = 0; i < list.length; i++)`.
func (t *translator) forCount(s *ast.ForStatement) {
	name, list, ok := t.countedOver(s)
	if !ok {
		t.refuse(s, "of counting loops only `for (let i = 0; i < list.length; i++)` is translated")
	}
	v := t.expr(list)
	over := ""
	switch v.kind {
	case kList:
		over = v.go_
	case kJSON:
		over = "mustSlice " + parens(t.json(v))
	default:
		t.refuse(s, "a loop over something whose type is not known")
	}
	i := t.variable(name.Name.String())
	t.do("range %s, $_ := %s", i, over)
	t.inLoop(func() {
		t.bind(name, name.Name.String(), &binding{value: value{kind: kInt, go_: i}})
		t.loops++
		defer func() { t.loops-- }()
		t.stmts([]ast.Statement{s.Body})
	})
	t.do("end")
}

func (t *translator) countedOver(s *ast.ForStatement) (name *ast.Identifier, list ast.Expression, ok bool) {
	var binding *ast.Binding
	switch init := s.Initializer.(type) {
	case *ast.ForLoopInitializerLexicalDecl:
		if len(init.LexicalDeclaration.List) == 1 {
			binding = init.LexicalDeclaration.List[0]
		}
	case *ast.ForLoopInitializerVarDeclList:
		if len(init.List) == 1 {
			binding = init.List[0]
		}
	}
	if binding == nil {
		return nil, nil, false
	}
	name, isName := binding.Target.(*ast.Identifier)
	zero, isNumber := binding.Initializer.(*ast.NumberLiteral)
	test, isTest := s.Test.(*ast.BinaryExpression)
	update, isUpdate := s.Update.(*ast.UnaryExpression)
	if !isName || !isNumber || !isTest || !isUpdate || zero.Value != int64(0) || test.Operator != token.LESS || update.Operator != token.INCREMENT {
		return nil, nil, false
	}
	left, isLeft := test.Left.(*ast.Identifier)
	length, isLength := test.Right.(*ast.DotExpression)
	counter, isCounter := update.Operand.(*ast.Identifier)
	ok = isLeft && isLength && isCounter && left.Name == name.Name && counter.Name == name.Name && length.Identifier.Name == "length" && t.changes(name.Name.String()) == 1
	if !ok {
		return nil, nil, false
	}
	return name, length.Left, true
}
