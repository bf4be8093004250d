// Package esotest is for tests only: it holds printed objects against ESO's
// own CRDs as an API server would, so that no unknown field, broken
// constraint or left-out default goes unseen. The CRDs aren't in this
// repository; they lie in a folder named shared beside it.
package esotest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// CRD is one kind of one ESO release.
type CRD struct {
	// ESO is the release: "0.9.20".
	ESO   string
	group string
	kind  string
	// schemas are those of the served versions, by their names.
	schemas map[string]Schema
}

// CRDs returns the CRDs of one kind ("externalsecrets", "secretstores",
// "clustersecretstores"), one for each release that we have. Where they are
// absent the test is skipped.
func CRDs(t testing.TB, plural string) []CRD {
	t.Helper()
	dir := Shared(t, "eso-crds")
	files, err := filepath.Glob(filepath.Join(dir, "v*", plural+".yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s.yaml below ../shared/eso-crds: %v", plural, err)
	}
	var crds []CRD
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parse(data)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		c.ESO = strings.TrimPrefix(filepath.Base(filepath.Dir(f)), "v")
		crds = append(crds, c)
	}
	return crds
}

// Shared returns the path of something in the folder named shared beside the
// repository, and skips the test where it isn't there.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's directory")
		}
		dir = up
	}
	name := filepath.Join(elem...)
	path := filepath.Join(filepath.Dir(dir), "shared", name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("skipped, since this compares with ../shared/%s, which isn't beside the repository", name)
	}
	return path
}

func parse(data []byte) (CRD, error) {
	var in struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Served bool
				Schema struct {
					Open Schema `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &in); err != nil {
		return CRD{}, err
	}
	c := CRD{group: in.Spec.Group, kind: in.Spec.Names.Kind, schemas: map[string]Schema{}}
	for _, v := range in.Spec.Versions {
		if v.Served {
			c.schemas[v.Name] = v.Schema.Open
		}
	}
	if len(c.schemas) == 0 {
		return CRD{}, errors.New("no served version")
	}
	return c, nil
}

// Serves reports whether the release serves an apiVersion.
func (c CRD) Serves(apiVersion string) bool {
	return c.schema(apiVersion) != nil
}

// Spec returns the schema of spec in an apiVersion; nil where it isn't
// served.
func (c CRD) Spec(apiVersion string) Schema {
	return c.schema(apiVersion).Property("spec")
}

func (c CRD) schema(apiVersion string) Schema {
	group, version, _ := strings.Cut(apiVersion, "/")
	if group != c.group {
		return nil
	}
	return c.schemas[version]
}

// Check returns what an API server with this CRD would refuse or prune of an
// object, each as "path: reason", in order; nil for an object that is stored
// as it is, apart from defaults.
func (c CRD) Check(obj manifest.Map) []string {
	v, found := Plain(obj)
	m, ok := v.(map[string]any)
	if !ok {
		return append(found, "not an object")
	}
	s := c.schema(text(m["apiVersion"]))
	if s == nil {
		return append(found, fmt.Sprintf("apiVersion: %v isn't served", m["apiVersion"]))
	}
	if m["kind"] != c.kind {
		found = append(found, fmt.Sprintf("kind: %v isn't %s", m["kind"], c.kind))
	}
	found = append(found, checkMeta(m["metadata"])...)
	delete(m, "metadata")
	return append(found, s.check("", m)...)
}

// Defaults returns the paths of what an API server with this CRD would add to
// an object, each as "path: value", in order.
func (c CRD) Defaults(obj manifest.Map) []string {
	v, _ := Plain(obj)
	m, _ := v.(map[string]any)
	return c.schema(text(m["apiVersion"])).Defaults(v)
}

var (
	subdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	label     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	qualified = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelText = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

// checkMeta checks the fields of ObjectMeta that a manifest has any business
// to set; the CRD itself says nothing about them.
func checkMeta(v any) (found []string) {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{"metadata: missing or not an object"}
	}
	if name := text(m["name"]); len(name) > 253 || !subdomain.MatchString(name) {
		found = append(found, fmt.Sprintf("metadata.name: %q isn't a DNS subdomain", name))
	}
	for _, k := range sortedKeys(m) {
		path := "metadata." + k
		switch k {
		case "name":
		case "namespace":
			if ns := text(m[k]); len(ns) > 63 || !label.MatchString(ns) {
				found = append(found, fmt.Sprintf("%s: %q isn't a DNS label", path, ns))
			}
		case "labels", "annotations":
			mm, ok := m[k].(map[string]any)
			if !ok || len(mm) == 0 {
				found = append(found, path+": not an object, or an empty one")
			}
			for _, key := range sortedKeys(mm) {
				value, isString := mm[key].(string)
				if !isString || !qualified.MatchString(key) || k == "labels" && !labelText.MatchString(value) {
					found = append(found, fmt.Sprintf("%s: %s: %v can't be", path, key, mm[key]))
				}
			}
		default:
			found = append(found, path+": not for a manifest to set")
		}
	}
	return found
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
