package pattern

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRE2: an expression matches what its translation matches, and where they
// may differ, outside the BMP, the translation says no.
func FuzzRE2(f *testing.F) {
	for _, seed := range []struct{ p, s string }{
		{"^team-a/.*$", "team-a/😀"}, {`(?:a|\b)*[^\d-x]{2,}`, "ab"}, {`\c\8[\b-]|(?<n>.)`, "\\c8"}, {"(a+)+$", strings.Repeat("a", 40) + "b"},
		{"^.{2}$", "😀"}, {"((", ""}, {"x{2,1}", ""}, {`[^]|[]`, "\n"}, {`(?=a)\1`, "a"},
	} {
		f.Add(seed.p, seed.s)
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		if !utf8.ValidString(text) || !utf8.ValidString(s) || len(s) > 200 {
			t.Skip()
		}
		p, err := Parse(text)
		if err != nil {
			return
		}
		re2, err := p.RE2()
		if refused := (*RefusedError)(nil); err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		want, matchErr := p.Match(s)
		if err != nil || matchErr != nil {
			return
		}
		re, err := regexp.Compile(re2)
		if err != nil {
			t.Fatalf("%q is %q: %v", text, re2, err)
		}
		if got := re.MatchString(s); got != want && (got || bmp(s)) {
			t.Fatalf("%q on %q: %t; in RE2 %q: %t", text, s, want, re2, got)
		}
	})
}

// TestHostile: nothing takes long, and what can't be decided is an error.
func TestHostile(t *testing.T) {
	for name, p := range map[string]string{
		"reference": `(a*)*\1b`, "lookahead": `(?=(a+)+$)b`, "lookbehind": `b(?<=(a|aa)+$)`, "long alternatives": "(?:" + strings.Repeat("a|", 1500) + `b)+\b(?!x)$`,
	} {
		re, err := Parse(p)
		if err != nil {
			t.Fatal(name, err)
		}
		ok, err := re.Match(strings.Repeat("a", 20000) + "!")
		if limit := (*LimitError)(nil); ok || err != nil && !errors.As(err, &limit) {
			t.Error(name, ok, err)
		}
	}
	re, _ := Parse("(a+)+$") // RE2 decides it
	if ok, err := re.Match(strings.Repeat("a", 5000) + "!"); ok || err != nil {
		t.Error(ok, err)
	}
	var limit *LimitError
	for _, p := range []string{strings.Repeat("a", maxLength+1), strings.Repeat("(", 3000) + strings.Repeat(")", 1096)} {
		if _, err := Parse(p); !errors.As(err, &limit) {
			t.Errorf("%.10s: %v", p, err)
		}
	}
}

// TestTranslate shows what comes out.
func TestTranslate(t *testing.T) {
	for p, want := range map[string]string{
		"^team-a/": "^team-a/", `\/dev\/(db|web)$`: "/dev/(?:db|web)$", "a.c": `a[^\n\r\x{2028}\x{2029}\x{10000}-\x{10FFFF}]c`, "^x/.*": `^x/[^\n\r\x{2028}\x{2029}]*`,
		"{": `\{`, "a{,2}": `a\{,2\}`, `[\w-z]`: `[\-0-9A-Z_a-z]`, "[]": never, "[^]*": `[\x{0}-\x{10FFFF}]*`, "(a|)*?": "(?:a|)*", `\cJ\8`: `\n8`, "(?:)": "", "(?:a+)+": "(?:a+)+",
	} {
		if got, err := Translate(p); got != want || err != nil {
			t.Errorf("%q: %q %v, want %q", p, got, err, want)
		}
	}
	for p, want := range map[string]string{
		"(?!a)": "looks ahead", `(a)\1`: "refers", "x{1001}": "1000 times", "(?:x{100}){100}": "repeat count", "😀": "Multilingual", `[^\uD83D]`: "Multilingual",
	} {
		var refused *RefusedError
		if _, err := Translate(p); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", p, err)
		}
	}
}

const never = `[^\x{0}-\x{10FFFF}]`
