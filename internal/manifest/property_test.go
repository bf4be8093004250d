package manifest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// checkTransform compares with the simple program.
func checkTransform(t *testing.T, in string) {
	t.Helper()
	got, p, err := transform(in)
	if err != nil {
		var se *SyntaxError
		var ee *EditError
		var enc *EncodingError
		if !errors.As(err, &se) && !errors.As(err, &ee) && !errors.As(err, &enc) {
			t.Fatalf("input %q: unexpected error %v", in, err)
		}
		return
	}
	if !p.Changed() && got != in {
		t.Fatalf("nothing changed, but\n%q became\n%q", in, got)
	}
	want, ok := simple(in, true)
	if !ok || oddBreak([]byte(in)) && strings.Contains(in, "%") {
		// A directive counts at the start of a line, which begins with LF for
		// us and with NEL, too, for the parser.
		return
	}
	have, ok := simple(got, false)
	if !ok && strings.Contains(in, "\n\t") {
		return // the parser refuses a tab in front of a comment, but only at the start
	}
	if !ok {
		t.Fatalf("input\n%s\ncan be read, but not its result\n%s\n%q", in, got, in)
	}
	if !(len(have) == 0 && len(want) == 0) && !reflect.DeepEqual(have, want) {
		t.Fatalf("input\n%s\nbecame\n%s\n%q\n%q\nhave %v\nwant %v", in, got, in, got, have, want)
	}
}

func allCases() []streamCase {
	var all []streamCase
	for _, cs := range [][]streamCase{wholeCases, dropCases, listCases, jsonCases, assignCases} {
		all = append(all, cs...)
	}
	return all
}

func TestAgainstSimpleProgram(t *testing.T) {
	for _, c := range allCases() {
		checkTransform(t, c.in)
	}
}

// fragments are what random streams are made of.
var fragments = []string{
	"---\n", "---\n", "---\r\n", "--- # c\n", "--- ", "...\n", "... # c\n", "%YAML 1.1\n", "# c\n", "  # c\n", "    # c\n", "# Source: a/b\n", "\n", "  \n", "\r\n", "\ufeff",
	kes("edit"), kes("beside"), kes("edit") + "  annotations:\n", kes("edit") + "  annotations: # c\n    # d\n    x: y\n", kes("edit") + "  annotations: {}\n", flow("edit"), flow("beside"), jsonKES("edit"), jsonKES("beside"),
	item("- ", kes("edit")), item("  - ", kes("beside")), "  annotations: *a\n", "  <<: *a\n", "  annotations:\n    d: 'q'\n    \"a.b/c\": |\n      t\n", "metadata: {name: beside}\n", "metadata:\n  name: 'edit'\n",
	kes("x"), kes("two"), kes("text"), kes("drop"), kes("keep"), crlf(kes("x")), cm, cm, flow("x"), flow("drop"), flow("two") + "\n", configMap + "\n",
	"kind: List\nitems:\n", "kind: List\n", "items:\n", "  items:\n", "items: [", "]\n", ", ", "}", "{", "- ", "  - ", "-\n", "-   ", "- - ", "- # c\n",
	item("- ", kes("x")), item("- ", kes("drop")), item("- ", kes("text")), item("- ", cm), item("  - ", kes("x")), item("  - ", kes("two")), item("  - ", cm),
	item("- ", "kind: XList\nitems:\n"+item("- ", kes("x"))), item("- ", "kind: XList\nitems:\n"+item("  - ", kes("drop"))+"z: 1\n"),
	"- " + flow("x") + "\n", "- " + flow("drop") + " # c\n", "- *a\n", "- &a\n  ", "&a ", "*a", "!!map ", "<<: *a\n", "x: &a " + flow("x") + "\n", "x: &a {apiVersion: kubernetes-client.io/v1}\n",
	"  spec: &a {b: c}\n", "spec: *a\n", "a: b\n", "a: |\n", "a: |+\n", "  a: >-\n", "    # text\n", "    text\n", "  text\n\n", "a: \"\n", "a: 'b\n", "\"\n", "'\n", "# c\"\n", "\\\n", "  \"q\": 'it''s'\n",
	"apiVersion: kubernetes-client.io/v1\n", "\"apiVersion\": \"\\x6bubernetes-client.io/v1\"\n", "? apiVersion\n: kubernetes-client.io/v1\n", "metadata: {name: x}\n", "metadata:\n  name: drop\n", "  ",
	"\r", "\u2028", "\u0085", "\t", "ä", "😀",
}

// TestRandomStreams is not random: it draws the same streams each time.
func TestRandomStreams(t *testing.T) {
	n := 20000
	if testing.Short() {
		n = 3000
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		var b bytes.Buffer
		for range 1 + r.IntN(9) {
			b.WriteString(fragments[r.IntN(len(fragments))])
		}
		checkTransform(t, b.String())
	}
}

func FuzzTransform(f *testing.F) {
	for _, c := range allCases() {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) { checkTransform(t, in) })
}

// FuzzSplit checks that segments are a partition, and that starting in the
// middle finds the same ones.
func FuzzSplit(f *testing.F) {
	for _, c := range allCases() {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) { checkSplit(t, in) })
}

func checkSplit(t *testing.T, in string) {
	t.Helper()
	src := &source{name: "in", r: strings.NewReader(in), size: int64(len(in))}
	s := newSplitter(newWindow(t.Context(), src))
	var at int64
	var segs []segment
	for {
		seg, ok, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if seg.start != at || seg.end <= at {
			t.Fatalf("%q: segment %+v after %d", in, seg, at)
		}
		at = seg.end
		segs = append(segs, seg)
	}
	if at != int64(len(in)) {
		t.Fatalf("%q: ends at %d", in, at)
	}
	for i, seg := range segs {
		if seg.sep < 0 || i+1 == len(segs) {
			continue
		}
		u := newSplitter(newWindow(t.Context(), src))
		ok, err := u.tryFrom(seg.sep, int64(len(in)))
		if err != nil || ok && u.pos != seg.end {
			t.Fatalf("%q: from %d got to %d, not %d (%v)", in, seg.sep, u.pos, seg.end, err)
		}
	}
}

func TestSplitRandomStreams(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 10000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(fragments[r.IntN(len(fragments))])
		}
		checkSplit(t, b.String())
	}
}
