package lodash

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// The committed table is testdata/gen.js 3000 1. A bigger one, for development:
//
//	NODE_PATH=... node testdata/gen.js 600000 7 > /tmp/answers.jsonl
//	go test ./internal/lodash -run Answers -v -answers /tmp/answers.jsonl
var answersFile = flag.String("answers", "testdata/answers.jsonl", "lodash's `answers`, from testdata/gen.js")

type answer struct {
	Path, Key, Template *string
	Want                json.RawMessage
}

func TestAnswers(t *testing.T) {
	file, err := os.Open(*answersFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	compared := 0
	for lines := bufio.NewScanner(file); lines.Scan(); compared++ {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		switch {
		case a.Path != nil:
			comparePath(t, *a.Path, a.Want)
		case a.Key != nil:
			if got := IsKey(*a.Key); got != (string(a.Want) == "true") {
				t.Errorf("IsKey(%q) = %t", *a.Key, got)
			}
		case a.Template != nil:
			compareScan(t, *a.Template, a.Want)
		}
	}
	if t.Logf("%d answers compared", compared); compared < 2000 {
		t.Errorf("only %d answers", compared)
	}
}

func comparePath(t *testing.T, s string, raw json.RawMessage) {
	t.Helper()
	var want []string
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if got := Path(s); !slices.Equal(got, want) {
		t.Errorf("Path(%q) = %q, lodash: %q", s, got, want)
	}
}

func compareScan(t *testing.T, s string, raw json.RawMessage) {
	t.Helper()
	var rows [][4]any
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	offsets := bytesAt(s)
	var want []Expr
	for _, r := range rows {
		want = append(want, Expr{
			Kind:  ExprKind(r[0].(float64)),
			Start: offsets[int(r[1].(float64))],
			End:   offsets[int(r[2].(float64))],
			Code:  r[3].(string),
		})
	}
	if got := Scan(s); !slices.Equal(got, want) {
		t.Errorf("Scan(%q) = %v, lodash: %v", s, got, want)
	}
}

// bytesAt maps UTF-16 offsets to byte offsets.
func bytesAt(s string) map[int]int {
	offsets, units := map[int]int{}, 0
	for i, r := range s {
		offsets[units] = i
		units += max(1, utf16.RuneLen(r))
	}
	offsets[units] = len(s)
	return offsets
}

func FuzzPathScan(f *testing.F) {
	for _, s := range []string{"", "a.b[0]", `["a\"b"].c`, "[[]]", "..", "<%= a %>${}<%-%>", "${\\", "<%-%> x %>", "\xff[\"\\\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if segments := Path(s); IsKey(s) && utf8.ValidString(s) && len(segments) > 1 {
			// Unpaired brackets split here, and lodash doesn't ask then.
			for _, segment := range segments {
				if segment == "" {
					t.Errorf("Path(%q) = %q", s, segments)
				}
			}
		}
		end := 0
		for _, e := range Scan(s) {
			if e.Start < end || e.End > len(s) || e.Start >= e.End || e.Kind < Escape || e.Kind > Evaluate {
				t.Errorf("Scan(%q): %+v", s, e)
			}
			end = e.End
		}
	})
}
