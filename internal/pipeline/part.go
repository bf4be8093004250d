package pipeline

import (
	"cmp"
	"maps"
	"slices"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Part ends a run that is one of many: it gives the findings of its own
// objects, sorted. What only all of them together show, such as the stores to
// create, is left for the run that absorbs it. place gives the place in the
// sources of something in the rendered text.
func (r *Run) Part(place func(manifest.Pos, manifest.Ref) manifest.Pos) (manifest.Findings, Counts) {
	r.inlineFindings()
	for i := range r.findings {
		r.findings[i].Pos = place(r.findings[i].Pos, r.findings[i].Ref)
	}
	for _, use := range r.stores {
		use.pos = place(use.pos, use.object)
	}
	for key, need := range r.needs {
		need.pos = place(need.pos, need.object)
		r.needs[key] = need
	}
	for key, h := range r.held {
		h.pos = place(h.pos, h.object)
		r.held[key] = h
	}
	r.findings.Sort()
	return r.findings, r.counts
}

// Absorb adds an ended part, without its findings. Parts must come in the same
// order in every run: the first that needs something is named.
func (r *Run) Absorb(part *Run) {
	r.counts.KES += part.counts.KES
	r.counts.Converted += part.counts.Converted
	r.counts.Kept += part.counts.Kept
	r.counts.Failed += part.counts.Failed
	r.counts.Dropped += part.counts.Dropped
	for mode, n := range part.modes {
		r.modes[mode] += n
	}
	for severity, n := range part.weaker {
		r.weaker[severity] += n
	}
	for pos, s := range part.templates {
		was := r.templates[pos]
		r.templates[pos] = templateState{was.met || s.met, was.used || s.used, s.expression}
	}
	r.waived += part.waived
	for pos := range part.ignored {
		r.ignored[pos] = true
	}
	for pos, s := range part.waivers {
		was := r.waivers[pos]
		r.waivers[pos] = waiverState{s.rule, was.met || s.met, was.used || s.used}
	}
	for ref, use := range part.stores {
		if known := r.stores[ref]; known != nil {
			known.count += use.count
			continue
		}
		r.stores[ref] = use
	}
	for p, use := range part.refresh {
		if r.refresh[p] == nil {
			r.refresh[p] = &refreshUse{}
		}
		r.refresh[p].secrets += use.secrets
		r.refresh[p].refs += use.refs
	}
	r.absorbNeeds(part)
	r.absorbHeld(part)
}

// Held says that a store, though no output that needs it has it, is held by
// another one, so that nobody has to create it.
func (r *Run) Held(ref eso.StoreRef) { delete(r.stores, ref) }

// absorbNeeds finds stores that two parts need for different things.
func (r *Run) absorbNeeds(part *Run) {
	order := func(a, b storeKey) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	}
	for _, key := range slices.SortedFunc(maps.Keys(part.needs), order) {
		need := part.needs[key]
		first, ok := r.needs[key]
		switch {
		case !ok:
			r.needs[key] = need
		case !first.warned && !need.warned && differ(first.need, need.need):
			first.warned = true
			r.needs[key] = first
			r.say(rule.SharedStore.At(need.pos, need.object, sharedText, key.kind, key.name, need.need, first.pos, first.need))
		case need.warned:
			first.warned = true // the part said it
			r.needs[key] = first
		}
	}
}
