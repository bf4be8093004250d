package preview_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"kesbridge/internal/preview"
)

func TestUnified(t *testing.T) {
	var out bytes.Buffer
	if err := preview.Unified(&out, false, "old", "new", []byte("a\nb\n"), []byte("a\n-- x\n")); err != nil {
		t.Fatal(err)
	}
	if want := "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+-- x\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
	out.Reset()
	if err := preview.Unified(&out, true, "old", "new", []byte("-- y\n"), []byte("c\n")); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1m--- old\x1b[0m\n\x1b[1m+++ new\x1b[0m\n\x1b[36m@@ -1,1 +1,1 @@\x1b[0m\n\x1b[31m--- y\x1b[0m\n\x1b[32m+c\x1b[0m\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
	out.Reset()
	if err := preview.Unified(&out, true, "old", "new", []byte("a"), []byte("a")); err != nil || out.Len() > 0 {
		t.Errorf("equal texts: %q, %v", &out, err)
	}
}

// TestMask: no value comes through, wherever it stands, and what is equal stays
// equal.
func TestMask(t *testing.T) {
	secret := func(body string) string {
		return `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"VALUE","x":"kept"}}` + body + `}`
	}
	for _, c := range []struct{ name, before, after, wantBefore, wantAfter string }{
		{"equal and different", secret(`,"data":{"a":"VALUE","b":"VALUE"}`), secret(`,"data":{"a":"VALUE","b":"VALUE2"}`),
			`"data":{"a":"++++++++","b":"++++++++"}`, `"data":{"a":"++++++++","b":"++++++++++++"}`},
		{"one side", ``, secret(`,"stringData":{"a":"VALUE"}`), ``, `"stringData":{"a":"++++++++"}`},
		{"the other", secret(`,"stringData":{"a":"VALUE"}`), ``, `"stringData":{"a":"++++++++"}`, ``},
		{"new key", secret(`,"data":{}`), secret(`,"data":{"a":"VALUE"}`), `"data":{}`, `"data":{"a":"++++++++"}`},
		{"no map", secret(`,"data":"VALUE"`), secret(`,"data":["VALUE"]`), `"data":"++++++++"`, `"data":"++++++++++++"`},
		{"no text", secret(`,"data":{"a":{"b":"VALUE"}}`), secret(`,"data":{"a":["VALUE"]}`), `"data":{"a":"++++++++"}`, `"data":{"a":"++++++++++++"}`},
		{"in a list", `{"kind":"List","items":[` + secret(`,"data":{"a":"VALUE"}`) + `]}`, `{"kind":"List","items":[{},` + secret(`,"data":{"a":"VALUE"}`) + `]}`, `"data":{"a":"++++++++"}`, `"data":{"a":"++++++++"}`},
		{"beside something else", `{"kind":"X","spec":[1]}`, `{"kind":"X","spec":` + secret(`,"data":{"a":"VALUE"}`) + `}`, `[1]`, `"data":{"a":"++++++++"}`},
		{"a manifest in a text", `{"kind":"ConfigMap","data":{"x":"apiVersion: v1\nkind: Secret\ndata: {a: VALUE}"}}`, `{"kind":"ConfigMap","data":{"x":"apiVersion: v1\nkind: Secret\ndata: {a: VALUE2}","y":"kept"}}`,
			`{"x":"++++++++"}`, `{"x":"++++++++++++","y":"kept"}`},
		{"in flow style", `{"kind":"ConfigMap","data":{"x":"{kind: Secret, data: {a: VALUE}}"}}`, `{"kind":"ConfigMap","data":{}}`, `{"x":"++++++++"}`, `{}`},
		{"as JSON in JSON", `{"kind":"ConfigMap","data":{"x":"{\"a\":\"{\\\"kind\\\":\\\"Secret\\\",\\\"data\\\":\\\"VALUE\\\"}\"}"}}`, `{"kind":"ConfigMap"}`, `{"x":"++++++++"}`, `{`},
		{"a list of texts", `{"kind":"X","args":["- kind: 'Secret'\n  stringData: VALUE","kept"]}`, `{"kind":"X","args":["- kind: 'Secret'\n  stringData: VALUE","other"]}`, `["++++++++","kept"]`, `["++++++++","other"]`},
		{"only now a text", `{"kind":"X","x":{"a":1}}`, `{"kind":"X","x":"kind: SecretList # VALUE"}`, `"x":"++++++++"`, `"x":"++++++++++++"`},
		{"a sealed one's template", `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","spec":{"template":{"data":{"a":"VALUE"},"type":"Opaque"}}}`, `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","spec":{"template":{"data":{"a":"VALUE2"},"type":"Opaque"}}}`,
			`{"data":{"a":"++++++++"},"type":"Opaque"}`, `{"data":{"a":"++++++++++++"},"type":"Opaque"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a, b map[string]any
			for text, into := range map[string]*map[string]any{c.before: &a, c.after: &b} {
				if text == "" {
					continue
				}
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			if c.before == c.after {
				t.Fatal("the test needs two texts")
			}
			a, b = preview.Copy(a), preview.Copy(b)
			preview.Mask(a, b)
			gotA, _ := json.Marshal(a)
			gotB, _ := json.Marshal(b)
			if strings.Contains(string(gotA)+string(gotB), "VALUE") {
				t.Errorf("a value came through:\n%s\n%s", gotA, gotB)
			}
			if !strings.Contains(string(gotA), c.wantBefore) || !strings.Contains(string(gotB), c.wantAfter) {
				t.Errorf("got\n%s\n%s", gotA, gotB)
			}
		})
	}
	plain := map[string]any{"kind": "ConfigMap", "data": map[string]any{"a": "shown"}}
	preview.Mask(plain, nil)
	if plain["data"].(map[string]any)["a"] != "shown" {
		t.Error("a ConfigMap was masked")
	}
	// What names the kind and holds none is shown.
	for _, text := range []string{"kind: SecretStore", "kind: ExternalSecret", "the kind Secret", "secretName: x", "kind: Secrets", `{"kind":"SecretStore"}`} {
		m := map[string]any{"kind": "ConfigMap", "data": map[string]any{"a": text}}
		preview.Mask(m, nil)
		if m["data"].(map[string]any)["a"] != text {
			t.Errorf("%q was masked", text)
		}
	}
}
