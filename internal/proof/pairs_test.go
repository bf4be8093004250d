package proof

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

// pair is one object of testdata/convert with what internal/convert makes of
// it.
type pair struct {
	name string
	in   *kes.ExternalSecret
	out  *eso.ExternalSecret
	o    Options
}

// decodeAll reads the KES objects of a manifest.
func decodeAll(t testing.TB, name, text string) []*kes.ExternalSecret {
	t.Helper()
	var all []*kes.ExternalSecret
	tr := &manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		if es, fs := kes.Decode(o); fs.Worst() < manifest.Error {
			all = append(all, es)
		}
		return manifest.Result{}, nil
	}}
	p, err := tr.Plan(context.Background(), manifest.Input{Name: name, R: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	return all
}

// one reads a manifest of one KES object; the spec is indented by two.
func one(t testing.TB, spec string) *kes.ExternalSecret {
	t.Helper()
	all := decodeAll(t, "in.yaml", "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: app, namespace: shop}\nspec:\n"+spec)
	if len(all) != 1 {
		t.Fatalf("not one valid object:\n%s", spec)
	}
	return all[0]
}

func profile(t testing.TB, version string) eso.Profile {
	t.Helper()
	p, err := eso.ProfileFor(version)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func convertPair(t testing.TB, name string, in *kes.ExternalSecret, version string, rules []config.StoreRule, settings *config.Settings) (pair, bool) {
	t.Helper()
	opts := convert.Options{Settings: settings, Profile: profile(t, version), Stores: &store.Resolver{Rules: rules}}
	if settings != nil {
		opts.Stores.Controller = settings.Controller
	}
	res := convert.Convert(in, opts)
	if res.ESO == nil {
		return pair{}, false
	}
	p := pair{name: name + "/" + in.Ref.Name, in: in, out: res.ESO, o: Options{Profile: opts.Profile, VaultPath: res.Store.Path}}
	if res.Store.Rule != nil {
		p.o.SecretBinary = res.Store.Rule.SecretBinary
	}
	return p, true
}

// caseText is the input of a case.
func caseText(t testing.TB, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "in.yaml"))
	if err != nil {
		if text, err = os.ReadFile(filepath.Join(dir, "in.json")); err != nil {
			t.Fatal(err)
		}
	}
	return string(text)
}

// convertedPairs are all pairs of testdata/convert.
func convertedPairs(t testing.TB) []pair {
	t.Helper()
	dirs, err := filepath.Glob("../../testdata/convert/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no cases", err)
	}
	var pairs []pair
	for _, dir := range dirs {
		text := caseText(t, dir)
		version, fidelity := "", ""
		if args, err := os.ReadFile(filepath.Join(dir, "args")); err == nil {
			f := strings.Fields(string(args))
			for i := range f {
				switch f[i] {
				case "--eso-version":
					version = f[i+1]
				case "--fidelity":
					fidelity = f[i+1]
				}
			}
		}
		var settings *config.Settings
		var rules []config.StoreRule
		if c, err := config.Load(filepath.Join(dir, "kesbridge.yaml")); err == nil {
			if settings, err = c.For(""); err != nil {
				t.Fatal(err)
			}
			rules = settings.Stores
			if version == "" {
				version = settings.EsoVersion
			}
		}
		if fidelity != "" {
			if settings == nil {
				settings, _ = (*config.Config)(nil).For("")
			}
			settings.Fidelity = fidelity
		}
		for _, in := range decodeAll(t, filepath.Base(dir), text) {
			if p, ok := convertPair(t, filepath.Base(dir), in, version, rules, settings); ok {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// different are the pairs of testdata/convert that aren't equal in everyday
// shapes, or can't be: what is said of them is right.
var different = map[string]Outcome{
	"akeyless/akeyless":     Different,   // extract of numbers needs ESO 2.8
	"alicloud-1.3/alicloud": NotProvable, // one value is read as base64 and as JSON
	"vault-kv2/vault":       NotProvable, // a path that isn't clean
}

// TestConvertedPairs: what internal/convert makes is proven, but for the
// pairs above. PROOF_ALL=1 prints every difference.
func TestConvertedPairs(t *testing.T) {
	count := map[Outcome]int{}
	for _, p := range convertedPairs(t) {
		r := Verify(p.in, p.out, p.o)
		count[r.Outcome]++
		want, listed := different[p.name]
		if listed && r.Outcome != want || !listed && r.Outcome > EqualExcept {
			t.Errorf("%s: %v %s", p.name, r.Outcome, r.Reason)
			for _, d := range r.Differences[:min(3, len(r.Differences))] {
				t.Logf("   everyday %t: %v", d.Everyday, d)
			}
		}
		if os.Getenv("PROOF_ALL") != "" {
			t.Logf("%s: %v, %d cases, %d differences %s", p.name, r.Outcome, r.Cases, len(r.Differences), r.Reason)
			for _, d := range r.Differences {
				t.Logf("   everyday %t: %v", d.Everyday, d)
			}
		}
	}
	t.Logf("%v", count)
}
