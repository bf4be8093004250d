package pattern

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"testing"
	"unicode/utf8"
)

// answer is a line of testdata/answers.jsonl, which Node wrote (gen.js).
type answer struct {
	Pattern string   `json:"p"`
	Throws  bool     `json:"e"`
	Matches []string `json:"m"`
	Others  []string `json:"n"`
}

func answers(t *testing.T) []answer {
	t.Helper()
	f, err := os.Open(env("KESBRIDGE_PATTERN_ANSWERS", "testdata/answers.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []answer
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var a answer
		if err := json.Unmarshal(s.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	if err := s.Err(); err != nil || len(out) < 1000 {
		t.Fatal(len(out), err)
	}
	return out
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// TestNode holds Parse, Match and RE2 against Node's answers.
func TestNode(t *testing.T) {
	translated, refused, threw, pairs := 0, 0, 0, 0
	for _, a := range answers(t) {
		p, err := Parse(a.Pattern)
		if syntax := (*SyntaxError)(nil); errors.As(err, &syntax) != a.Throws {
			t.Errorf("%q: %v, Node throws: %t", a.Pattern, err, a.Throws)
			continue
		}
		if err != nil {
			threw++
			continue
		}
		re2, err := p.RE2()
		var re *regexp.Regexp
		if err == nil {
			re = regexp.MustCompile(re2)
			translated++
		} else {
			refused++
		}
		for want, texts := range map[bool][]string{true: a.Matches, false: a.Others} {
			for _, s := range texts {
				pairs++
				if got, err := p.Match(s); err != nil || got != want {
					t.Errorf("%q on %q: %t %v, Node says %t", a.Pattern, s, got, err, want)
				}
				if re == nil || !utf8.ValidString(s) {
					continue
				}
				// Outside the BMP RE2 may only be stricter.
				if got := re.MatchString(s); got != want && (got || bmp(s)) {
					t.Errorf("%q is %q in RE2, which says %t of %q, Node %t", a.Pattern, re2, got, s, want)
				}
			}
		}
	}
	t.Logf("%d translated, %d refused, %d throw; %d pairs", translated, refused, threw, pairs)
	if translated < 1000 || refused < 100 || threw < 100 {
		t.Error("the answers are too few of a kind to tell anything")
	}
}

func bmp(s string) bool {
	for _, c := range s {
		if c > lastUnit {
			return false
		}
	}
	return true
}
