package input

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"kesbridge/render"
)

// What is uncovered, and that the value covers it, was asked of Argo CD's own
// code: conformance/argocd/paths.
func TestGeneratePaths(t *testing.T) {
	data, err := os.ReadFile("testdata/generatepaths.json")
	must(t, err)
	var cases []struct {
		Name, Annotation, Path, Value   string
		Files, Dirs, Missing, Uncovered []string
	}
	must(t, json.Unmarshal(data, &cases))
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			s := New("", render.Inputs{Files: c.Files, Dirs: c.Dirs, Missing: c.Missing})
			missing, value := GeneratePaths(c.Annotation, c.Path, s)
			if !slices.Equal(missing, c.Uncovered) || value != c.Value {
				t.Errorf("got %q %s\nwant %q %s", missing, value, c.Uncovered, c.Value)
			}
			if missing, again := GeneratePaths(value, c.Path, s); len(missing) > 0 || again != value {
				t.Errorf("with that value: %q %s", missing, again)
			}
		})
	}
}
