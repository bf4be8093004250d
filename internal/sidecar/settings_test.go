package sidecar

import "testing"

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{"1": 1, "256Mi": 256 << 20, "2Gi": 2 << 30, "5M": 5e6, "": 0, "0": 0, "-1": 0, "1.5Gi": 0, "Mi": 0, "9999999999Gi": 0} {
		if got, err := parseSize(in); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
}
