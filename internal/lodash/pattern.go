package lodash

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/dop251/goja/ast"
)

// pattern is a JavaScript regular expression in RE2's syntax.
type pattern struct {
	source       string
	global       bool
	groups       int
	nestedGroups bool   // a group inside of a repetition: JavaScript forgets its match
	nullable     bool   // may match nothing
	literal      string // if it matches one text only
}

// pattern translates the part of JavaScript's syntax that means the same in RE2,
// character by character; the rest is refused.
func (t *translator) pattern(re *ast.RegExpLiteral, wide bool) pattern {
	p := patternReader{in: re.Pattern, ok: true, space: `\s\v`, newline: `\n\r`}
	if wide {
		p.space, p.newline = jsSpace, `\n\r\x{2028}\x{2029}`
	}
	var out pattern
	ignoreCase := false
	for _, f := range re.Flags {
		switch f {
		case 'g':
			out.global = true
		case 'i':
			ignoreCase = true
		case 's':
			p.dotAll = true
		default:
			t.refuse(re, "the flag %c is not translated", f)
		}
	}
	if !isASCII(re.Pattern) {
		t.refuse(re, "a pattern with other than ASCII")
	}
	p.read()
	if !p.ok {
		t.refuse(re, "this pattern is not translated (lookaround, backreferences and rare escapes have no equal in Go)")
	}
	out.source, out.groups = p.out.String(), p.groups
	if ignoreCase {
		out.source = "(?i)" + out.source
	}
	compiled, err := regexp.Compile(out.source)
	if err != nil {
		t.refuse(re, "this pattern is not translated: %v", err)
	}
	tree, err := syntax.Parse(out.source, syntax.Perl)
	if err != nil {
		t.refuse(re, "this pattern is not translated: %v", err)
	}
	if emptyRepeat(tree) {
		t.refuse(re, "a repetition of something that may be empty")
	}
	out.nestedGroups = groupRepeat(tree, false)
	out.nullable = minLength(tree) == 0
	if prefix, complete := compiled.LiteralPrefix(); complete && !ignoreCase && out.groups == 0 {
		out.literal = prefix
	}
	return out
}

// regexpText: a pattern meets characters; beyond ASCII UTF-16 and UTF-8 differ.
func (t *translator) regexpText(v value) string { return t.narrow(certain(v), "matched") }

type patternReader struct {
	in     string
	out    strings.Builder
	i      int
	groups int
	dotAll bool
	ok     bool
	// what \s matches, and the dot doesn't
	space, newline string
}

func (p *patternReader) read() {
	for p.i < len(p.in) && p.ok {
		c := p.in[p.i]
		p.i++
		switch c {
		case '\\':
			p.escape(false)
		case '[':
			p.class()
		case '(':
			p.group()
		case '.':
			if p.dotAll {
				p.out.WriteString("(?s:.)")
			} else {
				p.out.WriteString("[^" + p.newline + "]")
			}
		case '{':
			p.counted()
		case '}', ']':
			p.out.WriteString(`\` + string(c))
		default:
			p.out.WriteByte(c)
		}
	}
}

func (p *patternReader) group() {
	if !strings.HasPrefix(p.in[p.i:], "?") {
		p.groups++
		p.out.WriteByte('(')
		return
	}
	if !strings.HasPrefix(p.in[p.i:], "?:") {
		p.ok = false
		return
	}
	p.i += 2
	p.out.WriteString("(?:")
}

var countedForm = regexp.MustCompile(`^[0-9]+(,[0-9]*)?\}`)

func (p *patternReader) counted() {
	if m := countedForm.FindString(p.in[p.i:]); m != "" {
		p.out.WriteString("{" + m)
		p.i += len(m)
		return
	}
	p.out.WriteString(`\{`)
}

// jsSpace is what \s matches: WhiteSpace and LineTerminator. Of ASCII that is RE2's
// \s and \v.
const jsSpace = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`

func (p *patternReader) escape(inClass bool) {
	if p.i >= len(p.in) {
		p.ok = false
		return
	}
	c := p.in[p.i]
	p.i++
	switch {
	case strings.IndexByte("dDwWnrtfv", c) >= 0:
		p.out.WriteString(`\` + string(c))
	case c == 's' && inClass:
		p.out.WriteString(p.space)
	case c == 's':
		p.out.WriteString("[" + p.space + "]")
	case c == 'S' && !inClass:
		p.out.WriteString("[^" + p.space + "]")
	case (c == 'b' || c == 'B') && !inClass:
		p.out.WriteString(`\` + string(c))
	case c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		p.ok = false
	default:
		p.out.WriteString(regexp.QuoteMeta(string(c)))
		if c == '-' && inClass {
			p.undoDash()
		}
	}
}

// undoDash: QuoteMeta leaves the dash, which is an operator inside of a class.
func (p *patternReader) undoDash() {
	s := strings.TrimSuffix(p.out.String(), "-")
	p.out.Reset()
	p.out.WriteString(s + `\-`)
}

func (p *patternReader) class() {
	p.out.WriteByte('[')
	if strings.HasPrefix(p.in[p.i:], "^") {
		p.i++
		p.out.WriteByte('^')
	}
	for first := true; p.i < len(p.in) && p.ok; first = false {
		c := p.in[p.i]
		p.i++
		switch c {
		case ']':
			if first { // [] matches nothing, [^] anything
				p.ok = false
			}
			p.out.WriteByte(']')
			return
		case '\\':
			p.escape(true)
		case '[', '^':
			p.out.WriteString(`\` + string(c))
		default:
			p.out.WriteByte(c)
		}
	}
	p.ok = false
}

// minLength is 0 for what can match nothing.
func minLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return 0
		}
		return minLength(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, s := range re.Sub {
			n += minLength(s)
		}
		return n
	case syntax.OpAlternate:
		n := 1
		for _, s := range re.Sub {
			n = min(n, minLength(s))
		}
		return n
	}
	return 0
}

func repeats(op syntax.Op) bool {
	return op == syntax.OpStar || op == syntax.OpPlus || op == syntax.OpQuest || op == syntax.OpRepeat
}

func emptyRepeat(re *syntax.Regexp) bool {
	if repeats(re.Op) && minLength(re.Sub[0]) == 0 {
		return true
	}
	for _, s := range re.Sub {
		if emptyRepeat(s) {
			return true
		}
	}
	return false
}

func groupRepeat(re *syntax.Regexp, inside bool) bool {
	if re.Op == syntax.OpCapture && inside {
		return true
	}
	for _, s := range re.Sub {
		if groupRepeat(s, inside || repeats(re.Op) && re.Op != syntax.OpQuest) {
			return true
		}
	}
	return false
}
