//go:build unix

package limit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func open(t *testing.T, c Config) *Limiter {
	t.Helper()
	if c.Dir == "" {
		c.Dir = filepath.Join(t.TempDir(), "limit")
	}
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func acquire(t *testing.T, l *Limiter) *Slot {
	t.Helper()
	s, err := l.Acquire(t.Context(), time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t *testing.T, l *Limiter, dir string) int {
	t.Helper()
	names, err := l.names(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// until waits for a condition.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestOrder: first come, first served, also past one that gave up.
func TestOrder(t *testing.T) {
	l := open(t, Config{Slots: 1})
	held := acquire(t, l)
	const n = 12
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	giveUp, cancel := context.WithCancel(t.Context())
	for i := range n {
		ctx := t.Context()
		if i%3 == 1 {
			ctx = giveUp
		}
		wg.Go(func() {
			s, err := l.Acquire(ctx, time.Time{})
			if i%3 == 1 {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("call %d: %v", i, err)
				}
				return
			}
			if err != nil {
				t.Errorf("call %d: %v", i, err)
				return
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			if err := s.Release(); err != nil {
				t.Error(err)
			}
		})
		until(t, "the next in the queue", func() bool { return count(t, l, queueDir) == i+1 })
	}
	cancel()
	until(t, "those that give up", func() bool { return count(t, l, queueDir) == n-n/3 })
	if err := errors.Join(held.Release(), held.Release()); err != nil {
		t.Error(err)
	}
	wg.Wait()
	want := []int{0, 2, 3, 5, 6, 8, 9, 11}
	if len(order) != len(want) {
		t.Fatalf("order %v", order)
	}
	for i := range want {
		if order[i] != want[i] {
			t.Fatalf("order %v, want %v", order, want)
		}
	}
	if count(t, l, queueDir) != 0 {
		t.Error("the queue isn't empty")
	}
}

var knobs = Knobs{Slots: "--slots", MaxWaiting: "--waiting", Deadline: "--timeout", CPU: "the CPU limit", Memory: "the memory limit"}

func refused(t *testing.T, err error, why Reason) *BusyError {
	t.Helper()
	var busy *BusyError
	if !errors.As(err, &busy) || busy.Reason != why {
		t.Fatalf("want reason %d: %v", why, err)
	}
	return busy
}

func TestRefusals(t *testing.T) {
	l := open(t, Config{Slots: 1, MaxWaiting: 1, Reserve: 30 * time.Second, Knobs: knobs})
	// Slow runs are known of: what doesn't fit is refused at once.
	if err := l.note(t.Context(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := l.Acquire(ended, time.Time{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	// With a free slot only the reserve counts.
	s, err := l.Acquire(t.Context(), time.Now().Add(5*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = l.Acquire(t.Context(), start.Add(15*time.Minute))
	busy := refused(t, err, TooLong)
	if took := time.Since(start); busy.Waited > took || busy.Left > 15*time.Minute || busy.Left < 15*time.Minute-took {
		t.Errorf("after %s: %+v", took, busy)
	}
	if busy.Running != 1 || busy.Ahead != 0 || busy.Service != 10*time.Minute || busy.Expected != 10*time.Minute {
		t.Errorf("%+v", busy)
	}
	busy.Left = 15 * time.Minute
	if got := busy.Error(); !strings.Contains(got, "1 of 1 at work and 0 waiting in front: it would take another 10m0s, and 10m0s for the run, with 15m0s left") {
		t.Error(got)
	}
	if got := busy.Fix(); got != "try again later, or raise --slots or --timeout (1 slots by the setting)" {
		t.Error(got)
	}
	// Runs got fast: it waits until the reserve is reached.
	for range keptTimes {
		if err := l.note(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.service(); got != time.Millisecond {
		t.Errorf("service %s", got)
	}
	start = time.Now()
	_, err = l.Acquire(t.Context(), start.Add(30*time.Second+500*time.Millisecond))
	busy = refused(t, err, TooLate)
	if took := time.Since(start); took < 450*time.Millisecond || took > 30*time.Second || busy.Waited > took {
		t.Errorf("refused after %s: %+v", took, busy)
	}
	_, err = l.Acquire(t.Context(), time.Now().Add(-time.Second))
	if busy = refused(t, err, TooLate); busy.Left != 0 {
		t.Errorf("%+v", busy)
	}
	// The queue is full.
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := l.Acquire(ctx, time.Time{})
		done <- err
	}()
	until(t, "one in the queue", func() bool { return count(t, l, queueDir) == 1 })
	_, err = l.Acquire(t.Context(), time.Now().Add(time.Minute))
	busy = refused(t, err, QueueFull)
	if got := busy.Fix(); got != "try again later, or raise the memory limit or --waiting or --slots (1 slots by the setting)" {
		t.Error(got)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Release(); err != nil {
		t.Error(err)
	}
}

func TestFix(t *testing.T) {
	for by, want := range map[Bound]string{
		ByCPU:     "try again later, or raise the CPU limit or --slots or --timeout (3 slots by the CPU limit)",
		ByMemory:  "try again later, or raise the memory limit or --slots or --timeout (3 slots by the memory limit)",
		BySetting: "try again later, or raise --slots or --timeout (3 slots by the setting)",
	} {
		if got := (&BusyError{Reason: TooLong, Plan: Plan{Slots: 3, By: by}, Knobs: knobs}).Fix(); got != want {
			t.Error(got)
		}
	}
	if got := (&BusyError{}).Fix(); got != "" {
		t.Errorf("no knobs: %q", got)
	}
}

// TestNoHistory: where no run has ended, the oldest at work says how long one
// takes at least.
func TestNoHistory(t *testing.T) {
	l := open(t, Config{Slots: 1})
	s := acquire(t, l)
	began := time.Now().Add(-20 * time.Second).UnixMilli()
	if _, err := s.file.WriteAt([]byte(strings.Join([]string{itoa(began), itoa(began + 60000)}, " ")+"\n"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := l.Acquire(t.Context(), time.Now().Add(30*time.Second))
	if busy := refused(t, err, TooLong); busy.Service < 20*time.Second || busy.Service > time.Since(time.UnixMilli(began)) {
		t.Errorf("%+v", busy)
	}
}

func TestTimes(t *testing.T) {
	l := open(t, Config{})
	if err := l.root.WriteFile(timesFile, []byte("100\nx\n-3\n99999999999\n300\n7"+strings.Repeat("7", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := l.service(); got != 200*time.Millisecond {
		t.Errorf("service %s", got)
	}
	if err := l.note(t.Context(), 800*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if data, err := l.root.ReadFile(timesFile); err != nil || string(data) != "100\n300\n800\n" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestDeadTickets: a dead process's place counts neither for those behind it
// nor for how many may wait.
func TestDeadTickets(t *testing.T) {
	l := open(t, Config{Slots: 1, MaxWaiting: 2})
	for i := range 5 {
		if err := l.root.WriteFile(ticketName(i+1), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := acquire(t, l).Release(); err != nil {
		t.Error(err)
	}
	if n := count(t, l, queueDir); n != 0 {
		t.Errorf("%d in the queue", n)
	}
}

func TestHostileDir(t *testing.T) {
	base := t.TempDir()
	good := filepath.Join(base, "good")
	open(t, Config{Dir: good})
	open(t, Config{Dir: filepath.Join(base, "a", "b", "c")})
	path := func(name string, make func(string) error) string {
		p := filepath.Join(base, name)
		if err := make(p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	cases := map[string]string{
		path("link", func(p string) error { return os.Symlink(good, p) }):                   "a symbolic link",
		path("dangling", func(p string) error { return os.Symlink(base+"/nothing", p) }):    "a symbolic link",
		path("file", func(p string) error { return os.WriteFile(p, nil, 0o600) }):           "not a directory",
		path("shared", func(p string) error { return mkdir(p, 0o770) }):                     "others may use it (mode 0770)",
		path("readable", func(p string) error { return mkdir(p, 0o704) }):                   "others may use it (mode 0704)",
		path("sticky", func(p string) error { return mkdir(p, os.ModeSticky|os.ModePerm) }): "others may use it (mode 0777)",
	}
	if os.Geteuid() == 0 {
		cases[path("foreign", func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chown(p, 4242, 4242)) })] = "belongs to user 4242"
	} else {
		t.Log("a directory of another user wasn't tried: only root can make one")
	}
	for dir, want := range cases {
		_, err := Open(Config{Dir: dir})
		var de *DirError
		if !errors.As(err, &de) || de.Path != dir || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := os.Lstat(base + "/nothing"); err == nil {
		t.Error("a dangling link was followed")
	}
	// What lies inside can't lead out either.
	l := open(t, Config{Dir: good, Slots: 1})
	outside := filepath.Join(base, "outside")
	if err := os.Symlink(outside, filepath.Join(good, slotName(0))); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(t.Context(), time.Time{}); err == nil {
		t.Error("a slot was taken through a link")
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a link was followed")
	}
}

func mkdir(p string, mode os.FileMode) error {
	return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, mode))
}

func TestScratch(t *testing.T) {
	l := open(t, Config{})
	dir, remove, err := l.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Clean(); n != 0 || err != nil {
		t.Errorf("cleaned %d in use, %v", n, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a", "b")); err != nil {
		t.Error(err)
	}
	if err := errors.Join(remove(), remove()); err != nil {
		t.Error(err)
	}
	if n := count(t, l, scratchDir); n != 0 {
		t.Errorf("%d left", n)
	}
	// What dead processes leave at every point: with and without the
	// directory, with and without the lock. A link isn't followed.
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		name := scratchDir + "/" + itoa(int64(i))
		if err := l.root.MkdirAll(name+"/x/y", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Dir(precious), filepath.Join(l.path, name, "x", "link")); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if err := l.root.WriteFile(name+lockSuffix, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.root.WriteFile(scratchDir+"/no-dir"+lockSuffix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// One that is about to make its directory, and one that never did.
	for _, name := range []string{"young", "old"} {
		if err := l.root.WriteFile(scratchDir+"/"+name+newSuffix, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Minute)
	if err := l.root.Chtimes(scratchDir+"/old"+newSuffix, past, past); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var removed atomic.Int32
	for range 8 {
		wg.Go(func() {
			n, err := l.Clean()
			if err != nil {
				t.Error(err)
			}
			removed.Add(int32(n))
		})
	}
	wg.Wait()
	if names, err := l.names(scratchDir); err != nil || !slices.Equal(names, []string{"young" + newSuffix}) || removed.Load() != 10 {
		t.Errorf("%q left, %d removed, %v", names, removed.Load(), err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}
