package proof

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
)

// mutation makes a conversion wrong; false where there is nothing to change.
type mutation struct {
	name  string
	apply func(*eso.ExternalSecret) bool
}

// each changes every data item for which f does something.
func each(f func(d *eso.Data) bool) func(*eso.ExternalSecret) bool {
	return func(es *eso.ExternalSecret) bool {
		done := false
		for i := range es.Data {
			done = f(&es.Data[i]) || done
		}
		return done
	}
}

func extracts(f func(d *eso.DataFrom) bool) func(*eso.ExternalSecret) bool {
	return func(es *eso.ExternalSecret) bool {
		done := false
		for i := range es.DataFrom {
			done = f(&es.DataFrom[i]) || done
		}
		return done
	}
}

// mapped changes every value of one of the template's maps.
func mapped(which func(*eso.Template) *manifest.Map, f func(key, v string) string) func(*eso.ExternalSecret) bool {
	return func(es *eso.ExternalSecret) bool {
		m := which(&es.Target.Template)
		done := false
		for i := range *m {
			old := textOf((*m)[i].Value)
			v := f((*m)[i].Key, old)
			(*m)[i].Value = v
			done = done || v != old
		}
		return done
	}
}

func tplData(t *eso.Template) *manifest.Map   { return &t.Data }
func tplLabels(t *eso.Template) *manifest.Map { return &t.Labels }
func tplNotes(t *eso.Template) *manifest.Map  { return &t.Annotations }

func replaceIn(old, new string) func(_, v string) string {
	return func(_, v string) string { return strings.ReplaceAll(v, old, new) }
}

func set(p *string, v string) bool {
	if *p == v {
		return false
	}
	*p = v
	return true
}

func cloneESO(es *eso.ExternalSecret) *eso.ExternalSecret {
	c := *es
	c.Data = slices.Clone(es.Data)
	c.DataFrom = slices.Clone(es.DataFrom)
	for i, d := range c.DataFrom {
		if d.Extract != nil {
			ref := *d.Extract
			c.DataFrom[i].Extract = &ref
		}
		if d.Find != nil {
			f := *d.Find
			c.DataFrom[i].Find = &f
		}
		c.DataFrom[i].Rewrite = slices.Clone(d.Rewrite)
	}
	t := &c.Target.Template
	t.Data, t.Labels, t.Annotations = slices.Clone(t.Data), slices.Clone(t.Labels), slices.Clone(t.Annotations)
	t.TemplateFrom = slices.Clone(t.TemplateFrom)
	return &c
}

// worse reports whether a wrong conversion was noticed: Different, or a
// difference that the right conversion doesn't have.
func worse(right, wrong Report) bool {
	if wrong.Outcome == Different && right.Outcome != Different {
		return true
	}
	had := map[string]bool{}
	for _, d := range right.Differences {
		had[d.Shape+"\x00"+d.Key] = true
	}
	return slices.ContainsFunc(wrong.Differences, func(d Difference) bool { return !had[d.Shape+"\x00"+d.Key] })
}

var mutateAll = flag.Bool("mutate-all", false, "try each mutation on every pair")

// TestMutations: every deliberately wrong conversion is caught.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("proofs of every pair are left out of -short runs: they take minutes under the race detector and share nothing between goroutines")
	}
	pairs := convertedPairs(t)
	// Those with long templates last: they take longer.
	pairs = append(mutationPairs(t), pairs...)
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Compare(len(a.out.Target.Template.TemplateFrom), len(b.out.Target.Template.TemplateFrom))
	})
	var right []Report
	for i, p := range pairs {
		// All everyday cases and some others will do.
		if !*mutateAll {
			pairs[i].o.Cases, p.o.Cases = 240, 240
		}
		right = append(right, Verify(p.in, p.out, p.o))
	}
	if !*mutateAll {
		t.Log("each mutation is tried on 3 pairs; -mutate-all tries it on all")
	}
	caught, applied := 0, 0
	for _, m := range slices.Concat(itemMutations, sourceMutations, templateMutations) {
		n, tried := 0, 0
		for i, p := range pairs {
			if tried == 3 && !*mutateAll {
				break
			}
			if right[i].Outcome != Equal && right[i].Outcome != EqualExcept {
				continue
			}
			wrong := cloneESO(p.out)
			if !m.apply(wrong) {
				continue
			}
			applied++
			tried++
			if worse(right[i], Verify(p.in, wrong, p.o)) {
				n++
			} else if !same(m.name, p.name) {
				t.Errorf("%s: not caught in %s: %.300s", m.name, p.name, fmt.Sprint(wrong))
			}
		}
		if n == 0 {
			t.Errorf("%s: never caught", m.name)
		}
		caught += n
	}
	t.Logf("%d mutations, applied %d times, caught %d times", len(itemMutations)+len(sourceMutations)+len(templateMutations), applied, caught)
}

// same: in these pairs the mutation changes nothing that reaches a Secret.
func same(mutation, pair string) bool {
	switch mutation {
	case "property made of the secret key", "version where there was none":
		return strings.HasPrefix(pair, "ibm-") || strings.HasPrefix(pair, "exact-ibm/") // ESO ignores them
	case "Auto decoding where there was none", "value printed with blanks trimmed":
		// A whole Vault document is never base64 and has no blanks around it;
		// in the other pair the template writes every key.
		return strings.HasPrefix(pair, "lodash-keep/") || strings.HasPrefix(pair, "exact-vault/") || pair == "template-all-keys/covered"
	case "dropped item", "dropped last item", "renamed key", "Merge for Replace":
		return pair == "template-all-keys/covered" || pair == "template-data/static"
	case "rewrite of the prefix only":
		return pair == "profile-2.5/mid" // its path has one part
	}
	return false
}

// mutationPairs are further right conversions, for what testdata/convert has
// no example of.
func mutationPairs(t *testing.T) []pair {
	t.Helper()
	var pairs []pair
	for i, spec := range []string{
		"  backendType: systemManager\n  data: [{path: /app/prod, recursive: true}, {key: /x, name: x}]\n",
		"  backendType: systemManager\n  data: [{path: /app.v1/prod}]\n",
		"  backendType: secretsManager\n  data: [{key: a, name: x, property: 'pa*s'}, {key: a, name: second, property: 'l[0].k'}, {key: a, name: z, property: .dockerconfigjson}]\n",
		"  backendType: secretsManager\n  dataFrom: [a, b]\n  data: [{key: c, name: k, property: v}]\n  template: {data: {k: aGVsbG8=, d: aGVsbG8=}, stringData: {s: 'a {{ b'}}\n",
		"  backendType: gcpSecretsManager\n  data: [{key: a, name: k, version: 4}, {key: b, name: b, isBinary: true}]\n  template: {metadata: {annotations: {n: 'x {{ y }} z'}}}\n",
	} {
		if p, ok := convertPair(t, fmt.Sprint("extra-", i), one(t, spec), "", nil, nil); ok {
			pairs = append(pairs, p)
		} else {
			t.Errorf("not converted: %s", spec)
		}
	}
	return pairs
}
