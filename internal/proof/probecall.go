package proof

import (
	"strings"

	"github.com/dop251/goja/ast"
)

// Methods after which a value is no longer a place in the document, and those
// that only arrays have.
var (
	arrayMethods = " forEach map filter some every find findIndex reduce join sort flatMap "
	textMethods  = " toString trim toUpperCase toLowerCase replace split substring substr slice startsWith endsWith includes" +
		" indexOf lastIndexOf padStart padEnd charAt concat match repeat toFixed hasOwnProperty "
)

// resolve says what an expression stands for.
func (p *probe) resolve(n ast.Node) ref {
	switch n := n.(type) {
	case *ast.Identifier:
		if n.Name == "data" {
			return ref{data: true}
		}
		return p.env[n.Name.String()]
	case *ast.OptionalChain:
		return p.resolve(n.Expression)
	case *ast.Optional:
		return p.resolve(n.Expression)
	case *ast.DotExpression:
		return member(p.resolve(n.Left), n.Identifier.Name.String())
	case *ast.BracketExpression:
		left := p.resolve(n.Left)
		switch m := n.Member.(type) {
		case *ast.StringLiteral:
			return member(left, m.Value.String())
		case *ast.NumberLiteral:
			return element(ref{at: left.at})
		}
		if left.at != nil {
			return ref{at: anyChild(left.at)}
		}
	case *ast.CallExpression:
		return p.call(n)
	case *ast.BinaryExpression:
		// data.x || "{}"
		if r := p.resolve(n.Left); !n.Comparison && (n.Operator.String() == "||" || n.Operator.String() == "??") {
			return r
		}
	}
	return ref{}
}

// callee gives the object and the name of a method call.
func callee(n *ast.CallExpression) (ast.Expression, string) {
	e := n.Callee
	if o, ok := e.(*ast.Optional); ok {
		e = o.Expression
	}
	if d, ok := e.(*ast.DotExpression); ok {
		return d.Left, d.Identifier.Name.String()
	}
	return nil, ""
}

func (p *probe) call(n *ast.CallExpression) ref {
	left, name := callee(n)
	if left == nil {
		return ref{}
	}
	arg := func(i int) ref {
		if i < len(n.ArgumentList) {
			return p.resolve(n.ArgumentList[i])
		}
		return ref{}
	}
	on := ""
	if id, ok := left.(*ast.Identifier); ok {
		on = id.Name.String() + "."
	}
	switch on + name {
	case "JSON.parse", "yaml.load", "yaml.safeLoad":
		return p.parsed(arg(0))
	case "JSON.stringify", "yaml.dump", "yaml.safeDump":
		if r := arg(0); r.at != nil && len(r.at.keys) == 0 && r.at.elem == nil {
			r.at.whole = true
		}
		return ref{}
	case "Object.entries":
		return p.listed(arg(0), true)
	case "Object.keys", "Object.values":
		return p.listed(arg(0), false)
	case "Buffer.from":
		r := arg(0)
		if len(n.ArgumentList) == 2 && r.key != "" {
			if s, ok := n.ArgumentList[1].(*ast.StringLiteral); ok && s.Value == "base64" {
				p.hint(r.key).base64, r.decoded = true, true
			}
			return r
		}
		return ref{}
	}
	r := p.resolve(left)
	switch {
	case r.key != "" && name == "toString":
		return r
	case strings.Contains(arrayMethods, " "+name+" ") && (r.entries != nil || r.values != nil):
		return r
	case strings.Contains(arrayMethods, " "+name+" ") && r.at != nil:
		r.at.element()
		return ref{at: r.at}
	}
	return ref{}
}

func (p *probe) parsed(r ref) ref {
	switch {
	case r.key != "":
		h := p.hint(r.key)
		if h.doc == nil {
			h.doc = &want{}
		}
		return ref{at: h.doc}
	case r.at != nil:
		if r.at.json == nil {
			r.at.json = &want{}
		}
		return ref{at: r.at.json}
	}
	return ref{}
}

func (p *probe) listed(r ref, entries bool) ref {
	if r.at == nil {
		return ref{}
	}
	anyChild(r.at)
	if entries {
		return ref{entries: r.at}
	}
	return ref{values: r.at}
}

// callbacks binds the parameters of functions that are given to a method of a
// list before the walk reaches their bodies.
func (p *probe) callbacks(n *ast.CallExpression) {
	left, name := callee(n)
	if left == nil || len(n.ArgumentList) == 0 || !strings.Contains(arrayMethods, " "+name+" ") {
		return
	}
	e := element(p.resolve(left))
	if e == (ref{}) {
		return
	}
	var params []*ast.Binding
	switch f := n.ArgumentList[0].(type) {
	case *ast.ArrowFunctionLiteral:
		params = f.ParameterList.List
	case *ast.FunctionLiteral:
		params = f.ParameterList.List
	}
	at := 0
	if name == "reduce" {
		at = 1
	}
	if at < len(params) {
		p.bind(params[at].Target, e)
	}
}
