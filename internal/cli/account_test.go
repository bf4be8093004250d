package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/eso/esotest"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// TestAccountTestdata: every document of every file in testdata is untouched,
// converted or kept, in its place.
func TestAccountTestdata(t *testing.T) {
	var files []string
	for _, root := range []string{"../../testdata", "../../examples", "../../render/testdata"} {
		files = append(files, manifests(t, root)...)
	}
	accountFor(t, files)
}

// TestAccountCorpus is the same for real manifests. With -v it prints what
// became of them, by rule.
func TestAccountCorpus(t *testing.T) {
	accountFor(t, manifests(t, esotest.Shared(t, "corpus", "manifests")))
}

func manifests(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && d.Type().IsRegular() && (ext == ".yaml" || ext == ".yml" || ext == ".json") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests in %s: %v", root, err)
	}
	return files
}

// tally is what became of the KES objects of some files.
type tally struct {
	files, broken, templates int
	documents                int
	counts                   pipeline.Counts
	byRule                   map[string]int // objects refused, by the first error's rule
}

func accountFor(t *testing.T, files []string) {
	sum := tally{byRule: map[string]int{}}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { sum.file(t, file, data) })
	}
	t.Logf("%d files, %d documents: %d of %d KES objects converted, %d refused; %d files are broken YAML, %d are templates",
		sum.files, sum.documents, sum.counts.Converted, sum.counts.KES, sum.counts.Kept, sum.broken, sum.templates)
	for _, id := range slices.Sorted(maps.Keys(sum.byRule)) {
		t.Logf("refused by %s: %d", id, sum.byRule[id])
	}
}

// file converts one file with keep and compares input and output document by
// document, both read by a decoder that isn't ours.
func (sum *tally) file(t *testing.T, name string, data []byte) {
	sum.files++
	run := pipeline.New()
	out := run.Output(pipeline.Options{Keep: true})
	plan, err := out.Plan(context.Background(), pipeline.Stream{Input: manifest.Input{Name: "in", R: bytes.NewReader(data)}})
	if syntax := (*manifest.SyntaxError)(nil); errors.As(err, &syntax) {
		if in, readErr := documents(data); readErr == nil {
			t.Fatalf("refused as broken (%v), but yaml reads %d documents", err, len(in))
		}
		sum.broken++
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if err := out.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	findings, counts := run.Finish()
	var b bytes.Buffer
	if _, err := plan.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if counts.Converted == 0 && !bytes.Equal(b.Bytes(), data) {
		t.Fatal("nothing was converted, and yet the bytes differ")
	}
	if counts.Converted+counts.Kept+counts.Failed != counts.KES || counts.Failed != 0 {
		t.Errorf("the counts don't add up: %+v", counts)
	}
	sum.add(counts, findings)
	before, err := documents(data)
	if err != nil {
		if counts.KES > 0 {
			t.Fatalf("converted, but yaml can't read the input: %v", err)
		}
		sum.templates++
		return
	}
	sum.documents += len(before)
	after, err := documents(b.Bytes())
	if err != nil {
		t.Fatalf("the output can't be read: %v\n%s", err, b.String())
	}
	sum.compare(t, before, after, counts)
}

func (sum *tally) add(c pipeline.Counts, fs manifest.Findings) {
	sum.counts.KES += c.KES
	sum.counts.Converted += c.Converted
	sum.counts.Kept += c.Kept
	refused := map[string]string{}
	for _, f := range fs {
		key := fmt.Sprint(f.Ref, f.Pos.File)
		if strings.HasSuffix(f.Message, "; left as it is") && refused[key] == "" {
			refused[key] = f.Rule
		}
	}
	for _, id := range refused {
		sum.byRule[id]++
	}
}

// compare walks both sides in step, into Lists too.
func (sum *tally) compare(t *testing.T, before, after []any, counts pipeline.Counts) {
	a, b := flatten(before), flatten(after)
	if len(a) != len(b) {
		t.Fatalf("%d objects in, %d out", len(a), len(b))
	}
	converted, kept := 0, 0
	for i := range a {
		in, out := ref(a[i]), ref(b[i])
		switch {
		case !kes.IsKES(in) && !reflect.DeepEqual(a[i], b[i]):
			t.Errorf("object %d (%s) isn't KES and was changed", i, in)
		case !kes.IsKES(in):
		case reflect.DeepEqual(a[i], b[i]):
			kept++
		case out.Group == eso.Group && out.Name == in.Name && out.Namespace == in.Namespace:
			converted++
		default:
			t.Errorf("object %d (%s) became %s", i, in, out)
		}
	}
	if converted != counts.Converted || kept != counts.Kept {
		t.Errorf("the run says %d converted and %d kept, the output shows %d and %d", counts.Converted, counts.Kept, converted, kept)
	}
}

func documents(data []byte) ([]any, error) {
	var out []any
	// yaml takes concatenated JSON for one document and fails.
	data = bytes.ReplaceAll(data, []byte("}\n{"), []byte("}\n---\n{"))
	data = bytes.ReplaceAll(data, []byte(`\/`), []byte(`/`)) // legal in JSON only
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, loose(&n))
	}
}

