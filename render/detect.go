package render

import (
	"fmt"
	"os"
	"strings"
)

// Detect says which tool Argo CD would use for a directory, by the names in
// it: a name that ends in "Chart.yaml" means Helm, the name of a kustomization
// means Kustomize, and of several the last in lexical order counts (so
// kustomization.yaml wins over Chart.yaml). Anything else is Directory.
// Source: argo-cd util/app/discovery/discovery.go, Discover.
func Detect(dir string) (Kind, error) {
	entries, err := os.ReadDir(dir) // sorted by name, as filepath.Walk is
	if err != nil {
		return Auto, fmt.Errorf("detect kind of application: %w", err)
	}
	kind := Directory
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if strings.HasSuffix(e.Name(), "Chart.yaml") {
			kind = Helm
		}
		if isKustomization(e.Name()) {
			kind = Kustomize
		}
	}
	return kind, nil
}

func isKustomization(name string) bool {
	return name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization"
}
