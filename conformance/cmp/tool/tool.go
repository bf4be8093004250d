// Package tool builds argocd-cmp-server in the versions that the tests run,
// from Argo CD's Go modules, and keeps the binaries.
package tool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Name is the program's.
const Name = "argocd-cmp-server"

// Server is argocd-cmp-server in one version.
type Server struct {
	Version string
	// Module is the directory of the Go module that pins the version, below
	// conformance/cmp; Package is the main package in it.
	Module, Package string
}

// Servers are the oldest version that kesbridge supports, and that of the
// client in the tests.
var Servers = []Server{
	{"v2.14.21", "server214", "."},
	{"v3.1.16", ".", "./cmd/server"},
}

// Build makes sure that the binary is below cache and returns its path; took is
// 0 if it was there. home is the directory conformance/cmp. Parallel runs don't
// harm each other: a binary appears whole or not.
func (s Server) Build(ctx context.Context, home, cache string) (path string, took time.Duration, err error) {
	module := filepath.Join(home, s.Module)
	id, err := digest(filepath.Join(module, "go.mod"), filepath.Join(module, s.Package, "main.go"))
	if err != nil {
		return "", 0, fmt.Errorf("build %s %s: %w", Name, s.Version, err)
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%s-%s-%s-%s", Name, s.Version, id, runtime.GOOS, runtime.GOARCH))
	path = filepath.Join(dir, Name)
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return path, 0, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", 0, fmt.Errorf("build %s: %w", Name, err)
	}
	tmp, err := os.MkdirTemp(dir, ".build-")
	if err != nil {
		return "", 0, fmt.Errorf("build %s: %w", Name, err)
	}
	defer os.RemoveAll(tmp)
	start := time.Now()
	built := filepath.Join(tmp, Name)
	if err := GoBuild(ctx, module, built, s.Package); err != nil {
		return "", 0, fmt.Errorf("build %s %s: %w", Name, s.Version, err)
	}
	if err := os.Rename(built, path); err != nil {
		return "", 0, fmt.Errorf("build %s: %w", Name, err)
	}
	return path, time.Since(start), nil
}

// GoBuild builds a static binary, as those of the images are. A build that ctx
// ends goes on from Go's build cache next time.
func GoBuild(ctx context.Context, dir, to, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", to, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	cmd.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), errors.New("run it again: it goes on where it was"))
		}
		return fmt.Errorf("%w\n%s", err, tail(stderr.String(), 20))
	}
	return nil
}

// digest tells apart what one version was built from.
func digest(files ...string) (string, error) {
	h := sha256.New()
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:4]), nil
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
