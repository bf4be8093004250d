package manifest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

var testGroups = []string{"kubernetes-client.io", "external-secrets.io"}

// byName is the visitor of the tests: an object's name says what becomes of
// it.
func byName(o *Object) (Result, error) {
	switch {
	case strings.HasPrefix(o.Ref.Name, "keep") || o.Ref.Group != "kubernetes-client.io":
		return Result{}, nil
	case strings.HasPrefix(o.Ref.Name, "drop"):
		return Result{Action: Drop}, nil
	case strings.HasPrefix(o.Ref.Name, "edit"):
		return Result{Action: Edit, Set: []Assignment{
			{Path: []string{"metadata", "annotations", "a.b/c"}, Value: "1"},
			{Path: []string{"metadata", "annotations", "d"}, Value: "x,y: z"},
			{Path: []string{"metadata", "name"}, Value: "renamed"},
		}}, nil
	case strings.HasPrefix(o.Ref.Name, "beside"):
		return Result{Action: Accompany, Objects: []Map{newObject("a"), newObject("b")}}, nil
	case strings.HasPrefix(o.Ref.Name, "two"):
		return Result{Action: Replace, Objects: []Map{newObject("a"), newObject("b")}}, nil
	case strings.HasPrefix(o.Ref.Name, "text"):
		m := newObject("t")
		m.Set("tail", "x\n\ny\n")
		return Result{Action: Replace, Objects: []Map{m}}, nil
	}
	return Result{Action: Replace, Objects: []Map{newObject(o.Ref.Name)}}, nil
}

func newObject(name string) Map {
	return Map{{"apiVersion", "external-secrets.io/v1"}, {"kind", "New"}, {"name", name}}
}

// transform plans and writes, by way of a reader that can be read twice.
func transform(in string) (string, *Plan, error) {
	t := Transformer{Groups: testGroups, Visit: byName}
	return transformWith(&t, strings.NewReader(in))
}

func transformWith(t *Transformer, r io.Reader) (string, *Plan, error) {
	p, err := t.Plan(context.Background(), Input{Name: "in.yaml", R: r})
	if err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	n, err := p.WriteTo(&b)
	if err == nil && (n != int64(b.Len()) || p.Stats().OutBytes != n) {
		err = errors.New("the plan doesn't know what it wrote")
	}
	return b.String(), p, errors.Join(err, p.Close())
}

// kes is an object of KES in block style; out is what byName puts in its
// place.
func kes(name string) string {
	return "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: " + name + "\n"
}

func out(name string) string {
	return "apiVersion: external-secrets.io/v1\nkind: New\nname: " + name + "\n"
}

