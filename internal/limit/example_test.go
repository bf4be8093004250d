package limit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kesbridge/internal/limit"
)

func Example() {
	base, err := os.MkdirTemp("", "limit-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(base)
	l, err := limit.Open(limit.Config{
		Dir:       filepath.Join(base, "kesbridge"),
		Resources: limit.Resources{CPUs: 2, Memory: 1 << 30},
		Knobs:     limit.Knobs{Slots: "KESBRIDGE_SLOTS", CPU: "the sidecar's CPU limit"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	fmt.Printf("%d slots by the %s\n", l.Plan().Slots, l.Plan().By)

	if _, err := l.Clean(); err != nil {
		fmt.Println(err)
	}
	s, err := l.Acquire(context.Background(), time.Now().Add(50*time.Second))
	var busy *limit.BusyError
	if errors.As(err, &busy) {
		fmt.Println(busy, busy.Fix())
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Release()
	fmt.Println("at work")
	// Output:
	// 2 slots by the CPU limit
	// at work
}
