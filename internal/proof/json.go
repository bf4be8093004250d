package proof

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// jsonReader is JSON.parse of ECMAScript: numbers are doubles (1e400 is
// Infinity), of repeated keys the last value counts at the first one's place,
// lone surrogates stay.
type jsonReader struct {
	vm    *goja.Runtime
	text  []uint16
	i     int
	depth int
}

// maxJSONDepth keeps Go's stack; V8's own limit is not reached by what is
// made up.
const maxJSONDepth = 5000

func (r *jsonReader) parse() (goja.Value, bool) {
	v, ok := r.value()
	if !ok {
		return nil, false
	}
	r.blank()
	return v, r.i == len(r.text)
}

func (r *jsonReader) blank() {
	for r.i < len(r.text) {
		switch r.text[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

func (r *jsonReader) next(c uint16) bool {
	r.blank()
	if r.i < len(r.text) && r.text[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *jsonReader) value() (goja.Value, bool) {
	if r.depth++; r.depth > maxJSONDepth {
		return nil, false
	}
	defer func() { r.depth-- }()
	r.blank()
	if r.i == len(r.text) {
		return nil, false
	}
	switch c := r.text[r.i]; c {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		s, ok := r.str()
		return s, ok
	case 't':
		return r.vm.ToValue(true), r.word("true")
	case 'f':
		return r.vm.ToValue(false), r.word("false")
	case 'n':
		return goja.Null(), r.word("null")
	}
	return r.number()
}

func (r *jsonReader) word(w string) bool {
	for _, c := range w {
		if r.i == len(r.text) || r.text[r.i] != uint16(c) {
			return false
		}
		r.i++
	}
	return true
}

func (r *jsonReader) object() (goja.Value, bool) {
	r.i++
	o := r.vm.NewObject()
	if r.next('}') {
		return o, true
	}
	for {
		r.blank()
		if r.i == len(r.text) || r.text[r.i] != '"' {
			return nil, false
		}
		key, ok := r.str()
		if !ok || !r.next(':') {
			return nil, false
		}
		v, ok := r.value()
		if !ok {
			return nil, false
		}
		if o.DefineDataProperty(key.String(), v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) != nil {
			return nil, false
		}
		if r.next('}') {
			return o, true
		}
		if !r.next(',') {
			return nil, false
		}
	}
}

func (r *jsonReader) array() (goja.Value, bool) {
	r.i++
	var items []any
	if r.next(']') {
		return r.vm.NewArray(), true
	}
	for {
		v, ok := r.value()
		if !ok {
			return nil, false
		}
		items = append(items, v)
		if r.next(']') {
			return r.vm.NewArray(items...), true
		}
		if !r.next(',') {
			return nil, false
		}
	}
}

func (r *jsonReader) str() (goja.Value, bool) {
	r.i++
	var out []uint16
	for r.i < len(r.text) {
		c := r.text[r.i]
		r.i++
		switch {
		case c == '"':
			return goja.StringFromUTF16(out), true
		case c < ' ':
			return nil, false
		case c == '\\':
			u, ok := r.escape()
			if !ok {
				return nil, false
			}
			out = append(out, u)
		default:
			out = append(out, c)
		}
	}
	return nil, false
}

func (r *jsonReader) escape() (uint16, bool) {
	if r.i == len(r.text) {
		return 0, false
	}
	c := r.text[r.i]
	r.i++
	switch c {
	case '"', '\\', '/':
		return c, true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		if r.i+4 > len(r.text) {
			return 0, false
		}
		n, err := strconv.ParseUint(string(utf16.Decode(r.text[r.i:r.i+4])), 16, 16)
		if err != nil || r.text[r.i] == '+' {
			return 0, false
		}
		r.i += 4
		return uint16(n), true
	}
	return 0, false
}

func (r *jsonReader) digits() bool {
	start := r.i
	for r.i < len(r.text) && r.text[r.i] >= '0' && r.text[r.i] <= '9' {
		r.i++
	}
	return r.i > start
}

func (r *jsonReader) number() (goja.Value, bool) {
	start := r.i
	peek := func(c ...uint16) bool {
		for _, x := range c {
			if r.i < len(r.text) && r.text[r.i] == x {
				return true
			}
		}
		return false
	}
	if peek('-') {
		r.i++
	}
	if peek('0') {
		r.i++
	} else if !r.digits() {
		return nil, false
	}
	if peek('.') {
		if r.i++; !r.digits() {
			return nil, false
		}
	}
	if peek('e', 'E') {
		if r.i++; peek('+', '-') {
			r.i++
		}
		if !r.digits() {
			return nil, false
		}
	}
	f, _ := strconv.ParseFloat(string(utf16.Decode(r.text[start:r.i])), 64)
	if f == 0 && math.Signbit(f) {
		return r.vm.ToValue(math.Copysign(0, -1)), true
	}
	return r.vm.ToValue(f), true
}

// units gives a JavaScript string as UTF-16, lone surrogates included.
func units(v goja.Value) []uint16 {
	s, ok := v.(goja.String)
	if !ok {
		return utf16.Encode([]rune(v.String()))
	}
	text := s.String()
	n := s.Length()
	if n == len(text) { // ASCII only
		out := make([]uint16, n)
		for i := range out {
			out[i] = uint16(text[i])
		}
		return out
	}
	if out := utf16.Encode([]rune(text)); len(out) == n && !hasReplacement(text) {
		return out
	}
	out := make([]uint16, n)
	for i := range out {
		out[i] = s.CharAt(i)
	}
	return out
}

func hasReplacement(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError {
			return true
		}
	}
	return false
}
