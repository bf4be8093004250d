package sidecar

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"kesbridge/internal/limit"
)

// TestDeadline: the caller's time counts from when the repository began to
// come, if that can be this call's.
func TestDeadline(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells when a directory was made, as the sidecar needs it")
	}
	const timeout = 20 * time.Second
	start := time.Now().Truncate(time.Microsecond)
	for _, c := range []struct {
		name, source string
		made         time.Duration // before start
		want         time.Duration // after start
	}{
		{"sent in 5 s", "apps/web", 5 * time.Second, 15 * time.Second},
		{"the root itself", ".", 5 * time.Second, 15 * time.Second},
		{"no time left, but a slot may be free", "apps/web", timeout - time.Second, 2 * limit.DefaultReserve},
		{"older than any call", "apps/web", time.Hour, timeout},
		{"a part of a repository", "other/web", 5 * time.Second, timeout},
		{"younger than this process", "apps/web", -time.Second, timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := t.TempDir()
			dir := filepath.Join(top, "apps", "web")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if c.source == "." {
				dir = top
			}
			t.Chdir(dir)
			if err := os.Chtimes(top, start.Add(-c.made), time.Time{}); err != nil {
				t.Fatal(err)
			}
			if got := Deadline(root(c.source), start, timeout).Sub(start); got != c.want {
				t.Errorf("%s after the start, want %s", got, c.want)
			}
		})
	}
}

// TestFirstRead: what is put into a directory doesn't make it younger.
func TestFirstRead(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only asked on Linux")
	}
	before := time.Now().Add(-50 * time.Millisecond) // the kernel's clock for files is coarse
	dir := filepath.Join(t.TempDir(), "made")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	time.Sleep(100 * time.Millisecond)
	if err := os.MkdirAll(filepath.Join(dir, "apps", "web"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tgz"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "tgz")); err != nil {
		t.Fatal(err)
	}
	if made, ok := firstRead(dir); !ok || made.Before(before) || made.After(after) {
		t.Errorf("made at %s (%v), want from %s to %s", made, ok, before, after)
	}
}
