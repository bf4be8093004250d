package manifest

import (
	"errors"
	"strings"
	"testing"
)

const (
	noted   = "  annotations:\n    a.b/c: \"1\"\n    d: \"x,y: z\"\n"
	flowed  = `"annotations": {"a.b/c":"1","d":"x,y: z"}, `
	besides = "---\napiVersion: external-secrets.io/v1\nkind: New\nname: a\n---\napiVersion: external-secrets.io/v1\nkind: New\nname: b\n"
)

func head() string { return "apiVersion: kubernetes-client.io/v1\nmetadata:\n" }

// Each result differs from its input in what is set, and nowhere else.
var assignCases = []streamCase{
	{"block", head() + "  # c\n  name: edit # d\n  labels: {}\n", head() + noted + "  # c\n  name: renamed # d\n  labels: {}\n"},
	{"annotations", head() + "  annotations: # c\n    # d\n    x: 'y'\n  name: \"edit\"\n",
		head() + "  annotations: # c\n    a.b/c: \"1\"\n    d: \"x,y: z\"\n    # d\n    x: 'y'\n  name: renamed\n"},
	{"present", head() + "  annotations:\n      d: 'q'   # c\n      'a.b/c': z\n  name: edit\n",
		head() + "  annotations:\n      d: \"x,y: z\"   # c\n      'a.b/c': \"1\"\n  name: renamed\n"},
	{"empty", head() + "  annotations:\n  name: edit\n", head() + "  annotations: {\"a.b/c\":\"1\",\"d\":\"x,y: z\"}\n  name: renamed\n"},
	{"null", head() + "  annotations: ~ # c\n  name: edit\n", head() + "  annotations: {\"a.b/c\":\"1\",\"d\":\"x,y: z\"} # c\n  name: renamed\n"},
	{"empty flow", head() + "  annotations: {}\n  name: edit\n", head() + "  annotations: {\"a.b/c\": \"1\", \"d\": \"x,y: z\"}\n  name: renamed\n"},
	{"crlf", crlf(head() + "  name: edit\n"), crlf(head() + noted + "  name: renamed\n")},
	{"flow", "{apiVersion: kubernetes-client.io/v1, metadata: { name: edit }}\n", "{apiVersion: kubernetes-client.io/v1, metadata: {" + flowed + " name: renamed }}\n"},
	{"items", "kind: List\nitems:\n- apiVersion: kubernetes-client.io/v1\n  metadata:\n    name: edit\n- a: b\n",
		"kind: List\nitems:\n- apiVersion: kubernetes-client.io/v1\n  metadata:\n    annotations:\n      a.b/c: \"1\"\n      d: \"x,y: z\"\n    name: renamed\n- a: b\n"},
	{"flow items", "kind: List\nitems: [" + flow("edit") + ", {a: b}, " + flow("drop") + "]\n",
		"kind: List\nitems: [{apiVersion: kubernetes-client.io/v1, metadata: {" + flowed + "name: renamed}}, {a: b}]\n"},
	{"json", jsonKES("edit") + "\n", `{"apiVersion":"kubernetes-client.io/v1","metadata":{"annotations": {"a.b/c":"1","d":"x,y: z"},"name":"renamed"}}` + "\n"},
	{"json lines", "{\n  \"apiVersion\": \"kubernetes-client.io/v1\",\n  \"metadata\": {\n    \"name\": \"edit\"\n  }\n}\n",
		"{\n  \"apiVersion\": \"kubernetes-client.io/v1\",\n  \"metadata\": {\n    \"annotations\": {\n      \"a.b/c\": \"1\",\n      \"d\": \"x,y: z\"\n    },\n    \"name\": \"renamed\"\n  }\n}\n"},
	{"json null", `{"apiVersion":"kubernetes-client.io/v1","metadata":{"name":"edit","annotations":null}}`,
		`{"apiVersion":"kubernetes-client.io/v1","metadata":{"name":"renamed","annotations":{"a.b/c":"1","d":"x,y: z"}}}`},
	{"json items", `{"kind":"List","items":[` + jsonKES("edit") + `,{}]}`,
		`{"kind":"List","items":[{"apiVersion":"kubernetes-client.io/v1","metadata":{"annotations": {"a.b/c":"1","d":"x,y: z"},"name":"renamed"}},{}]}`},

	{"beside", kes("beside") + "# c\n---\n" + cm, kes("beside") + besides + "# c\n---\n" + cm},
	{"beside at the end", strings.TrimSuffix(kes("beside"), "\n"), kes("beside") + besides},
	{"beside crlf", crlf(kes("beside")), crlf(kes("beside") + besides)},
	{"beside item", "kind: List\nitems:\n" + item("  - ", kes("beside")) + item("  - ", cm),
		"kind: List\nitems:\n" + item("  - ", kes("beside")) + item("  - ", out("a")) + item("  - ", out("b")) + item("  - ", cm)},
	{"beside flow item", "kind: List\nitems: [" + flow("beside") + "]\n", "kind: List\nitems: [" + flow("beside") + ", " + jsonOut("a") + ", " + jsonOut("b") + "]\n"},
	{"beside json", jsonKES("beside") + "\n", jsonKES("beside") + "\n---\n" + jsonOut("a") + "\n---\n" + jsonOut("b") + "\n"},
	{"beside json stream", jsonKES("beside") + "\n{}\n", jsonKES("beside") + "\n" + jsonOut("a") + "\n" + jsonOut("b") + "\n{}\n"},
	{"beside json item", `{"kind":"List","items":[` + jsonKES("beside") + `,{}]}`, `{"kind":"List","items":[` + jsonKES("beside") + "," + jsonOut("a") + "," + jsonOut("b") + `,{}]}`},
}

