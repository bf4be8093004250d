package manifest

import (
	"errors"
	"strings"
	"testing"
)

// configMap is an object in flow style that nobody asks for.
const configMap = "{apiVersion: v1, kind: ConfigMap}"

const listHead = "apiVersion: v1\nkind: List\n"

var listCases = []streamCase{
	{"at column 0", listHead + "items:\n" + item("- ", kes("x")) + item("- ", cm), listHead + "items:\n" + item("- ", out("x")) + item("- ", cm)},
	{"indented", listHead + "items:\n" + item("  - ", cm) + item("  - ", kes("x")), listHead + "items:\n" + item("  - ", cm) + item("  - ", out("x"))},
	{"wide dash", listHead + "items:\n" + item(" -    ", kes("x")) + item(" - ", cm), listHead + "items:\n" + item(" -    ", out("x")) + item(" - ", cm)},
	{"comment behind the dash", listHead + "items:\n- # c\n  " + item("", strings.ReplaceAll(kes("x"), "\n", "\n  ")) + "\n- " + configMap, listHead + "items:\n- # c\n  " + strings.TrimSuffix(strings.ReplaceAll(out("x"), "\n", "\n  "), "  ") + "  \n- " + configMap},
	{"items first", "items:\n" + item("- ", kes("x")) + "kind: List\n", "items:\n" + item("- ", out("x")) + "kind: List\n"},
	{"comments between", listHead + "items:\n# 1\n" + item("- ", kes("x")) + "  # in\n# 2\n\n" + item("- ", kes("w")) + "# 3\n", listHead + "items:\n# 1\n" + item("- ", out("x")) + "# 2\n\n" + item("- ", out("w")) + "# 3\n"},
	{"indented comments between", listHead + "items:\n  # 1\n" + item("  - ", kes("x")) + "  # 2\n# 3\n" + item("  - ", kes("w")) + "  # 4\n", listHead + "items:\n  # 1\n" + item("  - ", out("x")) + "  # 2\n# 3\n" + item("  - ", out("w")) + "  # 4\n"},
	{"literal ends the item", listHead + "items:\n" + item("- ", kes("x")+"a: |\n  # b\n") + "# c\n" + item("- ", cm), listHead + "items:\n" + item("- ", out("x")) + "# c\n" + item("- ", cm)},
	{"literal printed last", listHead + "items:\n" + item("- ", kes("text")) + "\n# c\n" + item("- ", cm), listHead + "items:\n- apiVersion: external-secrets.io/v1\n  kind: New\n  name: t\n  tail: |\n    x\n\n    y\n\n# c\n" + item("- ", cm)},
	{"several for one", listHead + "items:\n" + item("  - ", kes("two")) + item("  - ", cm), listHead + "items:\n" + item("  - ", out("a")) + item("  - ", out("b")) + item("  - ", cm)},
	{"kept", listHead + "items:\n" + item("- ", kes("keep")) + item("- ", kes("x")), listHead + "items:\n" + item("- ", kes("keep")) + item("- ", out("x"))},
	{"dropped", listHead + "items:\n" + item("- ", kes("drop")) + "# c\n" + item("- ", cm) + item("- ", kes("drop")), listHead + "items:\n# c\n" + item("- ", cm)},
	{"all dropped", "items: # c\n" + item("- ", kes("drop")) + item("- ", kes("drop")) + listHead, "items: [] # c\n" + listHead},
	{"all dropped, anchored", listHead + "items: &a\n" + item("  - ", kes("drop")), listHead + "items: &a\n   []\n"},
	{"all dropped, tagged", listHead + "items: !!seq\n" + item("  - ", kes("drop")), listHead + "items: !!seq\n   []\n"},
	{"null items", listHead + "items:\n-\n" + item("- ", kes("x")) + "-\n" + item("- ", kes("w")) + "- \n", listHead + "items:\n-\n" + item("- ", out("x")) + "-\n" + item("- ", out("w")) + "- \n"},
	{"flow item in a block list", listHead + "items:\n- " + flow("x") + " # c\n- " + configMap + "\n", listHead + "items:\n" + item("- ", out("x")) + "- " + configMap + "\n"},
	{"anchored item", listHead + "items:\n- &a\n  " + strings.ReplaceAll(strings.TrimSuffix(kes("x"), "\n"), "\n", "\n  ") + "\n- " + configMap + "\n", listHead + "items:\n" + item("- ", out("x")) + "- " + configMap + "\n"},
	{"alias item", listHead + "x: &a " + flow("x") + "\nitems:\n- *a # c\n- " + configMap + "\n", listHead + "x: &a " + flow("x") + "\nitems:\n" + item("- ", out("x")) + "- " + configMap + "\n"},
	{"alias item in flow", listHead + "x: &a " + flow("x") + "\nitems: [*a , b]\n", listHead + "x: &a " + flow("x") + "\nitems: [" + jsonOut("x") + " , b]\n"},
	{"nested", listHead + "items:\n" + item("- ", listHead+"items:\n"+item("- ", kes("x"))+item("- ", cm)+"z: 1\n") + item("- ", kes("w")), listHead + "items:\n" + item("- ", listHead+"items:\n"+item("- ", out("x"))+item("- ", cm)+"z: 1\n") + item("- ", out("w"))},
	{"nested, last", listHead + "items:\n" + item("  - ", listHead+"items:\n"+item("  - ", kes("x"))) + "# c\nz: 1\n", listHead + "items:\n" + item("  - ", listHead+"items:\n"+item("  - ", out("x"))) + "# c\nz: 1\n"},
	{"flow", "{items: [" + flow("x") + " , # ]\n " + flow("keep") + ",'],', " + configMap + "]} # c\n", "{items: [" + flow("x") + " , # ]\n " + flow("keep") + ",'],', " + configMap + "]} # c\n"},
	{"flow list", "{kind: List, items: [" + flow("x") + " , # ]\n " + flow("keep") + ",'],', " + configMap + "]} # c\n", "{kind: List, items: [" + jsonOut("x") + " , # ]\n " + flow("keep") + ",'],', " + configMap + "]} # c\n"},
	{"flow items under a block key", "kind: List\nitems: [\n" + flow("two") + ",\n" + flow("drop") + "\n]\nz: 1\n", "kind: List\nitems: [\n" + jsonOut("a") + ", " + jsonOut("b") + "\n]\nz: 1\n"},
	{"flow, trailing comma", "kind: List\nitems: [ " + flow("drop") + ", ]\n", "kind: List\nitems: []\n"},
	{"flow, first dropped", "kind: List\nitems: [" + flow("drop") + ", it's \"a\" ]\n", "kind: List\nitems: [it's \"a\" ]\n"},
	{"flow, plain text with quotes", "kind: List\nitems: [it's \"a\" # ]\n, b'c , " + flow("x") + "]\n", "kind: List\nitems: [it's \"a\" # ]\n, b'c , " + jsonOut("x") + "]\n"},
	{"flow, tags and anchors", "kind: List\nitems: [ !!str \",\", &a " + flow("x") + ", !<tag:yaml.org,2002:str> ']' ]\n", "kind: List\nitems: [ !!str \",\", " + jsonOut("x") + ", !<tag:yaml.org,2002:str> ']' ]\n"},
	{"any kind with items", "kind: Foo\nitems:\n" + item("- ", kes("x")), "kind: Foo\nitems:\n" + item("- ", out("x"))},
	{"wanted list with nothing in it", kes("x") + "items: []\n", out("x")},
	{"typed list", "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecretList\nitems:\n- metadata: {name: x}\n- metadata: {name: keep}\n", "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecretList\nitems:\n" + item("- ", out("x")) + "- metadata: {name: keep}\n"},
	{"CRLF", crlf(listHead + "items:\n" + item("- ", kes("text")) + "# c\n" + item("- ", cm)), crlf(listHead + "items:\n- apiVersion: external-secrets.io/v1\n  kind: New\n  name: t\n  tail: |\n    x\n\n    y\n# c\n" + item("- ", cm))},
	{"anchors of others", listHead + "items:\n" + item("- ", cm+"data: &d {a: b}\n") + item("- ", kes("x")+"spec: *d\n") + item("- ", cm+"data: *d\n"), listHead + "items:\n" + item("- ", cm+"data: &d {a: b}\n") + item("- ", out("x")) + item("- ", cm+"data: *d\n")},
	{"comment and end mark", "# a\n---\n" + listHead + "items:\n" + item("- ", kes("x")) + "# c\n...\n# d\n", "# a\n---\n" + listHead + "items:\n" + item("- ", out("x")) + "# c\n...\n# d\n"},
}

