package manifest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestMarkers(t *testing.T) {
	m := newMarkers(words(testGroups, nil))
	group := "kubernetes-client.io"
	for i, c := range group { // each character in each spelling
		for _, escape := range []string{`\x%02x`, `\x%02X`, `\u%04x`, `\U%08X`} {
			in := `a: "\n` + group[:i] + fmt.Sprintf(escape, c) + group[i+1:] + `/v1"`
			if !m.in([]byte(in)) {
				t.Errorf("%s isn't found", in)
			}
		}
		for _, br := range []string{"\\\n", "\\\r\n  ", "\\\r\t", "\\\u0085", "\\\u2028 ", "\\\n \\\n "} {
			in := `"` + group[:i] + br + group[i:]
			if !m.in([]byte(in)) {
				t.Errorf("%q isn't found", in)
			}
		}
	}
	var all strings.Builder
	for _, c := range group {
		fmt.Fprintf(&all, `\u%04x`, c)
	}
	for in, want := range map[string]bool{
		all.String():                             true,
		`kubernetes-client.io\/v1`:               true,
		`"external-\x73ecrets.io`:                true,
		`a3ViZXJuZXRlcy1jbGllbnQuaW8vdjE=`:       true,
		`kubernetes-client\x2fio`:                false,
		`kubernetes-client.\n`:                   false,
		`kubernetes-\u0026client.io`:             false,
		"run: kubernetes-client \\\n  .io":       false,
		"\\\n\\\n\\\\\\":                         false,
		`\u`:                                     false,
		`\x6`:                                    false,
		`\x6bubernetes`:                          false,
		"kubernetes-client.i":                    false,
		"":                                       false,
		`kubernetes-client.i\`:                   false,
		`kubernetes-client.i\x6f`:                true,
		strings.Repeat(`\x6b`, 9) + group[1:]:    true,
		"kkubernetes-client.iokubernetes-client": true,
	} {
		if m.in([]byte(in)) != want {
			t.Errorf("%s: want %v", in, want)
		}
	}
}

// TestMarkerScan puts markers where blocks meet.
func TestMarkerScan(t *testing.T) {
	m := newMarkers(words(testGroups, nil))
	spelled := []string{"kubernetes-client.io", `\x6bubernetes\u002dclient.io`, "kuber\\\n    netes-client.io", "external-secrets.io"}
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		size := 3 * blockSize
		b := bytes.Repeat([]byte("x"), size)
		var want []int64
		for at := 0; at < size; {
			at += r.IntN(blockSize)
			if r.IntN(2) == 0 { // near the end of a block
				at = (at/(blockSize-markerOverlap)+1)*(blockSize-markerOverlap) - r.IntN(40) + r.IntN(40)
			}
			s := spelled[r.IntN(len(spelled))]
			if at+len(s) > size {
				break
			}
			copy(b[at:], s)
			want = append(want, int64(at))
			at += len(s)
		}
		src := &source{name: "in", r: bytes.NewReader(b), size: int64(size)}
		scan := &markerScan{markers: m, win: newWindow(t.Context(), src)}
		from := int64(0)
		for _, w := range append(want, -1) {
			got, err := scan.next(from)
			if err != nil || got != w {
				t.Fatalf("got %d, want %d (%v)", got, w, err)
			}
			from = got + 1
		}
	}
}

func TestShortGroup(t *testing.T) {
	m := newMarkers(words([]string{"a", "apps"}, nil))
	if !m.in([]byte("xa")) || m.in([]byte("xyz")) {
		t.Error("a group of one letter isn't found")
	}
}

// TestOutline checks that documents judged by their outline alone are judged
// as the parser does.
func TestOutline(t *testing.T) {
	judge := func(in string) (plain bool, seg segment) {
		src := &source{name: "in", r: strings.NewReader(in), size: int64(len(in))}
		seg, ok, err := newSplitter(newWindow(t.Context(), src)).next()
		if err != nil || !ok {
			return false, seg
		}
		plain, err = plainBlock(t.Context(), src, seg, map[string]bool{"kubernetes-client.io": true})
		if err != nil {
			t.Fatal(err)
		}
		return plain, seg
	}
	for in, want := range map[string]bool{
		cm:                            true,
		crlf("---\n# c\n" + cm):       true,
		"--- # c\n\n" + cm + "...\n":  true,
		"apiVersion: 'apps/v1' # c\n": true,
		cm + "data:\n- a\n-\n- b: |\n   x\nb: |\n\n  x\n": true,
		kes("x"):                             false,
		cm + cm:                              false,
		cm + "items: []\n":                   false,
		"kind: A\n":                          false,
		"apiVersion: v1\n\"kind\": A\n":      false,
		"apiVersion: &a v1\n":                false,
		"apiVersion: *a\n":                   false,
		"apiVersion: !!binary a\n":           false,
		"apiVersion: >-\n  v1\n":             false,
		"apiVersion:\n  v1\n":                false,
		"apiVersion: v1\n<<: *a\n":           false,
		"apiVersion: v1\n? a\n: b\n":         false,
		"  a: b\n":                           false,
		"--- !!map\n" + cm:                   false,
		"--- {\n" + cm + "}":                 false,
		"%TAG ! x\n---\n" + cm:               false,
		"apiVersion: v1\na: b\rkind: c\n":    false,
		"apiVersion: v1\na: b\u2028kind: c":  false,
		"apiVersion: v1\n\tb: c\n":           false,
		"apiVersion: v1\nmetadata :\n":       false,
		"apiVersion: v1\nä: b\n":             false,
		"apiVersion: \"v\\x31\"\n":           false,
		"apiVersion: v1\n" + "\ufeff" + "a:": false,
	} {
		if got, _ := judge(in); got != want {
			t.Errorf("%q: got %v", in, got)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	plain := 0
	for range 30000 {
		var b strings.Builder
		if r.IntN(2) == 0 {
			b.WriteString(cm)
		}
		for range 1 + r.IntN(6) {
			b.WriteString(fragments[r.IntN(len(fragments))])
		}
		in := b.String()
		ok, seg := judge(in)
		if !ok {
			continue
		}
		plain++
		docs, readable := simple(in[:seg.end], false)
		after, _ := simple(in[:seg.end], true)
		if readable && fmt.Sprint(docs) != fmt.Sprint(after) {
			t.Fatalf("%q holds an object", in[:seg.end])
		}
	}
	if plain < 1000 {
		t.Errorf("only %d documents were judged by their outline", plain)
	}
}

func TestStats(t *testing.T) {
	in := "# c\n---\n---\n" + kes("x") + "---\n" + kes("keep") + "...\n# d\n---\n" + cm + "---\n" + jsonKES("drop") + jsonKES("two") + "\n{}\n---\n{a: b}\n---\n{\"a\": 1} x\n"
	_, p, err := transform(in)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Stats()
	want := Stats{Documents: 8, Empty: 1, Objects: 4, Untouched: 1, Replaced: 2, Dropped: 1, InBytes: int64(len(in)), OutBytes: got.OutBytes}
	if got != want || !p.HasContent() || !p.Changed() {
		t.Errorf("got %+v", got)
	}
}

func TestHasContent(t *testing.T) {
	for in, want := range map[string]bool{
		"": false, "\n \n": false, "# c": false, "---\n---\n# c\n": false, "---\n...\n---": false, "\ufeff# c\n---\n": false, "%YAML 1.1\n---\n": false, " \t# c\n": false, "\r\n---\r\n": false,
		"a": true, "---\n# c\n---\na: b\n": true, "--- a": true, "{}": true, "---\n\n  - a": true, "...\n...\n---\n...\nx": true,
	} {
		_, p, err := transform(in)
		if err != nil || p.HasContent() != want {
			t.Errorf("%q: %v", in, err)
		}
	}
}
