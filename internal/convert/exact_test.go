package convert_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/proof"
	"kesbridge/internal/store"
)

// object is a KES object of testdata/convert with its settings.
type object struct {
	name     string
	in       *kes.ExternalSecret
	settings config.Settings
}

func objects(t *testing.T) []object {
	t.Helper()
	files, err := filepath.Glob("../../testdata/convert/*/in.*")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var all []object
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(file)
		c, err := config.Load(filepath.Join(dir, "kesbridge.yaml"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		s, err := c.For("")
		if err != nil {
			t.Fatal(err)
		}
		tr := manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
			if es, fs := kes.Decode(o); fs.Worst() < manifest.Error {
				all = append(all, object{filepath.Base(dir) + "/" + es.Ref.Name, es, *s})
			}
			return manifest.Result{}, nil
		}}
		plan, err := tr.Plan(context.Background(), manifest.Input{Name: file, R: strings.NewReader(string(text))})
		if err != nil {
			t.Fatal(err)
		}
		plan.Close()
	}
	return all
}

// prove converts in one fidelity and proves the result.
func (o object) prove(t *testing.T, version, fidelity string) (*eso.ExternalSecret, proof.Report) {
	t.Helper()
	p, err := eso.ProfileFor(version)
	if err != nil {
		t.Fatal(err)
	}
	s := o.settings
	s.Fidelity = fidelity
	s.Stores = slices.Clone(s.Stores)
	for i := range s.Stores {
		s.Stores[i].Fidelity = ""
	}
	in := *o.in
	in.Annotations = slices.DeleteFunc(slices.Clone(in.Annotations), func(f manifest.Field) bool { return f.Key == convert.FidelityAnnotation })
	res := convert.Convert(&in, convert.Options{Settings: &s, Profile: p, Stores: &store.Resolver{Rules: s.Stores, Controller: s.Controller}})
	if res.ESO == nil {
		return nil, proof.Report{}
	}
	po := proof.Options{Profile: p, VaultPath: res.Store.Path}
	if res.Store.Rule != nil {
		po.SecretBinary = res.Store.Rule.SecretBinary
	}
	return res.ESO, proof.Verify(&in, res.ESO, po)
}

// remaining lists the shapes that differ, each once.
func remaining(r proof.Report, everyday bool) []string {
	var names []string
	for _, d := range r.Differences {
		if d.Everyday == everyday && !strings.Contains(d.KES+d.ESO, "not provable") {
			names = append(names, d.Shape)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// knowsTemplateFrom reports whether proof simulates target.template.templateFrom.
func knowsTemplateFrom(t *testing.T) bool {
	t.Helper()
	in := &kes.ExternalSecret{Spec: kes.Spec{
		Backend: kes.SystemManager, Type: "Opaque",
		Data: []kes.Item{{Key: "a", Name: "x"}},
	}}
	out := &eso.ExternalSecret{Data: []eso.Data{{SecretKey: "hidden", RemoteRef: eso.RemoteRef{Key: "a"}}}}
	out.Target.Template = eso.Template{Type: "Opaque", TemplateFrom: []eso.TemplateFrom{{Literal: "x: {{ toRawJson .hidden }}"}}}
	return proof.Verify(in, out, proof.Options{}).Outcome != proof.Different
}

// TestExactProven: in exact fidelity no everyday value differs, and no more
// shapes than in natural fidelity. With -v it lists what remains.
func TestExactProven(t *testing.T) {
	if testing.Short() {
		t.Skip("proofs of every pair are left out of -short runs: they take minutes under the race detector and share nothing between goroutines")
	}
	templateFrom := knowsTemplateFrom(t)
	if !templateFrom {
		t.Fatal("proof does not simulate target.template.templateFrom, which exact forms need")
	}
	var tally tally
	for _, version := range []string{"", "0.9", "0.20", "2.9"} {
		if version != "" && testing.Short() {
			break
		}
		for _, o := range objects(t) {
			es, is := o.prove(t, version, config.Exact)
			if es == nil || len(es.Target.Template.TemplateFrom) > 0 && !templateFrom {
				continue
			}
			for _, d := range is.Differences {
				if d.Everyday && is.Outcome == proof.Different {
					t.Errorf("%s: profile %q: %v", o.name, version, d)
				}
			}
			tally.add(o, is)
			if version == "" {
				_, was := o.prove(t, version, config.Natural)
				tally.compare(t, o, was, is)
			}
		}
	}
	tally.log(t)
}

// tally counts what the proofs say.
type tally struct {
	proofs, cases, equal, natural, exact int
	left                                 map[string]int
}

func (c *tally) add(o object, r proof.Report) {
	c.proofs++
	c.cases += r.Cases
	if r.Outcome == proof.Equal {
		c.equal++
	}
	if c.left == nil {
		c.left = map[string]int{}
	}
	for _, shape := range remaining(r, false) {
		c.left[string(o.in.Spec.Backend)+": "+shape]++
	}
}

// compare: exact fidelity may fail where half a surrogate pair or a key would
// come out right by luck, and only where natural fidelity wrote something.
func (c *tally) compare(t *testing.T, o object, was, is proof.Report) {
	t.Helper()
	a, b := remaining(was, false), remaining(is, false)
	c.natural, c.exact = c.natural+len(a), c.exact+len(b)
	if was.Outcome != proof.EqualExcept && was.Outcome != proof.Equal {
		return // natural stopped at something worse
	}
	for _, shape := range b {
		if !slices.Contains(a, shape) && shape != "lone surrogate" {
			t.Errorf("%s: %s differs in exact fidelity only", o.name, shape)
		}
	}
}

func (c *tally) log(t *testing.T) {
	t.Helper()
	t.Logf("%d conversions proven in %d cases, %d equal for all shapes; shapes that differ (common profile): natural %d, exact %d", c.proofs, c.cases, c.equal, c.natural, c.exact)
	for _, name := range slices.Sorted(maps.Keys(c.left)) {
		t.Logf("  %s (%d)", name, c.left[name])
	}
}
