package argocd

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"sigs.k8s.io/yaml"

	"kesbridge/conformance/argocd/oracle"
	"kesbridge/conformance/argocd/tool"
)

// testTime is kept for the tests themselves, of what -timeout gives to the
// package. What is built by then stays built.
const testTime = 2 * time.Minute

// buildTime bounds what TestMain builds.
func buildTime() time.Duration {
	flag.Parse()
	timeout, err := time.ParseDuration(flag.Lookup("test.timeout").Value.String())
	if err != nil || timeout == 0 {
		return time.Hour
	}
	return max(timeout-testTime, timeout/2)
}

// builds are the binaries that the tests run.
var builds struct {
	kesbridge string
	lines     []line
}

// line is a set of tools at hand.
type line struct {
	tool.Line
	helm, kustomize string
}

// environment is what Argo CD's packages read while they start, before any
// code of ours: each command that it runs may take long on a busy machine, and
// it logs each.
var environment = map[string]string{"ARGOCD_EXEC_TIMEOUT": "10m", "ARGOCD_LOG_LEVEL": "error"}

func TestMain(m *testing.M) {
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
	tmp, err := os.MkdirTemp("", "kesbridge-conformance-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	ctx, stop := context.WithTimeoutCause(context.Background(), buildTime(), errors.New("building took too long"))
	defer stop()
	if err := buildAll(ctx, tmp); err != nil {
		return 0, err
	}
	// Nothing of the machine's user may reach helm and kustomize.
	home := filepath.Join(tmp, "home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return 0, err
	}
	for _, name := range []string{"HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"} {
		os.Unsetenv(name)
	}
	os.Setenv("HOME", home)
	logrus.SetOutput(io.Discard)
	return m.Run(), nil
}

func buildAll(ctx context.Context, tmp string) error {
	start := time.Now()
	builds.kesbridge = filepath.Join(tmp, "kesbridge")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", builds.kesbridge, "./cmd/kesbridge")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build kesbridge: %w\n%s", err, out)
	}
	fmt.Printf("built kesbridge in %s\n", time.Since(start).Round(time.Second))
	dir, err := tool.Dir()
	if err != nil {
		return err
	}
	for _, l := range tool.Lines {
		at := line{Line: l}
		for _, b := range []struct {
			tool tool.Tool
			path *string
		}{{l.Helm, &at.helm}, {l.Kustomize, &at.kustomize}} {
			var took time.Duration
			if *b.path, took, err = b.tool.Build(ctx, dir); err != nil {
				return err
			}
			if took > 0 {
				fmt.Printf("built %s %s in %s\n", b.tool.Name, b.tool.Version, took.Round(time.Second))
			}
		}
		builds.lines = append(builds.lines, at)
	}
	return nil
}

// use puts the line's tools first on PATH.
func (l line) use(t *testing.T) {
	t.Setenv("PATH", strings.Join([]string{filepath.Dir(l.helm), filepath.Dir(l.kustomize), os.Getenv("PATH")}, string(os.PathListSeparator)))
}

// TestApps holds kesbridge to Argo CD, with the tools of each line.
func TestApps(t *testing.T) {
	cases := loadCases(t, "apps")
	known := loadDifferences(t, "Differences")
	var mu sync.Mutex
	seen := map[int]bool{}
	for _, l := range builds.lines {
		// Not parallel: PATH is the process's. Its cases are.
		t.Run(l.Name, func(t *testing.T) {
			l.use(t)
			group(t, cases, func(t *testing.T, c testCase) {
				theirs, theirErr := c.argocd(t, l)
				if c.Fails != (theirErr != nil) {
					t.Fatalf("case.yaml says fails: %v, but Argo CD: %v", c.Fails, theirErr)
				}
				ours, ourErr := c.kesbridge(t, l)
				for _, what := range differ(theirs, theirErr, ours, ourErr) {
					found := false
					for i, d := range known {
						if d.test == c.name && d.holdsWith(l.Name) && d.what == cell(what) {
							found = true
							mu.Lock()
							seen[i] = true
							mu.Unlock()
						}
					}
					if !found {
						t.Errorf("differs, and %s doesn't list it:\n%s\nArgo CD's error: %v\nkesbridge's error: %v", differencesFile,
							difference{test: c.name, with: l.Name, what: what}.row(), theirErr, ourErr)
					}
				}
			})
		})
	}
	if testing.Short() || filtered() {
		return
	}
	for i, d := range known {
		if !seen[i] {
			t.Errorf("%s lists what doesn't differ any more: %s with %s: %s", differencesFile, d.test, d.with, d.what)
		}
	}
}

