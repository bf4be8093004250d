package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// waiverState is what became of a waiver of a configuration in a run.
type waiverState struct {
	rule string
	// met: something that it matches was looked at; used: it waived a finding.
	met, used bool
}

// waivers are those for one object.
type waivers struct {
	run      *Run
	settings *config.Settings
	facts    config.Facts
	pos      manifest.Pos
	ref      manifest.Ref
	// inline are the reasons of the annotation by rule, used those that waived
	// something.
	inline map[string]string
	used   map[string]bool
	// judged: the object was converted, or it was tried. One that is left alone
	// gives no findings, whatever is wrong with it.
	judged bool
}

// waiversFor begins an object; nil where there are none for it. es is nil for
// an object that isn't KES's.
func (v *visitor) waiversFor(o *manifest.Object, es *kes.ExternalSecret, f config.Facts) *waivers {
	settings := v.out.opts.Settings
	w := &waivers{run: v.out.run, settings: settings, facts: f, pos: o.Pos, ref: o.Ref, used: map[string]bool{}}
	if es != nil {
		if value := es.Annotations.Get(convert.WaiveAnnotation); value != nil {
			text, _ := value.(string)
			switch inline, err := parseWaivers(text); {
			case settings.Fixed("waivers"):
				v.out.report(rule.SettingIgnored, o, "metadata.annotations.%s is ignored: the administrator's file decides the waivers", convert.WaiveAnnotation)
			case err != nil:
				v.out.report(rule.BadWaiver, o, "metadata.annotations.%s: %v", convert.WaiveAnnotation, err)
			default:
				w.inline = inline
				w.run.inline = append(w.run.inline, w)
			}
		}
	}
	if w.inline == nil && len(settings.Waivers) == 0 {
		return nil
	}
	return w
}

// parseWaivers reads the annotation: a mapping of rules to reasons.
func parseWaivers(text string) (map[string]string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("want a mapping of rules to reasons, such as \"KES103: REASON\"")
	}
	out := map[string]string{}
	m := doc.Content[0].Content
	for i := 0; i+1 < len(m); i += 2 {
		id, reason := m[i].Value, m[i+1]
		switch {
		case m[i].Kind != yaml.ScalarNode || !rule.Waivable(id):
			if _, ok := rule.Find(id); ok {
				return nil, fmt.Errorf("%s can't be waived", id)
			}
			return nil, fmt.Errorf("%.40q is no rule", id)
		case reason.Kind != yaml.ScalarNode || strings.TrimSpace(reason.Value) == "" || reason.ShortTag() == "!!null":
			return nil, fmt.Errorf("%s has no reason", id)
		case out[id] != "":
			return nil, fmt.Errorf("%s is given twice", id)
		}
		out[id] = strings.TrimSpace(reason.Value)
	}
	if len(out) == 0 {
		return nil, errors.New("names no rule")
	}
	return out, nil
}

// apply waives what is waived.
func (w *waivers) apply(fs ...manifest.Finding) []manifest.Finding {
	if w == nil {
		return fs
	}
	fs = slices.Clone(fs)
	for i := range fs {
		f := &fs[i]
		if !rule.Waivable(f.Rule) {
			continue
		}
		if reason := w.inline[f.Rule]; reason != "" {
			f.Waived, w.used[f.Rule] = reason, true
			continue
		}
		w.run.waive(w.settings, w.facts, f)
	}
	return fs
}

// judge notes that the object gives all of its findings.
func (w *waivers) judge() {
	if w == nil {
		return
	}
	w.judged = true
	w.run.meet(w.settings, w.facts, false)
}

func (r *Run) waive(s *config.Settings, facts config.Facts, f *manifest.Finding) {
	reason, pos, ok := s.Waive(f.Rule, facts)
	if !ok {
		return
	}
	f.Waived = reason
	r.waivers[pos] = waiverState{rule: f.Rule, met: true, used: true}
}