// item indents all lines but the first, which gets the dash.
func item(dash, s string) string {
	indent := strings.Repeat(" ", len(dash))
	return dash + strings.TrimSuffix(strings.ReplaceAll(s, "\n", "\n"+indent), indent)
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func flow(name string) string {
	return "{apiVersion: kubernetes-client.io/v1, metadata: {name: " + name + "}}"
}

func jsonKES(name string) string {
	return `{"apiVersion":"kubernetes-client.io/v1","metadata":{"name":"` + name + `"}}`
}

func jsonOut(name string) string {
	return `{"apiVersion":"external-secrets.io/v1","kind":"New","name":"` + name + `"}`
}

const cm = "apiVersion: v1\nkind: ConfigMap\n"

// pretty is JSON over several lines.
func pretty(indent, body string) string {
	return "{\n" + indent + strings.ReplaceAll(body, ",", ",\n"+indent) + "\n}"
}

type streamCase struct{ name, in, want string }

var wholeCases = []streamCase{
	{"bare", kes("x"), out("x")},
	{"no newline at the end", strings.TrimSuffix(kes("x"), "\n"), out("x")},
	{"two without newline at the end", "---\n" + cm + "---\n" + strings.TrimSuffix(kes("x"), "\n"), "---\n" + cm + "---\n" + out("x")},
	{"separators", "---\n" + kes("x") + "---\n" + cm, "---\n" + out("x") + "---\n" + cm},
	{"comment on separator", "--- # c\n" + kes("x"), "--- # c\n" + out("x")},
	{"helm", "---\n# Source: a/b.yaml\n" + kes("x") + "---\n# Source: c\n" + cm, "---\n# Source: a/b.yaml\n" + out("x") + "---\n# Source: c\n" + cm},
	{"comments around", "# a\n\n---\n# b\n" + kes("x") + "# c\n\n# d\n---\n" + cm, "# a\n\n---\n# b\n" + out("x") + "# c\n\n# d\n---\n" + cm},
	{"inner comments go", kes("x") + "  # deep\n# c\n", out("x") + "# c\n"},
	{"end mark", kes("x") + "...\n" + cm, out("x") + "...\n" + cm},
	{"end mark with comment", kes("x") + "# t\n... # c\n# d\n---\n" + cm, out("x") + "# t\n... # c\n# d\n---\n" + cm},
	{"bare after end mark", cm + "...\n" + kes("x"), cm + "...\n" + out("x")},
	{"directive", "%YAML 1.1\n---\n" + kes("x"), "%YAML 1.1\n---\n" + out("x")},
	{"directive after end mark", cm + "...\n%YAML 1.1\n---\n" + kes("x"), cm + "...\n%YAML 1.1\n---\n" + out("x")},
	{"directive without end mark", kes("x") + "%YAML 1.1\n# c\n---\n" + cm, out("x") + "%YAML 1.1\n# c\n---\n" + cm},
	{"tag directive", "%TAG !k! tag:yaml.org,2002:\n---\n!k!map\n" + kes("x"), "%TAG !k! tag:yaml.org,2002:\n---\n" + out("x")},
	{"two objects", "---\n" + kes("two") + "# c\n---\n" + cm, "---\n" + out("a") + "---\n" + out("b") + "# c\n---\n" + cm},
	{"not a separator", "---foo: bar\n" + kes("x"), out("x")},
	{"indented separator", cm + "data:\n  a: |\n    ---\n    " + strings.ReplaceAll(kes("x"), "\n", "\n    ") + "\n---\n" + kes("w"), cm + "data:\n  a: |\n    ---\n    " + strings.ReplaceAll(kes("x"), "\n", "\n    ") + "\n---\n" + out("w")},
	{"indented document", "---\n  a: b\n  apiVersion: kubernetes-client.io/v1\n---\n" + cm, "---\napiVersion: external-secrets.io/v1\nkind: New\nname: \"\"\n---\n" + cm},
	{"blank lines stay", "\n\n" + kes("x") + "\n\n---\n" + cm, "\n\n" + out("x") + "\n\n---\n" + cm},
	{"literal at the end", "kind: X\n" + kes("text") + "spec:\n  a: |+\n    # no comment\n\n# c\n", out("t") + "tail: |\n  x\n\n  y\n\n# c\n"},
	{"quoted lines that look like comments", "apiVersion: kubernetes-client.io/v1\nz: \"a\n# b\n# c\"\n# d\n", "apiVersion: external-secrets.io/v1\nkind: New\nname: \"\"\n# d\n"},
	{"key order", "metadata:\n  name: x\nkind: ExternalSecret\napiVersion: kubernetes-client.io/v1\n", out("x")},
	{"quoted keys", "\"apiVersion\": 'kubernetes-client.io/v1'\nmetadata: {\"name\": x}\n", out("x")},
	{"explicit key", "? apiVersion\n: kubernetes-client.io/v1\nmetadata: {name: x}\n", out("x")},
	{"blank in front of the colon", "apiVersion : kubernetes-client.io/v1\nmetadata: {name: x}\n", out("x")},
	{"value on the next line", "apiVersion:\n  kubernetes-client.io/v1\nmetadata: {name: x}\n", out("x")},
	{"value as a block", "apiVersion: >-\n  kubernetes-client.io/v1\nmetadata: {name: x}\n", out("x")},
	{"tags", "--- !!map\napiVersion: !!str kubernetes-client.io/v1\nmetadata: !!map {name: !!str x}\n", "---\n" + out("x")},
	{"alias", "x: &a kubernetes-client.io/v1\napiVersion: *a\nmetadata: {name: x}\n", out("x")},
	{"merge", "x: &a {apiVersion: kubernetes-client.io/v1}\n<<: *a\nmetadata: {name: x}\n", out("x")},
	{"merge of several", "x: &a {apiVersion: kubernetes-client.io/v1}\ny: &b {apiVersion: v1}\n<<: [*a, *b]\nmetadata: {name: x}\n", out("x")},
	{"merge of several, first wins", "x: &a {apiVersion: kubernetes-client.io/v1}\ny: &b {apiVersion: v1}\n<<: [*b, *a]\nkind: X\n", "x: &a {apiVersion: kubernetes-client.io/v1}\ny: &b {apiVersion: v1}\n<<: [*b, *a]\nkind: X\n"},
	{"merge in front", "<<: &a {apiVersion: kubernetes-client.io/v1}\napiVersion: v1\n", "<<: &a {apiVersion: kubernetes-client.io/v1}\napiVersion: v1\n"},
	{"last key wins", "apiVersion: v1\nmetadata: {name: x}\napiVersion: kubernetes-client.io/v1\n", out("x")},
	{"last key wins, the other way", "apiVersion: kubernetes-client.io/v1\nmetadata: {name: x}\napiVersion: v1\n", "apiVersion: kubernetes-client.io/v1\nmetadata: {name: x}\napiVersion: v1\n"},
	{"escapes", `apiVersion: "\x6bubernetes\u002dclient\U0000002eio/v1"` + "\nmetadata: {name: x}\n", out("x")},
	{"escaped line break", "apiVersion: \"kubernetes-\\\n  client.i\\\n   \\\n  o/v1\"\nmetadata: {name: x}\n", out("x")},
	{"base64", "apiVersion: !!binary a3ViZXJuZXRlcy1jbGllbnQuaW8vdjE=\nmetadata: {name: x}\n", out("x")},
	{"quoted in a ConfigMap", cm + "data:\n  a: |\n    " + strings.ReplaceAll(kes("x"), "\n", "\n    ") + "\n", cm + "data:\n  a: |\n    " + strings.ReplaceAll(kes("x"), "\n", "\n    ") + "\n"},
	{"fake lines in a quoted scalar", "  apiVersion: kubernetes-client.io/v1\n  metadata: {name: x}\n  z: \"\napiVersion: v1\nkind: a\"\n", out("x")},
	{"anchored root", "--- &a\n" + kes("x"), "---\n" + out("x")},
	{"flow on the separator's line", "--- " + flow("x") + "\n---\n" + cm, "---\n" + out("x") + "---\n" + cm},
	{"flow over lines", "---\n{apiVersion: kubernetes-client.io/v1, # }\n metadata: {\"name\":x\n }\n} # c\n# d\n", "---\n" + out("x") + "# d\n"},
	{"BOM", "\ufeff" + kes("x") + "---\n\ufeff" + kes("w") + "---\n\ufeff# c\n" + kes("z"), "\ufeff" + out("x") + "---\n\ufeff" + out("w") + "---\n\ufeff# c\n" + out("z")},
	{"BOM in front of separators", "\ufeff---\n" + kes("x") + "\ufeff---\n" + kes("w"), "\ufeff---\n" + out("x") + "\ufeff---\n" + out("w")},
	{"CRLF", crlf("# c\n---\n" + kes("x") + "# d\n---\n" + cm), crlf("# c\n---\n" + out("x") + "# d\n---\n" + cm)},
	{"CRLF and LF", crlf("---\n"+kes("x")) + "---\n" + kes("w") + "...\r\n", crlf("---\n"+out("x")) + "---\n" + out("w") + "...\r\n"},
	{"CRLF on the separator's line", "--- " + flow("two") + "\r\n", "---\r\n" + crlf(out("a")+"---\n"+out("b"))},
	{"tabs after the separator", "---\t# c\n" + kes("x"), "---\t# c\n" + out("x")},
	{"empty documents", "---\n---\n# c\n---\n" + kes("x") + "---\n---\n", "---\n---\n# c\n---\n" + out("x") + "---\n---\n"},
	{"other shapes", "--- |\n kubernetes-client.io/v1\n---\n- kubernetes-client.io/v1\n--- kubernetes-client.io/v1\n--- !!map\n? kubernetes-client.io/v1\n", "--- |\n kubernetes-client.io/v1\n---\n- kubernetes-client.io/v1\n--- kubernetes-client.io/v1\n--- !!map\n? kubernetes-client.io/v1\n"},
	{"comment only", "# kubernetes-client.io\n---\n# kubernetes-client.io\n", "# kubernetes-client.io\n---\n# kubernetes-client.io\n"},
	{"kept", "---\n" + kes("keep") + "---\n" + kes("x"), "---\n" + kes("keep") + "---\n" + out("x")},
	{"NUL elsewhere", "a: \x00\xff\n---\n" + kes("x"), "a: \x00\xff\n---\n" + out("x")},
}

var dropCases = []streamCase{
	{"only", kes("drop"), ""},
	{"first", kes("drop") + "---\n" + cm, "---\n" + cm},
	{"middle", "---\n" + cm + "# after\n---\n# c\n" + kes("drop") + "# d\n---\n" + cm, "---\n" + cm + "# after\n# d\n---\n" + cm},
	{"last", cm + "---\n" + kes("drop"), cm},
	{"last, no newline", cm + "---\n" + strings.TrimSuffix(kes("drop"), "\n"), cm},
	{"end mark, separator follows", cm + "---\n" + kes("drop") + "...\n---\n" + cm, cm + "---\n" + cm},
	{"end mark, bare follows", cm + "---\n" + kes("drop") + "# d\n...\n" + cm, cm + "# d\n---\n" + cm},
	{"end mark, directive follows", cm + "---\n" + kes("drop") + "...\n%YAML 1.1\n---\n" + cm, cm + "...\n%YAML 1.1\n---\n" + cm},
	{"end mark, first", kes("drop") + "...\n" + cm, cm},
	{"two in a row", cm + "---\n" + kes("drop") + "...\n" + kes("drop") + "...\n" + cm, cm + "---\n---\n" + cm},
	{"directive goes", "%YAML 1.1\n---\n" + kes("drop") + "---\n" + cm, "---\n" + cm},
	{"BOM stays", "\ufeff" + kes("drop") + "---\n" + cm, "\ufeff---\n" + cm},
	{"CRLF", crlf("# c\n---\n" + kes("drop") + "\n# d\n---\n" + cm), crlf("# d\n---\n" + cm)},
	{"flow", "--- " + flow("drop") + " # c\n# d\n--- {a: b}", "# d\n--- {a: b}"},
	{"comment at the end without newline", cm + "---\n" + kes("drop") + "# d", cm + "# d"},
}

func TestWholeDocuments(t *testing.T) {
	testStreams(t, wholeCases)
	testStreams(t, dropCases)
}

func testStreams(t *testing.T, cases []streamCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := transform(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("input:\n%s\ngot:\n%q\nwant:\n%q", c.in, got, c.want)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"tab", "---\n" + cm + "---\n" + kes("x") + "spec:\n\ta: b\n", "in.yaml:10: invalid document: found character that cannot start any token"},
		{"unclosed", "# c\n---\n{apiVersion: kubernetes-client.io/v1, a: [\n---\n" + cm, "in.yaml:4"},
		{"control character", cm + "---\n" + kes("x") + "a: \"\x00\"\n", "in.yaml:8:5: invalid document: control characters are not allowed"},
		{"no UTF-8", cm + "---\n" + kes("x") + "a: ä\xff\n", "in.yaml:8:5: invalid document: "},
		{"CR in front of separator", kes("x") + "a: b\r---\rc: d\n", "in.yaml:5:6: invalid document: another document"},
		{"content after end mark", cm + "... " + flow("x") + "\n", "in.yaml:3"},
		{"text after JSON", jsonKES("x") + " x\n" + jsonKES("y"), "in.yaml:1"},
		{"broken JSON after JSON", jsonKES("x") + "\n{\"a\":}\n" + jsonKES("y"), "in.yaml:2:6: invalid document: invalid JSON"},
		{"unknown anchor", "apiVersion: *kubernetes-client.io/v1\n", "in.yaml:1"},
		{"alias bomb", "kind: List\nitems: [&a {apiVersion: kubernetes-client.io/v1, kind: BList, items: [*a, *a]}]\n", "in.yaml:2:71: invalid document: aliases lead to too many objects"},
		{"merge bomb", "# kubernetes-client.io\na: &a {<<: [*a, *a]}\n<<: *a\n", "in.yaml:2:1: invalid document: merge keys lead to too many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := transform(c.in)
			var se *SyntaxError
			if !errors.As(err, &se) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
