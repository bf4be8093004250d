package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// binaries are what is measured.
type binaries struct{ kesbridge, bare string }

// build builds both alike.
func build(ctx context.Context, s settings) (binaries, error) {
	b := binaries{filepath.Join(s.dir, "kesbridge"), filepath.Join(s.dir, "bare")}
	if err := goBuild(ctx, s.root, b.kesbridge, "./cmd/kesbridge"); err != nil {
		return b, err
	}
	return b, goBuild(ctx, ".", b.bare, "./bare")
}

func goBuild(ctx context.Context, dir, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}
