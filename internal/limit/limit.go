// Package limit bounds how many kesbridge processes of one container are at
// work at once. Argo CD starts one for each render, as many as there are
// (facts about argocd-cmp-server v2.14-v3.6: cmpserver/plugin/plugin.go has no
// limit, and --parallelismlimit is given back before the plugin runs), and
// kills it at the caller's deadline without a warning.
//
// So nothing here hangs on a process ending well. Who is at work, who waits and
// whose scratch directory is in use is told by locks on files (flock(2)), which
// the kernel frees however their owner ends. What a killed process leaves is
// removed by the next.
//
//	DIR/lock        held for the moment in which the directory is changed
//	DIR/slots/N     locked while a run is at work; says since when, until when
//	DIR/queue/N     locked while a process waits; the lowest number is first
//	DIR/times       how long the latest runs took
//	DIR/scratch/    a directory for each process, and its lock
//	DIR/clean       locked while a process removes what dead ones left
package limit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	mutexFile  = "lock"
	queueDir   = "queue"
	slotDir    = "slots"
	scratchDir = "scratch"
)

// Limiter gives out slots. It may be used by many goroutines at once.
type Limiter struct {
	plan    Plan
	reserve time.Duration
	knobs   Knobs
	path    string
	// root is nil where the system has no locks that die with their owner;
	// then nothing is limited.
	root *os.Root
}

// Open makes or opens the directory. One that another user could change is a
// *DirError.
func Open(c Config) (*Limiter, error) {
	l := &Limiter{plan: c.Plan(), reserve: positive(c.Reserve, DefaultReserve), knobs: c.Knobs, path: c.Dir}
	if !supported {
		return l, nil
	}
	if l.path == "" {
		l.path = DefaultDir()
	}
	var err error
	if l.path, err = filepath.Abs(l.path); err == nil {
		l.root, err = openDir(l.path)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Close closes the directory, after the last Release; what is held stays held.
func (l *Limiter) Close() error {
	if l.root == nil {
		return nil
	}
	return l.root.Close()
}

// Plan returns the numbers in force.
func (l *Limiter) Plan() Plan { return l.plan }

// Slot is the right to be at work.
type Slot struct {
	// Waited is how long it took to get it.
	Waited time.Duration

	l     *Limiter
	file  *os.File
	began time.Time
}

// Acquire waits for a slot, first come, first served. It returns a *BusyError
// as soon as it looks as if the run couldn't be done by the deadline, so that
// the caller hears of it instead of being cut off; a zero deadline is none.
// When ctx ends its error is returned.
//
// A wait that was given up leaves a goroutine behind until the process that is
// next in front of it has got its slot, or has given up, too.
func (l *Limiter) Acquire(ctx context.Context, deadline time.Time) (*Slot, error) {
	start := time.Now()
	if l.root == nil {
		return &Slot{}, nil
	}
	w := &waiter{l: l, start: start, deadline: deadline}
	// Ended on return, for what still waits for a lock.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !deadline.IsZero() {
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-l.reserve), errLate)
		defer cancel()
	}
	s, err := w.wait(ctx)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, errLate):
		return nil, w.busy(TooLate)
	}
	var busy *BusyError
	if errors.As(err, &busy) {
		return nil, busy
	}
	return nil, fmt.Errorf("wait for a slot: %w", err)
}

// errLate is why a wait ends that came too close to its deadline.
var errLate = errors.New("too close to the deadline")

// Release gives the slot back and notes how long the run took. It may be
// called more than once.
func (s *Slot) Release() error {
	if s == nil || s.file == nil {
		return nil
	}
	took := time.Since(s.began)
	// Emptied first: what is in the file of a free slot was left by a process
	// that was killed.
	err := errors.Join(s.file.Truncate(0), s.file.Close())
	s.file = nil
	if err != nil {
		return fmt.Errorf("give a slot back: %w", err)
	}
	// Only estimates need it.
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_ = s.l.note(ctx, took)
	return nil
}

// take takes a free slot; nil if there is none. killed is how long its last
// run took, if that was killed.
func (l *Limiter) take(deadline time.Time) (f *os.File, killed time.Duration, err error) {
	for n := range l.plan.Slots {
		f, err := l.root.OpenFile(slotName(n), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, 0, err
		}
		ok, err := tryLock(f, exclusive)
		if !ok || err != nil {
			f.Close()
			if err != nil {
				return nil, 0, err
			}
			continue
		}
		now := time.Now()
		if began, until, ok := readRun(f); ok {
			// Killed, at its deadline or before, or at the latest now.
			killed = max(0, min(until.Sub(began), now.Sub(began)))
		}
		// Only estimates need it, so a full disk is no reason to fail.
		if f.Truncate(0) == nil && !deadline.IsZero() {
			_, _ = f.WriteAt(fmt.Appendf(nil, "%d %d\n", now.UnixMilli(), deadline.UnixMilli()), 0)
		}
		return f, killed, nil
	}
	return nil, 0, nil
}

// running counts the slots that are taken, and says how long the oldest run
// has been at work, as far as it says.
func (l *Limiter) running() (n int, oldest time.Duration) {
	for i := range l.plan.Slots {
		f, err := l.root.Open(slotName(i))
		if err != nil {
			continue
		}
		if free, err := tryLock(f, shared); err == nil && !free {
			n++
			if began, _, ok := readRun(f); ok {
				oldest = max(oldest, time.Since(began))
			}
		}
		f.Close()
	}
	return n, oldest
}

func slotName(n int) string { return slotDir + "/" + strconv.Itoa(n) }

// readRun reads when the run in a slot began and when it ends at the latest.
func readRun(f *os.File) (began, until time.Time, ok bool) {
	var buf [64]byte
	n, _ := f.ReadAt(buf[:], 0)
	var b, u int64
	if _, err := fmt.Sscanf(string(buf[:n]), "%d %d\n", &b, &u); err != nil {
		return began, until, false
	}
	return time.UnixMilli(b), time.UnixMilli(u), true
}

// locked runs f while no other process changes the directory.
func (l *Limiter) locked(ctx context.Context, f func() error) error {
	m, err := l.root.OpenFile(mutexFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	select {
	case err = <-lockAsync(ctx, m, exclusive):
	case <-ctx.Done():
		// lockAsync closes it.
		return context.Cause(ctx)
	}
	if err == nil {
		err = f()
	}
	return errors.Join(err, m.Close())
}

// lockAsync waits for a lock. The file is closed if the lock comes when ctx
// has ended, or not at all.
func lockAsync(ctx context.Context, f *os.File, how int) <-chan error {
	done := make(chan error)
	go func() {
		err := lock(f, how)
		select {
		case done <- err:
		case <-ctx.Done():
			f.Close()
		}
	}()
	return done
}

// names lists a directory, without what isn't there any more.
func (l *Limiter) names(dir string) ([]string, error) {
	d, err := l.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
