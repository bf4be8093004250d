package store_test

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/crd"
	"kesbridge/internal/eso"
	"kesbridge/internal/eso/esotest"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
	"kesbridge/internal/store/storetest"
)

// each runs over every case in every scope.
func each(f func(name string, c storetest.Case, s storetest.Scope)) {
	for _, c := range storetest.Cases() {
		for _, s := range storetest.Scopes() {
			f(c.Name+"/"+s.Name, c, s)
		}
	}
}

// TestStored: with the CRDs of each version, what is printed is what is
// stored. Nothing is refused, pruned or added.
func TestStored(t *testing.T) {
	stores := 0
	for _, kind := range []string{"SecretStore", "ClusterSecretStore"} {
		for _, c := range esotest.CRDs(t, strings.ToLower(kind)+"s") {
			p := profile(t, c.ESO)
			each(func(name string, one storetest.Case, scope storetest.Scope) {
				if scope.Kind != kind {
					return
				}
				g := store.Generate(one.Request(scope, p))
				if g.Object == nil {
					return
				}
				stores++
				for _, problem := range c.Check(g.Object) {
					t.Errorf("ESO %s, %s: %s", c.ESO, name, problem)
				}
				for _, d := range c.Defaults(g.Object) {
					t.Errorf("ESO %s, %s: left out %s", c.ESO, name, d)
				}
			})
		}
	}
	if want := 1000; stores < want {
		t.Errorf("%d stores, expected at least %d", stores, want)
	}
	t.Logf("%d stores", stores)
}

// TestAccepted: the same for every profile that a user can ask for, with the
// CRDs that kesbridge has in it; those don't tell defaults.
func TestAccepted(t *testing.T) {
	for _, version := range append([]string{"", "0.9", "0.15", "0.16", "0.20", "1.3", "2.0", "2.9"}, storetest.Versions...) {
		p := profile(t, version)
		set, _ := crd.For(version)
		each(func(name string, c storetest.Case, scope storetest.Scope) {
			g := store.Generate(c.Request(scope, p))
			if g.Object == nil {
				if !slices.ContainsFunc(g.Unknown, func(u store.Unknown) bool { return u.Required }) {
					t.Errorf("profile %q, %s: no store, and nothing says why", version, name)
				}
				return
			}
			for _, problem := range set.Check(object(t, g.Object)) {
				t.Errorf("profile %q, %s: %s", version, name, problem)
			}
		})
	}
}

func object(t *testing.T, m manifest.Map) *manifest.Object {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(manifest.PrintYAML(m), &doc); err != nil {
		t.Fatal(err)
	}
	group, version, _ := strings.Cut(m.Get("apiVersion").(string), "/")
	return &manifest.Object{Node: doc.Content[0], Ref: manifest.Ref{Group: group, Version: version, Kind: m.Get("kind").(string)}}
}

// TestInvariants are true of every store.
func TestInvariants(t *testing.T) {
	path := regexp.MustCompile(`^(spec|metadata)(\.[A-Za-z]+(\[\d+\])?)*$`)
	each(func(name string, c storetest.Case, scope storetest.Scope) {
		for _, version := range storetest.Versions {
			r := c.Request(scope, profile(t, version))
			g, again := store.Generate(r), store.Generate(r)
			if !reflect.DeepEqual(g, again) {
				t.Errorf("%s: two runs differ", name)
			}
			if strings.Contains(fmt.Sprint(g), storetest.Secret) {
				t.Errorf("%s: a secret is told", name)
			}
			for _, u := range g.Unknown {
				if !path.MatchString(u.Path) || u.Text == "" {
					t.Errorf("%s: unknown %q: %q", name, u.Path, u.Text)
				}
				if u.Required && g.Object != nil {
					t.Errorf("%s: printed without %s", name, u)
				}
			}
			if g.Object == nil {
				continue
			}
			if n := len(g.Grants); n == 0 || n != len(distinct(g.Grants)) {
				t.Errorf("%s: grants %q", name, g.Grants)
			}
			text := string(manifest.PrintYAML(g.Object))
			for _, s := range g.Secrets {
				if s.Namespace != map[bool]string{true: "kes", false: scope.Namespace}[scope.Kind == "ClusterSecretStore"] {
					t.Errorf("%s: Secret %+v", name, s)
				}
				if !strings.Contains(text, "name: "+s.Name+"\n") || !strings.Contains(text, "key: "+s.Key+"\n") {
					t.Errorf("%s: Secret %+v isn't read by\n%s", name, s, text)
				}
			}
			namespaces(t, name, scope, g.Object)
		}
	})
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// namespaces: every reference of a ClusterSecretStore names a namespace, and
// none of a SecretStore does.
func namespaces(t *testing.T, name string, scope storetest.Scope, v any) {
	t.Helper()
	m, ok := v.(manifest.Map)
	if !ok {
		return
	}
	for _, f := range m {
		sub, ok := f.Value.(manifest.Map)
		if !ok || f.Key == "metadata" {
			continue
		}
		if sub.Get("name") != nil {
			if has := sub.Get("namespace") != nil; has != (scope.Kind == "ClusterSecretStore") {
				t.Errorf("%s: %s %v", name, f.Key, sub)
			}
		}
		namespaces(t, name, scope, sub)
	}
}

// TestNobody: no namespace at all isn't all of them.
func TestNobody(t *testing.T) {
	r := storetest.Cases()[0].Request(storetest.Scopes()[0], eso.Profile{})
	r.Namespaces = []string{}
	if g := store.Generate(r); g.Object != nil {
		t.Errorf("printed for nobody:\n%s", manifest.PrintYAML(g.Object))
	}
}

// TestRequestStays: nothing of the request is changed or shared.
func TestRequestStays(t *testing.T) {
	c, scope := storetest.Cases()[0], storetest.Scopes()[1]
	r := c.Request(scope, eso.Profile{})
	g := store.Generate(r)
	before := manifest.PrintYAML(g.Object)
	r.Namespaces[0] = "other"
	if !bytes.Equal(before, manifest.PrintYAML(g.Object)) {
		t.Error("the store changes with its request")
	}
}

// TestFindings: one for each thing to see to, one for all that is missing.
func TestFindings(t *testing.T) {
	g := store.Generated{Ref: eso.StoreRef{Kind: "SecretStore", Name: "s"}, Namespace: "shop", Unknown: []store.Unknown{
		{Path: "spec.a", Text: "one"}, {Path: "spec.b", Text: "two", Required: true}, {Path: "spec.c", Text: "three", Required: true},
	}}
	pos := manifest.Pos{File: "a.yaml", Line: 3, Column: 1}
	var got []string
	for _, f := range g.Findings(pos, manifest.Ref{Kind: "ExternalSecret", Namespace: "shop", Name: "web"}) {
		first, _, _ := strings.Cut(f.String(), "\n")
		got = append(got, f.Severity.String()+" "+first)
	}
	want := []string{
		"warning a.yaml:3:1: ExternalSecret/shop/web: SecretStore s in shop: spec.a: one (KES206)",
		"warning a.yaml:3:1: ExternalSecret/shop/web: SecretStore s in shop isn't printed: spec.b: two; spec.c: three (KES207)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if fs := (store.Generated{}).Findings(pos, manifest.Ref{}); fs != nil {
		t.Errorf("findings of nothing: %v", fs)
	}
}
