package proof

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// hint is what the lodash expressions of an object look at in one fetched
// value, so that made-up values have it.
type hint struct {
	// doc is set where the value is parsed as JSON or YAML.
	doc *want
	// base64: the value is decoded as base64 first.
	base64 bool
	// words are the string literals next to which the value is used.
	words []string
}

// want is a place in a parsed value.
type want struct {
	keys  []string
	kids  []*want
	elem  *want // of an array
	whole bool  // used as an object: stringified, its keys listed
	// number: compared with a number
	number bool
	json   *want // a string that is parsed again
}

func (w *want) child(key string) *want {
	if i := slices.Index(w.keys, key); i >= 0 {
		return w.kids[i]
	}
	if len(w.keys) > 50 {
		return &want{}
	}
	c := &want{}
	w.keys, w.kids = append(w.keys, key), append(w.kids, c)
	return c
}

func (w *want) element() *want {
	if w.elem == nil {
		w.elem = &want{}
	}
	return w.elem
}

// ref is what an expression stands for, as far as it matters.
type ref struct {
	data    bool   // the data object
	key     string // data[key]
	decoded bool   // … after base64
	at      *want
	entries *want // Object.entries(at): pairs of key and value
	values  *want // Object.values or keys
}

// probe collects hints from all texts; it only guesses, the data that comes
// of it is judged by running both sides.
type probe struct {
	hints map[string]*hint
	env   map[string]ref
	words []string
}

func probeTexts(texts []kesText) map[string]*hint {
	p := &probe{hints: map[string]*hint{}}
	for _, t := range texts {
		if len(t.code) == 0 {
			continue
		}
		program, err := parser.ParseFile(nil, "", "("+t.source+")", 0, parser.WithDisableSourceMaps)
		if err != nil {
			continue
		}
		p.env, p.words = map[string]ref{}, nil
		used := map[string]bool{}
		walkAST(program, func(n ast.Node) {
			p.visit(n)
			if r := p.resolve(n); r.key != "" {
				used[r.key] = true
			}
		})
		for key := range used {
			h := p.hint(key)
			for _, w := range p.words {
				if !slices.Contains(h.words, w) && len(h.words) < 12 {
					h.words = append(h.words, w)
				}
			}
		}
	}
	return p.hints
}

func (p *probe) hint(key string) *hint {
	if p.hints[key] == nil {
		p.hints[key] = &hint{}
	}
	return p.hints[key]
}

// visit binds names and collects words; the walk is in source order.
func (p *probe) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.Binding:
		if n.Initializer != nil {
			p.bind(n.Target, p.resolve(n.Initializer))
		}
	case *ast.ForOfStatement:
		p.bindInto(n.Into, element(p.resolve(n.Source)))
	case *ast.StringLiteral:
		if s := n.Value.String(); s != "" && len(s) <= 60 && !slices.Contains(p.words, s) && asciiText(s) {
			p.words = append(p.words, s)
		}
	case *ast.BinaryExpression:
		p.compared(n.Left, n.Right, n.Operator)
		p.compared(n.Right, n.Left, n.Operator)
	case *ast.CallExpression:
		p.callbacks(n)
	}
}

// compared: what is compared with a number in size is one.
func (p *probe) compared(a, b ast.Expression, op token.Token) {
	if _, number := b.(*ast.NumberLiteral); !number || !relational(op) {
		return
	}
	if r := p.resolve(a); r.at != nil {
		r.at.number = true
	}
}

func asciiText(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func (p *probe) bindInto(into ast.ForInto, r ref) {
	switch into := into.(type) {
	case *ast.ForIntoVar:
		p.bind(into.Binding.Target, r)
	case *ast.ForDeclaration:
		p.bind(into.Target, r)
	}
}

func (p *probe) bind(target ast.Expression, r ref) {
	switch t := target.(type) {
	case *ast.Binding:
		p.bind(t.Target, r)
	case *ast.Identifier:
		if r != (ref{}) {
			p.env[t.Name.String()] = r
		}
	case *ast.ArrayPattern:
		for i, e := range t.Elements {
			switch {
			case r.entries != nil && i == 1:
				p.bind(e, ref{at: anyChild(r.entries)})
			case r.at != nil:
				p.bind(e, ref{at: r.at.element()})
			}
		}
	case *ast.ObjectPattern:
		for _, prop := range t.Properties {
			switch prop := prop.(type) {
			case *ast.PropertyShort:
				p.bind(&prop.Name, member(r, prop.Name.Name.String()))
			case *ast.PropertyKeyed:
				if s, ok := prop.Key.(*ast.StringLiteral); ok {
					p.bind(prop.Value, member(r, s.Value.String()))
				}
			}
		}
	}
}

// anyChild is the value of whatever key an object has.
func anyChild(w *want) *want {
	w.whole = true
	if len(w.kids) == 0 {
		w.child("delta")
		return w.child("kappa")
	}
	return w.kids[0]
}

// element is what a loop over r gets.
func element(r ref) ref {
	switch {
	case r.entries != nil:
		return ref{entries: r.entries}
	case r.values != nil:
		return ref{at: anyChild(r.values)}
	case r.at != nil:
		return ref{at: r.at.element()}
	}
	return ref{}
}

func member(r ref, name string) ref {
	switch {
	case r.data:
		return ref{key: name}
	case r.at != nil:
		if name == "length" {
			r.at.element()
			return ref{}
		}
		if strings.Contains(textMethods+arrayMethods, " "+name+" ") {
			return ref{}
		}
		if i := arrayIndex(name); i >= 0 {
			return ref{at: r.at.element()}
		}
		return ref{at: r.at.child(name)}
	}
	return ref{}
}
