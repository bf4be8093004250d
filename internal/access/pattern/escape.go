package pattern

import (
	"unicode"
	"unicode/utf16"
)

// escape reads what a backslash starts outside of a class.
func (r *reader) escape() *node {
	r.pos++
	char := func(c rune) *node { return &node{op: opSet, set: one(c)} }
	c := r.at(0)
	switch {
	case c == end:
		r.fail(`\ at end of pattern`)
	case c >= '1' && c <= '9':
		if n := r.backReference(); n != nil {
			return n
		}
	case c == 'k' && r.named:
		r.pos++
		if !r.take("<") {
			r.fail("invalid named reference")
		}
		n := &node{op: opBack, name: r.groupName("invalid named reference")}
		r.refs = append(r.refs, n)
		return n
	case c == 'c':
		if letter(r.at(1)) {
			c = r.at(1) % 32
			r.pos += 2
			return char(c)
		}
		return char('\\') // and c is read as a character of its own
	}
	if s := classEscape(c); s != nil {
		r.pos++
		return &node{op: opSet, set: s}
	}
	return char(r.character())
}

// backReference reads \N if there are so many groups; otherwise it is an octal
// number, or the digit.
func (r *reader) backReference() *node {
	start, n := r.pos, 0
	for ; digits.has(r.at(0)); r.pos++ {
		n = min(n*10+int(r.at(0)-'0'), maxLength+1)
	}
	if n > r.total {
		r.pos = start
		return nil
	}
	return &node{op: opBack, index: n - 1}
}

func classEscape(c rune) set {
	switch c {
	case 'd':
		return digits
	case 'D':
		return digits.not()
	case 's':
		return spaces
	case 'S':
		return spaces.not()
	case 'w':
		return words
	case 'W':
		return words.not()
	}
	return nil
}

// character reads an escape that is one character, alike in classes and
// outside.
func (r *reader) character() rune {
	c := r.at(0)
	r.pos++
	switch c {
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	case 'x':
		return r.hex(2, c)
	case 'u':
		return r.hex(4, c)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return r.octal(c - '0')
	}
	return c
}

// octal reads up to three digits with a value below 256.
func (r *reader) octal(n rune) rune {
	for range 2 {
		d := r.at(0)
		if d < '0' || d > '7' || n >= 32 {
			break
		}
		n = n*8 + d - '0'
		r.pos++
	}
	return n
}

// hex reads n digits; without them the letter stands for itself.
func (r *reader) hex(n int, letter rune) rune {
	v := rune(0)
	for i := range n {
		d := hexDigit(r.at(i))
		if d < 0 {
			return letter
		}
		v = v*16 + d
	}
	r.pos += n
	return v
}

func hexDigit(c rune) rune {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return -1
}

func letter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// class reads a class behind its bracket (V8's ParseCharacterClass).
func (r *reader) class() set {
	not := r.take("^")
	var out set
	add := func(s set) { out = union(out, s) }
	for r.at(0) != ']' {
		if r.at(0) == end {
			r.fail("unterminated character class")
		}
		a, isClass := r.classAtom()
		if r.at(0) != '-' {
			add(a)
			continue
		}
		r.pos++
		if r.at(0) == end {
			r.fail("unterminated character class")
		}
		if r.at(0) == ']' {
			add(a)
			add(one('-'))
			break
		}
		b, isClass2 := r.classAtom()
		switch {
		case isClass || isClass2: // Annex B: no range
			add(union(a, one('-'), b))
		case a[0].lo > b[0].lo:
			r.fail("range out of order in character class")
		default:
			add(set{{a[0].lo, b[0].lo}})
		}
	}
	r.pos++
	if not {
		return out.not()
	}
	return out
}

func (r *reader) classAtom() (s set, isClass bool) {
	c := r.at(0)
	r.pos++
	if c != '\\' {
		return one(c), false
	}
	c = r.at(0)
	if s := classEscape(c); s != nil {
		r.pos++
		return s, true
	}
	switch {
	case c == end:
		r.fail(`\ at end of pattern`)
	case c == 'b':
		r.pos++
		return one('\b'), false
	case c == 'k' && r.named:
		r.fail("invalid escape")
	case c == 'c':
		if n := r.at(1); letter(n) || digits.has(n) || n == '_' {
			r.pos += 2
			return one(n % 32), false
		}
		return one('\\'), false
	}
	return one(r.character()), false
}

// groupName reads an identifier and ">" behind "<".
func (r *reader) groupName(reason string) string {
	var name []rune
	for !r.take(">") {
		c := r.at(0)
		if c == end {
			r.fail("%s", reason)
		}
		r.pos++
		if c == '\\' {
			c = r.nameEscape(reason)
		} else if low := r.at(0); utf16.IsSurrogate(c) && low != end {
			if both := utf16.DecodeRune(c, low); both != unicode.ReplacementChar {
				c = both
				r.pos++
			}
		}
		start := c == '$' || c == '_' || unicode.IsLetter(c) || unicode.In(c, unicode.Nl, unicode.Other_ID_Start)
		part := start || unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) || c == 0x200C || c == 0x200D
		if !part || len(name) == 0 && !start {
			r.fail("%s", reason)
		}
		name = append(name, c)
	}
	if len(name) == 0 {
		r.fail("%s", reason)
	}
	return string(name)
}

// nameEscape reads \uXXXX, a pair of them, or \u{X} in a group's name.
func (r *reader) nameEscape(reason string) rune {
	if !r.take("u") {
		r.fail("%s", reason)
	}
	if r.take("{") {
		v, n := rune(0), 0
		for ; hexDigit(r.at(0)) >= 0 && v <= unicode.MaxRune; n++ {
			v = v*16 + hexDigit(r.at(0))
			r.pos++
		}
		if n == 0 || v > unicode.MaxRune || !r.take("}") {
			r.fail("%s", reason)
		}
		return v
	}
	c := r.hex(4, end)
	if c == end {
		r.fail("%s", reason)
	}
	if !utf16.IsSurrogate(c) {
		return c
	}
	if at := r.pos; r.take(`\u`) {
		if both := utf16.DecodeRune(c, r.hex(4, end)); both != unicode.ReplacementChar {
			return both
		}
		r.pos = at
	}
	return c
}
