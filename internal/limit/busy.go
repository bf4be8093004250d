package limit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reason is why a wait was refused or given up.
type Reason int

const (
	// QueueFull: as many wait as there is memory for.
	QueueFull Reason = iota + 1
	// TooLong: the wait to be expected doesn't fit before the deadline.
	TooLong
	// TooLate: the deadline is so close that no run could be done.
	TooLate
)

// BusyError says that there was no slot in time, and what to turn.
type BusyError struct {
	Reason Reason
	// Waited is how long it waited; Left is the time to the deadline, 0 where
	// there is none.
	Waited, Left time.Duration
	// Expected is how much longer it would have waited, Service how long a
	// run takes, by the latest; 0 where nothing is known.
	Expected, Service time.Duration
	// Running are at work, Ahead wait in front.
	Running, Ahead int
	// Plan has the number of slots and where it comes from.
	Plan Plan
	// Knobs are the Config's.
	Knobs Knobs
}

func (w *waiter) busy(r Reason) *BusyError {
	e := &BusyError{Reason: r, Waited: time.Since(w.start), Expected: w.expected, Service: w.service, Ahead: w.ahead, Plan: w.l.plan, Knobs: w.l.knobs}
	if !w.deadline.IsZero() {
		e.Left = max(0, time.Until(w.deadline))
	}
	e.Running, _ = w.l.running()
	return e
}

// Error is one line; Fix says what to do.
func (e *BusyError) Error() string {
	s := fmt.Sprintf("wait for a slot: gave up after %s with %d of %d at work and %d waiting in front: ", short(e.Waited), e.Running, e.Plan.Slots, e.Ahead)
	switch e.Reason {
	case QueueFull:
		return s + fmt.Sprintf("no more than %d may wait", e.Plan.MaxWaiting)
	case TooLong:
		return s + fmt.Sprintf("it would take another %s, and %s for the run, with %s left", short(e.Expected), short(e.Service), short(e.Left))
	}
	return s + fmt.Sprintf("%s left to the deadline is too little for a run", short(e.Left))
}

// Fix names the knobs, the one that helps most first; "" where Config has
// none of them.
func (e *BusyError) Fix() string {
	k := e.Knobs
	slots := []string{k.Slots}
	switch e.Plan.By {
	case ByCPU:
		slots = []string{k.CPU, k.Slots}
	case ByMemory:
		slots = []string{k.Memory, k.Slots}
	}
	knobs := append(slots, k.Deadline)
	if e.Reason == QueueFull {
		knobs = append([]string{k.Memory, k.MaxWaiting}, slots...)
	}
	var named []string
	for _, name := range knobs {
		if name != "" && !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	if len(named) == 0 {
		return ""
	}
	return fmt.Sprintf("try again later, or raise %s (%d slots by the %s)", strings.Join(named, " or "), e.Plan.Slots, e.Plan.By)
}

// short rounds to what a person reads.
func short(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
