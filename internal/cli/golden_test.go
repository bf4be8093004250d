package cli

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// invoke runs kesbridge in a directory.
func invoke(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(dir)
	var out, errw bytes.Buffer
	code = Run(context.Background(), args, nil, strings.NewReader(""), &out, &errw)
	return out.String(), errw.String(), code
}

// TestConvertGoldens runs convert on every case in testdata/convert: what it
// prints is in out.*, what it says (with -v) and its exit code in report.txt.
func TestConvertGoldens(t *testing.T) {
	cases, err := filepath.Glob("../../testdata/convert/*")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, dir := range cases {
		dir, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(dir), func(t *testing.T) { goldenCase(t, dir) })
	}
}

func goldenCase(t *testing.T, dir string) {
	in := "in.yaml"
	if _, err := os.Stat(filepath.Join(dir, in)); err != nil {
		in = "in.json"
	}
	args := []string{"convert", "-v", in}
	if b, err := os.ReadFile(filepath.Join(dir, "args")); err == nil {
		args = append(args, strings.Fields(string(b))...)
	}
	stdout, stderr, code := invoke(t, dir, args...)
	report := stderr + "exit code " + string(rune('0'+code)) + "\n"
	compare(t, filepath.Join(dir, "report.txt"), report)
	out := filepath.Join(dir, "out"+filepath.Ext(in))
	if code != 0 {
		if stdout != "" {
			t.Errorf("printed although it failed:\n%s", stdout)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s is there, but the case fails", out)
		}
		return
	}
	compare(t, out, stdout)
	again, _, code := invokeStdin(t, dir, stdout, append([]string{"convert", "-q"}, args[3:]...))
	if !strings.Contains(stdout, "kubernetes-client.io/v1") && (code != 0 || again != stdout) {
		t.Errorf("feeding the output back changes it (exit code %d):\n%s", code, again)
	}
}

func invokeStdin(t *testing.T, dir, in string, args []string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(dir)
	var out, errw bytes.Buffer
	code = Run(context.Background(), args, nil, strings.NewReader(in), &out, &errw)
	return out.String(), errw.String(), code
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update to accept):\n--- want\n%s\n--- got\n%s", filepath.Base(file), want, got)
	}
}
