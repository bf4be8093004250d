package pattern

import (
	"regexp"
	"strings"
	"unicode/utf16"
)

// Match reports whether the expression matches anywhere in the text, as
// RegExp.prototype.test does. It backtracks as ECMA-262 says (22.2.2) for a
// fixed number of steps, so that the answer doesn't depend on the machine; then
// it asks RE2, which needs no backtracking, and where that can't say it gives up
// with a *LimitError. (goja would run the rest for ever: its Interrupt doesn't
// reach the regular expressions of regexp2.)
func (p *Pattern) Match(text string) (bool, error) {
	m := &matcher{in: utf16.Encode([]rune(text)), steps: maxSteps, caps: make([]capture, p.groups)}
	for i := 0; i <= len(m.in); i++ {
		for g := range m.caps {
			m.caps[g] = capture{-1, -1}
		}
		if m.match(p.root, i, false, func(int) bool { return true }) {
			return true, nil
		}
		if m.steps <= 0 {
			return p.linear(text)
		}
	}
	return false, nil
}

// linear is Match by way of RE2, which knows texts of the BMP only.
func (p *Pattern) linear(text string) (bool, error) {
	limit := &LimitError{p.text, "it backtracks too much to be decided here"}
	re2, err := p.RE2()
	if err != nil {
		return false, limit
	}
	re, err := regexp.Compile(re2)
	if err != nil {
		return false, limit
	}
	ok := re.MatchString(text)
	if !ok && strings.ContainsFunc(text, func(c rune) bool { return c > lastUnit }) {
		return false, limit
	}
	return ok, nil
}

type capture struct{ from, to int }

type matcher struct {
	in    []uint16
	steps int
	caps  []capture
}

// match matches a node at a place, backwards inside of a lookbehind, and then
// the rest. Without steps it is false everywhere.
func (m *matcher) match(n *node, at int, back bool, rest func(int) bool) bool {
	if m.steps <= 0 {
		return false
	}
	m.steps--
	switch n.op {
	case opEmpty:
		return rest(at)
	case opSet:
		next, ok := m.step(n.set, at, back)
		return ok && rest(next)
	case opCat:
		return m.sequence(n.subs, at, back, rest)
	case opAlt:
		for _, s := range n.subs {
			if m.match(s, at, back, rest) {
				return true
			}
		}
		return false
	case opRepeat:
		if n.subs[0].op == opSet {
			return m.repeatSet(n, at, back, rest)
		}
		return m.repeat(n, n.min, n.max, at, back, rest)
	case opGroup:
		return m.match(n.subs[0], at, back, func(to int) bool {
			old := m.caps[n.index]
			m.caps[n.index] = capture{min(at, to), max(at, to)}
			if rest(to) {
				return true
			}
			m.caps[n.index] = old
			return false
		})
	case opLook:
		return m.look(n, at, rest)
	case opBack:
		next, ok := m.reference(m.caps[n.index], at, back)
		return ok && rest(next)
	}
	return m.holds(n.op, at) && rest(at)
}

func (m *matcher) step(s set, at int, back bool) (next int, ok bool) {
	if back {
		return at - 1, at > 0 && s.has(rune(m.in[at-1]))
	}
	return at + 1, at < len(m.in) && s.has(rune(m.in[at]))
}

func (m *matcher) sequence(subs []*node, at int, back bool, rest func(int) bool) bool {
	if len(subs) == 0 {
		return rest(at)
	}
	first, others := subs[0], subs[1:]
	if back {
		first, others = subs[len(subs)-1], subs[:len(subs)-1]
	}
	return m.match(first, at, back, func(next int) bool { return m.sequence(others, next, back, rest) })
}

// repeatSet is repeat for one code unit, without a call for each.
func (m *matcher) repeatSet(n *node, at int, back bool, rest func(int) bool) bool {
	ends := []int{at}
	for len(ends) <= n.max {
		next, ok := m.step(n.subs[0].set, ends[len(ends)-1], back)
		if !ok {
			break
		}
		ends = append(ends, next)
		m.steps--
	}
	for i := n.min; i < len(ends); i++ {
		e := ends[i]
		if !n.lazy {
			e = ends[len(ends)-1-(i-n.min)]
		}
		if m.steps--; rest(e) {
			return true
		}
	}
	return false
}

// maxEmpty is how many rounds that have to be and take nothing are made.
const maxEmpty = 50

// repeat is RepeatMatcher: a round beyond the least ones that takes nothing
// counts as no match, and each round empties the captures in it.
func (m *matcher) repeat(n *node, lo, hi, at int, back bool, rest func(int) bool) bool {
	if hi == 0 {
		return rest(at)
	}
	if m.steps <= 0 {
		return false
	}
	m.steps--
	again := func() bool {
		old := append([]capture(nil), m.caps[n.first:n.last]...)
		for g := n.first; g < n.last; g++ {
			m.caps[g] = capture{-1, -1}
		}
		fewer := hi
		if hi != unbounded {
			fewer--
		}
		if m.match(n.subs[0], at, back, func(next int) bool {
			if lo == 0 && next == at {
				return false
			}
			if next == at && lo > maxEmpty {
				return m.repeat(n, 0, fewer, next, back, rest) // so could all the others
			}
			return m.repeat(n, max(lo-1, 0), fewer, next, back, rest)
		}) {
			return true
		}
		copy(m.caps[n.first:n.last], old)
		return false
	}
	switch {
	case lo > 0:
		return again()
	case n.lazy:
		return rest(at) || again()
	}
	return again() || rest(at)
}

// look matches a lookaround: what it captured stays only if it is positive.
func (m *matcher) look(n *node, at int, rest func(int) bool) bool {
	old := append([]capture(nil), m.caps...)
	found := m.match(n.subs[0], at, n.behind, func(int) bool { return true })
	if m.steps <= 0 {
		return false
	}
	if n.not {
		copy(m.caps, old)
		return !found && rest(at)
	}
	if found && rest(at) {
		return true
	}
	copy(m.caps, old)
	return false
}

// reference matches what a group captured; a group that captured nothing
// matches nothing, which always is there.
func (m *matcher) reference(c capture, at int, back bool) (next int, ok bool) {
	if c.from < 0 {
		return at, true
	}
	n := c.to - c.from
	m.steps -= n / 8
	from := at
	if next = at + n; back {
		from, next = at-n, at-n
	}
	if from < 0 || from+n > len(m.in) {
		return at, false
	}
	for i := range n {
		if m.in[from+i] != m.in[c.from+i] {
			return at, false
		}
	}
	return next, true
}

// holds decides the assertions that look at one place.
func (m *matcher) holds(o op, at int) bool {
	word := func(i int) bool { return i >= 0 && i < len(m.in) && words.has(rune(m.in[i])) }
	switch o {
	case opBegin:
		return at == 0
	case opEnd:
		return at == len(m.in)
	case opWord:
		return word(at-1) != word(at)
	}
	return word(at-1) == word(at) // opNoWord
}
