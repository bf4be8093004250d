package pipeline

import (
	"cmp"
	"maps"
	"slices"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// templateState is what became of a templates rule in a run.
type templateState struct {
	// met: an object that it matches has lodash expressions; used: it replaced one.
	met, used  bool
	expression string
}

// templatesUsed notes what became of the rules in one conversion.
func (r *Run) templatesUsed(rules []config.TemplateRule, used map[manifest.Pos]bool) {
	for i := range rules {
		s := r.templates[rules[i].Pos]
		u, met := used[rules[i].Pos]
		r.templates[rules[i].Pos] = templateState{s.met || met, s.used || u, rules[i].Expression}
	}
}

func byPlace(a, b manifest.Pos) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// templateFindings name the rules that replaced nothing. One that no object of
// the run is for may well be for another application.
func (r *Run) templateFindings() {
	for _, pos := range slices.SortedFunc(maps.Keys(r.templates), byPlace) {
		s := r.templates[pos]
		if s.used {
			continue
		}
		f := rule.UnusedTemplate.At(pos, manifest.Ref{}, "the templates rule for %.80q replaced nothing: no resource that it matches has this expression", s.expression)
		if !s.met {
			f.Severity = manifest.Info
			f.Message = "the templates rule was not used: it matches no resource of this run that has lodash expressions"
			f.Fix = "nothing to do if it is for another application; otherwise correct its match"
		}
		r.say(f)
	}
}
