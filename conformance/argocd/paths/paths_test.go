// Package paths asks Argo CD's own code which files the annotation
// manifest-generate-paths covers: it answers the cases of internal/input.
package paths

import (
	"encoding/json"
	"flag"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	apppath "github.com/argoproj/argo-cd/v3/util/app/path"
)

var update = flag.Bool("update", false, "write the answers into the cases")

const file = "../../../internal/input/testdata/generatepaths.json"

type testCase struct {
	Name       string `json:"name"`
	Annotation string `json:"annotation"`
	Path       string `json:"path"`
	// Files were read, Dirs listed, Missing looked for in vain.
	Files   []string `json:"files"`
	Dirs    []string `json:"dirs"`
	Missing []string `json:"missing"`
	// Uncovered are the files whose change Argo CD doesn't see.
	Uncovered []string `json:"uncovered"`
	// Value is what kesbridge says instead.
	Value string `json:"value"`
}

// seen says whether Argo CD renders again when a file changes.
func (c *testCase) seen(annotation, file string) bool {
	app := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Source: &v1alpha1.ApplicationSource{Path: c.Path}}}
	app.Annotations = map[string]string{v1alpha1.AnnotationKeyManifestGeneratePaths: annotation}
	return apppath.AppFilesHaveChanged(apppath.GetSourceRefreshPaths(app, *app.Spec.Source), []string{file})
}

func TestGeneratePaths(t *testing.T) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for i := range cases {
		c := &cases[i]
		t.Run(c.Name, func(t *testing.T) {
			uncovered := []string{}
			for _, f := range c.Files {
				if !c.seen(c.Annotation, f) {
					uncovered = append(uncovered, f)
				}
			}
			if !slices.Equal(uncovered, c.Uncovered) && !*update {
				t.Errorf("Argo CD doesn't see %q, the case says %q", uncovered, c.Uncovered)
			}
			c.Uncovered = uncovered
			// Everything is seen with the value, a new file in a directory included,
			// and not without any part of it.
			all := slices.Concat(c.Files, c.Missing)
			for _, d := range c.Dirs {
				all = append(all, path.Join(d, "new.txt"))
			}
			unseen := func(annotation string) (out []string) {
				for _, f := range all {
					if !c.seen(annotation, f) {
						out = append(out, f)
					}
				}
				return out
			}
			if out := unseen(c.Value); len(out) > 0 {
				t.Errorf("with %s Argo CD doesn't see %q", c.Value, out)
			}
			items := strings.Split(c.Value, ";")
			for i := range items {
				rest := strings.Join(slices.Delete(slices.Clone(items), i, i+1), ";")
				if len(items) > 1 && len(unseen(rest)) == 0 {
					t.Errorf("%s does without %s", c.Value, items[i])
				}
			}
		})
	}
	if *update {
		out, err := json.MarshalIndent(cases, "", "  ")
		if err == nil {
			err = os.WriteFile(file, append(out, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
