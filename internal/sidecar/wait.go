// Package sidecar waits for the turn of one call among those that Argo CD's
// cmp-server starts at once. Like package heap it can't wait for main: what
// the libraries do before makes a process three times as large, 7 MB instead
// of 2, and takes most of the start, so that 400 calls at once wouldn't fit
// into 1 GiB even to be refused. This package imports little, so Go initialises
// it before the heavy ones; if it didn't, more memory would be taken, and
// nothing else.
package sidecar

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"kesbridge/internal/limit"
)

// Call is a call that has a slot, or hasn't got one.
type Call struct {
	// Start is when it began to wait.
	Start time.Time
	// Limiter and Slot are set where Err is nil.
	Limiter *limit.Limiter
	Slot    *limit.Slot
	// Err is a *limit.BusyError where there was no slot in time.
	Err error

	limiter *limit.Limiter
}

// Wait waits for a slot, until deadline at most.
func Wait(ctx context.Context, s Settings, start, deadline time.Time) *Call {
	c := &Call{Start: start}
	if c.limiter, c.Err = limit.Open(s.Limit); c.Err != nil {
		c.Err = fmt.Errorf("limit the renders of this sidecar: %w", c.Err)
		return c
	}
	if c.Slot, c.Err = c.limiter.Acquire(ctx, deadline); c.Err == nil {
		c.Limiter = c.limiter
	}
	return c
}

// Close gives the slot back. It may be called more than once.
func (c *Call) Close() {
	c.Slot.Release()
	if c.limiter != nil {
		c.limiter.Close()
	}
}

// early is the call that this process was started for.
var early = begin(os.Args, os.Getenv)

// Early is the call that this process was started for, if it is one by
// plugin.yaml and has no wrong settings; else nil.
func Early() *Call { return early }

// exitFailure is cli's exit code for what isn't a finding.
const exitFailure = 2

func begin(args []string, getenv func(string) string) *Call {
	if len(args) == 0 || !slices.Equal(args[1:], []string{"plugin", "generate"}) || getenv("ARGOCD_APP_NAME") == "" {
		return nil
	}
	s, err := Read(getenv)
	if err != nil {
		return nil // said later
	}
	start := time.Now()
	c := Wait(context.Background(), s, start, Deadline(root(getenv("ARGOCD_APP_SOURCE_PATH")), start, s.Timeout))
	if busy := (*limit.BusyError)(nil); errors.As(c.Err, &busy) {
		// Many are refused at once, so none of them may grow.
		fmt.Fprint(os.Stderr, Refusal(busy, getenv))
		os.Exit(exitFailure)
	}
	return c
}
