// Command tools builds what the conformance tests run, ahead of them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"kesbridge/conformance/argocd/tool"
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
	dir, err := tool.Dir()
	if err != nil {
		return err
	}
	for _, l := range tool.Lines {
		for _, t := range []tool.Tool{l.Kustomize, l.Helm} {
			path, took, err := t.Build(ctx, dir)
			if err != nil {
				return err
			}
			fmt.Printf("%s %s: %s (built in %s)\n", t.Name, t.Version, path, took.Round(time.Second))
		}
	}
	return nil
}
