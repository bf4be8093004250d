package property

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The committed table is testdata/gen.js 2500 1. A bigger one, for development:
//
//	NODE_PATH=... node testdata/gen.js 400000 7 > /tmp/answers.jsonl
//	go test ./internal/property -run Answers -v -answers /tmp/answers.jsonl
var answersFile = flag.String("answers", "testdata/answers.jsonl", "lodash's `answers`, from testdata/gen.js")

// answer is one of lodash's, see testdata/gen.js.
type answer struct{ property, via, value string }

func (a *answer) UnmarshalJSON(text []byte) error {
	var three [3]string
	err := json.Unmarshal(text, &three)
	a.property, a.via, a.value = three[0], three[1], three[2]
	return err
}

func (a answer) found() bool           { return a.via != "" }
func (a answer) has(flags string) bool { return strings.ContainsAny(a.via, flags) }

// TestAnswers compares what KES read with what each ESO provider reads by the
// translated property. Every difference must have been announced, by a note of
// the kind that fits or by an error.
func TestAnswers(t *testing.T) {
	compared, different := 0, map[string]int{}
	eachDocument(t, func(doc string, answers []answer) {
		for _, p := range providersOf(doc) {
			for _, a := range answers {
				compared++
				path, err := Translate(p, a.property)
				if why := judge(t, p, doc, a, path, err); why != "" {
					different[why]++
				}
			}
		}
		if payload, ok := payloadOf(doc); ok {
			for _, a := range answers {
				compared++
				path, err := TranslateBelow(IBM, "payload", a.property)
				if why := judge(t, IBM, payload, a, path, err); why != "" {
					different["below: "+why]++
				}
			}
		}
	})
	t.Logf("%d comparisons; announced differences: %v", compared, different)
	if compared < 10_000 {
		t.Errorf("only %d comparisons", compared)
	}
}

// judge returns "" for an equal outcome, else how the difference was announced.
func judge(t *testing.T, p Provider, doc string, a answer, path Path, err error) string {
	t.Helper()
	if err != nil {
		var typed *Error
		if !errors.As(err, &typed) {
			t.Errorf("%s %q: not an *Error: %v", p, a.property, err)
		}
		switch {
		case !a.found():
			return ""
		// Only a key "" on the path has no form (KES may have met a key that is
		// spelled like such a path); or, for IBM, what isn't there.
		case a.has("e"), a.property == "", typed.Reason == NotBelow,
			a.has("l") && (strings.Contains(a.property, `[""]`) || strings.Contains(a.property, `['']`)):
			return fmt.Sprintf("KES reads: error %d", typed.Reason)
		}
		t.Errorf("%s %q: refused, but KES reads it: %v", p, a.property, err)
		return "refused"
	}
	got, ok := read(p, doc, path.ESO)
	if ok == a.found() && (!ok || sameJSON(t, got, a.value)) {
		return ""
	}
	for _, kind := range fitting(a, ok) {
		for _, n := range path.Notes {
			if n.Kind == kind && (kind != OddKey || odd(doc, a)) {
				return outcome(a, ok) + " " + kind.String()
			}
		}
	}
	t.Errorf("%s: unexplained: property %q → %q\n document %s\n KES %s %s, ESO %t %s\n notes %v",
		p, a.property, path.ESO, doc, a.via, a.value, ok, got, path.Notes)
	return "unexplained"
}

// fitting gives the kinds of which one must be there for a difference. What lodash
// found by nothing but own keys of the path, no note excuses unless ESO took a
// literal key for it.
func fitting(a answer, eso bool) []NoteKind {
	switch {
	case !a.found():
		return []NoteKind{Lenient, AmbiguousLiteral, OddKey}
	case a.has("i"):
		return []NoteKind{InheritedMember}
	case a.has("c"):
		return []NoteKind{CharacterIndex}
	case a.has("e"):
		return []NoteKind{EmptySegment, AmbiguousLiteral, OddKey}
	case a.has("l"):
		if strings.ContainsAny(a.property, `[]\`) {
			return []NoteKind{OddKey, AmbiguousLiteral}
		}
		return []NoteKind{LiteralUnread, AmbiguousLiteral, OddKey}
	case eso:
		return []NoteKind{AmbiguousLiteral, OddKey}
	}
	return nil
}

// odd reports whether the document has a key of the kind that OddKey is about.
func odd(doc string, a answer) bool {
	return strings.Contains(doc, `\\`) || strings.Contains(doc, `\u005c`) ||
		a.has("l") && strings.ContainsAny(a.property, `[]\`)
}

func outcome(a answer, eso bool) string {
	switch {
	case !a.found():
		return "KES fails:"
	case !eso:
		return "ESO fails:"
	}
	return "both read:"
}

func payloadOf(doc string) (string, bool) {
	var top map[string]json.RawMessage
	if json.Unmarshal([]byte(doc), &top) != nil || len(top) != 1 || !strings.HasPrefix(string(top["payload"]), "{") {
		return "", false
	}
	return string(top["payload"]), true
}

func eachDocument(t *testing.T, f func(doc string, answers []answer)) {
	t.Helper()
	file, err := os.Open(*answersFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Doc   string
			Cases []answer
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", *answersFile, err))
		}
		f(line.Doc, line.Cases)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
