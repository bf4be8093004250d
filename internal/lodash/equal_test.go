package lodash

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

// The committed answers are gen-templates.js 150 1 6. More, for development:
//
//	NODE_PATH=... node testdata/gen-templates.js 9000 7 10 > /tmp/templates.jsonl
//	go test ./internal/lodash -run Equal -v -templates /tmp/templates.jsonl
var templatesFile = flag.String("templates", "testdata/template-answers.jsonl", "KES's `answers`, from testdata/gen-templates.js")

type tally struct {
	translated, refused, never     int
	equal, bothFail, closed, noted int
}

// TestEqual executes both sides. ESO may fail where KES doesn't (a guard), never
// the other way round.
func TestEqual(t *testing.T) {
	file, err := os.Open(*templatesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<26)
	var samples []map[string]string
	if lines.Scan(); json.Unmarshal(lines.Bytes(), &samples) != nil {
		t.Fatal("no samples")
	}
	var sum tally
	reasons := map[string]int{}
	for lines.Scan() {
		var a struct {
			Template string
			At       *int // of a random template
			Want     []*string
		}
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		data := samples
		if a.At != nil {
			data = nil
			for n := range a.Want {
				data = append(data, samples[(*a.At+n*7)%len(samples)])
			}
		}
		for _, target := range []Target{{}, {Exact: true}, {Base64: true}, {Base64: true, Exact: true}} {
			sum.compare(t, a.Template, target, data, a.Want, reasons)
		}
	}
	t.Logf("%+v", sum)
	if testing.Verbose() {
		for _, r := range slices.Sorted(mapKeys(reasons)) {
			t.Logf("%6d refused: %s", reasons[r], r)
		}
	}
	if n := sum.equal + sum.bothFail; n < 2000 {
		t.Errorf("only %d pairs compared", n)
	}
}

func mapKeys(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func fetched(key string) (known, sure bool) {
	switch key {
	case "nope":
		return false, false
	case "opt", "o-pt":
		return true, false
	}
	return true, true
}

func (sum *tally) compare(t *testing.T, text string, target Target, data []map[string]string, want []*string, reasons map[string]int) {
	t.Helper()
	target.Fetched = fetched
	tr, err := Translate(text, target)
	if err != nil {
		sum.refused++
		for _, r := range Refusals(err) {
			reasons[r.Reason]++
			if text[r.Offset:r.Offset+len(r.Expr)] != r.Expr {
				t.Errorf("%q: refusal %+v isn't in the text", text, r)
			}
			if r.Never && sum.never >= 0 {
				sum.never++
				for i, w := range want {
					if w != nil {
						t.Errorf("%q: said never to work (%s), but %v gives %q", text, r.Reason, data[i], *w)
						break
					}
				}
			}
		}
		return
	}
	sum.translated++
	parsed, err := esoParse(tr.Text)
	if err != nil {
		t.Errorf("%q\n -> %s\n%v", text, tr.Text, err)
		return
	}
	for i, w := range want {
		if !target.Exact && !allASCII(data[i]) {
			continue
		}
		if w != nil && target.Base64 {
			w = apiDecode(*w)
		}
		got, err := esoExecute(parsed, data[i])
		switch {
		case err != nil && w == nil:
			sum.bothFail++
		case err != nil:
			sum.closed++
		case w != nil && got == *w:
			sum.equal++
		case !target.Exact && noted(tr.Notes, data[i]):
			sum.noted++
		default:
			wanted := "<failure>"
			if w != nil {
				wanted = *w
			}
			t.Errorf("exact %t: %q\n -> %s\n %q\n got  %q\n want %q", target.Exact, text, tr.Text, data[i], got, wanted)
			return
		}
	}
}

// noted: a natural translation's notes name such values.
func noted(notes []Note, data map[string]string) bool {
	return slices.ContainsFunc(notes, func(n Note) bool {
		switch n.Kind {
		case WideText:
			return strings.Contains(data["j"], `\u`) || data["b"] == "w6k="
		case NULByte:
			return hasNUL(data)
		}
		return false
	})
}

func allASCII(m map[string]string) bool {
	for _, v := range m {
		if !isASCII(v) {
			return false
		}
	}
	return true
}

// apiDecode is what the API server makes of a value of data.
func apiDecode(s string) *string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	d := string(b)
	return &d
}

func hasNUL(m map[string]string) bool {
	for _, v := range m {
		if strings.Contains(v, "\x00") {
			return true
		}
	}
	return false
}
