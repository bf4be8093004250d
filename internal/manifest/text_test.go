package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// retextAll plans a stream in which every string "old" below a key "ref" of
// the group apps becomes "new-name".
func retextAll(t *testing.T, in string) (out string, refused int, stats Stats) {
	t.Helper()
	out, refused, stats, err := tryRetext(t, in)
	if err != nil {
		t.Fatalf("%v in\n%s", err, in)
	}
	return out, refused, stats
}

func tryRetext(t *testing.T, in string) (out string, refused int, stats Stats, err error) {
	tr := &Transformer{Groups: []string{"kubernetes-client.io"}, Names: []string{"old"}, NamedGroups: []string{"apps"}, Visit: func(o *Object) (Result, error) {
		v, ok := o.Value()
		if !ok {
			return Result{}, nil
		}
		var texts []Text
		var walk func(v any, path []any)
		walk = func(v any, path []any) {
			switch v := v.(type) {
			case map[string]any:
				for k, x := range v {
					walk(x, append(path[:len(path):len(path)], k))
				}
			case []any:
				for i, x := range v {
					walk(x, append(path[:len(path):len(path)], i))
				}
			case string:
				if v == "old" && len(path) > 0 && path[len(path)-1] == "ref" {
					texts = append(texts, Text{path, "new-name"})
				}
			}
		}
		walk(v, nil)
		if len(texts) == 0 {
			return Result{}, nil
		}
		return Result{Action: Edit, Texts: texts, Refused: func(error) { refused++ }}, nil
	}}
	p, err := tr.Plan(t.Context(), Input{Name: "in", R: strings.NewReader(in)})
	if err != nil {
		return "", 0, stats, err
	}
	defer p.Close()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String(), refused, p.Stats(), nil
}

// FuzzTexts holds that nothing but the bytes of names changes, whatever comes
// in, and that changing them again changes nothing.
func FuzzTexts(f *testing.F) {
	app := "apiVersion: apps/v1\n"
	for _, s := range []string{
		app + "ref: old # c\n", app + "a: [{ref: 'old'}, {\"ref\":\"old\"}]\n", app + "ref: |-\n    old\n", "kind: List\nitems:\n- apiVersion: apps/v1\n  ref: old\n",
		app + "a: {ref: &n old}\nb: {ref: *n}\n", app + "x: &n old\nref: *n\n", `{"apiVersion":"apps/v1","l":[{"ref":"old"}]}`, crlf(app + "ref: old\n"), "--- {apiVersion: apps/v1, ref: old}\n...\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if strings.Contains(in, "new-name") || strings.Contains(in, `\`) || strings.Contains(in, "!") {
			return
		}
		got, refused, stats, err := tryRetext(t, in)
		if err != nil {
			var se *SyntaxError
			var ee *EditError
			var enc *EncodingError
			if !errors.As(err, &se) && !errors.As(err, &ee) && !errors.As(err, &enc) {
				t.Fatalf("input %q: unexpected error %v", in, err)
			}
			return
		}
		if back := strings.ReplaceAll(got, "new-name", "old"); back != in {
			t.Fatalf("input\n%q\nbecame\n%q", in, got)
		}
		if (got != in) != (stats.Edited > 0) || stats.Edited+stats.Untouched != stats.Objects {
			t.Fatalf("input %q: %+v, refused %d", in, stats, refused)
		}
		if again, _, _, err := tryRetext(t, got); err != nil || refused == 0 && again != got {
			t.Fatalf("input %q became %q, and that %q (%v)", in, got, again, err)
		}
	})
}

