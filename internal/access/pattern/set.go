package pattern

import "slices"

// set is a set of UTF-16 code units: ranges in order, none of which touches
// the next.
type set []span

type span struct{ lo, hi rune }

const (
	lastUnit       = 0xFFFF
	firstSurrogate = 0xD800
	lastSurrogate  = 0xDFFF
)

func newSet(spans ...span) set {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo - b.lo) })
	var out set
	for _, s := range spans {
		if n := len(out); n > 0 && s.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

func one(c rune) set { return set{{c, c}} }

func union(sets ...set) set {
	var all []span
	for _, s := range sets {
		all = append(all, s...)
	}
	return newSet(all...)
}

// not is the complement in the code units.
func (s set) not() set {
	var out set
	next := rune(0)
	for _, r := range s {
		if r.lo > next {
			out = append(out, span{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= lastUnit {
		out = append(out, span{next, lastUnit})
	}
	return out
}

func (s set) has(c rune) bool {
	_, ok := slices.BinarySearchFunc(s, c, func(r span, c rune) int {
		switch {
		case r.hi < c:
			return -1
		case r.lo > c:
			return 1
		}
		return 0
	})
	return ok
}

// covers reports whether all of a range is in the set.
func (s set) covers(lo, hi rune) bool {
	return slices.ContainsFunc(s, func(r span) bool { return r.lo <= lo && hi <= r.hi })
}

// meets reports whether any of a range is in the set.
func (s set) meets(lo, hi rune) bool {
	return slices.ContainsFunc(s, func(r span) bool { return r.lo <= hi && lo <= r.hi })
}

// The classes of ECMAScript without flags.
var (
	digits = set{{'0', '9'}}
	words  = set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	// WhiteSpace and LineTerminator (ECMA-262 12.2, 12.3).
	spaces = set{
		{'\t', '\r'}, {' ', ' '}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029},
		{0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF},
	}
	lineEnds = set{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}
)
