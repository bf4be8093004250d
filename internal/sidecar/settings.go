package sidecar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kesbridge/internal/limit"
)

// Settings are what only the sidecar's administrator decides.
type Settings struct {
	Limit limit.Config
	// Timeout is how long the caller waits.
	Timeout time.Duration
}

// Setting is one row of them.
type Setting struct {
	Env, Usage string
	apply      func(s *Settings, value string) error
}

// Table has all of them.
func Table() []Setting {
	size := func(to func(s *Settings) *int64) func(*Settings, string) error {
		return func(s *Settings, v string) (err error) {
			*to(s), err = parseSize(v)
			return err
		}
	}
	number := func(to func(s *Settings) *int) func(*Settings, string) error {
		return func(s *Settings, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return errors.New("wants a number from 1 on")
			}
			*to(s) = n
			return nil
		}
	}
	return []Setting{
		{"KESBRIDGE_PARALLEL", "how many apps are rendered at once (default: as many as the container's CPU and memory limits allow)", number(func(s *Settings) *int { return &s.Limit.Slots })},
		{"KESBRIDGE_MAX_WAITING", "how many calls may wait for that (default: as many as the rest of the memory holds)", number(func(s *Settings) *int { return &s.Limit.MaxWaiting })},
		{"KESBRIDGE_MEMORY_PER_RUN", "what one app may need, such as 256Mi (default 128Mi)", size(func(s *Settings) *int64 { return &s.Limit.MemoryPerRun })},
		{"KESBRIDGE_TIMEOUT", "how long the caller waits: the smaller of --repo-server-timeout-seconds of the controller and the server (default 60s)", func(s *Settings, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d <= 0 {
				return errors.New("wants a duration such as 60s")
			}
			s.Timeout = d
			return nil
		}},
		{"KESBRIDGE_WORK_DIR", "directory for the queue and for temporary files, shared by all calls (default: kesbridge-UID in the temporary directory)", func(s *Settings, v string) error {
			s.Limit.Dir = v
			return nil
		}},
	}
}

// Read reads them from the environment.
func Read(getenv func(string) string) (Settings, error) {
	s := Settings{Timeout: time.Minute, Limit: limit.Config{Knobs: limit.Knobs{
		Slots: "KESBRIDGE_PARALLEL", MaxWaiting: "KESBRIDGE_MAX_WAITING",
		Deadline: "KESBRIDGE_TIMEOUT with --repo-server-timeout-seconds", CPU: "the sidecar's CPU limit", Memory: "the sidecar's memory limit",
	}}}
	for _, row := range Table() {
		if v := getenv(row.Env); v != "" {
			if err := row.apply(&s, v); err != nil {
				return s, fmt.Errorf("%s %q: %w", row.Env, v, err)
			}
		}
	}
	return s, nil
}

// parseSize reads bytes as Kubernetes writes them.
func parseSize(v string) (int64, error) {
	units := []struct {
		suffix string
		factor int64
	}{{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"", 1}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(v, u.suffix); ok {
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil || n < 1 || n > (1<<50)/u.factor {
				break
			}
			return n * u.factor, nil
		}
	}
	return 0, errors.New("wants a size such as 256Mi")
}
