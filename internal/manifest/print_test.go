package manifest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	yaml2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

func TestPrintYAML(t *testing.T) {
	m := Map{
		{"apiVersion", "external-secrets.io/v1"},
		{"metadata", Map{{"name", "web"}, {"annotations", Map{}}, {"labels", Map{{"on", "y"}, {"a b", "c: d"}}}}},
		{"spec", Map{
			{"refreshInterval", "1h0m0s"},
			{"data", []any{
				Map{{"secretKey", "x"}, {"remoteRef", Map{{"key", "arn:aws:x:1"}, {"version", int64(2)}}}},
				Map{},
				[]any{"a", []any{}, []string{"b", "c"}},
				"text\nmore",
			}},
			{"list", []string{"-", "{{ x }}"}},
			{"empty", []any{}},
			{"immutable", true},
			{"n", -1},
			{"template", "{{ .a }}\n\n  # b\n"},
			{"kept", "a\n\n"},
			{"last", "a\n\n"},
		}},
	}
	want := `apiVersion: external-secrets.io/v1
metadata:
  name: web
  annotations: {}
  labels:
    "on": "y"
    a b: "c: d"
spec:
  refreshInterval: 1h0m0s
  data:
  - secretKey: x
    remoteRef:
      key: arn:aws:x:1
      version: 2
  - {}
  - - a
    - []
    - - b
      - c
  - |-
    text
    more
  list:
  - "-"
  - "{{ x }}"
  empty: []
  immutable: true
  "n": -1
  template: |
    {{ .a }}

      # b
  kept: |+
    a

  last: "a\n\n"
`
	if got := string(PrintYAML(m)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := string(PrintYAML(nil)); got != "{}\n" {
		t.Errorf("nothing is printed as %q", got)
	}
}

func TestPrintJSON(t *testing.T) {
	m := Map{{"a", "<&>\u2028/"}, {"b", Map{{"c", []any{1, true, []string{"x"}}}, {"d", Map{}}, {"e", []any{}}}}}
	if got, want := string(PrintJSON(m, "")), `{"a":"<&>\u2028/","b":{"c":[1,true,["x"]],"d":{},"e":[]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := "{\n \"a\": \"<&>\\u2028/\",\n \"b\": {\n  \"c\": [\n   1,\n   true,\n   [\n    \"x\"\n   ]\n  ],\n  \"d\": {},\n  \"e\": []\n }\n}"
	if got := string(PrintJSON(m, " ")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPrintRefusesOtherTypes(t *testing.T) {
	for _, v := range []any{nil, 1.5, uint(1), map[string]any{}, []Map{}} {
		for name, print := range map[string]func(){
			"YAML": func() { PrintYAML(Map{{"a", v}}) },
			"JSON": func() { PrintJSON(Map{{"a", v}}, "") },
		} {
			func() {
				defer func() {
					if r := recover(); r == nil {
						t.Errorf("%T is printed as %s", v, name)
					}
				}()
				print()
			}()
		}
	}
}

// trickyStrings are those that some reader of YAML takes for something else.
var trickyStrings = append(strings.Fields(`y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF null Null NULL ~ nan NaN .nan .NaN .NAN inf .inf .Inf -.inf +.INF none None
0 1 -1 +1 00 01 0777 0o7 0o777 0b1 0b1_0 0x1f 0xFF -0x1 1_000 1e3 1E3 1e+3 1.5 .5 5. -.5 1.e3 0.1e-2 12:30 12:30:45 190:20:30.15 1:1 2001-12-14 2001-12-14t21:59:43.10-05:00 2001-1-1 1m 1h0m0s 15m 1d 10s5
= << - -- --- ... ? : , [ ] { } # & * ! | > ' " % @ \ / ; + -a ?a :a a: a:b a# #a &a *a !a |a >a 'a "a %a @a \a {a} [a] {{a}} a,b a[b] a{b} a? <a> a=b k=v http://x:80/y?z=1 arn:aws:sm:eu-west-1:1:secret:a/b- a/b a.b a_b a-b _a -1a 1a a1 e1 0x 0b 0o .a .1a ./a /a ../a $a ${a} $(a) (a) a(b) ^a a^b a|b`),
	"", " ", "  ", "a b", "a  b", " a", "a ", "a: b", "a :b", "a #b", "a# b", "- a", "-\ta", "? a", "a\tb", "\ta", "a\t", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "\n", "\n\n", " a\nb", "a\n b", "a\n\tb", "a\n\n b\n", "a \nb", "a\t\nb", "a\r\nb", "a\rb", "#a\n#b\n", "---\na\n", "...\n", "a\n---\nb", "a\n...\nb\n", "{{ a }}\n{{ b }}", "%a\nb", "\x00", "\x07", "\x1b", "\x7f", "\u0080", "\u0085", "a\u0085b", "a\n\u0085b", "\u00a0", "\u00ad", "\u2028", "\u2029", "a\n\u2028b", "\ufeff", "a\ufeffb", "\ufffd", "\ufffe", "\uffff", "\ue000", "\U0010ffff", "\U0001fffe", "ä", "äb\nö\n", "日本語", "😀", "a😀\nb", "\xff", "a\xc3", "\xed\xa0\x80", `a\nb`, `\x41`, `"a"`, `it's`, "a'b\"c", "null ", "True\n", "<%= a %>", "a: |\n  b\n", strings.Repeat("x", 2000), strings.Repeat("word ", 400)+"end")

// checkPrinted reads what is printed for s back by each of the readers that
// it will meet.
func checkPrinted(t *testing.T, s string) {
	t.Helper()
	key := s
	if len(key) > 128 {
		key = "k" // YAML limits a key's length
	}
	m := Map{{"a", s}, {key + "!", Map{{"x", s}}}, {"c", []any{s, Map{{"d", s}, {"e", s}}, []any{s}}}, {"z", Map{{"z", s}}}}
	v := validUTF8(s)
	want := map[string]any{
		"a": v, validUTF8(key + "!"): map[string]any{"x": v},
		"c": []any{v, map[string]any{"d": v, "e": v}, []any{v}}, "z": map[string]any{"z": v},
	}
	yml, jsn, indented := PrintYAML(m), PrintJSON(m, ""), PrintJSON(m, "  ")
	for name, text := range map[string][]byte{"YAML": yml, "JSON": jsn, "indented JSON": indented, "CRLF": []byte(crlf(string(yml)))} {
		readers := map[string]func([]byte, any) error{
			"yaml/v3": yaml.Unmarshal,
			"sigs":    func(b []byte, v any) error { return sigs.Unmarshal(b, v) },
			"yaml/v2": func(b []byte, v any) error {
				var got any
				if err := yaml2.Unmarshal(b, &got); err != nil {
					return err
				}
				*v.(*map[string]any) = stringKeys(got).(map[string]any)
				return nil
			},
		}
		if strings.HasSuffix(name, "JSON") {
			readers["json"] = json.Unmarshal
		}
		for reader, read := range readers {
			var got map[string]any
			if err := read(text, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q as %s by %s: %v\n%s\ngot  %q\nwant %q", s, name, reader, err, text, got, want)
			}
		}
	}
	n := new(yaml.Node)
	if err := yaml.Unmarshal(yml, n); err != nil || !means(n.Content[0], m) {
		t.Fatalf("%q isn't found to mean itself", s)
	}
}

func stringKeys(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprint(k)] = stringKeys(x)
		}
		return m
	case []any:
		for i := range v {
			v[i] = stringKeys(v[i])
		}
	}
	return v
}

func TestPrintedStrings(t *testing.T) {
	for _, s := range trickyStrings {
		checkPrinted(t, s)
		m := Map{{s, s}} // also as the key
		var got map[string]string
		if err := sigs.Unmarshal(PrintYAML(m), &got); err != nil && len(s) < 1000 || err == nil && got[validUTF8(s)] != validUTF8(s) {
			t.Errorf("key %q: %v, got %q", s, err, got)
		}
	}
}

func TestPrintedCombinations(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(trickyStrings[r.IntN(len(trickyStrings)-2)])
			b.WriteString([]string{"", " ", "\n", "\n\n", ":", "\t"}[r.IntN(6)])
		}
		checkPrinted(t, b.String())
	}
}

func FuzzPrint(f *testing.F) {
	for _, s := range trickyStrings {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkPrinted(t, s) })
}
