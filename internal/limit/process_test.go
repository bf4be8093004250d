//go:build unix

package limit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// TestMain: with KESBRIDGE_LIMIT_HELPER the test binary is a process that
// wants a slot.
func TestMain(m *testing.M) {
	if args := os.Getenv("KESBRIDGE_LIMIT_HELPER"); args != "" {
		if err := helper(strings.Split(args, "|")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// reserve is far more than what a busy machine holds a process up by.
const reserve = 20 * time.Second

// helper is given the directory, slots, waiting, milliseconds at work, and
// milliseconds to the deadline; it notes in DIR.log when it comes and goes.
// With 0 ms at work it stays until it is killed.
func helper(args []string) error {
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(args[i+1])
	}
	// The others of contend are to begin at the same time: it opens this gate.
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	deadline := time.Now().Add(time.Duration(n[3]) * time.Millisecond)
	log, err := os.OpenFile(args[0]+".log", os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	l, err := Open(Config{Dir: args[0], Slots: n[0], MaxWaiting: n[1], Reserve: reserve})
	if err != nil {
		return err
	}
	if _, err := l.Clean(); err != nil {
		return err
	}
	dir, remove, err := l.Scratch()
	if err != nil {
		return err
	}
	defer remove()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
		return err
	}
	fmt.Println("started")
	s, err := l.Acquire(context.Background(), deadline)
	var busy *BusyError
	if errors.As(err, &busy) {
		fmt.Println("refused", int(busy.Reason), busy.Waited.Milliseconds())
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(log, "+")
	fmt.Println("served", s.Waited.Milliseconds())
	if n[2] == 0 {
		time.Sleep(time.Hour)
	}
	time.Sleep(time.Duration(n[2]) * time.Millisecond)
	fmt.Fprintln(log, "-")
	fmt.Println("done", max(0, -time.Until(deadline).Milliseconds()))
	return s.Release()
}

// process is a helper at work; lines are what it printed.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// start starts one; it begins when gate is at its end, at once without one.
func start(t *testing.T, dir string, slots, waiting, work, deadline int, gate *os.File) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	if gate != nil {
		cmd.Stdin = gate
	}
	cmd.Env = append(os.Environ(), fmt.Sprintf("KESBRIDGE_LIMIT_HELPER=%s|%d|%d|%d|%d", dir, slots, waiting, work, deadline))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) expect(t *testing.T, word string) {
	t.Helper()
	if !p.lines.Scan() || !strings.HasPrefix(p.lines.Text(), word) {
		t.Fatalf("want %q, got %q, %v", word, p.lines.Text(), p.lines.Err())
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// outcome is what became of many processes.
type outcome struct {
	served, refused int
	// most were at work at once.
	most int
	// waits are those of the served, late how long after the deadline they
	// were done, and gaveUp the waits of the refused; in milliseconds.
	waits, late, gaveUp []int
	reasons             map[Reason]int
}

// contend lets n processes begin at once. Those slots that are held get free
// when all but the waiting were refused.
func contend(t *testing.T, n, slots, held, waiting, work, deadline int) (o outcome) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "limit")
	l := open(t, Config{Dir: dir, Slots: slots})
	var holding []*Slot
	for range held {
		holding = append(holding, acquire(t, l))
	}
	gate, opener, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	defer opener.Close()
	o.reasons = map[Reason]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range n {
		p := start(t, dir, slots, waiting, work, deadline, gate)
		wg.Go(func() {
			for p.lines.Scan() {
				var a, b int
				mu.Lock()
				switch line := p.lines.Text(); {
				case scan(line, "served %d", &a):
					o.served++
					o.waits = append(o.waits, a)
				case scan(line, "done %d", &a):
					o.late = append(o.late, a)
				case scan(line, "refused %d %d", &a, &b):
					o.refused++
					o.gaveUp = append(o.gaveUp, b)
					if o.reasons[Reason(a)]++; o.refused == n-waiting {
						for _, s := range holding {
							if err := s.Release(); err != nil {
								t.Error(err)
							}
						}
					}
				}
				mu.Unlock()
			}
			if err := p.cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	if err := opener.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	log, err := os.ReadFile(dir + ".log")
	if err != nil {
		t.Fatal(err)
	}
	inside := 0
	for _, c := range strings.ReplaceAll(string(log), "\n", "") {
		if inside += map[rune]int{'+': 1, '-': -1}[c]; inside > o.most {
			o.most = inside
		}
	}
	if a, b := count(t, l, scratchDir), count(t, l, queueDir); a != 0 || b != 0 {
		t.Errorf("left: %d in scratch, %d in the queue", a, b)
	}
	for _, s := range [][]int{o.waits, o.late, o.gaveUp} {
		slices.Sort(s)
	}
	t.Logf("%d processes, %d slots, %d ms each: %d served (waits %v ms), %d refused %v (after %v ms), at most %d at work",
		n, slots, work, o.served, quantiles(o.waits), o.refused, o.reasons, quantiles(o.gaveUp), o.most)
	return o
}

func scan(line, format string, v ...any) bool {
	_, err := fmt.Sscanf(line, format, v...)
	return err == nil
}

// quantiles are the median, the 99th of a hundred, and the most.
func quantiles(s []int) []int {
	if len(s) == 0 {
		return nil
	}
	return []int{s[len(s)/2], s[len(s)*99/100], s[len(s)-1]}
}

// TestAllServed: never more at work than slots, and nobody starves.
func TestAllServed(t *testing.T) {
	o := contend(t, 60, 3, 0, 0, 20, 600000)
	if o.served != 60 || o.most > 3 {
		t.Errorf("%+v", o)
	}
}

// TestQueueFull: those for whom there is no memory are refused at once, while
// the others still wait.
func TestQueueFull(t *testing.T) {
	o := contend(t, 60, 2, 2, 5, 20, 600000)
	if o.served != 5 || o.refused != 55 || o.reasons[QueueFull] != 55 || o.most > 2 {
		t.Errorf("%+v", o)
	}
}

// TestDeadline: who can't be served in time is refused before its deadline, and
// what was begun began in time.
func TestDeadline(t *testing.T) {
	const work, wait = 400, 1500
	deadline := int(reserve.Milliseconds()) + wait
	o := contend(t, 40, 1, 0, 0, work, deadline)
	if o.served+o.refused != 40 || o.served == 0 || o.refused == 0 || o.most != 1 || len(o.late) != o.served {
		t.Errorf("%+v", o)
	}
	for _, waits := range [][]int{o.gaveUp, o.waits} {
		if n := len(waits); n > 0 && waits[n-1] >= deadline {
			t.Errorf("waited %d ms of %d", waits[n-1], deadline)
		}
	}
}

// TestKilled: SIGKILL at work, and SIGKILL in the queue.
func TestKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "limit")
	atWork := start(t, dir, 1, 0, 0, 600000, nil)
	atWork.expect(t, "started")
	atWork.expect(t, "served")
	l := open(t, Config{Dir: dir, Slots: 1})
	waits := start(t, dir, 1, 0, 0, 600000, nil)
	waits.expect(t, "started")
	until(t, "it to wait", func() bool { return count(t, l, queueDir) == 1 })
	last := start(t, dir, 1, 0, 1, 600000, nil)
	last.expect(t, "started")
	until(t, "both to wait", func() bool { return count(t, l, queueDir) == 2 })
	if n := count(t, l, scratchDir); n != 6 {
		t.Fatalf("%d in scratch, want 3 directories and locks", n)
	}
	waits.kill()
	until(t, "the dead one's place to be taken", func() bool { return count(t, l, queueDir) == 1 })
	if n, err := l.Clean(); n != 1 || err != nil {
		t.Errorf("cleaned %d, %v", n, err)
	}
	atWork.kill()
	last.expect(t, "served")
	last.expect(t, "done")
	if err := last.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if n, err := l.Clean(); n != 1 || err != nil || count(t, l, scratchDir) != 0 {
		t.Errorf("cleaned %d, %v", n, err)
	}
	// The killed run counts, or else only quick ones would.
	if times := l.times(); len(times) != 2 {
		t.Errorf("times %v", times)
	}
}
