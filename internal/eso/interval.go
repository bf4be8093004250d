package eso

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// defaultRefresh is ESO's default for refreshInterval in the form that no
// release rewrites.
const defaultRefresh = "1h0m0s"

var (
	errNegative = errors.New("an interval can't be negative")
	errNoUnit   = errors.New("an interval needs a unit, as in 10s or 1h")
	errDays     = errors.New("durations end at hours: write 24h for a day")
)

// FormatInterval gives a refreshInterval in Go's own form, "1h0m0s". ESO
// 0.20-1.1 rewrites every other form once, which Argo CD reports as a
// difference.
func FormatInterval(d time.Duration) string { return d.String() }

// ParseInterval reads a Go duration ("10s", "1h", "0") and returns it in
// Go's own form. Zero, "0s", makes ESO fetch once and never again.
func ParseInterval(s string) (string, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err == nil && d < 0:
		err = errNegative
	case err == nil:
		return FormatInterval(d), nil
	case isNumber(s):
		err = errNoUnit
	case isNumber(strings.TrimSuffix(s, "d")):
		err = errDays
	}
	return "", fmt.Errorf("read interval %q: %w", s, err)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
