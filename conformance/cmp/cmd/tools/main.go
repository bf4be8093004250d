// Command tools builds what the conformance tests run, ahead of them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	lines "kesbridge/conformance/argocd/tool"
	"kesbridge/conformance/cmp/tool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds the servers, and what native rendering needs: helm and kustomize
// of the oldest line, and kustomize of the newest.
func run(ctx context.Context) error {
	dir, err := lines.Dir()
	if err != nil {
		return err
	}
	for _, s := range tool.Servers {
		path, took, err := s.Build(ctx, ".", dir)
		if err != nil {
			return err
		}
		fmt.Printf("%s %s: %s (built in %s)\n", tool.Name, s.Version, path, took.Round(time.Second))
	}
	for _, t := range []lines.Tool{lines.Lines[0].Helm, lines.Lines[0].Kustomize, lines.Lines[len(lines.Lines)-1].Kustomize} {
		path, took, err := t.Build(ctx, dir)
		if err != nil {
			return err
		}
		fmt.Printf("%s %s: %s (built in %s)\n", t.Name, t.Version, path, took.Round(time.Second))
	}
	return nil
}