// loose turns a node into Go values; of repeated keys the last counts.
func loose(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return loose(n.Content[0])
	case yaml.AliasNode:
		return loose(n.Alias)
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, loose(c))
		}
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = loose(n.Content[i+1])
		}
		return out
	}
	return n.Value
}

func flatten(docs []any) []any {
	var out []any
	for _, d := range docs {
		if m, ok := d.(map[string]any); ok {
			if items, ok := m["items"].([]any); ok {
				delete(m, "items")
				out = append(out, m)
				out = append(out, flatten(items)...)
				continue
			}
		}
		out = append(out, d)
	}
	return out
}

func ref(v any) manifest.Ref {
	m, _ := v.(map[string]any)
	meta, _ := m["metadata"].(map[string]any)
	var r manifest.Ref
	api, _ := m["apiVersion"].(string)
	r.Group, r.Version, _ = strings.Cut(api, "/")
	r.Kind, _ = m["kind"].(string)
	r.Name, _ = meta["name"].(string)
	r.Namespace, _ = meta["namespace"].(string)
	return r
}

// TestOutputAgainstCRDs: whatever comes out of testdata and the corpus is
// what each ESO release that it is made for stores: no unknown field, no
// broken constraint, no default left to the API server.
func TestOutputAgainstCRDs(t *testing.T) {
	crds := esotest.CRDs(t, "externalsecrets")
	files := append(manifests(t, "../../testdata"), manifests(t, esotest.Shared(t, "corpus", "manifests"))...)
	checked := 0
	for _, crd := range crds {
		versions := []string{crd.ESO}
		if crd.Serves("external-secrets.io/v1") {
			versions = append(versions, "")
		}
		for _, version := range versions {
			profile, err := eso.ProfileFor(version)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				for _, m := range convertedMaps(t, file, profile) {
					checked++
					problems := crd.Check(m)
					for _, missing := range crd.Defaults(m) {
						if version != "" || !strings.Contains(missing, "nullBytePolicy") {
							problems = append(problems, missing)
						}
					}
					for _, p := range problems {
						t.Errorf("ESO %s, profile %q: %s: %s", crd.ESO, version, filepath.Base(file), p)
					}
				}
			}
		}
	}
	t.Logf("%d objects checked", checked)
}

// convertedMaps converts every KES object of a file that can be converted.
func convertedMaps(t *testing.T, file string, profile eso.Profile) []manifest.Map {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []manifest.Map
	tr := manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		if !kes.IsKES(o.Ref) {
			return manifest.Result{}, nil
		}
		es, findings := kes.Decode(o)
		if findings.Worst() < manifest.Error {
			if res := convert.Convert(es, convert.Options{Profile: profile, Stores: &store.Resolver{}}); res.ESO != nil {
				out = append(out, profile.Map(*res.ESO))
			}
		}
		return manifest.Result{}, nil
	}}
	plan, err := tr.Plan(context.Background(), manifest.Input{Name: file, R: bytes.NewReader(data)})
	if err != nil {
		return nil // broken: TestAccount counts those
	}
	plan.Close()
	return out
}
