// Command kesbridge renders Kubernetes applications and turns their
// kubernetes-external-secrets resources into External Secrets Operator ones.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"kesbridge/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
