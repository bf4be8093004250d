//go:build linux

package cmp

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	lines "kesbridge/conformance/argocd/tool"
	"kesbridge/conformance/cmp/tool"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// builds are the binaries that the tests run.
var builds struct {
	kesbridge string
	servers   []server
	// kustomize is that of the newest line, as kesbridge's library.
	kustomize string
}

type server struct {
	tool.Server
	path string
}

// testTime is kept for the tests themselves, of what -timeout gives.
const testTime = 4 * time.Minute

func TestMain(m *testing.M) {
	if spec := os.Getenv(enterEnv); spec != "" {
		fmt.Fprintln(os.Stderr, "enter:", enter(spec))
		os.Exit(1)
	}
	if err := restart(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	}
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	}
	os.Exit(code)
}

// environment is what Argo CD's packages read while they start, before any
// code of ours: each command that the native rendering runs may take long on a
// busy machine, and it logs each.
var environment = map[string]string{"ARGOCD_EXEC_TIMEOUT": "10m", "ARGOCD_LOG_LEVEL": "error"}

// restart puts the same program with that environment in this one's place.
func restart() error {
	again := false
	for name, value := range environment {
		again = again || os.Getenv(name) != value
		os.Setenv(name, value)
	}
	if !again {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}

func setUp(m *testing.M) (int, error) {
	flag.Parse()
	timeout, err := time.ParseDuration(flag.Lookup("test.timeout").Value.String())
	if err != nil || timeout == 0 {
		timeout = time.Hour
	}
	ctx, stop := context.WithTimeoutCause(context.Background(), max(timeout-testTime, timeout/2), errors.New("building took too long"))
	defer stop()
	tmp, err := os.MkdirTemp("", "kb-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	if err := buildAll(ctx, tmp); err != nil {
		return 0, err
	}
	// Nothing of the machine's user may reach helm and kustomize.
	for _, name := range []string{"HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"} {
		os.Unsetenv(name)
	}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "KESBRIDGE_") && name != loadEnv {
			os.Unsetenv(name)
		}
	}
	os.Setenv("HOME", tmp)
	// Argo CD's client leaves an empty directory per call (util/tgzstream).
	os.Setenv("TMPDIR", tmp)
	logrus.SetOutput(io.Discard)
	return m.Run(), nil
}

func buildAll(ctx context.Context, tmp string) error {
	cache, err := lines.Dir()
	if err != nil {
		return err
	}
	builds.kesbridge = filepath.Join(tmp, "kesbridge")
	if err := tool.GoBuild(ctx, filepath.Join("..", ".."), builds.kesbridge, "./cmd/kesbridge"); err != nil {
		return fmt.Errorf("build kesbridge: %w", err)
	}
	for _, s := range tool.Servers {
		path, took, err := s.Build(ctx, ".", cache)
		if err != nil {
			return err
		}
		if took > 0 {
			fmt.Printf("built %s %s in %s\n", tool.Name, s.Version, took.Round(time.Second))
		}
		builds.servers = append(builds.servers, server{s, path})
	}
	for _, t := range []lines.Tool{lines.Lines[0].Helm, lines.Lines[0].Kustomize} {
		path, _, err := t.Build(ctx, cache)
		if err != nil {
			return err
		}
		os.Setenv("PATH", filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	builds.kustomize, _, err = lines.Lines[len(lines.Lines)-1].Kustomize.Build(ctx, cache)
	return err
}
