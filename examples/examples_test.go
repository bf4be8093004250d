// Package examples_test runs kesbridge on every example and compares what it
// prints with the expected.yaml that lies beside it.
package examples_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/cli"
)

var update = flag.Bool("update", false, "rewrite each expected.yaml")

// examples are the README's commands, and their like for the other examples.
var examples = []struct {
	expected string
	args     []string
}{
	{"hello/expected.yaml", []string{"convert", "examples/hello/database.yaml"}},
	{"shop/overlays/staging/expected.yaml", []string{"render", "examples/shop/overlays/staging"}},
	{"shop/overlays/production/expected.yaml", []string{"render", "examples/shop/overlays/production"}},
	{"shop/chart/expected.yaml", []string{"render", "examples/shop/chart"}},
}

// clean is all that a newcomer sees on standard error.
var clean = regexp.MustCompile(`^kesbridge: (\d+) of (\d+) KES resources? converted(; \d+ infos? \(-v shows them\))?\n$`)

func TestExamples(t *testing.T) {
	src, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	// A repository of its own: the origin annotation is relative to the root
	// that .git marks, and an unpacked archive has none.
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(root, "examples"), os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	for _, tt := range examples {
		t.Run(filepath.Dir(tt.expected), func(t *testing.T) {
			var out, errw bytes.Buffer
			if code := cli.Run(context.Background(), tt.args, nil, strings.NewReader(""), &out, &errw); code != 0 {
				t.Fatalf("exit code %d\n%s", code, errw.String())
			}
			if m := clean.FindStringSubmatch(errw.String()); m == nil || m[1] != m[2] || m[1] == "0" {
				t.Errorf("standard error is not clean:\n%s", errw.String())
			}
			file := filepath.Join(src, tt.expected)
			if *update {
				if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), want) {
				t.Errorf("differs from %s (go test ./examples -update rewrites it)\n%s", tt.expected, out.String())
			}
		})
	}
}

// TestCovered: no application here goes without a test.
func TestCovered(t *testing.T) {
	tested := map[string]bool{}
	for _, tt := range examples {
		tested[tt.expected] = true
	}
	for _, pattern := range []string{"*/expected.yaml", "*/*/expected.yaml", "*/*/*/expected.yaml", "*/overlays/*", "*/chart"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if filepath.Base(file) != "expected.yaml" {
				file = filepath.Join(file, "expected.yaml")
			}
			if !tested[filepath.ToSlash(file)] {
				t.Errorf("%s is in no test", file)
			}
		}
	}
}

// TestReadme: the YAML that the README shows is the hello example, as it is.
func TestReadme(t *testing.T) {
	const file = "../README.md"
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n.*?```\n")
	shown := []string{"hello/database.yaml", "hello/expected.yaml", "hello/kesbridge.yaml"}
	if n := len(blocks.FindAll(readme, -1)); n != len(shown) {
		t.Fatalf("README.md has %d blocks of YAML, want %d", n, len(shown))
	}
	i := 0
	want := blocks.ReplaceAllFunc(readme, func([]byte) []byte {
		text, err := os.ReadFile(shown[i])
		if err != nil {
			t.Error(err)
		}
		i++
		return slices.Concat([]byte("```yaml\n"), text, []byte("```\n"))
	})
	if bytes.Equal(readme, want) {
		return
	}
	if !*update {
		t.Fatal("README.md does not show the example in examples/hello (go test ./examples -update rewrites it)")
	}
	if err := os.WriteFile(file, want, 0o666); err != nil {
		t.Fatal(err)
	}
}
