package cli

import (
	"runtime/debug"

	_ "kesbridge/internal/heap" // for the start
)

// How much garbage may gather before it is collected, in percent of what is
// in use: a stream stays small however long it is; a render is over soon, and
// more than this would save little time for the memory (bench/README.md).
const (
	smallHeap = 50
	fastHeap  = 200
	// A thousand renders leave a thousand times what one leaves; what is in use
	// at any time is small.
	manyHeap = 400
	// manyLimit is the size from which on many renders collect as often as they
	// must.
	manyLimit = 400 << 20
)

// limitHeap keeps many renders from growing, unless the environment says
// otherwise.
func (a *app) limitHeap() {
	if a.env["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(manyLimit)
	}
}

// collect sets it, unless the environment says otherwise.
func (a *app) collect(percent int) {
	if a.env["GOGC"] == "" {
		debug.SetGCPercent(percent)
	}
}
