package fleet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
)

// TestScan: heads are what YAML says, however it is written.
func TestScan(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
	}{
		{"block", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: b\n", "1 v1 Secret b/a"},
		{"quoted, commented, indented", "\n# x\n  \"apiVersion\": 'v1' # y\n  kind : \"Secret\"\n  metadata:\n    labels:\n      name: no\n    name: a\n", "3 v1 Secret /a"},
		{"several", "---\napiVersion: v1\nkind: A\n--- # x\napiVersion: g/v1\nkind: B\nmetadata: {name: b}\n", "2 v1 A /, 5 g/v1 B /b"},
		{"flow", "{\"apiVersion\": \"v1\",\n \"kind\": \"A\", \"metadata\": {\"name\": \"a\"}}\n---\nkind: B\n", "1 v1 A /a"},
		{"a text that looks like one", "data: |\n  apiVersion: v1\n  kind: A\n", ""},
		{"BOM, CRLF", "\xef\xbb\xbfapiVersion: v1\r\nkind: A\r\nmetadata:\r\n  name: a\r\n", "1 v1 A /a"},
		{"values", "kind: x\nimage: y\n", ""},
		{"similar keys", "apiVersion: v1\nkinds: x\nkind:A\n", ""},
	} {
		f := &file{name: "a.yaml", data: []byte(c.in)}
		f.scan()
		got := ""
		for i, h := range f.heads {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprintf("%d %s %s %s/%s", h.line, h.apiVersion, h.kind, h.namespace, h.name)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestEndless: an app of apps that makes an ever new one of itself ends.
func TestEndless(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := Find(t.Context(), &argocd.Checkout{Root: root, URLs: []string{"https://git.example/a"}}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := Candidate{Dir: "a", From: manifest.Pos{File: "a"}}
	for n := range 100 {
		text := fmt.Sprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {source: {repoURL: https://git.example/a, path: a, helm: {parameters: [{name: level, value: '%d'}]}}}\n", n)
		more, skips := f.Rendered("out", []byte(text), c)
		if len(more) == 0 {
			if n != maxDepth || len(skips) != 1 || skips[0].Pos.File != "a" {
				t.Errorf("ended after %d with %v", n, skips)
			}
			return
		}
		c = more[0]
	}
	t.Error("no end")
}

// TestUnreadable: what can't be read is named.
func TestUnreadable(t *testing.T) {
	root := t.TempDir()
	big := filepath.Join(root, "big.yaml")
	if err := os.WriteFile(big, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, maxFile+1); err != nil {
		t.Skipf("a large file can't be made: %v", err)
	}
	f, err := Find(t.Context(), &argocd.Checkout{Root: root}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Skipped) != 1 || f.Skipped[0].Pos.File != "big.yaml" {
		t.Errorf("%+v", f.Skipped)
	}
}

// FuzzScan: no file makes it panic, and places are in the file.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"apiVersion: v1\nkind: A\nmetadata: {name: '${X}'}\n", "{a: [", "---\n{{ x }}\n", "metadata:\n  name: <A>\n", "apiVersion: kubernetes-client.io/v1\nx: ${A} <path:b#c> # <D>\n", "\"\n'\n:\n", "image: {{ x }}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		one := &file{name: "a.yaml", data: data}
		one.scan()
		n := bytes.Count(data, []byte("\n")) + 1
		for _, h := range one.heads {
			if h.line < 1 || h.line > n {
				t.Fatalf("line %d of %d", h.line, n)
			}
		}
		if one.bad != nil && (one.bad.line < 1 || one.bad.line > n) {
			t.Fatalf("placeholder in line %d of %d", one.bad.line, n)
		}
		one.data = data
		var joined []byte
		for _, d := range one.documents() {
			joined = append(joined, bytes.TrimLeft(d, "\n")...)
		}
		if !bytes.Equal(bytes.ReplaceAll(joined, []byte("\n"), nil), bytes.ReplaceAll(data, []byte("\n"), nil)) {
			t.Fatalf("documents %q of %q", joined, data)
		}
		parseKustomization(&file{name: "kustomization.yaml", data: data})
		parseChart(&file{name: "Chart.yaml", data: data})
	})
}
