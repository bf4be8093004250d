package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// The modes: what becomes of a KES object and its Secret.
const (
	// Keep leaves the KES object as it is.
	Keep = "keep"
	// Freeze leaves it, with a controllerId that no KES answers to.
	Freeze = "freeze"
	// Protect is Freeze, and Argo CD doesn't prune it.
	Protect = "protect"
	// Replace puts the ESO object in its place: same name, same Secret.
	Replace = "replace"
	// SideBySide leaves it and has ESO make a second Secret.
	SideBySide = "side-by-side"
	// Switch is SideBySide, and what reads the Secret reads the second one.
	Switch = "switch"
	// Switched is Switch without the KES object.
	Switched = "switched"
	// Superseded takes the KES object out: the same output holds an ESO object
	// for its Secret that somebody wrote.
	Superseded = "superseded"
)

// Modes lists them, in the order in which a migration goes through them.
func Modes() []string {
	return []string{Keep, Freeze, Protect, Replace, SideBySide, Switch, Switched, Superseded}
}

// TwoNames reports whether ESO makes a second Secret in a mode.
func TwoNames(mode string) bool { return mode == SideBySide || Follows(mode) }

// Follows reports whether references follow a Secret in a mode.
func Follows(mode string) bool { return mode == Switch || mode == Switched }

// The guards of converted objects against Argo CD, until they are final.
const (
	// GuardPrune keeps Argo CD from pruning the object.
	GuardPrune = "prune"
	// GuardDelete also from deleting it with its Application.
	GuardDelete = "delete"
)

// DefaultSecretName is what a second Secret is called.
const DefaultSecretName = "{name}-eso"

// ModeRule gives a mode to the resources that it matches.
type ModeRule struct {
	Match Match  `yaml:"match"`
	Mode  string `yaml:"mode"`
	// SecretName is the name of a second Secret, with {name} and {namespace};
	// empty is the default.
	SecretName string `yaml:"secretName"`
	// Workloads are labels of the resources whose references follow in mode
	// switch; nil: all.
	Workloads map[string]Globs `yaml:"workloads"`
	// Final ends the guard; nil: as in the settings.
	Final *bool `yaml:"final"`
	// Admin: the rule is from the administrator's file.
	Admin bool `yaml:"-"`
	// Pos is where the rule stands.
	Pos manifest.Pos `yaml:"-"`
}

// UnmarshalYAML keeps the rule's place.
func (r *ModeRule) UnmarshalYAML(n *yaml.Node) error {
	type plain ModeRule
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.Pos = manifest.Pos{Line: n.Line, Column: n.Column}
	return nil
}

// Choice is a mode and who chose it.
type Choice struct {
	Mode string // empty: nobody chose
	From string // "annotation kesbridge/mode", "--mode", "kesbridge.yaml:3:5"
	// Ignored is a weaker choice that the administrator's file overrules.
	Ignored    string
	SecretName string
	Final      bool
	// Workloads are those whose references follow; nil: all.
	Workloads *Selector
}

// Selector selects resources by their labels.
type Selector struct{ labels map[string]Globs }

// Holds reports whether every label is there and fits. A nil Selector holds for
// everything.
func (s *Selector) Holds(labels map[string]string) bool {
	if s == nil {
		return true
	}
	for label, globs := range s.labels {
		if value, ok := labels[label]; !ok || !globs.Hold(value) {
			return false
		}
	}
	return true
}

// Mode gives the mode of a resource. annotation is kesbridge/mode of the KES
// object, given is the flag, parameter or environment variable named from;
// both may be empty. Strongest first: the administrator's file, annotation,
// given, rules, defaults.
func (s *Settings) Mode(f Facts, annotation, given, from string) Choice {
	c := Choice{SecretName: DefaultSecretName, Final: s.Final}
	rule := func(admin bool) bool {
		for i := range s.Modes {
			r := &s.Modes[i]
			if r.Admin != admin || !r.Match.Holds(f) {
				continue
			}
			c.Mode, c.From = r.Mode, r.Pos.String()
			c.SecretName = either(r.SecretName, DefaultSecretName)
			if r.Workloads != nil {
				c.Workloads = &Selector{r.Workloads}
			}
			if r.Final != nil && !s.Fixed("final") {
				c.Final = *r.Final
			}
			return true
		}
		return false
	}
	if rule(true) || s.Fixed("mode") {
		if c.Mode == "" {
			c.Mode, c.From = s.DefaultMode, s.ModeFrom
		}
		for _, weaker := range [][2]string{{annotation, "annotation kesbridge/mode"}, {given, from}} {
			if weaker[0] != "" && weaker[0] != c.Mode {
				c.Ignored = weaker[1]
				break
			}
		}
		return c
	}
	rule(false) // gives secretName and final, whoever chooses the mode
	switch {
	case annotation != "":
		c.Mode, c.From = annotation, "annotation kesbridge/mode"
	case given != "":
		c.Mode, c.From = given, from
	case c.Mode == "":
		c.Mode, c.From = s.DefaultMode, s.ModeFrom
	}
	return c
}

