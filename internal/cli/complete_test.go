package cli

import (
	"strings"
	"testing"

	"kesbridge/internal/report"
)

// TestCompleteReport: the shell offers every format, and files behind "=".
func TestCompleteReport(t *testing.T) {
	stdout, _, code := invoke(t, t.TempDir(), "__complete", "check", "--report", "")
	if want := strings.Join(report.Formats(), "=\n") + "=\n:6\n"; stdout != want || code != 0 {
		t.Errorf("exit code %d, got %q, want %q", code, stdout, want)
	}
	if stdout, _, _ := invoke(t, t.TempDir(), "__complete", "check", "--report", "html=x"); stdout != ":0\n" {
		t.Errorf("a path gives %q", stdout)
	}
}
