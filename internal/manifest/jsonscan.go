package manifest

import "bytes"

// jsonScanner checks JSON text strictly (RFC 8259) as it comes, so that a
// value of any size can be skipped without holding it.
type jsonScanner struct {
	state jsonState
	stack []byte // '{' or '[' for each open container
	key   bool   // the string being read is a key
	hex   int    // digits of a \u escape still to come
	rest  string // of true, false or null
}

type jsonState uint8

const (
	jsonValue      jsonState = iota // a value must come
	jsonFirstValue                  // after '[': a value or ']'
	jsonFirstKey                    // after '{': a key or '}'
	jsonKey                         // after ',' in an object
	jsonColon
	jsonComma // after a value: ',' or the end of the container
	jsonString
	jsonEscape
	jsonHex
	jsonWord
	jsonMinus // numbers, by what came last
	jsonZero
	jsonInt
	jsonPoint
	jsonFraction
	jsonE
	jsonESign
	jsonExponent
	jsonDone
)

// maxJSONDepth is encoding/json's limit.
const maxJSONDepth = 10000

// scan takes bytes until the value is complete or b is used up. It gives how
// many it took; ok is false at a byte that can't be there.
func (s *jsonScanner) scan(b []byte) (n int, ok bool) {
	for i := 0; i < len(b); {
		if s.state == jsonDone {
			return i, true
		}
		if s.state == jsonString {
			j := stringSpecial(b[i:])
			if i += j; i == len(b) {
				return i, true
			}
		}
		again, ok := s.step(b[i])
		if !ok {
			return i, false
		}
		if !again {
			i++
		}
	}
	return len(b), true
}

// stringSpecial gives the index of the first byte that isn't just text.
func stringSpecial(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c < 0x20 {
			return i
		}
	}
	return len(b)
}

// step takes one byte; again asks for the same byte once more.
func (s *jsonScanner) step(c byte) (again, ok bool) {
	switch s.state {
	case jsonString:
		switch {
		case c == '"' && s.key:
			s.state, s.key = jsonColon, false
		case c == '"':
			s.valueDone()
		case c == '\\':
			s.state = jsonEscape
		default:
			return false, false
		}
		return false, true
	case jsonEscape:
		s.state = jsonString
		if c == 'u' {
			s.state, s.hex = jsonHex, 4
			return false, true
		}
		return false, bytes.IndexByte([]byte(`"\/bfnrt`), c) >= 0
	case jsonHex:
		if s.hex--; s.hex == 0 {
			s.state = jsonString
		}
		return false, '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
	case jsonWord:
		ok := c == s.rest[0]
		if s.rest = s.rest[1:]; s.rest == "" {
			s.valueDone()
		}
		return false, ok
	case jsonMinus, jsonZero, jsonInt, jsonPoint, jsonFraction, jsonE, jsonESign, jsonExponent:
		return s.number(c)
	}
	if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		return false, true
	}
	return false, s.token(c)
}

// token takes the first byte of a token.
func (s *jsonScanner) token(c byte) bool {
	switch s.state {
	case jsonColon:
		s.state = jsonValue
		return c == ':'
	case jsonComma:
		if c != ',' {
			return s.closes(c)
		}
		if s.stack[len(s.stack)-1] == '{' {
			s.state = jsonKey
		} else {
			s.state = jsonValue
		}
		return true
	case jsonFirstKey, jsonKey:
		if c == '"' {
			s.state, s.key = jsonString, true
			return true
		}
		return s.state == jsonFirstKey && s.closes(c)
	case jsonFirstValue:
		if c == ']' {
			return s.closes(c)
		}
	}
	return s.value(c)
}

func (s *jsonScanner) closes(c byte) bool {
	k := len(s.stack) - 1
	if k < 0 || c != s.stack[k]+2 { // '}' is '{'+2, ']' is '['+2
		return false
	}
	s.stack = s.stack[:k]
	s.valueDone()
	return true
}

func (s *jsonScanner) valueDone() {
	s.state = jsonComma
	if len(s.stack) == 0 {
		s.state = jsonDone
	}
}

// value takes the first byte of a value.
func (s *jsonScanner) value(c byte) bool {
	switch {
	case c == '{':
		s.state = jsonFirstKey
	case c == '[':
		s.state = jsonFirstValue
	case c == '"':
		s.state = jsonString
	case c == '-':
		s.state = jsonMinus
	case c == '0':
		s.state = jsonZero
	case '1' <= c && c <= '9':
		s.state = jsonInt
	case c == 't':
		s.state, s.rest = jsonWord, "rue"
	case c == 'f':
		s.state, s.rest = jsonWord, "alse"
	case c == 'n':
		s.state, s.rest = jsonWord, "ull"
	default:
		return false
	}
	if c == '{' || c == '[' {
		s.stack = append(s.stack, c)
	}
	return len(s.stack) <= maxJSONDepth
}

// number takes a byte after the first of a number. A number ends at the byte
// that can't belong to it.
func (s *jsonScanner) number(c byte) (again, ok bool) {
	digit := '0' <= c && c <= '9'
	exponent := c == 'e' || c == 'E'
	switch st := s.state; {
	case digit && st == jsonMinus && c == '0':
		s.state = jsonZero
	case digit && (st == jsonMinus || st == jsonInt):
		s.state = jsonInt
	case digit && (st == jsonPoint || st == jsonFraction):
		s.state = jsonFraction
	case digit && st != jsonZero:
		s.state = jsonExponent
	case c == '.' && (st == jsonZero || st == jsonInt):
		s.state = jsonPoint
	case exponent && (st == jsonZero || st == jsonInt || st == jsonFraction):
		s.state = jsonE
	case (c == '+' || c == '-') && st == jsonE:
		s.state = jsonESign
	case st == jsonZero || st == jsonInt || st == jsonFraction || st == jsonExponent:
		s.valueDone()
		return true, true
	default:
		return false, false
	}
	return false, true
}
