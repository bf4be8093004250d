package pattern

import (
	"fmt"
	"regexp"
	"strings"
)

// RE2 says the same in RE2's language, to be matched unanchored.
//
// It matches exactly the texts that the expression matches, if they hold no
// characters outside the Basic Multilingual Plane. JavaScript counts such a
// character as two, which RE2 can't; so it is matched only where the number
// doesn't matter (directly under *, + or {n,}). RE2 may therefore say no where
// JavaScript says yes, never the other way round.
//
// Where there is no equivalent the error is a *RefusedError.
func (p *Pattern) RE2() (string, error) {
	w := &writer{}
	w.write(p.root, loose)
	if w.reason == "" {
		out := w.String()
		// Go's own limits: 1000 repetitions, counted through nested ones, and
		// the size of the program. The API server has the same.
		if _, err := regexp.Compile(out); err == nil {
			return out, nil
		} else {
			w.reason = err.Error()
		}
	}
	return "", &RefusedError{p.text, w.reason}
}

// Translate reads an expression and says it in RE2.
func Translate(text string) (string, error) {
	p, err := Parse(text)
	if err != nil {
		return "", err
	}
	return p.RE2()
}

// How tightly what is around a node binds.
type binding int

const (
	loose binding = iota // an alternative may stand bare
	inCat                // a sequence may stand bare
	tight                // only one thing may stand bare
)

type writer struct {
	strings.Builder
	reason string
}

func (w *writer) refuse(format string, args ...any) {
	if w.reason == "" {
		w.reason = fmt.Sprintf(format, args...)
	}
}

func (w *writer) write(n *node, b binding) {
	switch n.op {
	case opEmpty:
		if b == tight {
			w.WriteString("(?:)")
		}
	case opSet:
		w.set(n.set, false)
	case opCat:
		w.bracket(b == tight && len(n.subs) > 1, func() {
			for _, s := range n.subs {
				w.write(s, max(inCat, bindingOfOne(n, b)))
			}
		})
	case opAlt:
		w.bracket(b != loose, func() {
			for i, s := range n.subs {
				if i > 0 {
					w.WriteByte('|')
				}
				w.write(s, inCat)
			}
		})
	case opRepeat:
		w.repeat(n, b)
	case opGroup:
		w.write(n.subs[0], b)
	case opBegin:
		w.WriteByte('^')
	case opEnd:
		w.WriteByte('$')
	case opWord:
		w.WriteString(`\b`)
	case opNoWord:
		w.WriteString(`\B`)
	case opLook:
		w.refuse("it looks ahead or behind: (?=, (?!, (?<= or (?<!")
	case opBack:
		w.refuse(`it refers to what a group matched: \1 or \k<name>`)
	}
}

// bindingOfOne keeps a bracket that is needed around a group of one thing.
func bindingOfOne(n *node, b binding) binding {
	if len(n.subs) == 1 {
		return b
	}
	return inCat
}

func (w *writer) bracket(on bool, f func()) {
	if on {
		w.WriteString("(?:")
	}
	f()
	if on {
		w.WriteByte(')')
	}
}

func (w *writer) repeat(n *node, b binding) {
	if n.max == 0 { // never matched, so RE2 needn't be able to say it
		w.write(&node{op: opEmpty}, b)
		return
	}
	if n.min > 1000 || n.max > 1000 && n.max != unbounded {
		w.refuse("RE2 repeats at most 1000 times")
		return
	}
	// RE2 has no quantifier on a quantifier.
	w.bracket(b == tight, func() {
		inner := n.subs[0]
		for inner.op == opGroup || inner.op == opCat && len(inner.subs) == 1 {
			inner = inner.subs[0]
		}
		if inner.op == opSet {
			w.set(inner.set, n.max == unbounded)
		} else if simple := inner.op == opBegin || inner.op == opEnd || inner.op == opWord || inner.op == opNoWord; simple {
			w.bracket(true, func() { w.write(inner, loose) })
		} else {
			w.write(inner, tight)
		}
		switch {
		case n.min == 0 && n.max == unbounded:
			w.WriteByte('*')
		case n.min == 1 && n.max == unbounded:
			w.WriteByte('+')
		case n.min == 0 && n.max == 1:
			w.WriteByte('?')
		case n.max == unbounded:
			fmt.Fprintf(w, "{%d,}", n.min)
		case n.min == n.max:
			fmt.Fprintf(w, "{%d}", n.min)
		default:
			fmt.Fprintf(w, "{%d,%d}", n.min, n.max)
		}
	})
}

// set writes one code unit of a set as one character. many tells that any
// number of them is meant, so that a character of two units may stand for two.
func (w *writer) set(s set, many bool) {
	// Half of a pair is nothing that a text of RE2's has.
	astral := many && s.covers(firstSurrogate, lastSurrogate)
	if !astral && s.meets(firstSurrogate, lastSurrogate) && !s.covers(firstSurrogate, lastSurrogate) {
		w.refuse("it names a character outside the Basic Multilingual Plane, which is two in JavaScript")
		return
	}
	half := set{{firstSurrogate, lastSurrogate}}
	plain := union(s.not(), half).not() // s without halves
	if len(plain) == 1 && plain[0].lo == plain[0].hi {
		w.char(plain[0].lo, `\.+*?()|[]{}^$`)
		return
	}
	rest := union(s, half).not() // what is missing from s
	w.WriteByte('[')
	defer w.WriteByte(']')
	if len(plain) == 0 {
		w.WriteString(`^\x{0}-\x{10FFFF}`)
		return
	}
	if s.covers(firstSurrogate, lastSurrogate) { // written as what it isn't
		if len(rest) == 0 && astral {
			w.WriteString(`\x{0}-\x{10FFFF}`)
			return
		}
		w.WriteByte('^')
		w.spans(rest)
		if !astral {
			w.WriteString(`\x{10000}-\x{10FFFF}`)
		}
		return
	}
	w.spans(plain)
}

func (w *writer) spans(s set) {
	for _, r := range s {
		w.char(r.lo, `\]^-[`)
		if r.hi > r.lo {
			if r.hi > r.lo+1 {
				w.WriteByte('-')
			}
			w.char(r.hi, `\]^-[`)
		}
	}
}

// char writes a character, with a backslash if it is one of special.
func (w *writer) char(c rune, special string) {
	switch {
	case c == '\n':
		w.WriteString(`\n`)
	case c == '\r':
		w.WriteString(`\r`)
	case c == '\t':
		w.WriteString(`\t`)
	case c < ' ' || c > '~':
		fmt.Fprintf(w, `\x{%X}`, c)
	case strings.ContainsRune(special, c):
		w.WriteByte('\\')
		w.WriteRune(c)
	default:
		w.WriteRune(c)
	}
}
