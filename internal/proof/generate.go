package proof

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// inEverySource is a key of each dataFrom and below each path, so that their
// precedence shows.
const inEverySource = "in-every-source"

// testCase is one made-up backend.
type testCase struct {
	shape    string
	everyday bool
	input    string
	backend  *backend
}

// generator makes up backend data for one object.
type generator struct {
	in    *kes.ExternalSecret
	o     Options
	hints map[string]*hint
	slots []slot
	paths []pathSlot
	// wanted are keys that only dataFrom or a path can give to the templates;
	// others are all keys that something writes.
	wanted, others []string
	counter        int
	// sources of keys that the manifest doesn't name.
	sources int
	// mixed says why a value can have no everyday form.
	mixed string
}

func newGenerator(in *kes.ExternalSecret, out *eso.ExternalSecret, o Options, k *kesSim) *generator {
	g := &generator{in: in, o: o, hints: probeTexts(k.templates)}
	g.sources = len(in.Spec.DataFrom) + len(in.Spec.DataFromWithOptions)
	named := map[string]bool{}
	for _, it := range in.Spec.Data {
		if it.FromPath == "" {
			named[it.Name] = true
			g.others = appendNew(g.others, it.Name)
		} else {
			g.sources++
		}
	}
	for _, list := range [][]kes.Text{in.Spec.Template.Data, in.Spec.Template.StringData} {
		for _, t := range list {
			g.others = appendNew(g.others, t.Key)
		}
	}
	for key := range g.hints {
		if !named[key] {
			g.wanted = append(g.wanted, key)
		}
	}
	slices.Sort(g.wanted)
	g.makeSlots(k)
	return g
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// next numbers the backgrounds.
func (g *generator) next() int { g.counter++; return g.counter }

// tag is a short text that tells addresses apart.
func (g *generator) tag(a address) string {
	i := slices.IndexFunc(g.slots, func(s slot) bool { return s.addr == a })
	if i < 0 {
		i = len(g.slots)
	}
	return strconv.Itoa(i + 1)
}

func (g *generator) makeSlots(k *kesSim) {
	uses := map[address][]use{}
	var order []address
	add := func(f fetchItem, extract bool) {
		if f.err != nil {
			return
		}
		if uses[f.addr] == nil {
			order = append(order, f.addr)
		}
		uses[f.addr] = append(uses[f.addr], use{f.item, extract})
	}
	for _, f := range k.dataFrom {
		add(f, true)
	}
	for _, f := range k.data {
		if f.item.FromPath != "" {
			g.paths = append(g.paths, g.pathSlot(f.item))
			continue
		}
		add(f, false)
	}
	for _, a := range order {
		m := &slotMaker{g: g, addr: a, uses: uses[a]}
		g.slots = append(g.slots, m.make())
	}
}

// base is the background of everything.
func (g *generator) base() *backend {
	s := &backend{values: map[address]string{}, binary: g.o.SecretBinary && g.in.Spec.Backend == kes.SecretsManager}
	for _, sl := range g.slots {
		s.values[sl.addr] = sl.background
	}
	for _, p := range g.paths {
		s.params = append(s.params, p.background...)
	}
	return s
}

// with is the background with one value changed.
func (g *generator) with(i int, raw string) *backend {
	s := g.base()
	s.values[g.slots[i].addr] = raw
	return s
}

// cases gives at most limit cases to run, everyday ones first; run returns
// false to stop.
func (g *generator) cases(limit int, run func(testCase) bool) {
	n := 0
	do := func(c testCase) bool {
		n++
		return n <= limit && run(c)
	}
	if !do(testCase{"everyday values", true, "the background of all cases", g.base()}) {
		return
	}
	for _, f := range g.o.Fixtures {
		if !do(testCase{"fixture " + f.Name, true, "fixture " + f.Name, g.fixture(f)}) {
			return
		}
	}
	for _, everyday := range []bool{true, false} {
		if !g.oneAtATime(everyday, do) || !g.pathCases(everyday, do) || !g.combinations(everyday, do) {
			return
		}
	}
}

func (g *generator) oneAtATime(everyday bool, do func(testCase) bool) bool {
	for i, s := range g.slots {
		for _, v := range s.variants {
			if v.Everyday != everyday {
				continue
			}
			if !do(testCase{v.Name, everyday, s.addr.key + " = " + quoted(v.raw), g.with(i, v.raw)}) {
				return false
			}
		}
	}
	return true
}

// combinations vary everything at once.
func (g *generator) combinations(everyday bool, do func(testCase) bool) bool {
	if len(g.slots)+len(g.paths) < 2 {
		return true
	}
	rng := rand.New(rand.NewPCG(g.o.Seed, uint64(len(g.slots))))
	name, count := "combination of everyday values", 24
	if !everyday {
		name, count = "combination of values", 8
	}
	for range count {
		s := g.base()
		var input []string
		for _, sl := range g.slots {
			var some []Shape
			for _, v := range sl.variants {
				if v.Everyday || !everyday {
					some = append(some, v)
				}
			}
			if len(some) > 0 {
				v := some[rng.IntN(len(some))]
				s.values[sl.addr] = v.raw
				input = append(input, sl.addr.key+" = "+quoted(v.raw))
			}
		}
		if !do(testCase{name, everyday, strings.Join(input, "; "), s}) {
			return false
		}
	}
	return true
}

// fixture puts a user's values in; keys that it lacks keep the background.
func (g *generator) fixture(f Fixture) *backend {
	s := g.base()
	for _, sl := range g.slots {
		for _, key := range []string{sl.addr.key, sl.addr.key + "?" + sl.addr.version} {
			if v, ok := f.Backend[key]; ok {
				s.values[sl.addr] = v
			}
		}
	}
	for _, p := range g.paths {
		var own []param
		for key, v := range f.Backend {
			if strings.HasPrefix(key, p.prefix) {
				own = append(own, param{key, v})
			}
		}
		if len(own) > 0 {
			slices.SortFunc(own, func(a, b param) int { return strings.Compare(a.name, b.name) })
			s.params = own
		}
	}
	return s
}