func TestAssign(t *testing.T) {
	for _, c := range assignCases {
		t.Run(c.name, func(t *testing.T) {
			got, p, err := transform(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if !p.Changed() {
				t.Error("counted as unchanged")
			}
			checkTransform(t, c.in)
		})
	}
}

// Where the bytes of a value also mean something elsewhere, or come from
// elsewhere, nothing is changed.
func TestAssignRefused(t *testing.T) {
	for name, in := range map[string]string{
		"alias":        "x: &m {name: edit}\napiVersion: kubernetes-client.io/v1\nmetadata: *m\n",
		"merge":        "x: &m {annotations: {x: y}}\napiVersion: kubernetes-client.io/v1\nmetadata:\n  <<: *m\n  name: edit\n",
		"anchor":       "kind: List\nitems:\n- apiVersion: kubernetes-client.io/v1\n  metadata: &m\n    name: edit\n- x: *m\n",
		"list":         head() + "  annotations: [a]\n  name: edit\n",
		"number":       head() + "  annotations: 1\n  name: edit\n",
		"block scalar": head() + "  annotations:\n    d: |\n      x\n  name: edit\n",
		"json list":    `{"apiVersion":"kubernetes-client.io/v1","metadata":{"name":"edit","annotations":[]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := transform(in)
			if e := (*EditError)(nil); !errors.As(err, &e) {
				t.Errorf("got %q, %v; want an EditError", got, err)
			}
		})
	}
}

func TestFind(t *testing.T) {
	in := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db-eso\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: db-eso\n---\n" +
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n---\n" + `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db\u002deso"}}` + "\n---\n" +
		"kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: \"db\\x2deso\"}\n"
	_, p, err := transform(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 2 {
		got = nil
		if err := p.Find(t.Context(), []string{"db-eso"}, []string{""}, func(o *Object) { got = append(got, o.Ref.Kind+" "+o.Ref.Name) }); err != nil {
			t.Fatal(err)
		}
		if want := "Secret db-eso,Secret db-eso,Secret db-eso"; strings.Join(got, ",") != want {
			t.Errorf("got %v", got)
		}
	}
}
