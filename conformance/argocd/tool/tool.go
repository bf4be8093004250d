// Package tool builds the command line tools that Argo CD runs, in the
// versions that it ships, from their Go modules, and keeps the binaries.
package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// CacheEnv names the directory for the binaries; by default it is
// "kesbridge-conformance" in the user's cache directory.
const CacheEnv = "KESBRIDGE_CONFORMANCE_CACHE"

// Tool is a main package of a module, in one version.
type Tool struct {
	Name    string // of the command
	Module  string
	Package string // main package
	Version string
	// LDFlags are those of the release builds that show in the output.
	LDFlags string
}

// Line is a set of tools that an Argo CD release ships (facts: its
// hack/tool-versions.sh).
type Line struct {
	Name      string
	Helm      Tool
	Kustomize Tool
}

// Lines are what kesbridge is compared with, the oldest first. Argo CD's own
// code is that of 3.1 with all: the later ones ask for a newer Go or can't be
// imported. 3.5 ships helm 4.2.1, 3.6.1 ships helm 4.3.1 and kustomize 5.8.3,
// which asks for a newer Go.
var Lines = []Line{
	{"argocd-3.1", helm3("v3.18.4"), kustomize("v5.7.0")},
	{"argocd-3.5", helm4("v4.2.4"), kustomize("v5.8.1")},
	{"argocd-3.6", helm4("v4.2.4"), kustomize("v5.8.2")},
}

func helm3(version string) Tool {
	return Tool{
		Name: "helm", Module: "helm.sh/helm/v3", Package: "helm.sh/helm/v3/cmd/helm", Version: version,
		LDFlags: "-X helm.sh/helm/v3/internal/version.version=" + version,
	}
}

func helm4(version string) Tool {
	return Tool{
		Name: "helm", Module: "helm.sh/helm/v4", Package: "helm.sh/helm/v4/cmd/helm", Version: version,
		LDFlags: "-X helm.sh/helm/v4/internal/version.version=" + version,
	}
}

func kustomize(version string) Tool {
	return Tool{
		Name: "kustomize", Module: "sigs.k8s.io/kustomize/kustomize/v5", Package: "sigs.k8s.io/kustomize/kustomize/v5",
		Version: version,
	}
}

// Dir is where the binaries are kept.
func Dir() (string, error) {
	if dir := os.Getenv(CacheEnv); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "kesbridge-conformance"), nil
}

// Build makes sure that the binary is in dir and returns its path; took is 0
// if it was there. A build that ctx ends goes on from Go's build cache next
// time. Parallel runs don't harm each other: a binary appears whole or not.
func (t Tool) Build(ctx context.Context, dir string) (path string, took time.Duration, err error) {
	home := filepath.Join(dir, fmt.Sprintf("%s-%s-%s-%s", t.Name, t.Version, runtime.GOOS, runtime.GOARCH))
	path = filepath.Join(home, t.Name+exe())
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return path, 0, nil
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", 0, fmt.Errorf("build %s: %w", t.Name, err)
	}
	tmp, err := os.MkdirTemp(home, ".build-")
	if err != nil {
		return "", 0, fmt.Errorf("build %s: %w", t.Name, err)
	}
	defer os.RemoveAll(tmp)

	start := time.Now()
	args := []string{"install"}
	if t.LDFlags != "" {
		args = append(args, "-ldflags", t.LDFlags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, t.Package+"@"+t.Version)...)
	cmd.Dir = tmp // outside any module: what counts is the tool's own go.mod
	cmd.Env = append(os.Environ(), "GOBIN="+tmp, "GOWORK=off", "CGO_ENABLED=0")
	cmd.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), errors.New("run it again: it goes on where it was"))
		}
		return "", 0, fmt.Errorf("build %s %s: %w\n%s", t.Name, t.Version, err, tail(stderr.String(), 20))
	}
	built := filepath.Join(tmp, filepath.Base(t.binary())+exe())
	if err := os.Rename(built, path); err != nil {
		return "", 0, fmt.Errorf("build %s: %w", t.Name, err)
	}
	return path, time.Since(start), nil
}

// binary is the name that `go install` gives: the package's last element, or
// the one before a major version.
func (t Tool) binary() string {
	if t.Package == t.Module {
		if i := strings.LastIndex(t.Package, "/v"); i > 0 {
			return t.Package[:i]
		}
	}
	return t.Package
}

func exe() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
