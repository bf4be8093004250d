package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fakeArgocd answers as argocd does: from files below $ARGOCD_FAKE. A call is
// a file's name, its arguments joined by blanks; what isn't there is a call
// that argocd would refuse. NAME.err is said on standard error, and fails.
func fakeArgocd() {
	dir, call := os.Getenv("ARGOCD_FAKE"), strings.ReplaceAll(strings.Join(os.Args[1:], " "), "/", "+")
	if log := os.Getenv("ARGOCD_FAKE_LOG"); log != "" {
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintln(f, call)
			f.Close()
		}
	}
	if said, err := os.ReadFile(filepath.Join(dir, call+".err")); err == nil {
		os.Stderr.Write(said)
		os.Exit(20)
	}
	data, err := os.ReadFile(filepath.Join(dir, call))
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error: unknown command or flag: "+call)
		os.Exit(1)
	}
	os.Stdout.Write(data)
}
