package access_test

import (
	"slices"
	"testing"

	"kesbridge/internal/access/accesstest"
	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/store"
)

// TestVerdict: the policy's verdict in Go is the one that the API server gives
// (conformance/preview/access asks it with the same table), and who loses by it
// is named.
func TestVerdict(t *testing.T) {
	profile, err := eso.ProfileFor("1.3")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, g := range accesstest.Groups() {
		policy, err := g.Policy()
		if err != nil {
			t.Fatal(err)
		}
		judge := policy.Judge()
		for i := range g.Cases {
			c := &g.Cases[i]
			in, err := g.Decode(c)
			if err != nil {
				t.Fatal(err)
			}
			settings, err := (*config.Config)(nil).For("")
			if err != nil {
				t.Fatal(err)
			}
			settings.IBMGroup = "default"
			res := convert.Convert(in, convert.Options{Settings: settings, Profile: profile, Stores: &store.Resolver{}})
			if res.ESO == nil {
				t.Fatal(g.Namespace(c), res.Findings)
			}
			if ok, why := judge.Verdict(g.Namespace(c), g.Annotations(c), res.ESO); ok != c.Policy {
				t.Errorf("%s: %t %s, want %t", g.Namespace(c), ok, why, c.Policy)
			}
			if c.Live == nil && len(judge.Stricter(g.Namespace(c), in, res.ESO)) > 0 {
				named = append(named, c.Name)
			}
		}
	}
	// "lookahead" is said of the namespace (KES209).
	want := []string{"with-options-other", "fragment", "escaped", "two-roles", "dots", "two-units"}
	if !slices.Equal(named, want) {
		t.Errorf("stricter for %q, want %q", named, want)
	}
}