func TestTexts(t *testing.T) {
	app := "apiVersion: apps/v1\n"
	for _, c := range []struct{ name, in, want string }{
		{"plain", app + "ref: old # c\n", app + "ref: new-name # c\n"},
		{"single", app + "ref:   'old'\n", app + "ref:   'new-name'\n"},
		{"double", app + "ref: \"old\"   # c\n", app + "ref: \"new-name\"   # c\n"},
		{"escaped", app + "ref: \"\\x6fld\"\n", app + "ref: \"new-name\"\n"},
		{"literal", app + "ref: |-\n    old\nx: 1\n", app + "ref: |-\n    new-name\nx: 1\n"},
		{"folded", app + "ref: >-\n  old\n", app + "ref: >-\n  new-name\n"},
		{"next line", app + "ref:\n  old\n", app + "ref:\n  new-name\n"},
		{"tag", app + "ref: !!str old\n", app + "ref: !!str new-name\n"},
		{"flow", app + "a: [{ref: old,x: old}, {\"ref\":\"old\"}]\n", app + "a: [{ref: new-name,x: old}, {\"ref\":\"new-name\"}]\n"},
		{"crlf", crlf(app + "ref: old\nx: y\n"), crlf(app + "ref: new-name\nx: y\n")},
		{"anchor for both", app + "a: {ref: &n old}\nb: {ref: *n}\n", app + "a: {ref: &n new-name}\nb: {ref: *n}\n"},
		{"merge", app + "a: &n\n  ref: old\nb:\n  <<: *n\n  c: d\n", app + "a: &n\n  ref: new-name\nb:\n  <<: *n\n  c: d\n"},
		{"unchanged anchor", app + "a: &n {x: y}\nb: *n\nref: old\n", app + "a: &n {x: y}\nb: *n\nref: new-name\n"},
		{"several", app + "ref: old\n---\nkind: X\n---\n" + app + "b:\n- ref: old\n", app + "ref: new-name\n---\nkind: X\n---\n" + app + "b:\n- ref: new-name\n"},
		{"other group", "apiVersion: batch/v1\nref: old\n", "apiVersion: batch/v1\nref: old\n"},
		{"list", "kind: List\nitems:\n- apiVersion: apps/v1\n  ref: old\n- a: old\n- apiVersion: apps/v1\n  x: [{ref: 'old'}]\n",
			"kind: List\nitems:\n- apiVersion: apps/v1\n  ref: new-name\n- a: old\n- apiVersion: apps/v1\n  x: [{ref: 'new-name'}]\n"},
		{"flow list", "kind: List\nitems: [{apiVersion: apps/v1, ref: old}, {}]\n", "kind: List\nitems: [{apiVersion: apps/v1, ref: new-name}, {}]\n"},
		{"json", `{"apiVersion":"apps/v1", "ref" : "old", "l":[1,{"ref":"old"}]}`, `{"apiVersion":"apps/v1", "ref" : "new-name", "l":[1,{"ref":"new-name"}]}`},
		{"json escaped", `{"apiVersion":"apps/v1","ref":"\u006fld"}`, `{"apiVersion":"apps/v1","ref":"new-name"}`},
		{"json list", `{"kind":"List","items":[{"apiVersion":"apps/v1","ref":"old"},{"a":"old"}]}`, `{"kind":"List","items":[{"apiVersion":"apps/v1","ref":"new-name"},{"a":"old"}]}`},
		{"json stream", `{"apiVersion":"apps/v1","ref":"old"}` + "\n{}\n", `{"apiVersion":"apps/v1","ref":"new-name"}` + "\n{}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, refused, stats := retextAll(t, c.in)
			if got != c.want || refused != 0 {
				t.Errorf("got\n%s\nwant\n%s\nrefused %d", got, c.want, refused)
			}
			if changed := got != c.in; changed != (stats.Edited > 0) {
				t.Errorf("%d edited", stats.Edited)
			}
		})
	}
}

// What can't be changed without changing something else stays, is told, and
// what stands beside it changes nevertheless.
func TestTextsRefused(t *testing.T) {
	app := "apiVersion: apps/v1\n"
	for name, in := range map[string]string{
		"anchor that others use": app + "x: &n old\nref: *n\n",
		"merge into others":      app + "x: &k old\nz: {ref: *k}\nb: {q: *k}\n",
		"item of another":        "kind: List\nitems:\n- apiVersion: apps/v1\n  a: {ref: &n old}\n- b: *n\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, refused, stats := retextAll(t, in)
			if got != in {
				t.Errorf("changed to\n%s", got)
			}
			if refused == 0 || stats.Edited != 0 || stats.Untouched != stats.Objects {
				t.Errorf("refused %d, %+v", refused, stats)
			}
		})
	}
	in := app + "x: &n old\nref: *n\n---\n" + app + "ref: old\n"
	got, refused, stats := retextAll(t, in)
	if want := app + "x: &n old\nref: *n\n---\n" + app + "ref: new-name\n"; got != want || refused != 1 || stats.Edited != 1 || stats.Untouched != 1 {
		t.Errorf("refused %d, %+v\n%s", refused, stats, got)
	}
}

// A name inside of a longer one is no reason to look into a document.
func TestNamesWhole(t *testing.T) {
	for in, want := range map[string]bool{
		"old": true, "a: old\n": true, "[old]": true, `"old"`: true, "x/old": true, "--secret=old": true, "a: \"\\x6fld\"": true,
		"older": false, "bold": false, "my-old": false, "old.x": false, "old-2": false,
	} {
		if got := newMarkers(words(nil, []string{"old", "longer-name"})).in([]byte(in)); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
	var many []string
	for i := range 3000 {
		many = append(many, fmt.Sprintf("shop-%d", i))
	}
	m := newMarkers(words(nil, many))
	if !m.in([]byte("x: shop-2999\n")) || m.in([]byte("x: shop-3000\n")) || m.in([]byte("x: shop-29990\n")) {
		t.Error("many names")
	}
}

const here = "NAMEHERE"

// randomObject prints an object in a random style. Where a name stands that is
// to be changed it prints here.
type randomObject struct {
	r *rand.Rand
	b strings.Builder
}

func (g *randomObject) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *randomObject) scalar(flow bool) {
	quoted := func(s string) string { return g.pick("'"+s+"'", `"`+s+`"`) }
	if flow {
		g.b.WriteString(g.pick("x", `"old"`, "1", "true", "'a, b'", `"}"`, "old"))
		return
	}
	g.b.WriteString(g.pick("x", "old", quoted("old"), "1", "~", quoted("a: b # c"), "old-2", "the old one", quoted("")))
}

