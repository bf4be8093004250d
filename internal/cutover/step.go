package cutover

import (
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Stages of a resource that aren't modes.
const (
	StageNone  = "nothing" // no resource of KES or ESO
	StageFinal = "final"   // ESO's, without a guard
	StageBoth  = "both"    // both make the same Secret
	// StageNames is side-by-side or switch, where the render doesn't tell which.
	StageNames = "two names"
)

// Step is what becomes of one resource between two revisions.
type Step struct {
	Namespace, Name string
	From, To        string // stages
	// Way names the way of which it is a step; Back: against its direction.
	// Empty: it is none of any.
	Way  string
	Back bool
	// hand are ESO objects of other names that make its Secret.
	hand []string
}

// About reports whether something is about an object of the step, or about what
// it goes with.
func (s *Step) About(ref manifest.Ref) bool {
	switch {
	case ref.Kind == "Namespace" && ref.Group == "":
		return ref.Name == s.Namespace
	case ref.Group == crdGroup:
		return true
	case ref.Kind != "ExternalSecret" && ref.Kind != clusterKind:
		return false
	}
	return ref.Namespace == s.Namespace && (ref.Name == s.Name || slices.Contains(s.hand, ref.Name))
}

// ways are the ways through (design.md), each stage in its order. Of superseded
// there is no final: what people write isn't guarded.
func ways() []struct {
	name   string
	stages []string
} {
	return []struct {
		name   string
		stages []string
	}{
		{"Git alone", []string{config.Keep, config.Freeze, config.Replace, StageFinal}},
		{"guarded", []string{config.Keep, config.Protect, config.Replace, StageFinal}},
		{"two names", []string{config.Keep, config.SideBySide, config.Switch, config.Switched, StageFinal}},
		{"Git alone", []string{config.Freeze, config.Superseded}},
		{"guarded", []string{config.Protect, config.Superseded}},
	}
}

// classify finds the way of a step.
func (s *Step) classify() {
	for _, w := range ways() {
		i, j := slices.Index(w.stages, s.From), slices.Index(w.stages, s.To)
		if s.From == StageNames {
			i = slices.Index(w.stages, config.SideBySide)
		}
		if s.To == StageNames {
			j = slices.Index(w.stages, config.SideBySide)
		}
		switch {
		case i < 0 || j < 0:
		case j == i+1 || s.From == StageNames && s.To == config.Switched:
			s.Way = w.name
			return
		case j == i-1:
			s.Way, s.Back = w.name, true
		}
	}
	// From any of these KES goes on when its controllerId is its own again.
	switch {
	case s.Way != "" || s.To != config.Keep && s.To != config.Freeze && s.To != config.Protect:
	case s.From == config.Freeze || s.From == config.Protect || s.From == config.Keep:
		s.Way, s.Back = "Git alone", s.To == config.Keep // freeze and protect differ in the guard alone
	case s.From == config.Replace && s.To == config.Keep, s.From == config.Superseded && s.To == config.Keep:
		s.Way, s.Back = "Git alone", true // measured: KES takes over first, as long as the guard is live
	}
}

// String names the step.
func (s *Step) String() string {
	switch {
	case s.From == s.To || s.From == StageNone:
		return s.To
	case s.To == StageNone:
		return s.From + ", gone"
	}
	return s.From + " to " + s.To
}

// Steps are those of each resource that KES or ESO makes a Secret from on
// either side, in the order of the new revision; what is gone comes last.
func Steps(before, after State) []Step {
	was, is := before.index(), after.index()
	var out []Step
	seen := map[string]bool{}
	for _, list := range [][]Maker{after.Makers, before.Makers} {
		for i := range list {
			m := &list[i]
			key := SecretKey(m.Ref.Namespace, m.Ref.Name)
			if seen[key] || m.Ref.Namespace == EveryNamespace || was.stranger(m) || is.stranger(m) {
				continue
			}
			seen[key] = true
			s := Step{Namespace: m.Ref.Namespace, Name: m.Ref.Name, From: was.stage(m), To: is.stage(m)}
			if was.kes[key] || is.kes[key] {
				s.hand = slices.Concat(was.byHand(key), is.byHand(key))
			}
			s.classify()
			out = append(out, s)
		}
	}
	return out
}

// index finds the makers of a state by what they are called and what they make.
type stepIndex struct {
	*State
	named, making map[string][]*Maker
	// kes are the KES resources in Git, rendered or not.
	kes map[string]bool
}

func (s *State) index() *stepIndex {
	x := &stepIndex{State: s, named: map[string][]*Maker{}, making: map[string][]*Maker{}, kes: map[string]bool{}}
	for key := range s.Modes {
		x.kes[key] = true
	}
	for i := range s.Makers {
		m := &s.Makers[i]
		name, secret := SecretKey(m.Ref.Namespace, m.Ref.Name), SecretKey(m.Ref.Namespace, m.Secret)
		x.named[name] = append(x.named[name], m)
		x.making[secret] = append(x.making[secret], m)
		x.kes[name] = x.kes[name] || m.kes()
	}
	return x
}

// stranger: an ESO object by hand that makes the Secret of a KES resource of
// another name is no resource of its own.
func (x *stepIndex) stranger(m *Maker) bool {
	return m.eso() && m.Secret != m.Ref.Name && x.kes[SecretKey(m.Ref.Namespace, m.Secret)]
}

// byHand are the ESO objects of other names that make the Secret of a KES
// resource.
func (x *stepIndex) byHand(key string) []string {
	var out []string
	for _, m := range x.making[key] {
		if m.eso() && m.Ref.Name != m.Secret {
			out = append(out, m.Ref.Name)
		}
	}
	return out
}

// stage is that of the resource that an object is of.
func (x *stepIndex) stage(m *Maker) string {
	key := SecretKey(m.Ref.Namespace, m.Ref.Name)
	switch mode := x.Modes[key]; mode {
	case config.Switched:
		if x.Plugin && x.unguarded(m) {
			return StageFinal
		}
		return mode
	case config.Switch, config.Superseded, config.SideBySide:
		return mode
	}
	var k, e, hand *Maker
	for _, n := range x.named[key] {
		switch {
		case n.kes() && k == nil:
			k = n
		case n.eso() && e == nil:
			e = n
		}
	}
	for _, n := range x.making[key] {
		if n.eso() && n.Ref.Name != m.Ref.Name && hand == nil {
			hand = n
		}
	}
	return stageOf(k, e, hand, x.Plugin)
}

// stageOf tells it from KES's and ESO's object of the resource, and from an ESO
// object by hand that makes the same Secret.
func stageOf(k, e, hand *Maker, plugin bool) string {
	switch {
	case k != nil && e != nil && e.Secret != k.Secret:
		return StageNames
	case k != nil && (e != nil || hand != nil) && !k.Frozen && k.Controller == "":
		return StageBoth
	case k != nil && k.NoPrune && k.Frozen:
		return config.Protect
	case k != nil && k.Frozen:
		return config.Freeze
	case k != nil:
		return config.Keep
	case e != nil && plugin && !e.NoPrune:
		return StageFinal // outside of the plugin nothing is guarded
	case e != nil && e.Secret != e.Ref.Name:
		return config.Switched
	case e != nil:
		return config.Replace
	case hand != nil:
		return config.Superseded
	}
	return StageNone
}

// unguarded reports whether the ESO object of a resource has no guard.
func (x *stepIndex) unguarded(m *Maker) bool {
	return slices.ContainsFunc(x.named[SecretKey(m.Ref.Namespace, m.Ref.Name)], func(n *Maker) bool { return n.eso() && !n.NoPrune })
}

// OffWay names the steps that are none of any way and about which nothing else
// is said.
func OffWay(steps []Step, before, after State, said manifest.Findings) manifest.Findings {
	var out manifest.Findings
	for i := range steps {
		s := &steps[i]
		if s.From == s.To || s.From == StageNone || s.To == StageNone || s.Way != "" || after.Removed {
			continue
		}
		at := slices.IndexFunc(after.Makers, func(m Maker) bool { return s.About(m.Ref) })
		if at < 0 || slices.ContainsFunc(said, func(f manifest.Finding) bool { return s.About(f.Ref) }) {
			continue
		}
		m := &after.Makers[at]
		out = append(out, rule.OffWay.At(m.Pos, m.Ref, "%s is none of the ways through: %s", s.String(), does(s)))
	}
	return out
}

// does says what a step off the ways comes to.
func does(s *Step) string {
	switch {
	case s.To == StageBoth:
		return "KES and ESO make one Secret; KES owns it, and ESO's resource is Degraded"
	case strings.HasPrefix(s.To, "switch"):
		return "a step is left out: readers move to a Secret that may not be there yet"
	case s.To == StageFinal:
		return "a step is left out: the guard goes before anybody saw that ESO owns the Secret"
	case s.To == config.Keep && (s.From == config.Switched || s.From == StageFinal):
		return "readers restart on a Secret that KES has yet to make again, or ESO's resource leaves a Secret that KES hasn't taken yet"
	case s.To == config.Keep:
		return "KES takes the Secret back only if its controllerId is its own again, and readers of the second one lose it"
	}
	return "it was not measured"
}
