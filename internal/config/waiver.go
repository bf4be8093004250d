package config

import (
	"regexp"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Waiver accepts the findings of one rule about the resources or apps that it
// matches.
type Waiver struct {
	Rule  string `yaml:"rule"`
	Match Match  `yaml:"match"`
	// Reason is why, for those who read the reports; never empty.
	Reason string `yaml:"reason"`
	// Pos is where the waiver stands.
	Pos manifest.Pos `yaml:"-"`
}

// UnmarshalYAML keeps the waiver's place.
func (w *Waiver) UnmarshalYAML(n *yaml.Node) error {
	type plain Waiver
	if err := n.Decode((*plain)(w)); err != nil {
		return err
	}
	w.Pos = manifest.Pos{Line: n.Line, Column: n.Column}
	return nil
}

func completeWaivers(waivers []Waiver, file string) {
	for i := range waivers {
		waivers[i].Pos.File = file
	}
}

// Waive gives the reason and the place of the first waiver for a rule's
// findings about something. What is known of an app alone is its App, Project
// and Cluster.
func (s *Settings) Waive(rule string, f Facts) (reason string, pos manifest.Pos, ok bool) {
	for i := range s.Waivers {
		if w := &s.Waivers[i]; w.Rule == rule && w.Match.Holds(f) {
			return w.Reason, w.Pos, true
		}
	}
	return "", manifest.Pos{}, false
}

func waiversShape() *shape {
	return &shape{kind: list, doc: "Findings that somebody decided to accept. They don't count for --fail-on, and check takes a resource with a waived error as decided on. A waiver changes nothing of the output: where an error leaves nothing to print, render, convert and the plugin fail as ever. For single resources there is the annotation kesbridge/waive.", item: &shape{kind: object, doc: "One waiver.", fields: []field{
		{name: "rule", required: true, shape: &shape{kind: text, pattern: ruleID, wants: "the id of a rule, such as KES103", check: checkRule, example: "KES103", doc: "The rule; kesbridge explain prints what it is about."}},
		{name: "match", shape: matchShape()},
		{name: "reason", required: true, shape: &shape{kind: text, doc: "Why it is accepted. Reports print it."}},
	}}}
}

var ruleID = regexp.MustCompile(`^KES[0-9][0-9][0-9]$`)

func checkRule(v string) string {
	if rule.Waivable(v) {
		return ""
	}
	if _, ok := rule.Find(v); ok {
		return "can't be waived"
	}
	return "is no rule: docs/findings.md has all"
}
