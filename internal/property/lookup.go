package property

import (
	"slices"
	"strings"
)

// lookup is one attempt to find a value: keys, each below the one before.
type lookup []string

func (l lookup) equal(other []string) bool { return slices.Equal(l, other) }

// contains reports whether l is among list.
func (l lookup) in(list []lookup) bool {
	return slices.ContainsFunc(list, func(o lookup) bool { return l.equal(o) })
}

// pattern stands for an attempt in which gjson would do more than follow keys.
// It is never a lookup of KES.
var pattern = lookup(nil)

// kesLookups gives KES's attempts in their order (lodash 4.17.21, _castPath.js).
func kesLookups(property string) []lookup {
	literal := lookup{property}
	if path := lookup(lodashSegments(property)); len(path) > 0 && !path.equal(literal) {
		return []lookup{literal, path}
	}
	return []lookup{literal}
}

// esoLookups gives the provider's attempts for a remoteRef.property, in their
// order and without repetitions.
func esoLookups(p Provider, eso string) []lookup {
	given := gjsonLookup(eso)
	if p == Vault {
		return distinct(lookup{eso}, given)
	}
	first := strings.IndexByte(eso, '.')
	if first < 0 || p == Alibaba {
		return []lookup{given}
	}
	// This is what the providers do, without a look at what is escaped already.
	escaped := gjsonLookup(strings.ReplaceAll(eso, ".", `\.`))
	switch {
	case p == Azure:
		return distinct(given, escaped)
	case first == 0 && (p == GCP || p == IBM):
		return []lookup{given}
	}
	return distinct(escaped, given)
}

func distinct(first, second lookup) []lookup {
	if second.equal(first) {
		return []lookup{first}
	}
	return []lookup{first, second}
}

func gjsonLookup(path string) lookup {
	if segments, ok := gjsonSegments(path); ok {
		return segments
	}
	return pattern
}

// join writes segments as a gjson path.
func join(segments []string) string {
	var b strings.Builder
	for i, segment := range segments {
		if i > 0 {
			b.WriteByte('.')
		}
		for j := 0; j < len(segment); j++ {
			if special(segment[j]) {
				b.WriteByte('\\')
			}
			b.WriteByte(segment[j])
		}
	}
	return b.String()
}

// special reports whether a byte gets a backslash. gjson 1.17 and 1.18 drop the
// backslash in front of any byte (parseObjectPath), so the set may be larger than
// what has a meaning today: all of ASCII's punctuation but "-", "_" and ":".
// Control characters and what is outside ASCII never have one.
func special(c byte) bool {
	switch {
	case c <= ' ' || c >= 0x7f,
		'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
		c == '-', c == '_', c == ':':
		return false
	}
	return true
}

// gjsonSegments reads a gjson path as gjson 1.18.0 does, if it is nothing but
// keys. It says no to everything that might mean more at that place
// (gjson.go: Get, parseObjectPath, parseArrayPath, isDotPiperChar).
func gjsonSegments(path string) (lookup, bool) {
	if strings.HasPrefix(path, "..") {
		return nil, false // JSON lines
	}
	var segments lookup
	var segment []byte
	start := true // of a segment
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '.':
			segments = append(segments, string(segment))
			segment, start = nil, true
			continue
		case c == '\\':
			// At the very end gjson drops it.
			if i++; i == len(path) {
				return nil, false
			}
			segment = append(segment, path[i])
		case strings.IndexByte("*?|", c) >= 0,
			start && strings.IndexByte("@!{[#", c) >= 0:
			return nil, false
		default:
			segment = append(segment, c)
		}
		start = false
	}
	return append(segments, string(segment)), true
}
