package cli

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPluginVersion: Argo CD keeps manifests for a day under the plugin's
// name, so other output for the same input needs another spec.version. The
// goldens stand for the output. -update adds new ones; one that changed it
// only takes over under a new version.
func TestPluginVersion(t *testing.T) {
	const record = "testdata/plugin-version.txt"
	now := map[string]string{}
	for _, pattern := range []string{"out.yaml", "out.json"} {
		files, err := filepath.Glob("../../testdata/convert/*/" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			now[filepath.Base(filepath.Dir(f))] = fmt.Sprintf("%x", sha256.Sum256(data))[:16]
		}
	}
	old, err := os.ReadFile(record)
	if err != nil && !*update {
		t.Fatal(err)
	}
	version, rest, _ := strings.Cut(string(old), "\n")
	same := version == PluginVersion
	var changed []string
	for line := range strings.Lines(rest) {
		name, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
		if now[name] != "" && now[name] != sum {
			changed = append(changed, name)
		}
	}
	if same && len(changed) > 0 {
		t.Fatalf("the output of %s changed: raise PluginVersion, then go test ./internal/cli -run TestPluginVersion -update", strings.Join(changed, ", "))
	}
	var b strings.Builder
	b.WriteString(PluginVersion + "\n")
	for _, name := range slices.Sorted(maps.Keys(now)) {
		fmt.Fprintf(&b, "%s %s\n", name, now[name])
	}
	compare(t, record, b.String())
}
