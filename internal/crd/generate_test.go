package crd

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/eso/esotest"
)

var update = flag.Bool("update", false, "write schemas.json.gz")

// TestGenerated says whether schemas.json.gz is what the CRDs say; with
// -update it writes it. What gzip makes of it may change with Go.
func TestGenerated(t *testing.T) {
	want := generate(t, esotest.Shared(t, "eso-crds"))
	if *update && !bytes.Equal(unpacked(t), want) {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if _, err := z.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("schemas.json.gz", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		packed = b.Bytes()
	}
	if !bytes.Equal(unpacked(t), want) {
		t.Error("schemas.json.gz is not what ../shared/eso-crds says; run go test ./internal/crd -run TestGenerated -update")
	}
	t.Logf("%d bytes, %d unpacked", len(packed), len(want))
}

func unpacked(t *testing.T) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// generator gives each distinct schema an index.
type generator struct {
	t      *testing.T
	bundle bundle
	seen   map[string]int
}

func generate(t *testing.T, dir string) []byte {
	g := &generator{t: t, seen: map[string]int{}}
	dirs, err := filepath.Glob(filepath.Join(dir, "v*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(dirs, func(a, b string) int {
		return slices.Compare(numbers(filepath.Base(a)), numbers(filepath.Base(b)))
	})
	for _, d := range dirs {
		r := release{ESO: strings.TrimPrefix(filepath.Base(d), "v")}
		if len(numbers(r.ESO)) != 3 {
			t.Fatalf("%s is no release", d)
		}
		files, _ := filepath.Glob(filepath.Join(d, "*.yaml"))
		for _, f := range files {
			r.Versions = append(r.Versions, g.crd(f)...)
		}
		g.bundle.Releases = append(g.bundle.Releases, r)
	}
	data, err := json.Marshal(g.bundle)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (g *generator) crd(file string) (out []version) {
	data, err := os.ReadFile(file)
	if err != nil {
		g.t.Fatal(err)
	}
	var in struct {
		Spec struct {
			Group string
			Names struct{ Kind string }
			// Versions before it said that nothing is pruned.
			PreserveUnknownFields bool `yaml:"preserveUnknownFields"`
			Versions              []struct {
				Name   string
				Served bool
				Schema struct {
					Open map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &in); err != nil {
		g.t.Fatalf("%s: %v", file, err)
	}
	if in.Spec.PreserveUnknownFields {
		g.t.Fatalf("%s: preserveUnknownFields isn't heeded", file)
	}
	for _, v := range in.Spec.Versions {
		n := version{Group: in.Spec.Group, Kind: in.Spec.Names.Kind, Name: v.Name, Served: v.Served, Schema: -1}
		if v.Served {
			n.Schema = g.schema(in.Spec.Names.Kind+" "+v.Name, v.Schema.Open)
		}
		out = append(out, n)
	}
	return out
}

// skipped say nothing about what is stored, or only to a merge.
var skipped = []string{"description", "example", "x-kubernetes-map-type"}

func (g *generator) schema(path string, in map[string]any) int {
	var s schema
	for _, k := range slices.Sorted(maps.Keys(in)) { // so that indexes are the same each time
		v := in[k]
		switch k {
		case "type":
			s.Type = v.(string)
		case "properties":
			s.Properties = map[string]int{}
			props := v.(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(props)) {
				p := props[name].(map[string]any)
				if !strings.Contains(path, ".") && name == "status" {
					p = map[string]any{"type": "object"} // not looked at
				}
				s.Properties[name] = g.schema(path+"."+name, p)
			}
		case "additionalProperties":
			i := g.schema(path+"{}", v.(map[string]any))
			s.Additional = &i
		case "items":
			i := g.schema(path+"[]", v.(map[string]any))
			s.Items = &i
		case "required":
			s.Required = texts(v)
		case "enum":
			s.Enum = texts(v)
		case "pattern":
			s.Pattern = v.(string)
			regexp.MustCompile(s.Pattern)
		case "format":
			if s.Format = v.(string); !slices.Contains([]string{"byte", "int32", "int64"}, s.Format) {
				g.t.Fatalf("%s: format %s isn't heeded", path, v)
			}
		case "minLength", "maxLength":
			s.Length.set(k, v)
		case "minItems", "maxItems", "minProperties", "maxProperties":
			s.Count.set(k, v)
		case "nullable":
			s.Nullable = v.(bool)
		case "x-kubernetes-int-or-string":
			s.IntOrString = v.(bool)
		case "anyOf": // only ever together with int-or-string
			if fmt.Sprint(v) != "[map[type:integer] map[type:string]]" || in["x-kubernetes-int-or-string"] != true {
				g.t.Fatalf("%s: anyOf %v isn't heeded", path, v)
			}
		case "x-kubernetes-preserve-unknown-fields":
			s.Preserve = v.(bool)
		case "x-kubernetes-list-type":
			if v != "atomic" {
				g.t.Fatalf("%s: list type %v isn't heeded", path, v)
			}
		case "x-kubernetes-validations":
			s.Forbidden = g.forbidden(path, v.([]any))
		case "default":
			s.Default = true
		default:
			if !slices.Contains(skipped, k) {
				g.t.Fatalf("%s: keyword %s isn't heeded", path, k)
			}
		}
	}
	key, err := json.Marshal(s)
	if err != nil {
		g.t.Fatal(err)
	}
	i, ok := g.seen[string(key)]
	if !ok {
		i = len(g.bundle.Schemas)
		g.seen[string(key)] = i
		g.bundle.Schemas = append(g.bundle.Schemas, s)
	}
	return i
}

var forbids = regexp.MustCompile(`^!\('([^']+)' in self\)$`)

func (g *generator) forbidden(path string, rules []any) (out []string) {
	for _, r := range rules {
		for _, part := range strings.Split(r.(map[string]any)["rule"].(string), " && ") {
			m := forbids.FindStringSubmatch(part)
			if m == nil {
				g.t.Fatalf("%s: CEL rule %v isn't heeded", path, r)
			}
			out = append(out, m[1])
		}
	}
	return out
}

func (b *bounds) set(k string, v any) {
	n := v.(int)
	if strings.HasPrefix(k, "min") {
		b.Min = &n
	} else {
		b.Max = &n
	}
}

func texts(v any) (out []string) {
	for _, s := range v.([]any) {
		out = append(out, s.(string))
	}
	return out
}
