package eso

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/eso/esotest"
	"kesbridge/internal/manifest"
)

// variants are ExternalSecrets that together have every field and every
// combination of parents that defaults hang on.
func variants() map[string]ExternalSecret {
	base := ExternalSecret{
		Name: "web", Namespace: "shop", RefreshInterval: "15m0s",
		Store: StoreRef{Name: "aws-eu-west-1", Kind: "ClusterSecretStore"},
	}
	data := []Data{{SecretKey: "password", RemoteRef: RemoteRef{Key: "shop/web"}}}
	with := func(change func(*ExternalSecret)) ExternalSecret {
		es := base
		es.Data = data
		change(&es)
		return es
	}
	return map[string]ExternalSecret{
		"minimal":   with(func(es *ExternalSecret) { es.Namespace, es.RefreshInterval, es.Store.Kind = "", "", "" }),
		"immutable": with(func(es *ExternalSecret) { es.Target.Immutable = true }),
		"merge": with(func(es *ExternalSecret) {
			es.Target.Template = Template{Merge: true, Data: manifest.Map{{Key: "a", Value: ""}}}
		}),
		"labels": with(func(es *ExternalSecret) {
			es.Target.Template.Labels = manifest.Map{{Key: "app", Value: "web"}}
		}),
		"finalizers": with(func(es *ExternalSecret) {
			es.Target.Template.Finalizers = []string{"example.com/keep"}
		}),
		"extract": with(func(es *ExternalSecret) {
			es.Data, es.DataFrom = nil, []DataFrom{{Extract: &RemoteRef{Key: "shop/all"}}}
		}),
		"find": with(func(es *ExternalSecret) {
			es.Data, es.DataFrom = nil, []DataFrom{{Find: &Find{Regexp: "^/shop/.*"}}}
		}),
		"templateFrom": with(func(es *ExternalSecret) {
			es.Target.Template.TemplateFrom = []TemplateFrom{{Literal: `{{ toJson (fromJson .password) }}`}}
		}),
		"find everything": with(func(es *ExternalSecret) {
			es.Data, es.DataFrom = nil, []DataFrom{{Find: &Find{}}}
		}),
		"maximal": {
			Name: "web", Namespace: "shop", RefreshInterval: "1h0m0s",
			Labels:      manifest.Map{{Key: "team", Value: "shop"}, {Key: "app", Value: ""}},
			Annotations: manifest.Map{{Key: "kesbridge/origin", Value: "apps/web/secret.yaml"}},
			Store:       base.Store,
			Target: Target{Name: "web-eso", Immutable: true, Template: Template{
				Type: "Opaque", Merge: true,
				Labels:      manifest.Map{{Key: "app", Value: "web"}},
				Annotations: manifest.Map{{Key: "note", Value: "true"}},
				Data:        manifest.Map{{Key: "config.yaml", Value: "user: {{ .user }}\n"}, {Key: "empty", Value: ""}},
				Finalizers:  []string{"example.com/keep", "example.com/too"},
				TemplateFrom: []TemplateFrom{
					{Literal: "a: {{ toRawJson .user }}"},
					{Literal: "{{ toJson . }}"},
				},
			}},
			Data: []Data{
				data[0],
				{SecretKey: "user", RemoteRef: RemoteRef{Key: "shop/web", Property: "db.user", Version: "uuid/1", Decode: "Base64"}},
			},
			DataFrom: []DataFrom{
				{Extract: &RemoteRef{Key: "shop/all", Property: "x", Version: "2", Decode: "Auto"}},
				{
					Find:    &Find{Path: "/shop", Regexp: "^/shop/[^/]+$"},
					Rewrite: []Rewrite{{Source: "^.*/", Target: ""}, {Source: "-", Target: "_"}},
				},
			},
		},
	}
}

// eachVariant runs over the variants in order.
func eachVariant(f func(name string, es ExternalSecret)) {
	vs := variants()
	var names []string
	for name := range vs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f(name, vs[name])
	}
}

