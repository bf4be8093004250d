package render

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		files string
		want  Kind
	}{
		{"a.yaml", Directory},
		{"", Directory},
		{"Chart.yaml a.yaml", Helm},
		{"MyChart.yaml", Helm},
		{"chart.yaml", Directory},
		{"kustomization.yaml", Kustomize},
		{"kustomization.yml", Kustomize},
		{"Kustomization", Kustomize},
		{"kustomization.json", Directory},
		{"Chart.yaml kustomization.yaml", Kustomize},
		{"Chart.yaml Kustomization", Kustomize},
		{"kustomization.yaml zChart.yaml", Helm}, // the last in lexical order
		{"sub/Chart.yaml sub/kustomization.yaml a.yaml", Directory},
		{"Chart.yaml/x kustomization.yaml/x", Directory}, // directories
	} {
		dir := t.TempDir()
		files := map[string]string{}
		for f := range strings.FieldsSeq(c.files) {
			files[f] = ""
		}
		write(t, dir, files)
		got, err := Detect(dir)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.files, got, err, c.want)
		}
	}
	if _, err := Detect("testdata/none"); err == nil {
		t.Error("no error for a directory that doesn't exist")
	}
}

const cm = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"

func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func utf16be(s string) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestDirectory(t *testing.T) {
	tree := map[string]string{
		"app/b.yaml":               cm,
		"app/a.yml":                cm,
		"app/c.json":               `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}`,
		"app/values.yaml":          "a: b\n",
		"app/README.md":            cm,
		"app/z.YAML":               cm,
		"app/skipped.yaml":         "# +argocd:skip-file-rendering\nkind: [",
		"app/sub/d.yaml":           cm,
		"app/sub/deep/e.yaml":      cm,
		"app/.argocd-source.yaml":  "plugin: {parameters: [{string: 'apiVersion: kind: metadata:'}]}\n",
		"app/.argocd-source-x.yml": "kind: [",
	}
	for _, c := range []struct {
		opt           DirectoryOptions
		want, skipped string
	}{
		{DirectoryOptions{}, "a.yml b.yaml c.json", "skipped.yaml values.yaml"},
		{DirectoryOptions{Recurse: true}, "a.yml b.yaml c.json sub/d.yaml sub/deep/e.yaml", "skipped.yaml values.yaml"},
		{DirectoryOptions{Recurse: true, Include: "*.yaml"}, "b.yaml sub/d.yaml sub/deep/e.yaml", "skipped.yaml values.yaml"},
		{DirectoryOptions{Recurse: true, Include: "sub/*"}, "sub/d.yaml sub/deep/e.yaml", ""},
		{DirectoryOptions{Recurse: true, Include: "{a.yml,sub/deep/*}"}, "a.yml sub/deep/e.yaml", ""},
		{DirectoryOptions{Recurse: true, Exclude: "{*values*,sub/*,skipped.yaml}"}, "a.yml b.yaml c.json", ""},
		{DirectoryOptions{Include: "b*", Exclude: "b.yaml"}, "", ""},
		{DirectoryOptions{DisableExtensionFilter: true}, "README.md a.yml b.yaml c.json z.YAML", "skipped.yaml values.yaml"},
		{DirectoryOptions{DisableExtensionFilter: true, Include: "*.{md,YAML}"}, "README.md z.YAML", ""},
	} {
		dir := t.TempDir()
		write(t, dir, tree)
		out, err := Render(context.Background(), Source{Dir: dir + "/app", Root: dir, Directory: c.opt})
		if err != nil {
			t.Errorf("%+v: %v", c.opt, err)
			continue
		}
		var got, skipped []string
		for _, s := range out.Streams {
			name := strings.TrimPrefix(s.Name, "app/")
			got = append(got, name)
			if string(s.Data) != tree["app/"+name] {
				t.Errorf("%s: got %q", s.Name, s.Data)
			}
		}
		for _, s := range out.Skipped {
			skipped = append(skipped, strings.TrimPrefix(s.Name, "app/"))
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%+v: got %s, want %s", c.opt, g, c.want)
		}
		if g := strings.Join(skipped, " "); g != c.skipped {
			t.Errorf("%+v: skipped %s, want %s", c.opt, g, c.skipped)
		}
	}
}

