package lodash

import (
	"strings"
	"unicode/utf8"
)

// IsKey reports whether lodash never splits s, whatever the object: no dot, and
// no "[" with a "]" somewhere after it. This is `reIsPlainProp.test(s) ||
// !reIsDeepProp.test(s)` of lodash 4.17.21's _isKey.js; its longer alternatives
// only match where a bracket pair without brackets inside matches as well.
func IsKey(s string) bool {
	if strings.IndexByte(s, '.') >= 0 {
		return false
	}
	open := strings.IndexByte(s, '[')
	return open < 0 || strings.LastIndexByte(s, ']') < open
}

// Path splits s the way lodash 4.17.21's _stringToPath.js does. It is the split
// alone: whether lodash splits at all, see the package comment. The result is
// nil where lodash's is empty (s is "", or consists of brackets only).
//
// The regexp there, rePropName, has three alternatives, tried at each position:
// a run without dots and brackets; a bracketed number or quoted text; an empty
// match in front of a dot or "[]" that is followed by a dot, "[]" or the end.
// A character where none matches is skipped, so unpaired brackets vanish.
func Path(s string) []string {
	var segments []string
	if strings.HasPrefix(s, ".") {
		segments = append(segments, "")
	}
	for i := 0; i < len(s); {
		if n := strings.IndexAny(s[i:], ".[]"); n != 0 {
			if n < 0 {
				n = len(s) - i
			}
			segments = append(segments, s[i:i+n])
			i += n
			continue
		}
		if segment, n, ok := bracketed(s[i:]); ok {
			segments = append(segments, segment)
			i += n
			continue
		}
		if emptySegmentAt(s[i:]) {
			segments = append(segments, "")
		}
		i++
	}
	return segments
}

// bracketed reads [12], [-1.5], ["x"] or ['x'] at the start of s and returns the
// segment and its length in s.
func bracketed(s string) (segment string, n int, ok bool) {
	if len(s) < 3 || s[0] != '[' {
		return "", 0, false
	}
	if quote := s[1]; quote == '"' || quote == '\'' {
		return quoted(s, quote)
	}
	end := 1
	for end < len(s) && strings.IndexByte("-.0123456789", s[end]) >= 0 {
		end++
	}
	if end == len(s) || s[end] != ']' || !isNumber(s[1:end]) {
		return "", 0, false
	}
	return s[1:end], end + 1, true
}

// quoted reads ["x"] at the start of s. The text ends at the first quote that no
// backslash escapes, and only if "]" follows it. A backslash and the character
// after it are a pair, but a line terminator can't be the second half: the
// regexp's dot doesn't match it.
func quoted(s string, quote byte) (segment string, n int, ok bool) {
	for i := 2; i < len(s); {
		switch s[i] {
		case quote:
			if i+1 < len(s) && s[i+1] == ']' {
				return unescape(s[2:i]), i + 2, true
			}
			return "", 0, false
		case '\\':
			size := dot(s[i+1:])
			if size == 0 {
				return "", 0, false
			}
			i += 1 + size
		default:
			i++
		}
	}
	return "", 0, false
}

// unescape is replace(/\\(\\)?/g, "$1"): a backslash vanishes, two become one.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
		} else if i+1 < len(s) && s[i+1] == '\\' {
			b.WriteByte('\\')
			i++
		}
	}
	return b.String()
}

// dot returns the number of bytes that a JavaScript regexp's dot matches at the
// start of s: a character, but none of the four line terminators.
func dot(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	switch r {
	case '\n', '\r', '\u2028', '\u2029':
		return 0
	}
	return size
}

// isNumber matches -?\d+(?:\.\d+)?, where \d is ASCII only, as in JavaScript.
func isNumber(s string) bool {
	whole, fraction, hasDot := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return isDigits(whole) && (!hasDot || isDigits(fraction))
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// emptySegmentAt matches (?=(?:\.|\[\])(?:\.|\[\]|$)).
func emptySegmentAt(s string) bool {
	rest, ok := strings.CutPrefix(s, ".")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "[]"); !ok {
			return false
		}
	}
	return rest == "" || rest[0] == '.' || strings.HasPrefix(rest, "[]")
}
