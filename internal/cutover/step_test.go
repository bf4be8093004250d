package cutover_test

import (
	"strings"
	"testing"

	"kesbridge/internal/cutover"
)

// objects of a way with two names: the second Secret of s is s-eso.
const (
	secondG  = esoSecondG
	handOver = esoHand
)

// TestSteps: each step of the ways through is allowed (design.md, "Ways
// through"), each of them one step back too, and any other is named.
func TestSteps(t *testing.T) {
	stages := map[string][]string{
		"keep": {kesKeep}, "freeze": {kesFreeze}, "protect": {kesProtect}, "replace": {esoGuarded}, "final": {esoFinal},
		"side-by-side": {kesKeep, secondG}, "switch": {kesKeep, secondG}, "switched": {secondG}, "superseded": {handOver},
	}
	allowed := map[string]string{
		"keep to freeze": "Git alone", "freeze to replace": "Git alone", "replace to final": "Git alone",
		"keep to protect": "guarded", "protect to replace": "guarded",
		"keep to side-by-side": "two names", "side-by-side to switch": "two names", "switch to switched": "two names", "switched to final": "two names",
		"freeze to superseded": "Git alone", "protect to superseded": "guarded",
		"freeze to protect": "Git alone", "protect to freeze": "Git alone",
	}
	back := map[string]bool{
		"freeze to keep": true, "replace to freeze": true, "final to replace": true, "protect to keep": true, "replace to protect": true,
		"side-by-side to keep": true, "switch to side-by-side": true, "switched to switch": true, "final to switched": true,
		"superseded to freeze": true, "superseded to protect": true, "replace to keep": true, "superseded to keep": true,
	}
	state := func(stage string) cutover.State {
		mode := stage
		if stage == "final" {
			mode = "replace"
		}
		return cutover.State{Makers: makers(t, stages[stage]), Plugin: true, Orphan: true, Modes: map[string]string{"ns/s": mode}}
	}
	for from := range stages {
		for to := range stages {
			if from == to {
				continue
			}
			before, after := state(from), state(to)
			steps := cutover.Steps(before, after)
			if len(steps) != 1 {
				t.Errorf("%s to %s: %v", from, to, steps)
				continue
			}
			s := &steps[0]
			name := from + " to " + to
			if s.String() != name {
				t.Errorf("%s: told as %s", name, s)
			}
			if way := allowed[name]; way != "" && (s.Way != way || s.Back) {
				t.Errorf("%s: way %q, back %v, want %q", name, s.Way, s.Back, way)
			}
			if back[name] && (s.Way == "" || !s.Back) {
				t.Errorf("%s: way %q, back %v, want a step back", name, s.Way, s.Back)
			}
			if allowed[name] != "" || back[name] {
				continue
			}
			if s.Way != "" {
				t.Errorf("%s: taken for a step of %s", name, s.Way)
			}
			said := cutover.Transitions(before, after)
			said = append(said, cutover.OffWay(steps, before, after, said)...)
			if len(said) == 0 {
				t.Errorf("%s: nothing names it", name)
			}
		}
	}
}

// TestStages tells where a resource is from what is rendered alone.
func TestStages(t *testing.T) {
	for _, c := range []struct {
		objects []string
		plugin  bool
		want    string
	}{
		{nil, true, "nothing"},
		{[]string{kesKeep}, true, "keep"},
		{[]string{kesForeign}, true, "keep"},
		{[]string{kesGuarded}, true, "keep"},
		{[]string{kesFreeze}, true, "freeze"},
		{[]string{kesProtect}, true, "protect"},
		{[]string{esoGuarded}, true, "replace"},
		{[]string{esoFinal}, true, "final"},
		{[]string{esoFinal}, false, "replace"},
		{[]string{kesKeep, esoSecondG}, true, "two names"},
		{[]string{kesKeep, esoFinal}, true, "both"},
		{[]string{kesKeep, esoHand}, true, "both"},
		{[]string{esoSecondG}, true, "switched"},
		{[]string{esoSecond}, true, "final"},
	} {
		steps := cutover.Steps(cutover.State{Makers: makers(t, []string{kesKeep})}, cutover.State{Makers: makers(t, c.objects), Plugin: c.plugin})
		if len(steps) != 1 || steps[0].To != c.want {
			t.Errorf("%v: %v, want %s", c.objects, steps, c.want)
		}
	}
}

// TestReaders: a Secret goes in one step; who reads it decides.
func TestReaders(t *testing.T) {
	const nobody, now, then = "nobody", "now", "then"
	for _, c := range []struct {
		name          string
		before, after []string
		secret        string
		reads         string // who reads the Secret: nobody, now (the new revision) or then (the old one)
		want          string
	}{
		{"the last step with two names", []string{kesKeep, esoSecondG}, []string{esoSecondG}, "ns/s", nobody, "info KES704"},
		{"the last step, still read", []string{kesKeep, esoSecondG}, []string{esoSecondG}, "ns/s", now, "error KES704 Deployment/ns/web"},
		{"the last step without switch before it", []string{kesKeep, esoSecondG}, []string{esoSecondG}, "ns/s", then, "error KES704 Deployment/ns/web"},
		{"KES object gone, nothing reads it", []string{kesKeep}, nil, "ns/s", nobody, "error KES704"},
		{"KES object gone, read", []string{kesKeep}, nil, "ns/s", now, "error KES704 Deployment/ns/web"},
		{"renamed target, nothing reads the old one", []string{esoFinal}, []string{esoSecond}, "ns/s", nobody, "warning KES702"},
		{"renamed target, read", []string{esoFinal}, []string{esoSecond}, "ns/s", now, "error KES702 Deployment/ns/web"},
		{"renamed target, read until it is synced", []string{esoFinal}, []string{esoSecond}, "ns/s", then, "error KES702 Deployment/ns/web"},
		{"renamed target, which something makes again", []string{esoFinal}, []string{kesKeep, esoSecond}, "ns/s", nobody, "error KES702"},
		{"side by side to keep, nothing reads the second one", []string{kesKeep, esoSecond}, []string{kesKeep}, "ns/s-eso", nobody, "warning KES703"},
		{"side by side to keep, the second one is read", []string{kesKeep, esoSecond}, []string{kesKeep}, "ns/s-eso", now, "error KES703 Deployment/ns/web"},
		{"unguarded ESO object gone, read", []string{esoFinal}, nil, "ns/s", now, "error KES703 Deployment/ns/web"},
		{"unguarded ESO object gone, nothing reads it", []string{esoFinal}, nil, "ns/s", nobody, "error KES703"},
		{"a reader of another namespace reads another Secret", []string{esoFinal}, []string{esoSecond}, "other/s", now, "warning KES702"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reader := cutover.Reader{Ref: cutover.RefOf(map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "ns"}}), Path: "spec.template.spec.volumes[0].secret.secretName"}
			read := func(yes bool) cutover.Readers {
				r := cutover.Readers{}
				if yes {
					ns, name, _ := strings.Cut(c.secret, "/")
					r.Add(ns, name, reader)
				}
				return r
			}
			before := cutover.State{Makers: makers(t, c.before), Readers: read(c.reads == then)}
			after := cutover.State{Makers: makers(t, c.after), Readers: read(c.reads == now)}
			var got []string
			for _, f := range cutover.Transitions(before, after) {
				s := f.Severity.String() + " " + f.Rule
				if strings.Contains(f.Message, "Deployment/ns/web") {
					s += " Deployment/ns/web"
				}
				got = append(got, s)
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}
