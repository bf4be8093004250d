package manifest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// objects gives the objects of a stream.
func objects(t *testing.T, in string) []*Object {
	t.Helper()
	var out []*Object
	tr := &Transformer{Groups: testGroups, Visit: func(o *Object) (Result, error) {
		out = append(out, o)
		return Result{}, nil
	}}
	p, err := tr.Plan(context.Background(), Input{Name: "in.yaml", R: strings.NewReader(in)})
	if err != nil {
		t.Fatalf("%v\n%s", err, in)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestObjects(t *testing.T) {
	type want struct{ pos, name, raw string } // name: where metadata.name stands
	for _, c := range []struct {
		name, in string
		want     []want
	}{
		{"first", kes("x"), []want{{"in.yaml:1:1", "in.yaml:4:9", kes("x")}}},
		{"BOM", "\ufeff" + kes("x"), []want{{"in.yaml:1:1", "in.yaml:4:9", kes("x")}}},
		{"helm", "---\n# Source: a/b.yaml\n" + cm + "---\n# Source: a/c.yaml\n# more\n" + kes("x") + "# c\n", []want{{"in.yaml:8:1 (from a/c.yaml)", "in.yaml:11:9 (from a/c.yaml)", kes("x")}}},
		{"helm, first", "# Source: a/b.yaml\r\n---\r\n" + crlf(kes("x")), []want{{"in.yaml:3:1 (from a/b.yaml)", "in.yaml:6:9 (from a/b.yaml)", crlf(kes("x"))}}},
		{"kustomize", "# Source: a\n---\n" + kes("x") + "  annotations:\n    config.kubernetes.io/origin: |\n      path: base/x.yaml\n      repo: r\n", []want{{"in.yaml:3:1 (from base/x.yaml)", "in.yaml:6:9 (from base/x.yaml)", kes("x") + "  annotations:\n    config.kubernetes.io/origin: |\n      path: base/x.yaml\n      repo: r\n"}}},
		{"indented", "---\n  " + strings.TrimSpace(strings.ReplaceAll(kes("x"), "\n", "\n  ")), []want{{"in.yaml:2:3", "in.yaml:5:11", strings.TrimSpace(strings.ReplaceAll(kes("x"), "\n", "\n  "))}}},
		{"flow", "--- " + flow("x"), []want{{"in.yaml:1:6", "in.yaml:1:60", flow("x")}}},
		{"odd line breaks", "a: \"\u2028\"\n---\nb: ä\u2028c: d\r" + kes("x"), []want{{"in.yaml:3:1", "in.yaml:6:9", "b: ä\u2028c: d\r" + kes("x")}}},
		{"list", "# ä\n" + listHead + "items:\n" + item("  - ", kes("x")) + "  # c\n  - # d\n    " + flow("w") + "\n", []want{
			{"in.yaml:5:5", "in.yaml:8:13", item("    ", kes("x"))[4:]},
			{"in.yaml:11:6", "in.yaml:11:60", flow("w")},
		}},
		{"JSON", "\n" + jsonKES("x") + ` {"ä":1}` + jsonKES("w"), []want{{"in.yaml:2:2", "in.yaml:2:60", jsonKES("x")}, {"in.yaml:2:74", "in.yaml:2:132", jsonKES("w")}}},
		{"JSON list", "{\n \"items\": [ {},\n  " + jsonKES("x") + "\n]}", []want{{"in.yaml:3:4", "in.yaml:3:62", jsonKES("x")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := objects(t, c.in)
			if len(got) != len(c.want) {
				t.Fatalf("got %d objects", len(got))
			}
			for i, o := range got {
				have := want{o.Pos.String(), o.PosOf(Lookup(Lookup(o.Node, "metadata"), "name")).String(), string(o.Raw())}
				if have != c.want[i] {
					t.Errorf("got\n%q, want\n%q", have, c.want[i])
				}
			}
		})
	}
}

func TestRefs(t *testing.T) {
	in := "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: a, namespace: b}\n---\n" +
		`{"apiVersion":"external-secrets.io/v1","kind":"SecretStore","metadata":{"name":"c"}}` + "\n---\n" +
		"apiVersion: external-secrets.io\nkind: X\n---\napiVersion: xkubernetes-client.io/v1\n---\n" +
		"apiVersion: kubernetes-client.io/v1\nkind: ExternalSecretList\nitems: [{metadata: {name: d}}, {kind: Y}, {apiVersion: external-secrets.io/v2, kind: Z}]\n"
	var got []string
	for _, o := range objects(t, in) {
		got = append(got, fmt.Sprintf("%s %s %v", o.Ref.APIVersion(), o.Ref, o.JSON))
	}
	want := []string{
		"kubernetes-client.io/v1 ExternalSecret/b/a false", "external-secrets.io/v1 SecretStore/c true",
		"kubernetes-client.io/v1 ExternalSecret/d false", "external-secrets.io/v2 Z false",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestJSONNodes(t *testing.T) {
	for _, text := range []string{
		`{"a": [1, -2.5, 1e3, true, false, null, "x", {}, []], "ä": {"b":"c\n\"\u0041"}}`,
		"{\n\t\"a\" :\r\n {\"b\": [ [ ] , { } ] }\n}",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		var same func(a, b *yaml.Node)
		same = func(a, b *yaml.Node) {
			if a.Kind != b.Kind || a.Tag != b.Tag && b.Value != "1e3" || a.Value != b.Value || a.Line != b.Line || a.Column != b.Column || len(a.Content) != len(b.Content) {
				t.Fatalf("got %+v, want %+v", a, b)
			}
			for i := range a.Content {
				same(a.Content[i], b.Content[i])
			}
		}
		same(jsonNode([]byte(text)), doc.Content[0])
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, `{"a":1}`, `[1,-0,0.5,1e3,1E-2,-1.5e+10]`, `[01]`, `[1.]`, `[.5]`, `[-]`, `[1e]`, `[1e+]`, `"\u00e4\n\/"`, `"\x"`, `"\u12"`, "\"\x01\"", `[true,false,null]`, `[tru]`, `{"a":[{"b":"}"}]}`, `{"a" 1}`, `{,}`, `[,]`, `[1,]`, `{"a":1,}`, `{1:2}`, `[}`, ` { "a" : [ ] } `, "[\"\\\\\"]", "\"\xff\"", `12`, `-`, `nul`} {
		f.Add([]byte(s))
	}
	for _, c := range jsonCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		i := len(b) - len(strings.TrimLeft(string(b), " \t\r\n"))
		if i == len(b) || b[i] != '{' && b[i] != '[' {
			return
		}
		valid := json.Valid(b)
		var s jsonScanner
		end := i
		for end < len(b) && s.state != jsonDone { // one byte at a time, as at the end of a block
			n, ok := s.scan(b[end : end+1])
			if end += n; !ok {
				end = -1
				break
			}
		}
		ok := end >= 0 && s.state == jsonDone && len(strings.TrimRight(string(b[end:]), " \t\r\n")) == 0
		if ok != valid {
			t.Fatalf("%q: got %v, encoding/json says %v", b, ok, valid)
		}
		if !valid {
			return
		}
		if got := jsonEnd(b, i); got != end {
			t.Fatalf("%q ends at %d, not %d", b, end, got)
		}
		n := jsonNode(b[i:end])
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return // a number that is too large
		}
		if b[i] == '{' && fmt.Sprint(lastWins(n)) != fmt.Sprint(stringsOf(v)) {
			t.Fatalf("%q is read as %v", b, lastWins(n))
		}
	})
}

// lastWins gives the strings in a node, stringsOf those in a decoded value.
func lastWins(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = lastWins(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		var list []any
		for _, c := range n.Content {
			list = append(list, lastWins(c))
		}
		return list
	}
	if n.Tag == "!!str" {
		return n.Value
	}
	return n.Tag == "!!null"
}

func stringsOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = stringsOf(x)
		}
		return v
	case []any:
		for i := range v {
			v[i] = stringsOf(v[i])
		}
		return v
	case string:
		return v
	}
	return v == nil
}
