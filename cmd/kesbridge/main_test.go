package main

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kesbridge": main})
}

// TestScripts runs kesbridge as a process, with real files, pipes and exit
// codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			// Its own repository, so that no configuration is found above it.
			return os.Mkdir(env.Getenv("WORK")+"/.git", 0o755)
		},
	})
}
