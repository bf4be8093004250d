package cutover

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"kesbridge/conformance/preview/tool"
)

// home is the directory conformance/preview.
const home = ".."

// binaryEnv names a kesbridge to try in place of the repository's.
const binaryEnv = "KESBRIDGE_CONFORMANCE_BINARY"

// kesbridge builds the repository's own and says where.
var kesbridge func() (string, error)

// release is one of ESO's.
type release struct {
	name    string
	program tool.Program
	// version of the API group external-secrets.io.
	version string
}

var releases = []release{
	{"v0.9.20", tool.ESO09, "v1beta1"},
	{"v0.16.2", tool.ESO016, "v1"},
	{"v0.20.4", tool.ESO020, "v1"},
}

func TestMain(m *testing.M) {
	os.Exit(prepare(m))
}

func prepare(m *testing.M) int {
	if runtime.GOOS != "linux" {
		fmt.Fprintln(os.Stderr, "skipped: the programs are started as Linux has it")
		return 0
	}
	flag.Parse()
	// The scenes of a table mostly wait.
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "cutover-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	kesbridge = sync.OnceValues(func() (string, error) {
		path := filepath.Join(dir, "kesbridge") // the plugin's name in PATH
		if other := os.Getenv(binaryEnv); other != "" {
			return path, os.Symlink(other, path)
		}
		return path, tool.GoBuild(context.Background(), "../../..", path, "./cmd/kesbridge", "")
	})
	return m.Run()
}

// each runs f once for each release, on a control plane of its own.
func each(t *testing.T, f func(t *testing.T, l *lab)) {
	for _, r := range releases {
		t.Run(r.name, func(t *testing.T) {
			began := time.Now()
			l := newLab(t, r)
			ready := time.Since(began)
			f(t, l)
			t.Cleanup(func() {
				t.Logf("ESO %s: ready after %s, all in %s", r.name, ready.Round(time.Second), time.Since(began).Round(time.Second))
			})
		})
	}
}
