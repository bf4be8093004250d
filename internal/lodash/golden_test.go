package lodash

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/templates.golden")

// TestGolden holds the Go text of every pair of facts/eso-templates.md D4 and
// E2-E6, natural, exact and for template.data.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/templates.json")
	if err != nil {
		t.Fatal(err)
	}
	var templates []string
	if err := json.Unmarshal(b, &templates); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, text := range templates {
		fmt.Fprintf(&got, "KES     %q\n", text)
		for _, target := range []struct {
			name string
			Target
		}{{"natural", Target{}}, {"exact", Target{Exact: true}}, {"data", Target{Base64: true}}} {
			target.Fetched = fetched
			tr, err := Translate(text, target.Target)
			if err != nil {
				fmt.Fprintf(&got, "%-7s refused: %s\n", target.name, strings.ReplaceAll(err.Error(), "\n", "; "))
				continue
			}
			fmt.Fprintf(&got, "%-7s %s", target.name, strings.ReplaceAll(tr.Text, "\n", `⏎`))
			for _, n := range tr.Notes {
				if n.Kind != NonASCII {
					fmt.Fprintf(&got, "    [%s]", n.Kind)
				}
			}
			got.WriteByte('\n')
		}
	}
	const file = "testdata/templates.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("translations differ from %s; look at the change that -update makes", file)
	}
}
