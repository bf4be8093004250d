package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/proof"
)

// readFixtures reads every YAML and JSON file of a directory: a mapping of
// backend keys to stored values. A value that isn't text is stored as JSON.
func readFixtures(dir string) ([]proof.Fixture, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &hintError{fmt.Errorf("--fixtures: %w", err), "give a directory of YAML or JSON files, each a mapping of backend keys to values"}
	}
	var out []proof.Fixture
	var errs []error
	for _, e := range entries {
		if !e.Type().IsRegular() || !isManifest(e.Name()) {
			continue
		}
		f, err := readFixture(filepath.Join(dir, e.Name()))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, f)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--fixtures %s: no YAML or JSON files in it", dir)
	}
	return out, nil
}

func readFixture(file string) (proof.Fixture, error) {
	f := proof.Fixture{Name: filepath.Base(file), Backend: map[string]string{}}
	data, err := os.ReadFile(file)
	if err != nil {
		return f, fmt.Errorf("--fixtures: %w", err)
	}
	values := map[string]json.RawMessage{}
	if err := yaml.UnmarshalStrict(data, &values); err != nil {
		return f, fmt.Errorf("--fixtures %s: want a mapping of backend keys to values: %w", file, err)
	}
	for key, raw := range values {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		f.Backend[key] = text
	}
	return f, nil
}
