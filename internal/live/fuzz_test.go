package live

import (
	"os"
	"testing"

	"sigs.k8s.io/yaml"
)

// FuzzCompare: whatever is read on either side, nothing panics, and a render
// against itself differs in nothing.
func FuzzCompare(f *testing.F) {
	var cases []struct{ Target, Live string }
	data, err := os.ReadFile("testdata/cases.yaml")
	if err == nil {
		err = yaml.Unmarshal(data, &cases)
	}
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add(c.Target, c.Live)
	}
	f.Fuzz(func(t *testing.T, target, liveText string) {
		rendered, err := Read("target", []byte(target))
		if err != nil {
			return
		}
		liveObjects, err := Read("live", []byte(liveText))
		if err != nil {
			return
		}
		s := Settings{Namespace: "shop", Tracking: Detect(nil, liveObjects, rendered), Scopes: NewScopes(liveObjects, rendered)}
		targets, err := Normalize(rendered, s)
		if err != nil {
			return
		}
		c, err := Compare(targets, liveObjects, Options{Settings: s})
		if err != nil {
			return
		}
		c.Fates(NewPolicy(nil, ""))
		if g := Equal(targets, targets, true); g.Differs() {
			t.Errorf("a render differs from itself: %+v", g)
		}
	})
}
