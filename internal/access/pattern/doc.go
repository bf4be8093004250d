// Package pattern reads the regular expressions of KES's namespace
// annotations as Node does, answers what they match, and says the same in RE2,
// the language of CEL's matches.
//
// KES makes them with new RegExp(text) and asks test (lib/poller.js:264-271
// and 334-336 of 8.5.5): JavaScript without flags, so unanchored, one line,
// case-sensitive, over UTF-16 code units, with the Annex B grammar of browsers
// ("{" may be a character, "\8" is "8"). Its image is node:14; what later
// releases added (modifiers, one name for two groups) is an error there, and
// here.
package pattern

import "fmt"

// SyntaxError is what new RegExp throws: every poll of KES fails then.
type SyntaxError struct {
	Pattern string
	Reason  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid regular expression /%s/: %s", e.Pattern, e.Reason)
}

// RefusedError is a valid expression that RE2 can't say.
type RefusedError struct {
	Pattern string
	Reason  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("regular expression /%s/ has no equivalent in RE2: %s", e.Pattern, e.Reason)
}

// LimitError is an expression that takes more room or time than it gets here;
// what KES made of it isn't known.
type LimitError struct {
	Pattern string
	Reason  string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("regular expression /%.60s/: %s", e.Pattern, e.Reason)
}

// Bounds. An annotation may have 256 KiB, and people who may write one are not
// those who run kesbridge.
const (
	maxLength = 4096 // code units of an expression
	maxDepth  = 200  // groups in groups
	maxSteps  = 200_000
)

// Pattern is a regular expression.
type Pattern struct {
	text   string
	root   *node
	groups int // capturing
}

// String gives the text as it was written.
func (p *Pattern) String() string { return p.text }

// op is what a node is.
type op int

const (
	opEmpty  op = iota
	opSet       // one code unit of a set
	opCat       // subs one after the other
	opAlt       // one of subs
	opRepeat    // subs[0], min to max times
	opGroup     // subs[0], captured as index
	opBegin     // ^
	opEnd       // $
	opWord      // \b
	opNoWord    // \B
	opLook      // lookaround at subs[0]
	opBack      // what index captured
)

// unbounded is the max of *, + and {n,}.
const unbounded = 1<<31 - 1

type node struct {
	op       op
	set      set
	subs     []*node
	min, max int
	lazy     bool
	index    int
	name     string // of a reference whose group may come later
	behind   bool   // lookbehind
	not      bool   // negative lookaround
	// first and last are the capturing groups inside a repeated node, which
	// each round empties; last is exclusive.
	first, last int
}
