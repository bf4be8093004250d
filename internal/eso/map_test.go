package eso

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/eso/esotest"
	"kesbridge/internal/manifest"
)

// TestMapGolden compares printed objects with testdata/map.
func TestMapGolden(t *testing.T) {
	for _, tt := range []struct{ version, variant string }{
		{"", "maximal"},
		{"", "minimal"},
		{"0.9", "maximal"},
		{"0.20", "maximal"},
		{"2.3", "maximal"},
		{"2.9", "maximal"},
	} {
		name := "common-" + tt.variant
		if tt.version != "" {
			name = tt.version + "-" + tt.variant
		}
		t.Run(name, func(t *testing.T) {
			got := toYAML(t, mustProfile(t, tt.version).Map(variants()[tt.variant]))
			file := filepath.Join("testdata", "map", name+".yaml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("printed\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestNothingEmpty: of all profiles' output nothing is null or empty but
// values that the user gave as empty.
func TestNothingEmpty(t *testing.T) {
	for _, r := range append(releases, release{}) {
		p := Profile{lo: r, hi: r}
		eachVariant(func(name string, es ExternalSecret) {
			for _, found := range empties("", p.Map(es)) {
				switch found {
				case "metadata.labels.app", "spec.target.template.data.empty", "spec.target.template.data.a", "spec.dataFrom[1].rewrite[0].regexp.target":
				default:
					t.Errorf("%v %s: %s is empty", r, name, found)
				}
			}
		})
	}
}

func empties(path string, v any) (found []string) {
	switch v := v.(type) {
	case manifest.Map:
		if len(v) == 0 {
			return []string{path}
		}
		for _, f := range v {
			found = append(found, empties(strings.TrimPrefix(path+"."+f.Key, "."), f.Value)...)
		}
	case []any:
		if len(v) == 0 {
			return []string{path}
		}
		for i, e := range v {
			found = append(found, empties(fmt.Sprintf("%s[%d]", path, i), e)...)
		}
	case []string:
		if len(v) == 0 {
			return []string{path}
		}
	case nil:
		return []string{path}
	case string:
		if v == "" {
			return []string{path}
		}
	case bool:
		if !v {
			return []string{path}
		}
	}
	return found
}

func TestTemplateAlwaysThere(t *testing.T) {
	got := Profile{}.Map(ExternalSecret{Name: "a"}).At("spec", "target", "template")
	want := "[{engineVersion v2} {mergePolicy Replace}]"
	if fmt.Sprint(got) != want {
		t.Errorf("template is %v, want %s", got, want)
	}
}

func TestRefreshInterval(t *testing.T) {
	for in, want := range map[string]string{"": "1h0m0s", "0s": "0s", "as given": "as given"} {
		if got := (Profile{}).Map(ExternalSecret{RefreshInterval: in}).At("spec", "refreshInterval"); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

// TestMapSharesNothing: whoever changes what Map returned, as the cutover
// modes do, doesn't change its input.
func TestMapSharesNothing(t *testing.T) {
	es := variants()["maximal"]
	m := mustProfile(t, "2.9").Map(es)
	labels := m.At("metadata", "labels").(manifest.Map)
	labels.Set("team", "changed")
	finalizers := m.At("spec", "target", "template", "metadata", "finalizers").([]string)
	finalizers[0] = "changed"
	if es.Labels.Get("team") != "shop" || es.Target.Template.Finalizers[0] != "example.com/keep" {
		t.Error("a change to the output reached the input")
	}
}

// TestCheckerSeesWrongOutput breaks our own output in the ways that would
// hurt most, to show that TestAgainstCRDs would see them.
func TestCheckerSeesWrongOutput(t *testing.T) {
	crds := map[string]esotest.CRD{}
	for _, c := range esotest.CRDs(t, "externalsecrets") {
		crds[c.ESO] = c
	}
	// in changes an object inside a list element of spec.
	in := func(list string, i int, object string, change func(*manifest.Map)) func(manifest.Map) {
		return func(m manifest.Map) {
			e := m.At("spec", list).([]any)[i].(manifest.Map)
			o := e.Get(object).(manifest.Map)
			change(&o)
			e.Set(object, o)
		}
	}
	drop := func(key string) func(*manifest.Map) {
		return func(m *manifest.Map) {
			*m = slices.DeleteFunc(*m, func(f manifest.Field) bool { return f.Key == key })
		}
	}
	set := func(key string, value any) func(*manifest.Map) {
		return func(m *manifest.Map) { m.Set(key, value) }
	}
	spec := func(change func(*manifest.Map)) func(manifest.Map) {
		return func(m manifest.Map) {
			s := m.Get("spec").(manifest.Map)
			change(&s)
			m.Set("spec", s)
		}
	}
	for _, tt := range []struct {
		name, crd, profile string
		change             func(manifest.Map)
		check, defaults    string
	}{
		{name: "v1 before 0.16", crd: "0.14.4", profile: "0.16", check: "apiVersion: external-secrets.io/v1 isn't served"},
		{name: "v1beta1 after 0.16", crd: "0.20.4", profile: "0.15", check: "apiVersion: external-secrets.io/v1beta1 isn't served"},
		{name: "finalizers too early", crd: "0.16.2", profile: "0.20", check: "spec.target.template.metadata.finalizers: unknown field"},
		{name: "nullBytePolicy too early", crd: "1.3.2", profile: "2.3", check: "spec.data[0].remoteRef.nullBytePolicy: unknown field"},
		{name: "nullBytePolicy left out", crd: "2.3.0", profile: "2.2", defaults: "spec.data[0].remoteRef.nullBytePolicy: Ignore"},
		{name: "strategy left out of data", crd: "0.9.20", profile: "0.9", defaults: "spec.data[0].remoteRef.conversionStrategy: Default", change: in("data", 0, "remoteRef", drop("conversionStrategy"))},
		{name: "strategy left out of find", crd: "1.3.2", profile: "1.3", defaults: "spec.dataFrom[1].find.decodingStrategy: None", change: in("dataFrom", 1, "find", drop("decodingStrategy"))},
		{name: "metadataPolicy on find", crd: "2.9.0", profile: "2.9", check: "spec.dataFrom[1].find.metadataPolicy: unknown field", change: in("dataFrom", 1, "find", set("metadataPolicy", "None"))},
		{name: "key left out", crd: "2.9.0", profile: "2.9", check: "spec.dataFrom[0].extract: key is required", change: in("dataFrom", 0, "extract", drop("key"))},
		{name: "unknown strategy", crd: "2.9.0", profile: "2.9", check: "spec.data[1].remoteRef.decodingStrategy: base64 isn't one of", change: in("data", 1, "remoteRef", set("decodingStrategy", "base64"))},
		{name: "secretKey", crd: "2.9.0", profile: "2.9", check: `spec.data[0].secretKey: "a/b" doesn't match`, change: func(m manifest.Map) {
			d := m.At("spec", "data").([]any)[0].(manifest.Map)
			d.Set("secretKey", "a/b")
		}},
		{name: "policies left out", crd: "2.9.0", profile: "2.9", defaults: "spec.target.creationPolicy: Owner", change: spec(set("target", manifest.Map{{Key: "deletionPolicy", Value: "Retain"}}))},
		{name: "refreshInterval as a number", crd: "2.9.0", profile: "2.9", check: "spec.refreshInterval: a int64 isn't string", change: spec(set("refreshInterval", 0))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := mustProfile(t, tt.profile).Map(variants()["maximal"])
			if tt.change != nil {
				tt.change(m)
			}
			found, added := crds[tt.crd].Check(m), []string(nil)
			if tt.check == "" {
				added = crds[tt.crd].Defaults(m)
			}
			for _, c := range []struct {
				what, want string
				got        []string
			}{{"Check", tt.check, found}, {"Defaults", tt.defaults, added}} {
				if c.want == "" && c.got != nil || c.want != "" && (len(c.got) == 0 || !strings.HasPrefix(c.got[0], c.want)) {
					t.Errorf("%s says %q, want %q", c.what, c.got, c.want)
				}
			}
		})
	}
}

// toYAML prints in order, for goldens of this package alone.
func toYAML(t *testing.T, m manifest.Map) []byte {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(node(m)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func node(v any) *yaml.Node {
	n := &yaml.Node{}
	switch v := v.(type) {
	case manifest.Map:
		n.Kind = yaml.MappingNode
		for _, f := range v {
			n.Content = append(n.Content, node(f.Key), node(f.Value))
		}
	case []any:
		n.Kind = yaml.SequenceNode
		for _, e := range v {
			n.Content = append(n.Content, node(e))
		}
	case []string:
		n.Kind = yaml.SequenceNode
		for _, e := range v {
			n.Content = append(n.Content, node(e))
		}
	default:
		if err := n.Encode(v); err != nil {
			panic(err)
		}
	}
	return n
}