// TestNewer holds kesbridge to what Argo CD does since a release that the
// oracle is older than, by expected objects, and the oracle to differing.
func TestNewer(t *testing.T) {
	l := builds.lines[len(builds.lines)-1]
	l.use(t)
	listed := map[string]bool{}
	for _, d := range loadDifferences(t, "Newer than the oracle") {
		listed[d.test] = true
	}
	cases := loadCases(t, "newer")
	for _, c := range cases {
		if !listed[c.name] {
			t.Errorf("%s doesn't list %s", differencesFile, c.name)
		}
		delete(listed, c.name)
	}
	for name := range listed {
		t.Errorf("%s lists %s, which is no case", differencesFile, name)
	}
	group(t, cases, func(t *testing.T, c testCase) {
		var want []object
		var wantErr error
		if c.Fails {
			wantErr = errors.New("expected")
		} else {
			b, err := os.ReadFile(filepath.Join(c.dir, "expected.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if want, err = read(b); err != nil {
				t.Fatal(err)
			}
		}
		ours, ourErr := c.kesbridge(t, l)
		for _, what := range differ(want, wantErr, ours, ourErr) {
			t.Errorf("%s (kesbridge's error: %v)", what, ourErr)
		}
		theirs, theirErr := c.argocd(t, l)
		if len(differ(want, wantErr, theirs, theirErr)) == 0 {
			t.Error("the oracle does the same: this belongs to testdata/apps")
		}
	})
}

// group runs the cases at once and returns when all are done.
func group(t *testing.T, cases []testCase, f func(*testing.T, testCase)) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f(t, c)
		})
	}
}

// filtered reports whether only some of the cases run.
func filtered() bool {
	for _, a := range os.Args {
		if v, ok := strings.CutPrefix(a, "-test.run="); ok && v != "" {
			return true
		}
	}
	return false
}

func differ(theirs []object, theirErr error, ours []object, ourErr error) []string {
	switch {
	case theirErr != nil && ourErr != nil:
		return nil
	case theirErr != nil:
		return []string{"Argo CD fails, kesbridge renders"}
	case ourErr != nil:
		return []string{"Argo CD renders, kesbridge fails"}
	}
	leaveKESAside(theirs, ours)
	return compare(theirs, ours)
}

func (c testCase) argocd(t *testing.T, l line) ([]object, error) {
	t.Helper()
	manifests, err := oracle.Generate(t.Context(), oracle.Request{
		Root: c.checkout(t), Revision: revision, App: c.app.DeepCopy(),
		KubeVersion: c.KubeVersion, APIVersions: c.APIVersions,
		BuildOptions: c.BuildOptions, Kustomize: l.kustomize,
	})
	if err != nil {
		return nil, err
	}
	objects, err := parse(manifests)
	if err != nil {
		t.Fatal(err)
	}
	return objects, nil
}

// kesbridge runs the binary as a person would.
func (c testCase) kesbridge(t *testing.T, l line) ([]object, error) {
	t.Helper()
	root := c.checkout(t)
	config, err := yaml.Marshal(map[string]any{"clusters": map[string]any{"conformance": map[string]any{
		"server": "https://kubernetes.default.svc", "kubeVersion": c.KubeVersion, "apiVersions": c.APIVersions,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	configFile := filepath.Join(t.TempDir(), "kesbridge.yaml")
	write(t, configFile, string(config))
	args := []string{"render", "--application", filepath.Join(root, "app.yaml"), "--config", configFile, "--on-unsupported", "keep"}
	if c.AllowEmpty {
		args = append(args, "--allow-empty")
	}
	cmd := exec.CommandContext(t.Context(), builds.kesbridge, args...)
	cmd.Env = []string{
		"PATH=" + t.TempDir(), // neither helm nor kustomize nor git
		"HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir(),
		"KESBRIDGE_HELM_VERSION=" + l.Helm.Version,
		"KESBRIDGE_KUSTOMIZE_BUILD_OPTIONS=" + c.BuildOptions,
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	objects, err := read(stdout.Bytes())
	if err != nil {
		// As a plugin it fails then, in the next step.
		return nil, fmt.Errorf("Argo CD can't read the output of a plugin: %w", err)
	}
	return objects, nil
}
