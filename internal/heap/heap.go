// Package heap lets the program start without collecting garbage. Beside
// package sidecar it is the one thing here that can't wait for main, and so
// works as it is initialised and reads the environment itself.
//
// What the libraries do before main makes some 5 MB, most of which stays. A
// collection at 4 MB, as Go has it, takes a tenth of the start. Go initialises
// packages in the order of their paths as soon as those that they import are;
// this one imports little, so it comes before the heavy ones. If it didn't,
// the start would be slower, and nothing else.
package heap

import (
	"os"
	"runtime/debug"
)

// start is four times Go's own setting: the first collection is at 16 MB.
const start = 400

var _ = begin()

func begin() bool {
	if os.Getenv("GOGC") != "" {
		return false
	}
	debug.SetGCPercent(start)
	return true
}
