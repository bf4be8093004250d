package main

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kesbridge": main, "helm": main, "argocd": fakeArgocd, "multiargocd": fakeMultiArgocd, "argocd-kesbridge": main})
}

// TestScripts runs kesbridge as a process, with real files, pipes and exit
// codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			if kb, err := exec.LookPath("kesbridge"); err == nil {
				env.Setenv("KB", kb) // for scripts that empty PATH
			}
			// Its own repository, so that no configuration is found above it.
			return os.Mkdir(env.Getenv("WORK")+"/.git", 0o755)
		},
	})
}
