package examples_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/cli"
)

// switched are the modes of the way with two names, and how many references
// follow in each.
var switched = []struct {
	mode       string
	references int
}{{"keep", 0}, {"side-by-side", 0}, {"switch", 10}, {"switched", 10}}

// TestSwitch renders the example in each mode: the references follow, and
// everything else is there byte for byte.
func TestSwitch(t *testing.T) {
	src, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(root, "examples"), os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	outputs := map[string]string{}
	for _, tt := range switched {
		var out, errw bytes.Buffer
		args := []string{"render", "--mode", tt.mode, "examples/switch/app"}
		if code := cli.Run(context.Background(), args, nil, strings.NewReader(""), &out, &errw); code != 0 {
			t.Fatalf("%s: exit code %d\n%s", tt.mode, code, errw.String())
		}
		if strings.Contains(errw.String(), "warning") {
			t.Errorf("%s: standard error is not clean:\n%s", tt.mode, errw.String())
		}
		outputs[tt.mode] = out.String()
		file := filepath.Join(src, "switch", tt.mode+".yaml")
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("differs from %s (go test ./examples -update rewrites it)\n%s", file, out.String())
		}
	}
	for _, tt := range switched[1:] {
		rest := others(outputs[tt.mode])
		if n := strings.Count(rest, "-eso"); n != tt.references {
			t.Errorf("%s: %d references follow, want %d", tt.mode, n, tt.references)
		}
		if got, want := strings.ReplaceAll(rest, "-eso", ""), others(outputs["keep"]); got != want {
			t.Errorf("%s: more than references differs:\n%s\nwant\n%s", tt.mode, got, want)
		}
		if tt.mode == "switched" {
			if strings.Contains(outputs[tt.mode], "apiVersion: kubernetes-client.io") {
				t.Error("a KES resource is left")
			}
			continue
		}
		for doc := range strings.SplitSeq(outputs["keep"], separator) {
			if !strings.Contains(outputs[tt.mode], doc) && strings.Contains(doc, "apiVersion: kubernetes-client.io/") {
				t.Errorf("%s: the KES resource is another one:\n%s", tt.mode, doc)
			}
		}
	}
}

const separator = "---\n"

// others are the documents of an output that are neither KES's nor ESO's.
func others(output string) string {
	docs := strings.Split(output, separator)
	return strings.Join(slices.DeleteFunc(docs, func(doc string) bool {
		return strings.Contains(doc, "apiVersion: kubernetes-client.io/") || strings.Contains(doc, "apiVersion: external-secrets.io/")
	}), separator)
}