// profilesOf are all profiles that a user of one release can be given.
func profilesOf(t *testing.T, r release) []Profile {
	versions := []string{r.short(), fmt.Sprintf("v%s.%d", r.short(), r.patch)}
	if r.compare(release{0, 16, 0}) >= 0 {
		versions = append(versions, "")
	}
	var ps []Profile
	for _, v := range versions {
		p, err := ProfileFor(v)
		if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	return ps
}

var (
	nullByte  = `data(From)?\[\d+\]\.(remoteRef|extract|find)\.nullBytePolicy: Ignore`
	decoding  = `target\.template\.templateFrom\[\d+\]\.valuesDecodingStrategy: None`
	sometimes = regexp.MustCompile(`^(spec\.)?(` + nullByte + `|` + decoding + `)$`)
)

// checkDefaults reports defaults that an output left out. The common profile
// may leave out nullBytePolicy, which is unknown before 2.3 and a default in
// 2.3-2.6 only, and valuesDecodingStrategy (2.7 and 2.8 only): there is no
// form that is right for all.
func checkDefaults(t *testing.T, p Profile, added []string) {
	t.Helper()
	for _, a := range added {
		if p.Version() != "" || !sometimes.MatchString(a) {
			t.Errorf("profile %q leaves a default out: %s", p.Version(), a)
		}
	}
}

// TestAgainstCRDs holds every variant against the CRDs themselves.
func TestAgainstCRDs(t *testing.T) {
	for _, crd := range esotest.CRDs(t, "externalsecrets") {
		r, _, ok := parseRelease(crd.ESO)
		if !ok {
			t.Fatalf("release %q", crd.ESO)
		}
		for _, p := range profilesOf(t, r) {
			eachVariant(func(name string, es ExternalSecret) {
				t.Run(fmt.Sprintf("%s/profile %s/%s", crd.ESO, p.Version(), name), func(t *testing.T) {
					m := p.Map(es)
					for _, f := range crd.Check(m) {
						t.Error(f)
					}
					checkDefaults(t, p, crd.Defaults(m))
				})
			})
		}
	}
}

// TestProvidersInCRDs compares HasProvider with the store CRDs.
func TestProvidersInCRDs(t *testing.T) {
	for _, plural := range []string{"secretstores", "clustersecretstores"} {
		for _, crd := range esotest.CRDs(t, plural) {
			p, err := ProfileFor(crd.ESO)
			if err != nil {
				t.Fatal(err)
			}
			providers := crd.Spec(p.APIVersion()).Property("provider")
			for _, name := range []string{"akeyless", "alibaba", "aws", "azurekv", "fake", "gcpsm", "ibm", "vault", "webhook", "none"} {
				if want := providers.Property(name) != nil; p.HasProvider(name) != want {
					t.Errorf("%s %s: HasProvider(%q) = %t", crd.ESO, plural, name, !want)
				}
			}
		}
	}
}

// TestAgainstFacts holds every variant against every release from 0.9.0 on,
// by schemas made of the facts.
func TestAgainstFacts(t *testing.T) {
	facts := loadFacts(t)
	for _, r := range facts.releases(t) {
		for _, p := range profilesOf(t, r) {
			spec := facts.schema(t, r, strings.TrimPrefix(p.APIVersion(), Group+"/"))
			eachVariant(func(name string, es ExternalSecret) {
				t.Run(fmt.Sprintf("%v/profile %s/%s", r, p.Version(), name), func(t *testing.T) {
					v, found := esotest.Plain(p.Map(es).Get("spec"))
					for _, f := range append(found, spec.Check(v)...) {
						t.Error(f)
					}
					checkDefaults(t, p, spec.Defaults(v))
				})
			})
		}
	}
}

// TestFactsAgainstCRDs shows that the facts and the CRDs say the same.
func TestFactsAgainstCRDs(t *testing.T) {
	facts := loadFacts(t)
	for _, crd := range esotest.CRDs(t, "externalsecrets") {
		for _, version := range []string{"v1beta1", "v1"} {
			spec := crd.Spec(Group + "/" + version)
			if spec == nil {
				continue
			}
			r, _, _ := parseRelease(crd.ESO)
			got, want := normal(t, facts.schema(t, r, version)), normal(t, spec)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s: the facts say\n%v\nthe CRD says\n%v", crd.ESO, version, got, want)
			}
		}
	}
}

// schema makes spec's schema in one release of the facts.
func (f jsonFacts) schema(t *testing.T, r release, version string) esotest.Schema {
	nodes := map[string]map[string]any{}
	in := func(j jsonFact) bool {
		return j.CRD == "externalsecrets" && j.APIVersion == version &&
			slices.ContainsFunc(j.Ranges, func(jr jsonRange) bool {
				first, last := bounds(t, jr)
				return fact{first: first, last: last}.covers(r, r)
			})
	}
	for _, j := range f.Fields {
		if in(j) {
			nodes[j.Path] = map[string]any{"type": j.Types}
		}
	}
	for path, n := range nodes {
		if path == "spec" {
			continue
		}
		if list, ok := strings.CutSuffix(path, "[]"); ok {
			nodes[list]["items"] = n
		} else if object, ok := strings.CutSuffix(path, "{}"); ok {
			nodes[object]["additionalProperties"] = n
		} else {
			parent, key, _ := cutLast(path, ".")
			props, ok := nodes[parent]["properties"].(map[string]any)
			if !ok {
				props = map[string]any{}
				nodes[parent]["properties"] = props
			}
			props[key] = n
		}
	}
	for _, j := range f.Constraints {
		if in(j) {
			nodes[j.Path][j.Keyword] = j.Value
		}
	}
	for _, j := range f.Defaults {
		if in(j) {
			nodes[j.Path]["default"] = j.Default
		}
	}
	return nodes["spec"]
}

// normal makes schemas of YAML and of JSON comparable.
func normal(t *testing.T, s esotest.Schema) (v any) {
	data, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
