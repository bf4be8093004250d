package cli

import "runtime/debug"

// How much garbage may gather before it is collected, in percent of what is
// in use: a stream stays small however long it is; a render is over soon, and
// collecting would cost more than the memory.
const (
	smallHeap = 50
	fastHeap  = 400
)

// collect sets it, unless the environment says otherwise.
func (a *app) collect(percent int) {
	if a.env["GOGC"] == "" {
		debug.SetGCPercent(percent)
	}
}
