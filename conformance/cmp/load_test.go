//go:build linux

package cmp

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// loadEnv is how many calls TestLoad makes at once.
const loadEnv = "KESBRIDGE_CMP_LOAD"

const (
	usualLoad  = 60
	loadMemory = 1 << 30
	loadCPUs   = 2
)

// answer is what one call came to.
type answer struct {
	took  time.Duration
	right bool // the manifests are those that a call alone gets
	err   error
}

// TestLoad: many calls at once, in a container of 1 GiB and 2 CPUs. Each is
// answered as if it were alone, or refused before its deadline, with what to
// do; nothing is killed for memory and nothing is left behind.
func TestLoad(t *testing.T) {
	calls := usualLoad
	if v := os.Getenv(loadEnv); v != "" {
		var err error
		if calls, err = strconv.Atoi(v); err != nil {
			t.Fatalf("%s: %v", loadEnv, err)
		}
	}
	s := builds.servers[len(builds.servers)-1]
	env := []string{}
	group, err := newCgroup(t, loadMemory, loadCPUs)
	var dirs []string
	if err != nil {
		t.Logf("no cgroup (%v): KESBRIDGE_PARALLEL and KESBRIDGE_MAX_WAITING stand for the limits, and memory isn't measured", err)
		env, group = append(env, "KESBRIDGE_PARALLEL=2", "KESBRIDGE_MAX_WAITING=40"), nil
	} else {
		dirs = group.dirs
	}
	sc := start(t, s, env, dirs...)
	root := loadRepository(t)
	paths := []string{"apps/dir", "apps/kust", "apps/chart", "apps/large"}
	alone := map[string]string{}
	call := func(path string) (string, error) {
		m, err := sc.send(t.Context(), root, application(t, path, plugin("[{name: mode, string: replace}]", "")), root)
		return strings.Join(m, "---\n"), err
	}
	for _, p := range paths {
		if alone[p], err = call(p); err != nil {
			t.Fatal(err)
		}
	}

	watched, stop := context.WithCancel(t.Context())
	peaks := sc.watch(t, watched, group)
	answers := make([]answer, calls)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range answers {
		wg.Go(func() {
			p := paths[i%len(paths)]
			start := time.Now()
			out, err := call(p)
			answers[i] = answer{time.Since(start), out == alone[p], err}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	stop()
	peak := <-peaks

	sc.judge(t, answers, took)
	t.Logf("disk %d MiB at the most, kesbridge processes at once %d", peak.disk>>20, peak.processes)
	if group != nil {
		t.Logf("memory at the most: %d MiB anonymous, %d MiB with file caches, of %d", peak.anonymous>>20, field(t, group.peak, "")>>20, loadMemory>>20)
		if n := field(t, group.kills, "oom_kill"); n != 0 {
			t.Errorf("%d processes were killed for memory", n)
		}
	}
	if left := list(t, filepath.Join(sc.work(), "scratch")); len(left) != 0 {
		t.Errorf("scratch directories left: %q", left)
	}
	if left := list(t, filepath.Join(sc.work(), "queue")); len(left) != 0 {
		t.Errorf("queue: %q", left)
	}
}

// judge holds the answers to the contract, and says how long they took.
func (s *sidecar) judge(t *testing.T, answers []answer, took time.Duration) {
	t.Helper()
	var answered, refused []time.Duration
	for i, a := range answers {
		switch {
		case a.err == nil && a.right:
			answered = append(answered, a.took)
		case a.err == nil:
			t.Errorf("call %d got other manifests than a call alone", i)
		case status.Code(a.err) == codes.DeadlineExceeded || a.took >= deadline:
			t.Errorf("call %d was cut off at its deadline: %v", i, a.err)
		case strings.Contains(a.err.Error(), ": wait for a slot: gave up after ") && strings.Contains(a.err.Error(), "\n  try again later, or raise the sidecar's "):
			refused = append(refused, a.took)
		default:
			t.Errorf("call %d: %v", i, a.err)
		}
	}
	if len(answered) == 0 {
		t.Fatal("no call was answered")
	}
	runs := s.generated()
	var waits []time.Duration
	var rss int64
	for _, r := range runs[len(runs)-len(answered):] {
		waits = append(waits, time.Duration(r.WaitMs)*time.Millisecond)
		rss = max(rss, r.MaxRSSMiB)
	}
	t.Logf("%d calls in %s: %d answered, %d refused", len(answers), took.Round(100*time.Millisecond), len(answered), len(refused))
	t.Logf("wait for a slot: %s; whole call, answered: %s; refused: %s; a run's memory at the most: %d MiB", quantiles(waits), quantiles(answered), quantiles(refused), rss)
}

// quantiles are p50, p99 and the largest.
func quantiles(d []time.Duration) string {
	if len(d) == 0 {
		return "none"
	}
	slices.Sort(d)
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(10 * time.Millisecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, max %s", at(0.5), at(0.99), d[len(d)-1].Round(10*time.Millisecond))
}

// peaks are the most that was seen.
type peaks struct{ disk, anonymous, processes int }

// watch samples until ctx ends.
func (s *sidecar) watch(t *testing.T, ctx context.Context, group *cgroup) <-chan peaks {
	out := make(chan peaks, 1)
	go func() {
		var p peaks
		for i := 0; ctx.Err() == nil; i++ {
			if group != nil {
				p.anonymous = max(p.anonymous, field(t, group.stat, group.anonymous))
			}
			if i%10 == 0 {
				p.processes = max(p.processes, len(s.processes()))
				p.disk = max(p.disk, size(filepath.Join(s.root, "tmp")))
			}
			time.Sleep(50 * time.Millisecond)
		}
		out <- p
	}()
	return out
}

// size is what a directory's files take, while they come and go.
func size(dir string) int {
	total := 0
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += (int(info.Size()) + 4095) &^ 4095
			}
		}
		return nil
	})
	return total
}

// loadRepository is shop with an app of 200 objects, 40 of them KES's, and 1
// MiB beside.
func loadRepository(t *testing.T) string {
	t.Helper()
	root := checkout(t, "shop")
	for i := range 40 {
		var b strings.Builder
		fmt.Fprintf(&b, "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: s%d, namespace: shop}\nspec:\n  backendType: secretsManager\n  data: [{key: prod/s%d, name: password, property: password}]\n", i, i)
		for j := range 4 {
			fmt.Fprintf(&b, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d-%d, namespace: shop}\ndata: {text: %q}\n", i, j, strings.Repeat("x", 500))
		}
		write(t, filepath.Join(root, "apps/large", fmt.Sprintf("%02d.yaml", i)), b.String())
	}
	noise := make([]byte, 64<<10)
	x := uint32(1)
	for i := range 16 {
		for j := range noise {
			x = x*1664525 + 1013904223
			noise[j] = byte(x >> 24)
		}
		write(t, filepath.Join(root, "docs", fmt.Sprintf("%02d.bin", i)), string(noise))
	}
	return root
}
