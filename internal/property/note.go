package property

import (
	"fmt"
	"slices"
	"strings"
)

// Note says for which documents KES and ESO differ.
type Note struct {
	Kind NoteKind
	// Text is one sentence's worth, without a full stop: what KES does and what
	// ESO does. It names the property's keys and no others.
	Text string
}

// NoteKind is the kind of difference.
type NoteKind int

// The kinds, those that people meet first.
const (
	// LiteralUnread: a top-level key spelled like the property, which KES takes
	// first, isn't read by ESO at all. A document that has only this key fails
	// loudly.
	LiteralUnread NoteKind = iota + 1
	// AmbiguousLiteral: in a document that has both a dotted top-level key and
	// the nested value, KES and ESO take different ones. Each alone is read.
	AmbiguousLiteral
	// InheritedMember: a key is also the name of a member that JavaScript values
	// have (length, constructor, toString ...). Where the document lacks the key, KES
	// reads that member, and ESO fails.
	InheritedMember
	// CharacterIndex: where the value to be indexed is a string, KES reads one of
	// its characters, and ESO fails.
	CharacterIndex
	// Lenient: there are documents in which KES fails, and ESO finds a value. No
	// Secret that KES made can differ because of it.
	Lenient
	// EmptySegment: KES would also go through a key "", and ESO doesn't.
	EmptySegment
	// OddKey: the two differ for documents with keys that nobody chooses: one
	// that is spelled like a bracket path or a quoted one, or that ends in a
	// backslash.
	OddKey
)

// String gives the kind's name.
func (k NoteKind) String() string {
	names := [...]string{"LiteralUnread", "AmbiguousLiteral", "InheritedMember", "CharacterIndex",
		"Lenient", "EmptySegment", "OddKey"}
	if k < 1 || int(k) > len(names) {
		return fmt.Sprintf("NoteKind(%d)", int(k))
	}
	return names[k-1]
}

// notes compares the attempts of both sides. Equal lists read the same in all
// documents, apart from what JavaScript and gjson find below an array or string.
func notes(property string, kes, eso []lookup) []Note {
	var found []Note
	add := func(kind NoteKind, format string, args ...any) {
		for _, n := range found {
			if n.Kind == kind {
				return
			}
		}
		found = append(found, Note{kind, fmt.Sprintf(format, args...)})
	}
	for _, k := range kes {
		if !k.in(eso) {
			addUnread(add, k)
		}
	}
	shared := 0 // attempts of KES that ESO has made so far
	for _, e := range eso {
		if e.in(kes) {
			shared++
		} else {
			addExtra(add, e, shared > 0 && shared == sharedWith(kes, eso))
		}
	}
	if len(kes) == 2 && len(eso) == 2 && eso[0].equal(kes[1]) && eso[1].equal(kes[0]) {
		add(AmbiguousLiteral, "in a document with both a key %q and %s, KES reads the first and ESO the second",
			property, kes[1])
	}
	addJavaScript(add, kes)
	slices.SortStableFunc(found, func(a, b Note) int { return int(a.Kind) - int(b.Kind) })
	return found
}

// sharedWith counts the attempts of KES that ESO makes at all.
func sharedWith(kes, eso []lookup) int {
	n := 0
	for _, k := range kes {
		if k.in(eso) {
			n++
		}
	}
	return n
}

type addFunc func(kind NoteKind, format string, args ...any)

// addUnread is about an attempt of KES that ESO doesn't make.
func addUnread(add addFunc, k lookup) {
	switch {
	case slices.Contains(k, ""):
		add(EmptySegment, "KES would also read %s, ESO doesn't", k)
	case len(k) == 1 && strings.ContainsAny(k[0], `[]\`):
		add(OddKey, "KES reads a top-level key %q first, ESO doesn't", k[0])
	default:
		add(LiteralUnread, "KES reads a top-level key %q first, ESO doesn't read it at all", k[0])
	}
}

// addExtra is about an attempt of ESO that KES doesn't make. late says that it
// comes after all those of KES.
func addExtra(add addFunc, e lookup, late bool) {
	switch {
	case late && e.equal(pattern):
		add(Lenient, "where KES finds no such key and fails, ESO takes the text as a gjson path")
	case late:
		add(Lenient, "where KES fails, ESO also reads %s", e)
	case slices.ContainsFunc(e, func(s string) bool { return strings.IndexByte(s, '\\') >= 0 }):
		add(OddKey, "ESO reads %s first, KES doesn't", e)
	default:
		add(AmbiguousLiteral, "ESO reads %s first, KES doesn't", e)
	}
}

// addJavaScript is about what lies on the path below arrays, strings and the
// like, where a JavaScript value has more, or gjson is more generous.
func addJavaScript(add addFunc, kes []lookup) {
	for _, segment := range kes[len(kes)-1] {
		if holders := inherited(segment); holders != "" {
			add(InheritedMember, "where %s has no key %q, KES reads the member that JavaScript gives it, and ESO fails",
				holders, segment)
		}
		switch {
		case segment == "" || strings.Trim(segment, "0123456789") != "":
		case segment == "0" || segment[0] != '0':
			add(CharacterIndex, "in a string, KES reads the character at %s, and ESO fails", segment)
		}
		if looseIndex(segment) {
			add(Lenient, "ESO takes %s for an index of an array, KES fails", segment)
		}
	}
}

// looseIndex reports whether gjson's parseUint takes a segment for an index that
// JavaScript doesn't: leading zeros, or so long that it wraps around.
func looseIndex(segment string) bool {
	if len(segment) < 2 || strings.Trim(segment, "0123456789") != "" {
		return false
	}
	return segment[0] == '0' || len(segment) > 18
}

// String describes a lookup for people.
func (l lookup) String() string {
	switch len(l) {
	case 0:
		return "what the pattern matches"
	case 1:
		return fmt.Sprintf("the key %q", l[0])
	}
	quoted := make([]string, len(l))
	for i, s := range l {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return "the nested " + strings.Join(quoted, " → ")
}
