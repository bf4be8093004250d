package report

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// checkFleet lets the kesbridge binary itself check testdata/fleet, as a
// repository of its own, and write a report of each format: fleet.FORMAT.
func checkFleet(ctx context.Context, formats []string) error {
	dir, err := os.MkdirTemp(reports, "fleet-*")
	if err != nil {
		return err
	}
	binary := filepath.Join(reports, "kesbridge")
	if err := command(ctx, filepath.Join("..", ".."), "go", "build", "-o", binary, "./cmd/kesbridge"); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "testdata", "fleet"))); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"remote", "add", "origin", "https://git.shop.example/platform/deploy.git"},
		{"add", "."},
		{"-c", "user.name=shop", "-c", "user.email=shop@shop.example", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "all"},
	} {
		if err := command(ctx, dir, "git", args...); err != nil {
			return err
		}
	}
	args := []string{"check"}
	for _, f := range formats {
		args = append(args, "--report", f+"="+filepath.Join(reports, "fleet."+f))
	}
	err = command(ctx, dir, binary, args...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // findings: the fleet has faults
		return nil
	}
	return fmt.Errorf("check of a fleet with faults: %w", errors.Join(err, errors.New("it must find some")))
}

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}
