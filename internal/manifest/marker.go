package manifest

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// markers finds the places that may spell a wanted API group, in whatever
// serialisation: literally, with escapes in a double-quoted scalar, or as the
// start of a !!binary scalar. A document without such a place can't hold an
// object of the group.
type markers struct {
	words []word
	chars [256]bool // of the words
	// byStart are the words by their first size bytes: there may be thousands.
	byStart map[string][]word

	// Several words are searched at once (Wu and Manber): shift tells for the
	// two bytes at the end of a window of size bytes how far the next window
	// may be. Most pairs of bytes are in no word, so most of the input is
	// never looked at.
	size  int
	shift []uint8
}

// word is what is looked for. One that is whole counts only where no other
// byte of a name stands beside it: a name in a longer one is another name.
type word struct {
	text  []byte
	whole bool
}

// words are some that count anywhere and some that count whole.
func words(anywhere, whole []string) []word {
	var out []word
	for i, list := range [][]string{anywhere, whole} {
		for _, s := range list {
			out = append(out, word{[]byte(s), i == 1})
		}
	}
	return out
}

func newMarkers(find []word) *markers {
	m := &markers{size: 255, byStart: map[string][]word{}}
	for _, f := range find {
		m.words = append(m.words, f)
		// What base64 makes of the group doesn't depend on what follows,
		// apart from an unfinished last triple.
		if whole := len(f.text) - len(f.text)%3; whole >= 6 {
			m.words = append(m.words, word{[]byte(base64.StdEncoding.EncodeToString(f.text[:whole])), false})
		}
	}
	for _, w := range m.words {
		m.size = min(m.size, len(w.text))
		for _, c := range w.text {
			m.chars[c] = true
		}
	}
	if m.size < 1 || len(m.words) == 0 {
		return m
	}
	for _, w := range m.words {
		start := string(w.text[:m.size])
		m.byStart[start] = append(m.byStart[start], w)
	}
	if m.size < 2 {
		return m
	}
	m.shift = bytes.Repeat([]byte{uint8(m.size - 1)}, 1<<16)
	for _, w := range m.words {
		for i := 0; i+1 < m.size; i++ {
			pair := uint16(w.text[i])<<8 | uint16(w.text[i+1])
			m.shift[pair] = min(m.shift[pair], uint8(m.size-2-i))
		}
	}
	return m
}

// at reports whether a word starts at i, at least size bytes in front of the
// end.
func (m *markers) at(b []byte, i int) bool {
	for _, w := range m.byStart[string(b[i:i+m.size])] {
		end := i + len(w.text)
		if bytes.HasPrefix(b[i:], w.text) && (!w.whole || (i == 0 || !nameByte(b[i-1])) && (end == len(b) || !nameByte(b[end]))) {
			return true
		}
	}
	return false
}

// literal gives the index of the first word in b at or after from, or -1.
func (m *markers) literal(b []byte, from int) int {
	if m.shift == nil {
		return m.literalShort(b, from)
	}
	for end := from + m.size - 1; end < len(b); {
		s := m.shift[uint16(b[end-1])<<8|uint16(b[end])]
		if s > 0 {
			end += int(s)
			continue
		}
		if start := end - m.size + 1; m.at(b, start) {
			return start
		}
		end++
	}
	return -1
}

// literalShort is literal where a word has one byte.
func (m *markers) literalShort(b []byte, from int) int {
	if m.size != 1 || len(m.words) == 0 {
		return -1
	}
	for i := from; i < len(b); i++ {
		if m.chars[b[i]] && m.at(b, i) {
			return i
		}
	}
	return -1
}

// escaped gives the index where a word starts that is spelled with at least
// one escape, or -1. Where b ends in the middle of what may be one, that
// counts unless eof says that nothing follows. next is where to go on.
func (m *markers) escaped(b []byte, from int, eof bool) (start, next int) {
	for i := from; ; i++ {
		j := bytes.IndexByte(b[i:], '\\')
		if j < 0 {
			return -1, len(b)
		}
		i += j
		c, n := unescape(b[i:])
		if n > 0 && c >= 0 && !m.chars[c] {
			continue
		}
		if n == 0 && (eof || i+10 < len(b)) {
			continue
		}
		for _, w := range m.words {
			// What stands before the first escape is the word's beginning.
			for k := 0; k < len(w.text) && k <= i; k++ {
				if bytes.Equal(b[i-k:i], w.text[:k]) && spells(b[i:], w.text[k:], eof) {
					return i - k, i + 1
				}
			}
		}
	}
}

