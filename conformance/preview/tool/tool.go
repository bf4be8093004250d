// Package tool gets what the tests run: binaries built from Go modules, which
// are kept, CRDs from modules' files, and Debian's redis-server.
package tool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// CacheEnv names the directory for the binaries, as for the other modules.
const CacheEnv = "KESBRIDGE_CONFORMANCE_CACHE"

// Program is a main package.
type Program struct {
	Name string
	// Module is a directory below conformance/preview with a go.mod that pins
	// the program's module and, since those of a dependency don't count,
	// repeats its replacements.
	Module, Package string
	LDFlags         string
}

// Kubernetes' version, of the module and in the binary, as its release builds
// have it.
const (
	version     = "k8s.io/component-base/version."
	kubeVersion = "-X " + version + "gitVersion=v1.36.1 -X " + version + "gitMajor=1 -X " + version + "gitMinor=36"
)

// The programs.
var (
	// Argocd is all of Argo CD: its binary is multi-call.
	Argocd    = Program{Name: "argocd", Module: "argocd31", Package: "github.com/argoproj/argo-cd/v3/cmd"}
	APIServer = Program{Name: "kube-apiserver", Module: "kube", Package: "k8s.io/kubernetes/cmd/kube-apiserver", LDFlags: kubeVersion}
	// ControllerManager brings the garbage collector.
	ControllerManager = Program{Name: "kube-controller-manager", Module: "kube", Package: "k8s.io/kubernetes/cmd/kube-controller-manager", LDFlags: kubeVersion}
	Etcd              = Program{Name: "etcd", Module: "kube", Package: "go.etcd.io/etcd/server/v3"}
	// The External Secrets Operator: controllers, webhook and certificate
	// controller are one binary.
	ESO09  = Program{Name: "external-secrets-v0.9.20", Module: "eso09", Package: eso}
	ESO016 = Program{Name: "external-secrets-v0.16.2", Module: "eso016", Package: eso}
	ESO020 = Program{Name: "external-secrets-v0.20.4", Module: "eso020", Package: eso}
)

const eso = "github.com/external-secrets/external-secrets"

// Programs are all of them.
var Programs = []Program{Argocd, APIServer, ControllerManager, Etcd, ESO09, ESO016, ESO020}

// Dir is where binaries are kept.
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

// Build makes sure that the binary is below cache; took is 0 if it was there.
// home is the directory conformance/preview. A binary appears whole or not.
func (p Program) Build(ctx context.Context, home, cache string) (path string, took time.Duration, err error) {
	fail := func(err error) (string, time.Duration, error) {
		return "", 0, fmt.Errorf("build %s: %w", p.Name, err)
	}
	module := filepath.Join(home, p.Module)
	pins, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return fail(err)
	}
	id := sha256.Sum256([]byte(p.LDFlags + "\n" + string(pins)))
	dir := filepath.Join(cache, fmt.Sprintf("preview-%s-%x-%s-%s", p.Name, id[:4], runtime.GOOS, runtime.GOARCH))
	path = filepath.Join(dir, p.Name)
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return path, 0, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fail(err)
	}
	tmp, err := os.MkdirTemp(dir, ".build-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(tmp)
	start := time.Now()
	built := filepath.Join(tmp, p.Name)
	if err := GoBuild(ctx, module, built, p.Package, p.LDFlags); err != nil {
		return fail(err)
	}
	if err := os.Rename(built, path); err != nil {
		return fail(err)
	}
	return path, time.Since(start), nil
}

// GoBuild builds a static binary. A build that ctx ends goes on from Go's
// build cache next time.
func GoBuild(ctx context.Context, dir, to, pkg, ldflags string) error {
	_, err := run(ctx, dir, "go", "build", "-trimpath", "-ldflags", "-s -w "+ldflags, "-o", to, pkg)
	return err
}

// ModuleDir downloads a module and says where its files are.
func ModuleDir(ctx context.Context, module, version string) (string, error) {
	out, err := run(ctx, os.TempDir(), "go", "mod", "download", "-json", module+"@"+version)
	if err != nil {
		return "", fmt.Errorf("download %s: %w", module, err)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil || m.Dir == "" {
		return "", fmt.Errorf("download %s: no directory in %s", module, out)
	}
	return m.Dir, nil
}

// Redis finds redis-server, and as root on Debian installs it where it is
// missing.
func Redis(ctx context.Context) (string, error) {
	const name = "redis-server"
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if os.Geteuid() != 0 {
		return "", errors.New("no redis-server in PATH: apt-get install redis-server")
	}
	for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", name}} {
		if _, err := run(ctx, "/", "apt-get", args...); err != nil {
			return "", fmt.Errorf("no redis-server in PATH, and it can't be installed: %w", err)
		}
	}
	return exec.LookPath(name)
}

func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// Without an init that looks at runlevel 1, Debian starts no service.
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), errors.New("run it again: it goes on where it was"))
		}
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("%s %s: %w\n%s", name, args[0], err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return stdout.Bytes(), nil
}
