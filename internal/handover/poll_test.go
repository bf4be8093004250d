package handover

import "testing"

// TestMilliseconds: a number in whatever form; a shorter interval than KES's own
// would take a KES that still runs for one that stopped.
func TestMilliseconds(t *testing.T) {
	for text, want := range map[string]int64{
		"10000": 10000, "1e+06": 1_000_000, " 60000 ": 60000, "1500.5": 1501,
		"": 0, "soon": 0, "-1": 0, "NaN": 0, "Infinity": 0, "1e12": 0,
	} {
		if got := milliseconds(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