// meet notes the waivers for something that was looked at: for an app the
// rules about apps, else those about resources.
func (r *Run) meet(s *config.Settings, facts config.Facts, app bool) {
	for i := range s.Waivers {
		w := &s.Waivers[i]
		if rule.OfApps(w.Rule) == app && w.Match.Holds(facts) {
			state := r.waivers[w.Pos]
			state.met = true
			r.waivers[w.Pos] = state
		}
	}
}

// Waive applies the waivers of the configuration to findings about a whole
// app, of which App, Project and Cluster are known, and adds them. Call it for
// each app that was looked at, also where there are none: that shows which
// waivers aren't needed any more.
func (r *Run) Waive(s *config.Settings, facts config.Facts, fs ...manifest.Finding) manifest.Findings {
	r.meet(s, facts, true)
	return r.addFor(s, facts, fs...)
}

// AddFor is Add for findings about an output as a whole or what only many apps
// show: the waivers of the configuration may be for them, by the name and
// namespace of what they are about too.
func (r *Run) AddFor(opts Options, fs ...manifest.Finding) {
	if opts.Settings == nil {
		r.say(fs...)
		return
	}
	for _, f := range fs {
		facts := config.Facts{App: opts.App, Project: opts.Project, Cluster: opts.Settings.Cluster, Namespace: f.Ref.Namespace, Name: f.Ref.Name}
		if f.Ref.Kind == "Namespace" && f.Ref.Group == "" {
			facts.Namespace = f.Ref.Name
		}
		r.addFor(opts.Settings, facts, f)
	}
}

func (r *Run) addFor(s *config.Settings, facts config.Facts, fs ...manifest.Finding) manifest.Findings {
	r.know(s)
	out := slices.Clone(manifest.Findings(fs))
	for i := range out {
		if rule.Waivable(out[i].Rule) {
			r.waive(s, facts, &out[i])
		}
	}
	r.say(out...)
	return out
}

// know notes the waivers of settings that are in force.
func (r *Run) know(s *config.Settings) {
	for i := range s.Waivers {
		state := r.waivers[s.Waivers[i].Pos]
		state.rule = s.Waivers[i].Rule
		r.waivers[s.Waivers[i].Pos] = state
	}
	for i := range s.IgnoredWaivers {
		r.ignored[s.IgnoredWaivers[i].Pos] = true
	}
}

// inlineFindings name what the annotations of objects waive in vain.
func (r *Run) inlineFindings() {
	for _, w := range r.inline {
		if !w.judged {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(w.inline)) {
			if !w.used[id] && rule.Steady(id) && !rule.OfApps(id) {
				r.say(rule.UnusedWaiver.At(w.pos, w.ref, "metadata.annotations.%s: there is no finding of %s to waive", convert.WaiveAnnotation, id))
			}
		}
	}
	r.inline = nil
}

// waiverFindings name the waivers of configurations that waived nothing, and
// those that may not.
func (r *Run) waiverFindings() {
	for _, pos := range slices.SortedFunc(maps.Keys(r.ignored), byPlace) {
		r.say(rule.SettingIgnored.At(pos, manifest.Ref{}, "the waiver is ignored: the administrator's file decides the waivers"))
	}
	for _, pos := range slices.SortedFunc(maps.Keys(r.waivers), byPlace) {
		s := r.waivers[pos]
		if s.used || s.met && !rule.Steady(s.rule) {
			continue
		}
		f := rule.UnusedWaiver.At(pos, manifest.Ref{}, "what the waiver of %s matches has no such finding", s.rule)
		if !s.met {
			f.Message = "the waiver of " + s.rule + " matches nothing"
			if !r.Whole {
				f.Severity = manifest.Info
				f.Message += " of this run"
				f.Fix = "nothing to do if it is for another application; otherwise correct its match"
			}
		}
		r.say(f)
	}
}

// Waived is how many findings were waived, printed or not.
func (r *Run) Waived() int { return r.waived }
