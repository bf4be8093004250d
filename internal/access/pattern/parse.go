package pattern

import (
	"fmt"
	"slices"
	"unicode/utf16"
)

// Parse reads an expression. The error is a *SyntaxError or a *LimitError.
func Parse(text string) (p *Pattern, err error) {
	units := utf16.Encode([]rune(text))
	if len(units) > maxLength {
		return nil, &LimitError{text, fmt.Sprintf("it is longer than %d characters", maxLength)}
	}
	r := &reader{text: text, in: units}
	r.scan()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *SyntaxError:
			p, err = nil, e
		case *LimitError:
			p, err = nil, e
		default:
			panic(e)
		}
	}()
	root := r.alternatives(0)
	if r.pos < len(r.in) {
		r.fail("unmatched ')'")
	}
	r.resolve()
	return &Pattern{text: text, root: root, groups: r.opened}, nil
}

// reader parses code units.
type reader struct {
	text string
	in   []uint16
	pos  int
	// total are the capturing groups of the whole text, named that one of them
	// has a name: both decide what escapes mean, before the groups too.
	total  int
	named  bool
	opened int
	names  []string // by index of the group, "" without a name
	refs   []*node  // by name
}

func (r *reader) fail(format string, args ...any) {
	panic(&SyntaxError{r.text, fmt.Sprintf(format, args...)})
}

const end = -1

// at gives the unit n after the current one.
func (r *reader) at(n int) rune {
	if r.pos+n >= len(r.in) {
		return end
	}
	return rune(r.in[r.pos+n])
}

// take consumes a text if it comes next.
func (r *reader) take(s string) bool {
	for i, c := range []byte(s) {
		if r.at(i) != rune(c) {
			return false
		}
	}
	r.pos += len(s)
	return true
}

// scan counts the groups: V8's ScanForCaptures.
func (r *reader) scan() {
	inClass := false
	for i := 0; i < len(r.in); i++ {
		switch c := r.in[i]; {
		case c == '\\':
			i++
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '(':
			next := func(n int) rune {
				if i+n < len(r.in) {
					return rune(r.in[i+n])
				}
				return end
			}
			switch {
			case next(1) != '?':
				r.total++
			case next(2) == '<' && next(3) != '=' && next(3) != '!':
				r.total++
				r.named = true
			}
		}
	}
}

func (r *reader) alternatives(depth int) *node {
	if depth > maxDepth {
		panic(&LimitError{r.text, fmt.Sprintf("its groups are nested more than %d deep", maxDepth)})
	}
	alt := &node{op: opAlt}
	for {
		alt.subs = append(alt.subs, r.terms(depth))
		if !r.take("|") {
			break
		}
	}
	if len(alt.subs) == 1 {
		return alt.subs[0]
	}
	return alt
}

func (r *reader) terms(depth int) *node {
	cat := &node{op: opCat}
	for r.at(0) != end && r.at(0) != '|' && r.at(0) != ')' {
		cat.subs = append(cat.subs, r.term(depth))
	}
	switch len(cat.subs) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return cat.subs[0]
	}
	return cat
}

func (r *reader) term(depth int) *node {
	before := r.opened
	n, quantifiable := r.atom(depth)
	if !quantifiable {
		return n
	}
	lo, hi, ok := r.quantifier()
	if !ok {
		return n
	}
	lazy := r.take("?")
	return &node{op: opRepeat, subs: []*node{n}, min: lo, max: hi, lazy: lazy, first: before, last: r.opened}
}

// atom is a term without its quantifier; assertions other than lookaheads
// take none (Annex B has ExtendedAtom for them).
func (r *reader) atom(depth int) (n *node, quantifiable bool) {
	c := r.at(0)
	switch c {
	case '^':
		r.pos++
		return &node{op: opBegin}, false
	case '$':
		r.pos++
		return &node{op: opEnd}, false
	case '*', '+', '?':
		r.fail("nothing to repeat")
	case '{':
		if _, _, ok := r.interval(); ok {
			r.fail("nothing to repeat")
		}
	case '.':
		r.pos++
		return &node{op: opSet, set: lineEnds.not()}, true
	case '[':
		r.pos++
		return &node{op: opSet, set: r.class()}, true
	case '(':
		return r.group(depth)
	case '\\':
		if b := r.at(1); b == 'b' || b == 'B' {
			r.pos += 2
			if b == 'b' {
				return &node{op: opWord}, false
			}
			return &node{op: opNoWord}, false
		}
		return r.escape(), true
	}
	r.pos++
	return &node{op: opSet, set: one(c)}, true
}

func (r *reader) group(depth int) (n *node, quantifiable bool) {
	n, quantifiable = &node{op: opLook}, true
	switch {
	case r.take("(?:"):
		n.op = opCat
	case r.take("(?="):
	case r.take("(?!"):
		n.not = true
	case r.take("(?<="):
		n.behind, quantifiable = true, false
	case r.take("(?<!"):
		n.behind, n.not, quantifiable = true, true, false
	case r.take("(?<"):
		r.open(n, r.groupName("invalid capture group name"))
	case r.at(1) == '?':
		r.fail("invalid group")
	default:
		r.pos++
		r.open(n, "")
	}
	n.subs = []*node{r.alternatives(depth + 1)}
	if !r.take(")") {
		r.fail("unterminated group")
	}
	return n, quantifiable
}

func (r *reader) open(n *node, name string) {
	if name != "" && slices.Contains(r.names, name) {
		r.fail("duplicate capture group name")
	}
	n.op, n.index = opGroup, r.opened
	r.opened++
	r.names = append(r.names, name)
}

// resolve finds the groups that references name.
func (r *reader) resolve() {
	for _, n := range r.refs {
		n.index = slices.Index(r.names, n.name)
		if n.index < 0 {
			r.fail("invalid named capture referenced")
		}
	}
}

// quantifier reads one if it comes next.
func (r *reader) quantifier() (lo, hi int, ok bool) {
	switch r.at(0) {
	case '*':
		lo, hi = 0, unbounded
	case '+':
		lo, hi = 1, unbounded
	case '?':
		lo, hi = 0, 1
	case '{':
		if lo, hi, ok = r.interval(); ok && hi < lo {
			r.fail("numbers out of order in {} quantifier")
		}
		return lo, hi, ok
	default:
		return 0, 0, false
	}
	r.pos++
	return lo, hi, true
}

// interval reads {n}, {n,} or {n,m}; anything else with a brace is text.
func (r *reader) interval() (lo, hi int, ok bool) {
	start := r.pos
	r.pos++
	lo, ok = r.number()
	hi = lo
	if ok && r.take(",") {
		if hi = unbounded; r.at(0) != '}' {
			hi, ok = r.number()
		}
	}
	if ok && r.take("}") {
		return lo, hi, true
	}
	r.pos = start
	return 0, 0, false
}

// number clamps as V8 does.
func (r *reader) number() (n int, ok bool) {
	for ; digits.has(r.at(0)); r.pos++ {
		n = min(n*10+int(r.at(0)-'0'), unbounded)
		ok = true
	}
	return n, ok
}