// lockable are the keys that an administrator's file may keep to itself.
func lockable() []string {
	return []string{
		"mode", "final", "guard", "onUnsupported", "fidelity", "stores", "unmatched", "waivers", "templates", "references",
		"esoVersion", "refreshInterval", "origin", "ibmGroup", "controller", "network",
	}
}

// Fixed reports whether the administrator's file decides a key alone: it sets
// it, or locks it.
func (s *Settings) Fixed(key string) bool { return slices.Contains(s.fixed, key) }

func modesShape() *shape {
	return &shape{kind: list, doc: "What becomes of which KES resource; the first rule that matches wins. The annotation kesbridge/mode on a resource, --mode, the parameter mode and KESBRIDGE_MODE win over it.", item: &shape{kind: object, doc: "One rule.", fields: []field{
		{name: "match", shape: matchShape()},
		{name: "mode", required: true, shape: modeShape()},
		{name: "secretName", shape: &shape{kind: text, check: checkSecretName, example: DefaultSecretName, preset: DefaultSecretName, doc: "The name of the second Secret in modes side-by-side, switch and switched; {name} and {namespace} are those of the KES resource."}},
		{name: "workloads", shape: &shape{kind: dictionary, item: &shape{kind: globs, check: checkGlob}, doc: "For mode switch: labels (metadata.labels) of the resources whose references follow; each must be there and fit. The others go on reading the old Secret and are listed. In mode switched all follow."}},
		{name: "final", shape: finalShape()},
	}}}
}

func modeShape() *shape {
	return &shape{kind: text, enum: Modes(), doc: "keep: the KES resource stays as it is. freeze: it stays, with a controllerId that stops KES for it. protect: as freeze, and Argo CD doesn't prune it. replace: the ESO resource takes its place, with the same Secret. side-by-side: both, ESO makes a second Secret. switch: as side-by-side, and what reads the Secret by a reference that kesbridge knows reads the second one. switched: as switch, and the KES resource is gone. superseded: the KES resource is gone, because the application holds an ESO resource for its Secret that somebody wrote."}
}

func finalShape() *shape {
	return &shape{kind: boolean, preset: false, doc: "The move is over: in the plugin converted resources no longer carry the annotations that keep Argo CD from pruning them."}
}

func lockedShape() *shape {
	return &shape{kind: list, doc: "Only in the administrator's file (KESBRIDGE_CONFIG): keys that only that file decides, whatever app authors write. The network is always one of them.",
		item: &shape{kind: text, enum: lockable(), doc: "A key."}}
}

// FillSecretName puts a resource's name and namespace into a secretName.
func FillSecretName(pattern, name, namespace string) string {
	return strings.NewReplacer("{name}", name, "{namespace}", namespace).Replace(pattern)
}

func checkSecretName(v string) string {
	name := FillSecretName(v, "n", "n")
	switch {
	case !dnsName.MatchString(name):
		return "makes no name of a Secret: lower-case letters, digits, - and ., and {name} or {namespace}"
	case FillSecretName(v, "a", "n") == FillSecretName(v, "b", "n"):
		return "gives every resource the same Secret: use {name}"
	}
	return ""
}

// IsObjectName reports whether Kubernetes takes a name for a Secret.
func IsObjectName(v string) bool { return len(v) <= 253 && dnsName.MatchString(v) }

// IsMode reports whether a word is a mode.
func IsMode(v string) bool { return slices.Contains(Modes(), v) }