func TestLists(t *testing.T) { testStreams(t, listCases) }

func TestEditErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"anchor used later", listHead + "items:\n" + item("- ", kes("x")+"spec: &s {a: b}\n") + item("- ", cm+"data: *s\n"), "in.yaml:4:3: ExternalSecret/x: replace in place: the result can't be read"},
		{"anchor used later, with an older one of the name", "z: &s {c: d}\n" + listHead + "items:\n" + item("- ", kes("x")+"spec: &s {a: b}\n") + item("- ", cm+"data: *s\n"), "in.yaml:12:9: replace in place: this would mean something else"},
		{"items through an alias", listHead + "x: &a [" + flow("x") + "]\nitems: *a\n", "in.yaml:3:8: ExternalSecret/x: replace in place: the List's items come through"},
		{"items through a merge", listHead + "<<: {items: [" + flow("x") + "]}\n", "in.yaml:3:"},
		{"items used elsewhere", listHead + "items: &a [" + flow("x") + "]\nx: *a\n", "in.yaml:4:4: replace in place: this would mean"},
		{"list through an alias", listHead + "x: &a {kind: List, items: [" + flow("x") + "]}\nitems:\n- *a\n", "in.yaml:3:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := transform(strings.ReplaceAll(c.in, flow("x"), "{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: x}}"))
			var ee *EditError
			if !errors.As(err, &ee) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s\n%s", err, c.want, got)
			}
		})
	}
}

