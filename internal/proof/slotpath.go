package proof

import (
	"strings"

	"kesbridge/internal/kes"
)

// pathSlot is what lies below a data[].path of the Parameter Store.
type pathSlot struct {
	prefix     string
	background []param
	variants   []pathVariant
}

type pathVariant struct {
	name     string
	everyday bool
	params   []param
}

func (g *generator) pathSlot(it *kes.Item) pathSlot {
	prefix := strings.TrimRight(it.FromPath, "/") + "/"
	p := pathSlot{prefix: prefix}
	tag := "p" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(prefix))
	base := []param{{prefix + tag, "value of " + tag}, {prefix + "beta.2_" + tag, "second"}}
	if g.sources > 1 {
		base = append(base, param{prefix + inEverySource, "from " + tag})
	}
	for _, key := range g.wanted {
		if text, ok := unquoteJSON(valuesFor(g.hints[key], false, g.next())[0].raw); ok {
			base = append(base, param{prefix + key, text})
		}
	}
	outside := []param{{"/outside" + strings.TrimSuffix(prefix, "/") + "/x" + tag, "outside"}}
	if prefix != "/" {
		outside = append(outside, param{strings.TrimSuffix(prefix, "/") + "x/y" + tag, "neighbour"})
	}
	p.background = append(base, outside...)
	with := func(name string, everyday bool, more ...param) {
		p.variants = append(p.variants, pathVariant{name, everyday, append(append([]param(nil), p.background...), more...)})
	}
	with("parameters further down", true, param{prefix + "c/gamma" + tag, "deeper"}, param{prefix + "c/d/delta" + tag, "deepest"})
	for _, s := range textShapes(valuesFor(nil, false, g.next())) {
		with(s.Name, s.Everyday, param{prefix + "varied" + tag, s.raw})
	}
	if it.Recursive {
		with("two parameters of one name", false, param{prefix + "c/same", "one"}, param{prefix + "d/same", "two"})
	}
	for _, key := range g.others {
		with("parameter that another item writes too", false, param{prefix + key, "from the path"})
	}
	p.variants = append(p.variants, pathVariant{"no parameters", false, outside})
	return p
}

func (g *generator) pathCases(everyday bool, do func(testCase) bool) bool {
	for i, p := range g.paths {
		for _, v := range p.variants {
			if v.everyday != everyday {
				continue
			}
			s := g.base()
			s.params = nil
			for j, q := range g.paths {
				if j != i {
					s.params = append(s.params, q.background...)
				}
			}
			s.params = append(s.params, v.params...)
			last := ""
			if n := len(v.params); n > 0 {
				last = ": " + v.params[n-1].name + " = " + quoted(v.params[n-1].value)
			}
			if !do(testCase{v.name, everyday, p.prefix + last, s}) {
				return false
			}
		}
	}
	return true
}
