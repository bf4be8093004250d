// Command tools installs what judges the reports, ahead of the tests.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"kesbridge/conformance/report/tool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	dir, err := tool.Install(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("npm packages:", dir)
}
