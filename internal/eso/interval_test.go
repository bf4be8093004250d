package eso

import (
	"testing"
	"time"
)

func TestParseInterval(t *testing.T) {
	for in, want := range map[string]string{
		"10s": "10s", "1h": "1h0m0s", "60m": "1h0m0s", "90s": "1m30s", "0": "0s", "0s": "0s", "0h": "0s",
		"1h0m0s": "1h0m0s", "1.5h": "1h30m0s", "500ms": "500ms",
	} {
		got, err := ParseInterval(in)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
		if again, err := ParseInterval(got); again != got || err != nil {
			t.Errorf("%q again: %q, %v", got, again, err)
		}
	}
	for in, want := range map[string]string{
		"-1ns": `read interval "-1ns": an interval can't be negative`,
		"-1s":  `read interval "-1s": an interval can't be negative`,
		"10":   `read interval "10": an interval needs a unit, as in 10s or 1h`,
		"1d":   `read interval "1d": durations end at hours: write 24h for a day`,
		"":     `read interval "": time: invalid duration ""`,
		"soon": `read interval "soon": time: invalid duration "soon"`,
		"1h ":  `read interval "1h ": time: unknown unit "h " in duration "1h "`,
	} {
		if got, err := ParseInterval(in); err == nil || err.Error() != want || got != "" {
			t.Errorf("%q: %q, %v; want %s", in, got, err, want)
		}
	}
	if got := FormatInterval(time.Hour); got != "1h0m0s" {
		t.Errorf("an hour is %q", got)
	}
}
