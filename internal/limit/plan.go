package limit

import (
	"math"
	"runtime/debug"
	"time"
)

// Measured on amd64 with kesbridge itself: a process that waits before main
// (package sidecar) holds 2.3 MB of memory of its own (RssAnon), one that waits
// in main 7.2 MB, beside threads' stacks and page tables; a kustomization of
// 300 objects takes 88 MB at most, a chart of as many 26 MB.
const (
	// DefaultMemoryPerRun is what one run at work may need.
	DefaultMemoryPerRun = 128 << 20
	// DefaultMemoryPerWaiter is what one waiting process holds.
	DefaultMemoryPerWaiter = 12 << 20
	// DefaultMemoryReserve is left to what else runs in the container:
	// argocd-cmp-server, the program's text, file caches.
	DefaultMemoryReserve = 128 << 20
	// DefaultReserve is the shortest time before the deadline in which a run
	// is begun.
	DefaultReserve = time.Second
)

// Config says how many may run and wait. The zero value takes everything from
// the cgroup.
type Config struct {
	// Dir holds the slots, the queue and the scratch directories; "" for
	// DefaultDir. All processes that share a container must share it.
	Dir string
	// Slots is how many runs may be at work at once, MaxWaiting how many may
	// wait. 0: see Plan.
	Slots, MaxWaiting int
	// MemoryPerRun, MemoryPerWaiter and MemoryReserve are in bytes. 0: the
	// defaults.
	MemoryPerRun, MemoryPerWaiter, MemoryReserve int64
	// Reserve is the shortest time before the deadline in which a run is
	// begun. 0: the default.
	Reserve time.Duration
	// Resources are those of the container. Zero: System.
	Resources Resources
	// Knobs are the names that BusyError gives.
	Knobs Knobs
}

// Knobs name the settings by which a person can change what was refused, as
// that person writes them. Those left empty aren't named.
type Knobs struct {
	// Slots and MaxWaiting set Config's fields.
	Slots, MaxWaiting string
	// Deadline sets how long the caller waits.
	Deadline string
	// CPU and Memory set the container's limits.
	CPU, Memory string
}

// Plan is what a Config comes to.
//
// Slots is Config's, or the smaller of the CPUs, rounded up, and of how often
// MemoryPerRun goes into what the memory limit leaves beside MemoryReserve (a
// quarter of the limit at most); at least 1.
//
// MaxWaiting is Config's, or how often MemoryPerWaiter goes into three quarters
// of what is left then; at least Slots. Without a memory limit it is 0, which
// bounds nothing.
//
// MemoryPerRun is nine tenths of what waiting processes leave for each slot,
// for GOMEMLIMIT; 0 without a memory limit.
type Plan struct {
	Slots, MaxWaiting int
	MemoryPerRun      int64
	// By is what Slots was bounded by.
	By Bound
}

// Bound is where a number of slots comes from.
type Bound string

const (
	ByCPU     Bound = "CPU limit"
	ByMemory  Bound = "memory limit"
	BySetting Bound = "setting"
)

// Plan works the numbers out.
func (c Config) Plan() Plan {
	r := c.Resources
	if r == (Resources{}) {
		r = System()
	}
	perRun := positive(c.MemoryPerRun, DefaultMemoryPerRun)
	perWaiter := positive(c.MemoryPerWaiter, DefaultMemoryPerWaiter)
	usable := r.Memory - min(positive(c.MemoryReserve, DefaultMemoryReserve), r.Memory/4)

	p := Plan{Slots: max(1, int(math.Ceil(r.CPUs))), MaxWaiting: max(0, c.MaxWaiting), By: ByCPU}
	if n := usable / perRun; r.Memory > 0 && n < int64(p.Slots) {
		p.Slots, p.By = max(1, int(n)), ByMemory
	}
	if c.Slots > 0 {
		p.Slots, p.By = c.Slots, BySetting
	}
	if r.Memory <= 0 {
		return p
	}
	if p.MaxWaiting == 0 {
		rest := max(0, usable-int64(p.Slots)*perRun)
		p.MaxWaiting = max(p.Slots, int(min(rest/4*3/perWaiter, math.MaxInt32)))
	}
	p.MemoryPerRun = max(usable-int64(p.MaxWaiting)*perWaiter, usable/4) / int64(p.Slots) / 10 * 9
	return p
}

func positive[T int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// ApplyMemoryLimit sets the Go runtime's soft memory limit to MemoryPerRun and
// returns it, unless there is none or one is set already, as by GOMEMLIMIT:
// then it returns 0. (GOMEMLIMIT=off can't be told from none here.)
func (p Plan) ApplyMemoryLimit() int64 {
	if p.MemoryPerRun <= 0 || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return 0
	}
	debug.SetMemoryLimit(p.MemoryPerRun)
	return p.MemoryPerRun
}
