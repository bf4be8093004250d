package eso

import (
	"flag"
	"testing"
)

var (
	seed   = flag.Uint64("seed", 1, "seed of the random inputs")
	count  = flag.Int("random", 5000, "how many random inputs of each kind")
	show   = flag.Int("show", 40, "how many differences to show")
	inputs = flag.String("file", "", "compare with this file of inputs")
)

// Run compares a release with the simulation and fails on what differs, and on
// what isn't provable for a reason that differences.md doesn't list.
func Run(t *testing.T, r Release, version string) {
	file := *inputs
	if file == "" {
		file = Write(t, version, *seed, *count)
	}
	rep := Compare(t, r, file)
	CheckReasons(t, rep, reasons(t))
	if rep.Altered < 1000 || rep.Missed > 0 {
		t.Errorf("%d altered answers, %d not noticed", rep.Altered, rep.Missed)
	}
	t.Logf("ESO v%s, seed %d: %v", version, *seed, rep)
	for _, d := range rep.Differences {
		t.Error(d)
	}
	if n := rep.Different - len(rep.Differences); n > 0 {
		t.Errorf("and %d more", n)
	}
}
