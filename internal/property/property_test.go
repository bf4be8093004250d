package property

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func ExampleTranslate() {
	for _, property := range []string{"password", "db.password", "hosts[0].name", `data["tls.crt"]`, ".dockerconfigjson"} {
		path, err := Translate(GCP, property)
		fmt.Println(path.ESO, err)
	}
	// Output:
	// password <nil>
	// db.password <nil>
	// hosts.0.name <nil>
	// data.tls\.crt <nil>
	// \.dockerconfigjson <nil>
}

// The forms that people meet, and the notes that they get (all but OddKey).
func TestTranslate(t *testing.T) {
	others := []Provider{AWS, GCP, IBM, Akeyless}
	all := append(slices.Clone(others), Azure, Vault, Alibaba)
	for _, c := range []struct {
		providers     []Provider
		property, eso string
		notes         []NoteKind
	}{
		{all, "password", "password", nil},
		{all, "a-b_c:d e", "a-b_c:d e", nil},
		{all, "pässwort", "pässwort", nil},
		{others, "a.b", "a.b", nil},
		{[]Provider{Vault}, "a.b", "a.b", nil},
		{[]Provider{Azure}, "a.b", "a.b", []NoteKind{AmbiguousLiteral}},
		{[]Provider{Alibaba}, "a.b", "a.b", []NoteKind{LiteralUnread}},
		{others, "a[0].b", "a.0.b", []NoteKind{AmbiguousLiteral, CharacterIndex}},
		{[]Provider{Azure}, "a[0].b", "a.0.b", []NoteKind{CharacterIndex, Lenient}},
		{[]Provider{Alibaba}, "a[0].b", "a.0.b", []NoteKind{CharacterIndex}},
		{others, `["tls.crt"]`, `tls\.crt`, nil},
		{[]Provider{Vault}, `["tls.crt"]`, `tls.crt`, []NoteKind{Lenient}},
		{others, `a['tls.crt']`, `a.tls\.crt`, nil},
		{all, `["x"]`, "x", nil},
		{others, ".dockerconfigjson", `\.dockerconfigjson`, []NoteKind{EmptySegment}},
		{[]Provider{Alibaba}, ".dockerconfigjson", `\.dockerconfigjson`, []NoteKind{EmptySegment}},
		{[]Provider{Vault}, ".dockerconfigjson", ".dockerconfigjson", nil},
		{others, "a..b", `a\.\.b`, []NoteKind{EmptySegment}},
		{others, "pa*s", `pa\*s`, nil},
		{[]Provider{Vault}, "pa*s", "pa*s", []NoteKind{Lenient}},
		{others, "a*.b", `a\*.b`, nil},
		{[]Provider{Vault}, "a*.b", `a\*.b`, []NoteKind{LiteralUnread}},
		{[]Provider{Vault}, "conf/app.yaml", "conf/app.yaml", nil},
		{others, "conf/app.yaml", `conf\/app.yaml`, nil},
		{[]Provider{Vault}, "me@example.com", "me@example.com", nil},
		{others, "@this", `\@this`, nil},
		{all, "length", "length", []NoteKind{InheritedMember}},
		{others, "a.constructor", "a.constructor", []NoteKind{InheritedMember}},
		{others, "a.01", "a.01", []NoteKind{Lenient}},
		{[]Provider{Vault}, "..x", "..x", []NoteKind{Lenient, EmptySegment}},
		{others, `["..x"]`, `\.\.x`, nil},
		{others, "[[]]", `\[\[\]\]`, nil},
	} {
		for _, p := range c.providers {
			got, err := Translate(p, c.property)
			if err != nil {
				t.Errorf("%s %q: %v", p, c.property, err)
				continue
			}
			var kinds []NoteKind
			for _, n := range got.Notes {
				if n.Text == "" || strings.Contains(n.Text, "%!") {
					t.Errorf("%s %q: note %v", p, c.property, n)
				}
				if n.Kind != OddKey {
					kinds = append(kinds, n.Kind)
				}
			}
			if got.ESO != c.eso || !slices.Equal(kinds, c.notes) {
				t.Errorf("%s %q: got %q %v, want %q %v", p, c.property, got.ESO, kinds, c.eso, c.notes)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		property string
		reason   Reason
	}{{"", EmptyKey}, {`[""]`, EmptyKey}, {`[""][""].a`, LeadingEmptyKeys}} {
		for _, p := range []Provider{AWS, GCP, Azure, Vault, IBM, Akeyless, Alibaba} {
			_, err := Translate(p, c.property)
			var typed *Error
			if !errors.As(err, &typed) || typed.Reason != c.reason {
				t.Errorf("%s %q: %v", p, c.property, err)
			}
		}
	}
}

func TestTranslateBelow(t *testing.T) {
	for property, want := range map[string]string{
		"payload.key":         "key",
		"payload.a.b":         "a.b",
		`payload["a.b"]`:      `a\.b`,
		`["payload"].x[0]`:    "x.0",
		"payload..x":          ".x",
		"payload":             "",
		"other.key":           "",
		`payload[""]`:         "",
		"payload.tls\\.crt":   `tls\\.crt`,
		"payload.api/key*":    `api\/key\*`,
		"payload['it\\'s x']": `it\'s x`,
	} {
		got, err := TranslateBelow(IBM, "payload", property)
		if got.ESO != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q %v, want %q", property, got.ESO, err, want)
		}
	}
}
