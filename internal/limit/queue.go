package limit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// pollFirst is how often the first of the queue looks for a free slot, at
	// most; only one process does.
	pollFirst = 10 * time.Millisecond
	// pollOther is how often the others work out anew whether waiting makes
	// sense. They are woken when the process in front of them is gone.
	pollOther = time.Second
)

// waiter is one call's place in the queue.
type waiter struct {
	l               *Limiter
	start, deadline time.Time
	number          int
	ticket          *os.File
	ahead           int
	expected        time.Duration
	service         time.Duration
}

func ticketName(n int) string { return queueDir + "/" + strconv.Itoa(n) }

// tickets lists the queue in order.
func (l *Limiter) tickets() ([]int, error) {
	names, err := l.names(queueDir)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// enqueue takes the number after the highest. A number isn't given again
// while a higher one waits.
func (w *waiter) enqueue(ctx context.Context) error {
	return w.l.locked(ctx, func() error {
		all, err := w.l.tickets()
		if err != nil {
			return err
		}
		if most := w.l.plan.MaxWaiting; most > 0 && len(all) >= most {
			if all, err = w.l.sweep(all); err != nil {
				return err
			}
			if len(all) >= most {
				w.ahead = len(all)
				w.hopeless() // for what can be expected
				return w.busy(QueueFull)
			}
		}
		w.number = 1
		if len(all) > 0 {
			w.number = all[len(all)-1] + 1
		}
		f, err := w.l.root.OpenFile(ticketName(w.number), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if ok, err := tryLock(f, exclusive); !ok || err != nil {
			f.Close()
			return errors.Join(err, fmt.Errorf("lock new ticket %d", w.number))
		}
		w.ticket, w.ahead = f, len(all)
		return nil
	})
}

// sweep removes the tickets of dead processes. The directory is locked.
func (l *Limiter) sweep(all []int) (alive []int, err error) {
	for _, n := range all {
		f, err := l.alive(n)
		if err != nil {
			return nil, err
		}
		if f != nil {
			f.Close()
			alive = append(alive, n)
		}
	}
	return alive, nil
}

// alive opens the ticket of a process that waits; nil where it waits no more,
// and then the ticket is gone.
func (l *Limiter) alive(n int) (*os.File, error) {
	f, err := l.root.Open(ticketName(n))
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	gone, err := tryLock(f, shared)
	if err == nil && !gone {
		return f, nil
	}
	if err == nil {
		err = ignoreAbsent(l.root.Remove(ticketName(n)))
	}
	f.Close()
	return nil, err
}

// leave takes the ticket away before its lock goes, so that it never looks
// like a dead process's.
func (w *waiter) leave() {
	if w.ticket == nil {
		return
	}
	_ = w.l.root.Remove(ticketName(w.number))
	w.ticket.Close()
	w.ticket = nil
}

// front returns the ticket of the process in front; nil for the first.
// Whoever has a lower number had it before: so an unlocked one is dead, and
// can be removed without locking the directory.
func (w *waiter) front() (*os.File, error) {
	all, err := w.l.tickets()
	if err != nil {
		return nil, err
	}
	n, _ := slices.BinarySearch(all, w.number)
	for n--; n >= 0; n-- {
		w.ahead = n + 1
		if f, err := w.l.alive(all[n]); f != nil || err != nil {
			return f, err
		}
	}
	w.ahead = 0
	return nil, nil
}

func (w *waiter) wait(ctx context.Context) (*Slot, error) {
	defer w.leave()
	if err := w.enqueue(ctx); err != nil {
		return nil, err
	}
	var gone <-chan error
	var front *os.File
	var checked time.Time
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if gone == nil {
			var err error
			if front, err = w.front(); err != nil {
				return nil, err
			}
			if front != nil {
				gone = lockAsync(ctx, front, shared)
			}
		}
		if front == nil {
			if s, err := w.take(ctx); s != nil || err != nil {
				return s, err
			}
		}
		if time.Since(checked) >= pollOther {
			checked = time.Now()
			if w.hopeless() {
				return nil, w.busy(TooLong)
			}
		}
		pause := pollOther
		if front == nil {
			pause = pollFirst/2 + rand.N(pollFirst/2)
		}
		timer := time.NewTimer(pause)
		select {
		case err := <-gone:
			front.Close()
			if gone = nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
				timer.Stop()
				return nil, err
			}
		case <-timer.C:
			if front != nil {
				// For the count of those in front.
				w.count()
			}
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// take makes a free slot ours.
func (w *waiter) take(ctx context.Context) (*Slot, error) {
	f, killed, err := w.l.take(w.deadline)
	if f == nil || err != nil {
		return nil, err
	}
	// The next may look for a slot from now on.
	w.leave()
	if killed > 0 {
		// Else runs that are too long to end would never count.
		_ = w.l.note(ctx, killed)
	}
	return &Slot{Waited: time.Since(w.start), l: w.l, file: f, began: time.Now()}, nil
}

func (w *waiter) count() {
	if all, err := w.l.tickets(); err == nil {
		w.ahead, _ = slices.BinarySearch(all, w.number)
	}
}

// hopeless says that the wait to be expected and a run don't fit before the
// deadline. A slot gets free each service/Slots; where no run has ended yet,
// a run takes as long as the oldest has been at work.
func (w *waiter) hopeless() bool {
	w.service = w.l.service()
	if w.service == 0 {
		_, w.service = w.l.running()
	}
	w.expected = w.service * time.Duration(w.ahead+1) / time.Duration(w.l.plan.Slots)
	return !w.deadline.IsZero() && w.expected+max(w.service, w.l.reserve) > time.Until(w.deadline)
}
