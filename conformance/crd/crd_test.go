package crd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/crd"
	"kesbridge/internal/manifest"
)

const shared = "../../../shared/eso-crds"

// TestVerdicts holds objects, and what becomes of them when each of their
// fields is changed in each of several ways, against both.
func TestVerdicts(t *testing.T) {
	dirs, _ := filepath.Glob(shared + "/v*")
	if len(dirs) == 0 {
		t.Skip("skipped, since this compares with ../shared/eso-crds, which isn't beside the repository")
	}
	seeds := objects(t)
	for _, dir := range dirs {
		release := strings.TrimPrefix(filepath.Base(dir), "v")
		set, note := crd.For(release)
		if note != "" {
			t.Fatal(note)
		}
		asked, refused := 0, 0
		used := map[string]int{} // seeds
		files, _ := filepath.Glob(dir + "/*.yaml")
		for _, file := range files {
			oracles, err := Read(file)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, o := range oracles {
				for _, seed := range seeds {
					if seed["kind"] != o.Kind {
						continue
					}
					seed := clone(seed)
					seed["apiVersion"] = o.APIVersion
					// Of something refused as it is, changes would show nothing.
					if o.Prune(seed); len(o.Verdict(clone(seed))) > 0 {
						continue
					}
					used[o.String()]++
					for _, m := range append(mutants(seed, seed), seed) {
						asked++
						if compare(t, release, set, o, m) {
							refused++
						}
					}
				}
			}
		}
		t.Logf("ESO %s: %d objects, %d not stored as they are, made of %v", release, asked, refused, used)
		if asked < 100 || len(used) < 3 || refused == 0 || refused == asked {
			t.Error("that is no comparison")
		}
	}
}

// lists is the one difference that is meant: of a string with a format,
// kube-openapi (pkg/validation/validate/type.go) lets a list pass. ESO, whose
// field is []byte, can't read that.
var lists = regexp.MustCompile(`\.caBundle: must be a string, not a list$`)

func compare(t *testing.T, release string, set *crd.Set, o *Oracle, m map[string]any) bool {
	text, err := yaml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var got []crd.Problem
	tr := manifest.Transformer{Groups: []string{"external-secrets.io"}, Visit: func(obj *manifest.Object) (manifest.Result, error) {
		got = set.Check(obj)
		return manifest.Result{}, nil
	}}
	plan, err := tr.Plan(context.Background(), manifest.Input{R: bytes.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	plan.Close()
	var back map[string]any
	if err := yaml.Unmarshal(text, &back); err != nil { // numbers as JSON has them
		t.Fatal(err)
	}
	want := o.Verdict(integers(back).(map[string]any))
	if len(want) == 0 && len(got) == 1 && lists.MatchString(got[0].String()) {
		return true
	}
	if (len(got) == 0) != (len(want) == 0) {
		t.Errorf("ESO %s, %s: kesbridge says %v, the API server %q, of\n%s", release, o, got, want, text)
	}
	return len(want) > 0
}

// mutants gives copies of root with one place under v changed each.
func mutants(root map[string]any, v any) (out []map[string]any) {
	change := func(do func()) {
		do()
		out = append(out, clone(root))
	}
	switch v := v.(type) {
	case map[string]any:
		for k, old := range v {
			if k == "apiVersion" || k == "kind" {
				continue
			}
			change(func() { delete(v, k) })
			for _, other := range []any{nil, "", "no such Value!", strings.Repeat("a", 254), "aGk=", true, int64(7), 1.5, int64(1) << 40, []any{}, []any{nil}, map[string]any{}, map[string]any{"esoStoreName": "x"}, map[string]any{"a": nil}} {
				change(func() { v[k] = other })
			}
			v[k] = old
			if k != "metadata" {
				change(func() { v[k+"X"] = "unknown" })
				delete(v, k+"X")
			}
			out = append(out, mutants(root, old)...)
		}
	case []any:
		for i, old := range v {
			for _, other := range []any{nil, "x", int64(1), map[string]any{}} {
				change(func() { v[i] = other })
			}
			v[i] = old
			out = append(out, mutants(root, old)...)
		}
	}
	return out
}

func clone(m map[string]any) map[string]any { return copied(m).(map[string]any) }

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = copied(e)
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, copied(e))
		}
		return out
	}
	return v
}

// integers makes whole numbers int64, as the API server's JSON decoder does.
func integers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = integers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

func objects(t *testing.T) (out []map[string]any) {
	data, err := os.ReadFile("testdata/objects.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range strings.Split(string(data), "\n---\n") {
		var m map[string]any
		if err := yaml.Unmarshal([]byte(doc), &m); err != nil {
			t.Fatal(fmt.Errorf("%w in %s", err, doc))
		}
		out = append(out, integers(m).(map[string]any))
	}
	return out
}
