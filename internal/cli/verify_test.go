package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestVerifySameBytes verifies a few hundred secrets on one processor and on
// several: what is printed doesn't depend on who is ready first.
func TestVerifySameBytes(t *testing.T) {
	n := 30
	if testing.Short() {
		n = 3
	}
	mix, err := os.ReadFile("../../testdata/verify/secrets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range n {
		text.WriteString("---\n" + strings.ReplaceAll(string(mix), "nnn", fmt.Sprint(i)))
	}
	file := filepath.Join(t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first string
	for _, procs := range []int{1, 4} {
		runtime.GOMAXPROCS(procs)
		var out, errw bytes.Buffer
		if code := Run(context.Background(), []string{"verify", "--store", "shop", "-o", "json", file}, nil, strings.NewReader(""), &out, &errw); code != 0 {
			t.Fatalf("exit code %d: %s", code, errw.String())
		}
		got := out.String() + errw.String()
		if first == "" {
			first = got
		}
		if strings.Count(got, `"outcome": "equal`) != 10*n || got != first {
			t.Errorf("on %d processors: %d secrets proven of %d, same bytes: %t", procs, strings.Count(got, `"outcome": "equal`), 10*n, got == first)
		}
	}
}
