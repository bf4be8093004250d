package property

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

var everyProvider = []Provider{AWS, GCP, Azure, Vault, IBM, Akeyless, Alibaba}

// FuzzTranslate: no property panics, notes hold no formatting accidents, and an
// ESO property is never empty.
func FuzzTranslate(f *testing.F) {
	for _, s := range []string{"", "a.b", `a["b\"c"][0]`, "..", "[[]]", "a\\", "[\"a\\", "é.😀[1.5]", "\xff.\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, property string) {
		for _, p := range everyProvider {
			path, err := Translate(p, property)
			if (err == nil) != (path.ESO != "") {
				t.Errorf("%s %q: %q, %v", p, property, path.ESO, err)
			}
			_, _ = TranslateBelow(p, "payload", property)
		}
	})
}

// FuzzSelect: whatever the keys, a path that is written out with quoted brackets
// reads the value under them, from every provider, in a document that has
// decoys beside it.
func FuzzSelect(f *testing.F) {
	f.Add("a.b", "c", "")
	f.Add("tls.crt", "", "")
	f.Add(`q"u'o\te`, "*", "#")
	f.Add("[0]", "..", "|@this")
	f.Add("\u2028\n", "é😀", "<&>")
	f.Fuzz(selectFrom)
}

func TestSelectRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 14))
	chars := []rune(".[]\"'\\*?|#@!{}()=<>%~:/-_ \t\x00\u007fé\u2028😀ab01")
	word := func() string {
		var b strings.Builder
		for range rng.IntN(5) {
			b.WriteRune(chars[rng.IntN(len(chars))])
		}
		return b.String()
	}
	for range 30_000 {
		selectFrom(t, word(), word(), word())
	}
}

// selectFrom takes up to three keys; empty ones at the end are left out.
func selectFrom(t *testing.T, a, b, c string) {
	keys := []string{a, b, c}
	for len(keys) > 0 && keys[len(keys)-1] == "" {
		keys = keys[:len(keys)-1]
	}
	if len(keys) == 0 || !utf8.ValidString(a) || !utf8.ValidString(b) || !utf8.ValidString(c) {
		return
	}
	var property strings.Builder
	var value any = "wanted"
	for i := len(keys) - 1; i >= 0; i-- {
		value = map[string]any{keys[i]: value, keys[i] + "x": "decoy", "x" + keys[i]: "decoy"}
	}
	for _, k := range keys {
		if strings.ContainsAny(k, "\n\r\u2028\u2029") && strings.ContainsAny(k, `"\`) {
			return // a backslash pair can't hold a line terminator: no property says this
		}
		property.WriteString(`["` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(k) + `"]`)
	}
	doc, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range everyProvider {
		path, err := Translate(p, property.String())
		if err != nil {
			if len(keys) > 2 && keys[0] == "" && keys[1] == "" {
				continue
			}
			t.Fatalf("%s %q: %v", p, property.String(), err)
		}
		if got, ok := read(p, string(doc), path.ESO); !ok || strings.TrimSpace(got) != `"wanted"` {
			t.Errorf("%s %q → %q: got %s %t from %s", p, property.String(), path.ESO, got, ok, doc)
		}
	}
}
