package lodash

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"text/template/parse"
)

// Target says where the translated text goes and what is known about the values
// that it reads. The zero value is a string of template.stringData, a label or an
// annotation, with every key fetched, in natural fidelity.
type Target struct {
	// Base64: spec.template.data. KES's result is base64 text, which the API server
	// decodes; the Go template prints the decoded bytes.
	Base64 bool
	// Exact reproduces KES's ascii decoding of values (lib/poller.js:99 of 8.5.5:
	// byte & 0x7F). Without it UTF-8 is kept, and a NonASCII note says so.
	Exact bool
	// Fetched tells whether a key of data is fetched at all, and for certain (under
	// dataFrom a key may be missing). Nil: every key is there.
	Fetched func(key string) (known, sure bool)
	// Functions tells which template functions the ESO version in use has. Nil: those
	// that are in all of 0.9-2.9, which is all that is ever emitted.
	Functions func(name string) bool
	// Supplied gives the Go template that the user wants in the place of a piece of code
	// (with its delimiters) or of the whole text, which prints what KES printed there.
	// Nil: nothing is supplied.
	Supplied func(expr string) (template string, ok bool)
}

// Translation is a Go template for ESO's engine v2.
type Translation struct {
	Text string
	// Defines is how many bytes at the start of Text are define blocks, which must
	// stay at the top level of a template.
	Defines int
	Notes   []Note
}

// NoteKind names what a Note is about.
type NoteKind string

// The notes: for which values the Go template differs from KES.
const (
	// NonASCII: the values of Keys are printed as UTF-8, where KES folds them to ASCII.
	NonASCII NoteKind = "non-ascii"
	// MissingKey: where one of Keys is not fetched ESO fails, KES writes "undefined".
	MissingKey NoteKind = "missing-key"
	// WideText: text decoded from JSON (or base64) is counted, cut or changed; beyond
	// ASCII JavaScript's UTF-16 and Go's UTF-8 differ.
	WideText NoteKind = "wide-text"
	// NULByte: Go's html writes U+FFFD for it.
	NULByte NoteKind = "nul-byte"
	// Guarded: outside the named subset of values ESO fails, where KES worked.
	Guarded NoteKind = "guarded"
)

// Note is one way in which the Go template's result may differ from KES's.
type Note struct {
	Kind    NoteKind
	Keys    []string // of data, sorted; not for every kind
	Message string
}

// Refused says why an expression has no faithful Go template.
type Refused struct {
	// Offset and Expr locate the expression: text[Offset:Offset+len(Expr)].
	Offset int
	Expr   string
	Reason string
	// Never: KES itself fails on it, so the object never worked.
	Never bool
	// Suggestion is the nearest Go template; "" if there is none worth naming.
	Suggestion string
}

func (r *Refused) Error() string {
	if r.Never {
		return fmt.Sprintf("%s: KES itself fails on it: %s", r.Expr, r.Reason)
	}
	return fmt.Sprintf("%s: %s", r.Expr, r.Reason)
}

// Refusals lists the *Refused in an error of Translate, in the order of the text.
func Refusals(err error) []*Refused {
	var list []*Refused
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			list = append(list, Refusals(e)...)
		}
		return list
	}
	var r *Refused
	if errors.As(err, &r) {
		list = append(list, r)
	}
	return list
}

// Translate turns a KES template string into a Go template that prints the same
// bytes for every value of data, but for what the notes name. All code pieces of
// the text are one JavaScript program; it is read as lodash 4.17.21 compiles it.
// The error is a *Refused or several of them joined.
func Translate(text string, target Target) (Translation, error) {
	t := &translator{program: &program{text: text, pieces: Scan(text)}, target: target, scope: &scope{}, steps: new(int), mutable: map[string]bool{}, names: map[string]bool{}, folded: map[string]string{}, notes: map[NoteKind]*Note{}, supplied: map[int]*parse.Tree{}}
	switch tree := t.supply(); {
	case tree == nil:
		p, err := compile(text)
		if err != nil {
			return Translation{}, err
		}
		t.program = p
		t.whole()
	default:
		t.piece(func() { t.wholeSupplied(tree) })
	}
	if err := t.err(); err != nil {
		return Translation{}, err
	}
	out := t.finish()
	if r := check(text, out, target.Functions); r != nil {
		return Translation{}, r
	}
	defines := 0
	for _, name := range t.defines {
		defines += len(blocks[name])
	}
	return Translation{Text: out, Defines: defines, Notes: t.sortedNotes()}, nil
}

// whole translates all of the text.
func (t *translator) whole() {
	if t.target.Base64 {
		t.base64Program()
	} else {
		t.stmts(t.body)
	}
}

func (t *translator) err() error {
	slices.SortStableFunc(t.refused, func(a, b *Refused) int { return cmp.Compare(a.Offset, b.Offset) })
	var errs []error
	for _, r := range t.refused {
		errs = append(errs, r)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

func (t *translator) sortedNotes() []Note {
	var notes []Note
	for _, kind := range []NoteKind{NonASCII, MissingKey, WideText, NULByte, Guarded} {
		if n := t.notes[kind]; n != nil {
			slices.Sort(n.Keys)
			n.Keys = slices.Compact(n.Keys)
			notes = append(notes, *n)
		}
	}
	return notes
}

// note remembers that the result may differ; one note per kind.
func (t *translator) note(kind NoteKind, key, message string) {
	n := t.notes[kind]
	if n == nil {
		n = &Note{Kind: kind, Message: message}
		t.notes[kind] = n
	}
	if key != "" {
		n.Keys = append(n.Keys, key)
	}
}