var jsonCases = []streamCase{
	{"one", jsonKES("x"), jsonOut("x")},
	{"one with newline", jsonKES("x") + "\n", jsonOut("x") + "\n"},
	{"glued", jsonKES("x") + `{"a":1}` + jsonKES("w"), jsonOut("x") + `{"a":1}` + jsonOut("w")},
	{"lines", jsonKES("x") + "\n" + `{"a":1}` + "\n\n" + jsonKES("two") + "\n", jsonOut("x") + "\n" + `{"a":1}` + "\n\n" + jsonOut("a") + "\n" + jsonOut("b") + "\n"},
	{"lines, dropped", jsonKES("drop") + "\n" + `{"a":1}` + "\n" + jsonKES("drop") + "\n" + `{"b":1}` + "\n" + jsonKES("drop") + "\n", `{"a":1}` + "\n" + `{"b":1}` + "\n"},
	{"glued, dropped", jsonKES("drop") + `{"a":1}` + jsonKES("drop") + `{"b":1}` + jsonKES("drop"), `{"a":1}{"b":1}`},
	{"pretty", pretty("    ", jsonKES("x")[1:len(jsonKES("x"))-1]) + "\n" + pretty(" ", `"a": 1`), "{\n    \"apiVersion\": \"external-secrets.io/v1\",\n    \"kind\": \"New\",\n    \"name\": \"x\"\n}\n" + pretty(" ", `"a": 1`)},
	{"between YAML", "a: b\n---\n" + jsonKES("x") + "\n---\n" + kes("w"), "a: b\n---\n" + jsonOut("x") + "\n---\n" + out("w")},
	{"dropped between YAML", "a: b\n---\n" + jsonKES("drop") + "\n# d\n---\n" + cm, "a: b\n# d\n---\n" + cm},
	{"end mark", jsonKES("x") + "\n...\n" + cm, jsonOut("x") + "\n...\n" + cm},
	{"dropped with end mark", "a: b\n---\n" + jsonKES("drop") + "\n...\n" + cm, "a: b\n---\n" + cm},
	{"comments", "# Source: a\n" + jsonKES("x") + " # b\n# c\n" + jsonKES("w") + "\n# d\n", "# Source: a\n" + jsonOut("x") + " # b\n# c\n" + jsonOut("w") + "\n# d\n"},
	{"on the separator's line", "--- " + jsonKES("x") + "\n--- " + jsonKES("keep") + "\n", "---\n" + jsonOut("x") + "\n--- " + jsonKES("keep") + "\n"},
	{"escapes", `{"api\u0056ersion":"kubernetes-client.io\/v1","metadata":{"name":"x"}}` + `{"apiVersion":"\u006Bubernetes\u002dclient.io/v1","metadata":{"name":"\u0077"}}`, jsonOut("x") + jsonOut("w")},
	{"last key wins", `{"apiVersion":"v1","metadata":{"name":"x"},"apiVersion":"kubernetes-client.io/v1"}` + `{"apiVersion":"kubernetes-client.io/v1","apiVersion":"v1"}`, jsonOut("x") + `{"apiVersion":"kubernetes-client.io/v1","apiVersion":"v1"}`},
	{"surrogate pairs", `{"a":"\ud83d\ude00","items":[{"a":"\ud83d\ude00"},` + jsonKES("x") + "]}", `{"a":"\ud83d\ude00","items":[{"a":"\ud83d\ude00"},` + jsonOut("x") + "]}"},
	{"list", `{"kind":"List","items":[1, ` + jsonKES("x") + `,null,` + jsonKES("two") + ` , {}]}`, `{"kind":"List","items":[1, ` + jsonOut("x") + `,null,` + jsonOut("a") + `,` + jsonOut("b") + ` , {}]}`},
	{"list, dropped", `{"items":[` + jsonKES("drop") + `, ` + jsonKES("drop") + ` , {},` + jsonKES("drop") + ` ]}`, `{"items":[{} ]}`},
	{"list, all dropped", `{"items":[ ` + jsonKES("drop") + ` , ` + jsonKES("drop") + ` ]}`, `{"items":[]}`},
	{"nested list", `{"items":[{"kind":"XList","items":[` + jsonKES("x") + `,1]}]}`, `{"items":[{"kind":"XList","items":[` + jsonOut("x") + `,1]}]}`},
	{"typed list", `{"apiVersion":"kubernetes-client.io/v1","kind":"ExternalSecretList","items":[{"metadata":{"name":"x"}}]}`, `{"apiVersion":"kubernetes-client.io/v1","kind":"ExternalSecretList","items":[` + jsonOut("x") + `]}`},
	{"pretty list", "{\r\n  \"items\": [\r\n    {\r\n      \"apiVersion\": \"kubernetes-client.io/v1\",\r\n      \"metadata\": {\"name\": \"two\"}\r\n    },\r\n    {}\r\n  ]\r\n}\r\n", crlf("{\n  \"items\": [\n    {\n      \"apiVersion\": \"external-secrets.io/v1\",\n      \"kind\": \"New\",\n      \"name\": \"a\"\n    },\n    {\n      \"apiVersion\": \"external-secrets.io/v1\",\n      \"kind\": \"New\",\n      \"name\": \"b\"\n    },\n    {}\n  ]\n}\n")},
	{"quoted in a string", `{"kind":"ConfigMap","data":{"a":"{\"apiVersion\":\"kubernetes-client.io/v1\"}"}}`, `{"kind":"ConfigMap","data":{"a":"{\"apiVersion\":\"kubernetes-client.io/v1\"}"}}`},
	{"quoted in a string that looks like JSON", `{"a": '} ` + jsonKES("x") + ` {"x": '}`, `{"a": '} ` + jsonKES("x") + ` {"x": '}`},
	{"an array is no object", "[" + jsonKES("x") + "]", "[" + jsonKES("x") + "]"},
}

func TestJSON(t *testing.T) { testStreams(t, jsonCases) }
