package cli

import (
	"fmt"
	"sync/atomic"
	"time"
)

// progress says on a terminal that a long read is under way: from the second
// second on, once a second.
func (a *app) progress(name string) (done func()) {
	if !isTerminal(a.err) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		start, shown := time.Now(), false
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				if shown {
					fmt.Fprint(a.err, "\r\x1b[K")
				}
				return
			case <-tick.C:
				shown = true
				fmt.Fprintf(a.err, "\r\x1b[Kkesbridge: reading %s, %s", name, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// count says on a terminal how many of a number of things are done, once a
// second.
func (a *app) count(what string, of int) (one, done func()) {
	if !isTerminal(a.err) {
		return func() {}, func() {}
	}
	var n atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				fmt.Fprint(a.err, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(a.err, "\r\x1b[Kkesbridge: %d of %d %s", n.Load(), of, what)
			}
		}
	}()
	return func() { n.Add(1) }, func() { close(stop); <-stopped }
}
