package lodash

import (
	"encoding/base64"
	"fmt"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"github.com/dop251/goja/ast"
)

// base64Program translates a text of template.data: KES's result is base64, the
// Go template prints what the API server makes of it. The API server decodes with
// Go's encoding, which takes line breaks but wants the padding.
func (t *translator) base64Program() {
	if list, ok := t.straight(); ok {
		done := false
		t.piece(func() { done = t.base64Pieces(list) })
		if done || len(t.refused) > 0 {
			return
		}
	}
	out := t.collect(func() { t.stmts(t.body) })
	t.decodeResult(out)
}

// straight lists the printed operands if nothing but declarations stands around
// them; the declarations are translated.
func (t *translator) straight() ([]ast.Expression, bool) {
	var list []ast.Expression
	printed := false
	for _, s := range t.body {
		switch s := s.(type) {
		case *ast.EmptyStatement:
		case *ast.VariableStatement, *ast.LexicalDeclaration:
			if printed { // it may use the variable too early
				return nil, false
			}
		case *ast.ExpressionStatement:
			e, ok := s.Expression.(*ast.AssignExpression)
			if !ok {
				return nil, false
			}
			ok = false
			t.piece(func() {
				var pieces []ast.Expression
				pieces, ok = t.printed(e)
				list = append(list, pieces...)
				printed = printed || len(pieces) > 1
			})
			if !ok {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	for _, s := range t.body {
		switch s.(type) {
		case *ast.VariableStatement, *ast.LexicalDeclaration:
			t.piece(func() { t.stmt(s) })
		}
	}
	return list, true
}

// part is one piece of a base64 text: literal, or an expression.
type part struct {
	text    string
	literal bool
	value   value
	// supplied by the user, instead of value
	supplied *parse.Tree
}

// base64Pieces decodes piece by piece where every piece is whole base64 quanta.
func (t *translator) base64Pieces(list []ast.Expression) bool {
	var parts []part
	for _, e := range list {
		if lit, ok := e.(*ast.StringLiteral); ok {
			text := strings.NewReplacer("\r", "", "\n", "").Replace(t.texts[offset(lit.Idx)])
			if text != "" {
				parts = append(parts, part{text: text, literal: true})
			}
			continue
		}
		code, escaped := t.code(e)
		if tree := t.suppliedAt(e, code); tree != nil {
			parts = append(parts, part{supplied: tree})
			continue
		}
		v := t.expr(code)
		if escaped {
			v = t.htmlEscaped(v)
		}
		if v.kind == kConst {
			if !isNil(v.c) {
				parts = append(parts, part{text: jsString(v.c), literal: true})
			}
			continue
		}
		parts = append(parts, part{value: v})
	}
	if len(parts) == 1 && !parts[0].literal {
		if tree := parts[0].supplied; tree != nil {
			t.suppliedBase64(tree)
		} else {
			t.base64Value(parts[0].value)
		}
		return true
	}
	for i, p := range parts {
		if p.literal && !wholeQuanta(p.text, i == len(parts)-1) || !p.literal && (p.supplied != nil || p.value.kind != kB64) {
			t.decodeResult(t.collect(func() {
				for _, p := range parts {
					switch {
					case p.supplied != nil:
						t.showSupplied(p.supplied)
					case p.literal:
						t.show1(constant(p.text))
					default:
						t.show1(p.value)
					}
				}
			}))
			return true
		}
	}
	for i, p := range parts {
		if p.literal {
			b, _ := base64.StdEncoding.DecodeString(p.text)
			t.printBytes(b)
			continue
		}
		inner := p.value.parts[0]
		if i < len(parts)-1 {
			text := t.once("b", t.str(inner))
			t.failIf("mod (len "+text+") 3", "base64 with padding in the middle")
			inner = str(text)
		}
		t.printValue(inner, concatenated)
	}
	return true
}

// wholeQuanta: groups of four, and padding only at the very end.
func wholeQuanta(s string, last bool) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil && (last || !strings.HasSuffix(s, "="))
}

func (t *translator) printBytes(b []byte) {
	if utf8.Valid(b) && !strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7F }) {
		t.print(string(b))
		return
	}
	t.show(fmt.Sprintf("b64dec %q", base64.StdEncoding.EncodeToString(b)))
}

// base64Value: a single expression. The usual Buffer.from(x).toString("base64")
// drops its encoding.
func (t *translator) base64Value(v value) {
	if v.kind == kB64 {
		t.printValue(v.parts[0], concatenated)
		return
	}
	if v.kind == kBuffer {
		v = t.bufferText(v)
	}
	if v.kind == kLazy {
		t.decodeResult(t.collect(func() { t.show1(v) }))
		return
	}
	t.decodeResult(t.once("b", t.optional(v)))
}

// decodeResult decodes text as the API server does; what it refuses fails.
func (t *translator) decodeResult(text string) {
	d := t.variable("d")
	t.do("%s := b64dec %s", d, text)
	t.failIf(fmt.Sprintf(`ne (b64enc %s) (%s | replace "\n" "" | replace "\r" "")`, d, text), "not base64")
	t.show(d)
}
