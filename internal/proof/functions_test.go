package proof

import (
	"slices"
	"testing"

	"kesbridge/internal/eso"
)

// textFunctions are text/template's own.
var textFunctions = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "index", "len", "print", "printf", "println", "html", "js", "urlquery", "slice", "call"}

// TestFunctions: what package eso says that a release's templates have is what
// is simulated.
func TestFunctions(t *testing.T) {
	for _, version := range []string{"0.9.20", "0.12.1", "0.16.2", "0.20.1", "0.20.4", "1.1.0", "1.3.2", "2.2.0", "2.3.0", "2.7.0", "2.9.0"} {
		p, err := eso.ProfileFor(version)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(textFunctions)
		for name := range newTemplateSet(releasesOf(p)[0]).functions() {
			want = append(want, name)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		if got := p.Functions(); !slices.Equal(got, want) {
			t.Errorf("%s: %d functions, want %d", version, len(got), len(want))
			for _, name := range append(slices.Clone(got), want...) {
				if slices.Contains(got, name) != slices.Contains(want, name) {
					t.Errorf("%s: %s", version, name)
				}
			}
		}
	}
}
