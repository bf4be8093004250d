//go:build linux

package cmp

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestWaitingIsSmall: what a call holds while it waits bounds how many fit into
// the sidecar. It waits before the libraries are initialised.
func TestWaitingIsSmall(t *testing.T) {
	const most = 4 << 10 // KiB, of memory of its own
	sc := start(t, builds.servers[len(builds.servers)-1], []string{"KESBRIDGE_PARALLEL=1"})
	root := checkout(t, "shop")
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	call := func(path string) {
		calls.Go(func() { sc.send(ctx, root, application(t, path, plugin("[{name: mode, string: keep}]", "")), root) })
	}
	call("apps/slow")
	until(t, "the slot to be taken", func() bool { return len(list(t, filepath.Join(sc.work(), "scratch"))) > 0 })
	for range 3 {
		call("apps/dir")
	}
	until(t, "the calls to wait", func() bool { return len(list(t, filepath.Join(sc.work(), "queue"))) == 3 })
	// Those in the queue have done what they do before they wait.
	var sizes []int
	until(t, "the render to grow", func() bool {
		sizes = nil
		for _, pid := range sc.processes() {
			sizes = append(sizes, own(t, pid))
		}
		slices.Sort(sizes)
		return len(sizes) == 4 && sizes[3] > most
	})
	t.Logf("memory of their own: %d KiB", sizes)
	if len(sizes) != 4 || sizes[2] > most || sizes[3] < most {
		t.Errorf("three wait and one renders, with %d KiB of their own; want at most %d for those that wait", sizes, most)
	}
}

// own is a process's anonymous memory in KiB.
func own(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nRssAnon:")
	n, err := strconv.Atoi(strings.Fields(rest + " ?")[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
