package limit

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	timesFile = "times"
	// keptTimes is how many runs the mean is of.
	keptTimes = 32
	// longest is what one run counts for at most.
	longest = time.Hour
)

// times are the latest runs', in milliseconds. What isn't one is passed over.
func (l *Limiter) times() []int64 {
	data, err := l.root.ReadFile(timesFile)
	if err != nil {
		return nil
	}
	var out []int64
	for s := range strings.FieldsSeq(string(data)) {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && n <= longest.Milliseconds() {
			out = append(out, n)
		}
	}
	return out[max(0, len(out)-keptTimes):]
}

// service is how long a run takes, by the latest; 0 if none has ended.
func (l *Limiter) service() time.Duration {
	times := l.times()
	if len(times) == 0 {
		return 0
	}
	var sum int64
	for _, n := range times {
		sum += n
	}
	return time.Duration(sum) * time.Millisecond / time.Duration(len(times))
}

// note adds how long a run took.
func (l *Limiter) note(ctx context.Context, took time.Duration) error {
	return l.locked(ctx, func() error {
		times := append(l.times(), min(took, longest).Milliseconds())
		var b []byte
		for _, n := range times[max(0, len(times)-keptTimes):] {
			b = append(strconv.AppendInt(b, n, 10), '\n')
		}
		// A reader sees the old times or the new ones.
		const next = timesFile + ".new"
		err := l.root.WriteFile(next, b, os.FileMode(0o600))
		return errors.Join(err, ignoreAbsent(l.root.Rename(next, timesFile)))
	})
}
