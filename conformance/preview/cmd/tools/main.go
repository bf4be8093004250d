// Command tools builds and installs what the tests run, ahead of them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"kesbridge/conformance/preview/tool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	redis, err := tool.Redis(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("redis-server: %s\n", redis)
	dir, err := tool.Dir()
	if err != nil {
		return err
	}
	for _, p := range tool.Programs {
		path, took, err := p.Build(ctx, ".", dir)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s (built in %s)\n", p.Name, path, took.Round(time.Second))
	}
	return nil
}