func TestDirectoryFile(t *testing.T) {
	odd := "apiVersion: v1\r\nkind: ConfigMap   # why\r\nmetadata: {name: a}\r\n...\r\n--- # next\r\n\r\n"
	for _, c := range []struct {
		name, in string
		want     string // "-" is skipped
		err      string
	}{
		{"a.yaml", cm, cm, ""},
		{"a.yaml", odd, odd, ""},
		{"a.yaml", "\ufeff" + cm, "\ufeff" + cm, ""},
		{"a.yaml", utf16le(cm + "# ü😀\n"), cm + "# ü😀\n", ""},
		{"a.yaml", utf16be(cm), cm, ""},
		{"a.json", utf16be(`{"kind": "X"}`), `{"kind": "X"}`, ""},
		{"a.yaml", "", "", ""},
		{"a.yaml", "# nothing\n---\n", "# nothing\n---\n", ""},
		{"a.yaml", `{"kind": "X"}` + "\n" + `{"kind": "Y"}`, `{"kind": "X"}` + "\n" + `{"kind": "Y"}`, ""},
		{"a.yaml", "kind: X\nkind: Z\n", "kind: X\nkind: Z\n", ""}, // Argo CD's decoder takes the last
		{"a.yaml", "kind: Y\n", "-", ""},                           // a boolean
		{"a.yaml", "- a\n- b\n", "-", ""},
		{"a.yaml", "text", "-", ""},
		{"a.yaml", "{{ template }}\n", "-", ""},
		{"a.yaml", "kind: ''\n", "-", ""},
		{"a.yaml", "# apiVersion: kind: metadata:\n- a\n", "", "app/a.yaml:2:1: not an object, but a list"},
		{"a.yaml", "# apiVersion: kind: metadata:\n\n  a: b\n", "", "app/a.yaml:3:3: an object without a kind"},
		{"a.yaml", cm + "---\na: b\n", "", "app/a.yaml:6:1: an object without a kind"},
		{"a.yaml", cm + "---\n- b\n", "", "app/a.yaml:6:1: not an object, but a list"},
		{"a.yaml", cm + "  x: [\n", "", "app/a.yaml:5:3: parse YAML: did not find expected node content"},
		{"a.yaml", cm + "\tx: y\n", "", "app/a.yaml:5:1: parse YAML: found a tab character that violates indentation"},
		{"a.yaml", cm + "---\n" + cm + " x: y\n", "", "app/a.yaml:10:2: parse YAML: did not find expected key"},
		{"a.yaml", cm + "data: a: b\n", "", "app/a.yaml:5:1: parse YAML: mapping values are not allowed in this context"},
		{"a.yaml", cm + "data:\n  a: b\n  broken\n  c: d\n", "", "app/a.yaml:7:3: parse YAML: could not find expected ':'"},
		{"a.yaml", "\ufeff" + cm + "x: \"\n", "", "app/a.yaml:5:1: parse YAML: found unexpected end of stream"},
		{"a.json", "", "", "app/a.json: parse JSON: the file is empty"},
		{"a.json", "{\n  \"kind\": \"X\",\n}", "", "app/a.json:3:1: parse JSON: invalid character '}'"},
		{"a.json", `{"a": 1}`, "", "app/a.json:1:1: an object without a kind"},
		{"a.json", `[{"kind": "X"}]`, "", "app/a.json:1:1: parse JSON"},
		{"a.json", "{\"kind\": \"X\"}\n {\"kind\": \"Y\"}\n", "", "app/a.json:2:2: more than one object"},
		{"a.jsonnet", "{}", "", "app/a.jsonnet: the result is an object without a kind"},
		{"a.jsonnet", "// +argocd:skip-file-rendering", "-", ""},
		{"a.libsonnet", "{}", "", ""},
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"app/" + c.name: c.in})
		out, err := Render(context.Background(), Source{Dir: dir + "/app", Root: dir})
		what := fmt.Sprintf("%s %.60q", c.name, c.in)
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %s", what, err, c.err)
			}
			var e *Error
			if !errors.As(err, &e) || e.File != "app/"+c.name {
				t.Errorf("%s: error %#v has no place", what, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		var got []byte
		for _, s := range out.Streams {
			got = append(got, s.Data...)
		}
		if len(out.Skipped) > 0 {
			got = []byte("-")
		}
		if string(got) != c.want {
			t.Errorf("%s: got %q, want %q", what, got, c.want)
		}
	}
}

func TestDirectoryErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": cm + " x", "b.yaml": cm + " y", "c.yaml": cm})
	_, err := Render(context.Background(), Source{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "a.yaml:5:2") || !strings.Contains(err.Error(), "b.yaml:5:2") {
		t.Errorf("want the errors of both files, got %v", err)
	}
	for _, o := range []DirectoryOptions{{Include: "["}, {Exclude: "{a"}} {
		if _, err := Render(context.Background(), Source{Dir: dir, Directory: o}); err == nil || !strings.Contains(err.Error(), "glob") {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}

func TestDirectorySize(t *testing.T) {
	big := cm + strings.Repeat("# 0123456789\n", 1000)
	jsonnetSkipped := "// +argocd:skip-file-rendering\n" + big
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": big, "b.yaml": big, "c.jsonnet": jsonnetSkipped, "skipped.yaml": "# +argocd:skip-file-rendering\n" + big, "d.txt": big})
	for _, c := range []struct {
		max int64
		ok  bool
	}{{0, true}, {-1, true}, {int64(2 * len(big)), true}, {int64(2*len(big)) - 1, false}, {1, false}} {
		_, err := Render(context.Background(), Source{Dir: dir, Directory: DirectoryOptions{MaxSize: c.max}})
		var se *SizeError
		if c.ok != (err == nil) || !c.ok && !errors.As(err, &se) {
			t.Errorf("%d: %v", c.max, err)
		}
	}
	write(t, dir, map[string]string{"e.yaml": cm + strings.Repeat("#", defaultMaxSize)})
	var se *SizeError
	if _, err := Render(context.Background(), Source{Dir: dir}); !errors.As(err, &se) {
		t.Errorf("the default cap: %v", err)
	}
}

func TestDirectoryIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("%d/f%d.yaml", i%7, i)] = cm
	}
	write(t, dir, files)
	var first []byte
	for range 3 {
		out, err := Render(context.Background(), Source{Dir: dir, Directory: DirectoryOptions{Recurse: true}})
		if err != nil || len(out.Streams) != 50 {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for _, s := range out.Streams {
			fmt.Fprintln(&b, s.Name)
		}
		if first == nil {
			first = b.Bytes()
		}
		if !bytes.Equal(first, b.Bytes()) {
			t.Error("the order changes")
		}
	}
}
