//go:build linux

package cmp

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cgroup limits a sidecar as a container's limits do, under either version of
// the kernel's interface.
type cgroup struct {
	dirs []string // to enter
	// usage counts file caches too, which the kernel gives back when it needs
	// them; anonymous memory it can't.
	peak, stat, anonymous string
	// kills is the file that counts processes that the kernel killed for
	// memory.
	kills string
}

const hierarchies = "/sys/fs/cgroup"

// newCgroup makes one, or says why it can't.
func newCgroup(t *testing.T, memory, cpus int) (*cgroup, error) {
	t.Helper()
	name := fmt.Sprintf("kesbridge-cmp-%d", os.Getpid())
	mk := func(parent string, files map[string]string) (string, error) {
		dir := filepath.Join(parent, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", err
		}
		t.Cleanup(func() {
			// It empties when the last process has been waited for.
			for range 100 {
				if os.Remove(dir) == nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			t.Errorf("%s stays", dir)
		})
		for file, value := range files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
				return "", err
			}
		}
		return dir, nil
	}
	const period = 100000
	if _, err := os.Stat(filepath.Join(hierarchies, "cgroup.controllers")); err == nil {
		dir, err := mk(hierarchies, map[string]string{
			"memory.max": strconv.Itoa(memory), "cpu.max": fmt.Sprintf("%d %d", cpus*period, period),
		})
		if err != nil {
			return nil, err
		}
		return &cgroup{dirs: []string{dir}, peak: dir + "/memory.peak", stat: dir + "/memory.stat", anonymous: "anon", kills: dir + "/memory.events"}, nil
	}
	mem, err := mk(filepath.Join(hierarchies, "memory"), map[string]string{"memory.limit_in_bytes": strconv.Itoa(memory)})
	if err != nil {
		return nil, err
	}
	cpu, err := mk(filepath.Join(hierarchies, "cpu"), map[string]string{"cpu.cfs_quota_us": strconv.Itoa(cpus * period)})
	if err != nil {
		return nil, err
	}
	return &cgroup{dirs: []string{mem, cpu}, peak: mem + "/memory.max_usage_in_bytes", stat: mem + "/memory.stat", anonymous: "rss", kills: mem + "/memory.oom_control"}, nil
}

// field reads the number behind a name in a file of lines, or the one number
// of a file.
func field(t *testing.T, file, name string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if name != "" && (len(f) != 2 || f[0] != name) {
			continue
		}
		n, err := strconv.Atoi(f[len(f)-1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Fatalf("%s: no %s", file, name)
	return 0
}
