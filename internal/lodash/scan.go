package lodash

import (
	"fmt"
	"strings"
)

// ExprKind says which of lodash/template's four delimiters encloses an Expr.
type ExprKind int

// The delimiters, in the order in which lodash tries them at one position
// (template.js of 4.17.21, reDelimiters).
const (
	// Escape is <%- %>: the value, HTML-escaped.
	Escape ExprKind = iota + 1
	// Interpolate is <%= %>: the value as it is.
	Interpolate
	// ESInterpolate is ${ }: as Interpolate.
	ESInterpolate
	// Evaluate is <% %>: JavaScript statements, which print nothing themselves.
	Evaluate
)

// String gives the delimiters.
func (k ExprKind) String() string {
	switch k {
	case Escape:
		return "<%- %>"
	case Interpolate:
		return "<%= %>"
	case ESInterpolate:
		return "${ }"
	case Evaluate:
		return "<% %>"
	}
	return fmt.Sprintf("lodash.ExprKind(%d)", int(k))
}

// Expr is one piece of a template string that lodash/template takes for code.
type Expr struct {
	Kind ExprKind
	// Start and End are byte offsets of the piece with its delimiters:
	// text[Start:End].
	Start, End int
	// Code is what stands between the delimiters, blanks included. It is empty
	// only for `${}`, which lodash removes from the text without evaluating
	// anything; the other delimiters need at least one character.
	Code string
}

// Scan finds what lodash/template 4.17.21 with its default settings takes for
// code, in order and without overlaps. What lies between is text, which lodash
// copies to its output unchanged: it escapes backslashes, single quotes and line
// terminators for the JavaScript source that it builds (template.js,
// reUnescapedString), and reading that source undoes it. So the result for
// a text without expressions is the text itself. Delimiters without their other
// half are text.
//
// Nothing of JavaScript is looked at: `<%= "%>" %>` ends at the first %>, and
// `${` at the first } that no backslash escapes.
func Scan(text string) []Expr {
	var found []Expr
	s := scanner{text: text}
	for i := 0; i < len(text); {
		n := strings.IndexAny(text[i:], "<$")
		if n < 0 {
			break
		}
		i += n
		e, ok := s.exprAt(i)
		if !ok {
			i++
			continue
		}
		found = append(found, e)
		i = e.End
	}
	return found
}

// scanner remembers failed searches, so that a text full of unpaired delimiters
// takes linear time.
type scanner struct {
	text string
	// noClose: there is no %> at any later offset.
	noClose bool
	// esFails: a ${ that starts before this offset has no end. The search for it
	// stopped there; one that starts in between would meet the same character,
	// since it reads backslash pairs from the same places.
	esFails int
}

func (s *scanner) exprAt(i int) (Expr, bool) {
	rest := s.text[i:]
	if strings.HasPrefix(rest, "${") {
		return s.esAt(i)
	}
	if !strings.HasPrefix(rest, "<%") || s.noClose {
		return Expr{}, false
	}
	// `<%-%>` is statement code "-", unless another %> follows: each regexp wants
	// a character between its delimiters, and <%- is tried before <%.
	if len(rest) > 2 && (rest[2] == '-' || rest[2] == '=') {
		kind := Escape
		if rest[2] == '=' {
			kind = Interpolate
		}
		if e, ok := s.closed(kind, i, i+3); ok {
			return e, true
		}
	}
	e, ok := s.closed(Evaluate, i, i+2)
	s.noClose = !ok
	return e, ok
}

// closed looks for %> at least one byte after code, the offset of the code. (One
// byte is as good as one character: no UTF-8 sequence contains ASCII bytes.)
func (s *scanner) closed(kind ExprKind, start, code int) (Expr, bool) {
	if code >= len(s.text) {
		return Expr{}, false
	}
	n := strings.Index(s.text[code+1:], "%>")
	if n < 0 {
		return Expr{}, false
	}
	end := code + 1 + n
	return Expr{Kind: kind, Start: start, End: end + 2, Code: s.text[code:end]}, true
}

// esAt matches reEsTemplate of template.js, \$\{([^\\}]*(?:\\.[^\\}]*)*)\}: up to
// the first } that isn't the second half of a backslash pair. A backslash before
// a line terminator fits nowhere, so the delimiter is text then.
func (s *scanner) esAt(start int) (Expr, bool) {
	if start < s.esFails {
		return Expr{}, false
	}
	i := start + 2
	for i < len(s.text) {
		n := strings.IndexAny(s.text[i:], `\}`)
		if n < 0 {
			i = len(s.text)
			break
		}
		i += n
		if s.text[i] == '}' {
			return Expr{Kind: ESInterpolate, Start: start, End: i + 1, Code: s.text[start+2 : i]}, true
		}
		size := dot(s.text[i+1:])
		if size == 0 {
			break
		}
		i += 1 + size
	}
	s.esFails = i
	return Expr{}, false
}