func (g *randomObject) name() { g.b.WriteString(g.pick(here, here, "'"+here+"'", `"`+here+`"`)) }

func (g *randomObject) flow(depth int) {
	sp := func() { g.b.WriteString(g.pick("", "", " ", "  ")) }
	if g.r.IntN(3) == 0 {
		g.b.WriteString("[")
		for i := range g.r.IntN(3) {
			if i > 0 {
				g.b.WriteString(",")
			}
			sp()
			if depth > 0 && g.r.IntN(2) == 0 {
				g.flow(depth - 1)
			} else {
				g.scalar(true)
			}
		}
		g.b.WriteString("]")
		return
	}
	g.b.WriteString("{")
	sp()
	n := g.r.IntN(3)
	for i := range n {
		if g.r.IntN(3) == 0 && i == n-1 {
			g.b.WriteString(g.pick("ref", `"ref"`) + ": ")
			g.name()
		} else {
			fmt.Fprintf(&g.b, "k%d: ", i)
			if depth > 0 && g.r.IntN(2) == 0 {
				g.flow(depth - 1)
			} else {
				g.scalar(true)
			}
		}
		if i < n-1 {
			g.b.WriteString(",")
			g.b.WriteString(g.pick(" ", " ", "  "))
		}
	}
	sp()
	g.b.WriteString("}")
}

func (g *randomObject) comment() { g.b.WriteString(g.pick("", "", "", " # old", "   # ref: old")) }

func (g *randomObject) mapping(indent string, depth int, first bool) {
	for i := range 1 + g.r.IntN(3) {
		if !first {
			if g.r.IntN(6) == 0 {
				g.b.WriteString(indent + "# ref: old\n")
			}
			g.b.WriteString(indent)
		}
		first = false
		switch c := g.r.IntN(7); {
		case c == 0 && i == 0:
			g.b.WriteString("ref: ")
			g.name()
			g.comment()
			g.b.WriteString("\n")
		case c == 1 && i == 0:
			fmt.Fprintf(&g.b, "ref: %s\n%s    %s\n", g.pick("|-", ">-"), indent, here)
		case c < 4 && depth > 0:
			fmt.Fprintf(&g.b, "k%d:", i)
			g.comment()
			g.b.WriteString("\n")
			if deeper := indent + g.pick("  ", "    "); g.r.IntN(2) == 0 {
				g.mapping(deeper, depth-1, false)
			} else {
				for range 1 + g.r.IntN(2) {
					gap := g.pick(" ", "   ")
					g.b.WriteString(deeper + "-" + gap)
					g.mapping(deeper+" "+gap, depth-1, true)
				}
			}
		case c == 4:
			fmt.Fprintf(&g.b, "k%d: ", i)
			g.flow(2)
			g.b.WriteString("\n")
		case c == 5:
			fmt.Fprintf(&g.b, "k%d: |\n%s  ref: old\n%s  # old\n", i, indent, indent)
		default:
			fmt.Fprintf(&g.b, "k%d: ", i)
			g.scalar(false)
			g.comment()
			g.b.WriteString("\n")
		}
	}
}

// TestTextsRandom draws the same streams each time: only the bytes of the
// names may change, and what is read differs there alone.
func TestTextsRandom(t *testing.T) {
	n := 4000
	if testing.Short() {
		n = 500
	}
	r := rand.New(rand.NewPCG(7, 9))
	changed := 0
	for range n {
		g := &randomObject{r: r}
		for range 1 + r.IntN(3) {
			if r.IntN(4) == 0 {
				g.b.WriteString("apiVersion: v1\nkind: List\nitems:\n")
				for range 1 + r.IntN(3) {
					g.b.WriteString("- apiVersion: apps/v1\n  ")
					g.mapping("  ", 3, true)
				}
			} else {
				g.b.WriteString("apiVersion: apps/v1\n")
				g.mapping("", 3, false)
			}
			g.b.WriteString("---\n")
		}
		text := g.b.String()
		if r.IntN(5) == 0 {
			text = crlf(text)
		}
		in, want := strings.ReplaceAll(text, here, "old"), strings.ReplaceAll(text, here, "new-name")
		var any yaml.Node
		if yaml.Unmarshal([]byte(in), &any) != nil {
			continue // two keys of one name and the like
		}
		got, refused, _ := retextAll(t, in)
		if refused > 0 || got != want {
			t.Fatalf("refused %d\n%s\nbecame\n%s", refused, in, got)
		}
		if got != in {
			changed++
		}
	}
	if changed < n/2 {
		t.Fatalf("only %d of %d streams had something to change", changed, n)
	}
}