// spells reports whether b, read as the inside of a double-quoted scalar,
// starts with word.
func spells(b, word []byte, eof bool) bool {
	for len(word) > 0 {
		if len(b) == 0 {
			return !eof
		}
		if b[0] != '\\' {
			if b[0] != word[0] {
				return false
			}
			b, word = b[1:], word[1:]
			continue
		}
		c, n := unescape(b)
		switch {
		case n == 0:
			return !eof && len(b) < 10
		case c < 0: // an escaped line break: the next line's indentation goes
			b = bytes.TrimLeft(b[n:], " \t")
		case c == int(word[0]):
			b, word = b[n:], word[1:]
		default:
			return false
		}
	}
	return true
}

// unescape reads the escape at the start of b: an ASCII character, or -1 for
// an escaped line break, and how many bytes it takes; 0 if it is another.
func unescape(b []byte) (c, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	digits := 0
	switch b[1] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	case '/':
		return '/', 2
	case '\r':
		if len(b) > 2 && b[2] == '\n' {
			return -1, 3
		}
		return -1, 2
	default:
		if k := lineBreak(b[1:]); k > 0 {
			return -1, 1 + k
		}
		return 0, 0
	}
	if len(b) < 2+digits {
		return 0, 0
	}
	v, err := strconv.ParseUint(string(b[2:2+digits]), 16, 32)
	if err != nil || v >= 0x80 {
		return 0, 0
	}
	return int(v), 2 + digits
}

// lineBreak gives the length of the line break at the start of b by YAML
// 1.1's rules, 0 if there is none.
func lineBreak(b []byte) int {
	switch {
	case len(b) == 0:
		return 0
	case b[0] == '\n':
		return 1
	case b[0] == '\r':
		if len(b) > 1 && b[1] == '\n' {
			return 2
		}
		return 1
	case b[0] == 0xC2 && len(b) > 1 && b[1] == 0x85:
		return 2
	case b[0] == 0xE2 && len(b) > 2 && b[1] == 0x80 && (b[2] == 0xA8 || b[2] == 0xA9):
		return 3
	}
	return 0
}

// in reports whether b holds a marker.
func (m *markers) in(b []byte) bool {
	if m.literal(b, 0) >= 0 {
		return true
	}
	i, _ := m.escaped(b, 0, true)
	return i >= 0
}

// markerScan gives the markers of a source one after the other.
type markerScan struct {
	*markers
	win  *window
	off  int64   // not looked at from here on
	hits []int64 // found, ascending
}

// markerOverlap is how much of a block is looked at again with the next one:
// more than any word with every character escaped.
const markerOverlap = 4 << 10

// next gives the first marker at or after from, or -1. from never goes down.
func (s *markerScan) next(from int64) (int64, error) {
	for {
		for len(s.hits) > 0 && s.hits[0] < from {
			s.hits = s.hits[1:]
		}
		if len(s.hits) > 0 {
			return s.hits[0], nil
		}
		s.off = max(s.off, from)
		if s.off >= s.win.end {
			return -1, nil
		}
		if err := s.block(); err != nil {
			return 0, err
		}
	}
}

func (s *markerScan) block() error {
	b, err := s.win.from(s.off, blockSize)
	if err != nil {
		return err
	}
	eof := s.off+int64(len(b)) >= s.win.end
	limit := len(b)
	if !eof {
		limit -= markerOverlap
	}
	lit := s.literal(b, 0)
	esc, next := s.escaped(b, 0, eof)
	for lit >= 0 && lit < limit || esc >= 0 && esc < limit {
		if lit >= 0 && (esc < 0 || lit <= esc) {
			s.hits = append(s.hits, s.off+int64(lit))
			lit = s.literal(b, lit+1)
			continue
		}
		s.hits = append(s.hits, s.off+int64(esc))
		esc, next = s.escaped(b, next, eof)
	}
	s.off += int64(limit)
	return nil
}
