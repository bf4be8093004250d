package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileNames holds that no name in a repository reaches a terminal with
// its control characters, or begins a line of a CI's log.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("evil\x1b[31m.yaml", `apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: "red\e[31m\n::error::x", namespace: "shop\a"}
spec: {backendType: "none\e[2J", data: [{key: k, name: "v"}]}
---
apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: "good\e[31m\n::error::x"}
spec: {backendType: secretsManager, data: [{key: k, name: "v"}]}
`)
	kustomize := filepath.Join(dir, "k")
	if err := os.Mkdir(kustomize, 0o755); err != nil {
		t.Fatal(err)
	}
	write("k/kustomization.yaml", `resources: ["none\e[2J.yaml"]`)
	for _, args := range [][]string{{"render", "."}, {"convert", "evil\x1b[31m.yaml"}, {"diff", "."}, {"verify", "."}, {"render", "k"}, {"check", "."}, {"render", "no\x1b[2J"}} {
		stdout, stderr, code := invoke(t, dir, args...)
		if code == 0 {
			t.Errorf("%q: exit code 0", args)
		}
		all := stdout + stderr
		if strings.ContainsAny(all, "\x1b\a") || strings.Contains("\n"+all, "\n::") {
			t.Errorf("%q prints it raw:\n%q", args, all)
		}
		if !strings.Contains(all, `\x1b`) {
			t.Errorf("%q doesn't show the name:\n%s", args, all)
		}
	}
}
