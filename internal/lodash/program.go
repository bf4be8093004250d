package lodash

import (
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
)

// program is the JavaScript function that lodash/template 4.17.21 compiles a text
// to (template.js:166-269), parsed.
type program struct {
	text string
	// body: the statements, without lodash's own first and last ones.
	body []ast.Statement
	// texts, values and escapes: what stands at these offsets of the source is
	// lodash's own: a piece of literal text, a <%= %> (`__t = (…)`), a <%- %>.
	texts           map[int]string
	values, escapes map[int]bool
	spans           []span
	pieces          []Expr
	evaluates       bool
	vars            *variables
}

// span maps code in the source to its place in the text.
type span struct {
	source int // offset in the JavaScript source
	piece  Expr
	code   int // offset of the code in the text
}

// maxCode bounds the parser's recursion: Go can't recover from a stack that is
// used up.
const maxCode = 64 << 10

// compile builds lodash's source and parses it. Two things are left out: the
// removal of empty strings (concatenating ” changes nothing), and the global
// names, which a function parameter list can't shadow anyway.
func compile(text string) (*program, error) {
	p := &program{text: text, texts: map[int]string{}, values: map[int]bool{}, escapes: map[int]bool{}, pieces: Scan(text)}
	total := 0
	for _, e := range p.pieces {
		if total += len(e.Code); total > maxCode {
			return nil, &Refused{Offset: e.Start, Expr: text[e.Start:e.End], Reason: "it is too long"}
		}
	}
	var b strings.Builder
	b.WriteString("(function(data) {\nvar __t, __p = '', __e = _.escape, __j = Array.prototype.join;\nfunction print() { __p += __j.call(arguments, '') }\n")
	b.WriteString("__p += ")
	at := 0
	for _, e := range p.pieces {
		p.literal(&b, text[at:e.Start])
		p.code(&b, e)
		at = e.End
	}
	p.literal(&b, text[at:])
	b.WriteString(";\n")
	end := b.Len()
	b.WriteString("return __p\n})")
	// Without source maps: a sourceMappingURL comment would make the parser read files.
	tree, err := parser.ParseFile(nil, "", b.String(), parser.IgnoreRegExpErrors, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, p.syntaxError(err)
	}
	return p, p.unwrap(tree, end)
}

// literal writes text as lodash does (reUnescapedString, _escapeStringChar.js).
func (p *program) literal(b *strings.Builder, text string) {
	p.texts[b.Len()] = text
	b.WriteString("'" + literalEscapes.Replace(text) + "'")
}

var literalEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\u2028", `\u2028`, "\u2029", `\u2029`)

func (p *program) code(b *strings.Builder, e Expr) {
	open := map[ExprKind]int{Escape: 3, Interpolate: 3, ESInterpolate: 2, Evaluate: 2}[e.Kind]
	write := func(before, after string) {
		b.WriteString(before)
		p.spans = append(p.spans, span{source: b.Len(), piece: e, code: e.Start + open})
		b.WriteString(e.Code + after)
	}
	switch {
	case e.Kind == Evaluate:
		p.evaluates = true
		write(";\n", ";\n__p += ")
	case e.Code == "": // ${}
		b.WriteString(" +\n")
	case e.Kind == Escape:
		b.WriteString(" +\n")
		p.escapes[b.Len()] = true
		write("__e(", ") +\n")
	default:
		b.WriteString(" +\n((")
		p.values[b.Len()] = true
		write("__t = (", ")) == null ? '' : __t) +\n")
	}
}

// unwrap finds the function's statements. Code that closes lodash's function and
// opens another is not followed.
func (p *program) unwrap(tree *ast.Program, end int) error {
	whole := &Refused{Expr: p.text, Reason: "the pieces of code don't form statements of one function"}
	if len(tree.Body) != 1 {
		return whole
	}
	e, ok := tree.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return whole
	}
	f, ok := e.Expression.(*ast.FunctionLiteral)
	if !ok || offset(f.Function) != 1 {
		return whole
	}
	// Between lodash's two declarations and its return.
	list := f.Body.List
	if len(list) < 3 || offset(list[len(list)-1].Idx0()) < end {
		return whole
	}
	p.body = list[2 : len(list)-1]
	return nil
}

// offset in the source; the parser counts from 1.
func offset(idx file.Idx) int { return int(idx) - 1 }

// locate maps an offset of the source to the text: the piece of code that it lies
// in, or the next one.
func (p *program) locate(source int) (piece Expr, at int, ok bool) {
	for _, s := range p.spans {
		if source < s.source+len(s.piece.Code) {
			if source < s.source {
				return s.piece, s.piece.Start, true
			}
			return s.piece, s.code + source - s.source, true
		}
	}
	if n := len(p.pieces); n > 0 {
		return p.pieces[n-1], p.pieces[n-1].Start, true
	}
	return Expr{}, 0, false
}

// excerpt finds a node in the text; with a wider piece where the node isn't
// contiguous there.
func (p *program) excerpt(n ast.Node) (at int, expr string) {
	if n == nil {
		return 0, p.text
	}
	if s, ok := n.(*ast.IfStatement); ok { // the parser leaves its If empty
		n = s.Test
	}
	piece, at, ok := p.locate(offset(n.Idx0()))
	if !ok {
		return 0, p.text
	}
	end, ok := endOf(n)
	if ok {
		if last, stop, ok := p.locate(end - 1); ok && last.Start == piece.Start && stop >= at {
			return at, p.text[at : stop+1]
		}
	}
	return piece.Start, p.text[piece.Start:piece.End]
}

// endOf is Idx1, which panics for some empty statements.
func endOf(n ast.Node) (end int, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return offset(n.Idx1()), true
}

// syntaxError: lodash's compilation throws then.
func (p *program) syntaxError(err error) error {
	r := &Refused{Expr: p.text, Never: true, Reason: "it is not JavaScript"}
	list, ok := err.(parser.ErrorList)
	if !ok || len(list) == 0 {
		return r
	}
	r.Reason += ": " + lowerFirst(list[0].Message)
	if piece, ok := p.failing(); ok {
		r.Offset, r.Expr = piece.Start, p.text[piece.Start:piece.End]
		if piece.Kind == ESInterpolate {
			r.Reason += "; lodash takes ${ } for code"
			r.Suggestion = r.Expr
		}
	}
	return r
}

// failing is the first piece that is no expression by itself, else the first
// with statements: the parser's own position may lie well behind the mistake.
func (p *program) failing() (Expr, bool) {
	for _, e := range p.pieces {
		if e.Kind != Evaluate && e.Code != "" {
			_, err := parser.ParseFile(nil, "", "("+e.Code+"\n)", parser.IgnoreRegExpErrors, parser.WithDisableSourceMaps)
			if err != nil {
				return e, true
			}
		}
	}
	for _, e := range p.pieces {
		if e.Kind == Evaluate {
			return e, true
		}
	}
	return Expr{}, false
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
