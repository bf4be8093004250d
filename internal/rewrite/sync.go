package rewrite

import (
	"bytes"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	propagation = "PrunePropagationPolicy"
	orphan      = propagation + "=orphan"
)

// orphanPrune adds the option with which a pruned object leaves behind what it
// owns. It says whether it did.
func (a *application) orphanPrune() (bool, error) {
	f := a.file
	if err := a.otherPolicies(); err != nil {
		return false, err
	}
	if a.spec.Style&yaml.FlowStyle != 0 {
		return false, a.refuse(a.spec, "its spec is in flow style ({...}) or JSON", "write it in block style first, or add "+orphan+" by hand")
	}
	policy := child(a.spec, "syncPolicy")
	options := child(policy, "syncOptions")
	for _, n := range []*yaml.Node{policy, options} {
		if n != nil && shared(n) != nil {
			return false, a.refuse(n, "its syncPolicy is shared through an alias or an anchor", "write it out first, or add "+orphan+" by hand")
		}
	}
	if options != nil {
		for _, n := range options.Content {
			switch v := text(n); {
			case v == orphan:
				return false, nil
			case strings.HasPrefix(v, propagation+"="):
				return false, a.refuse(n, "its syncOptions say "+v, "change it to "+orphan+" first")
			}
		}
	}
	switch {
	case options != nil && options.Kind == yaml.SequenceNode && options.Style&yaml.FlowStyle == 0 && len(options.Content) > 0:
		last := options.Content[len(options.Content)-1]
		f.insert(last.Line, options.Column-1, "- "+orphan)
	case options != nil && f.appendFlow(options, orphan):
	case options != nil:
		return false, a.refuse(options, "its syncOptions aren't a plain list", "write them so first, or add "+orphan+" by hand")
	case policy != nil && policy.Kind == yaml.MappingNode && policy.Style&yaml.FlowStyle == 0 && len(policy.Content) > 0:
		indent := policy.Content[0].Column - 1
		f.insert(f.endOf(policy, indent), indent, "syncOptions:", "  - "+orphan)
	case policy != nil:
		return false, a.refuse(policy, "its syncPolicy isn't written in block style", "write it so first, or add "+orphan+" by hand")
	default:
		indent := a.spec.Content[0].Column - 1
		at := f.endOf(a.spec, indent)
		if at == len(f.lines) && !bytes.HasSuffix(f.data, []byte("\n")) {
			at = a.spec.Content[0].Line - 1 // a line end might belong to the last text
		}
		f.insert(at, indent, "syncPolicy:", "  syncOptions:", "    - "+orphan)
	}
	f.orphaned = append(f.orphaned, a)
	return true, nil
}

var policyWord = regexp.MustCompile(`\bsync(Policy|Options)\b`)

// otherPolicies refuses what decides about an ApplicationSet's syncOptions
// besides its template: there the option might not reach the Applications, and
// their Secrets would be pruned with the KES objects.
func (a *application) otherPolicies() error {
	if !a.set {
		return nil
	}
	spec := child(a.root, "spec")
	if patch := child(spec, "templatePatch"); patch != nil {
		var s string
		if err := patch.Decode(&s); err != nil || policyWord.MatchString(s) {
			return a.refuse(patch, "its templatePatch sets syncOptions, which replace those of the template", "add "+orphan+" there by hand")
		}
		if structured.MatchString(s) {
			a.note("its templatePatch puts in whole trees; see that none has a syncPolicy without " + orphan)
		}
	}
	return a.ownTemplates(child(spec, "generators"), "syncPolicy")
}

// appendFlow puts an item at the end of a flow sequence that is on one line,
// with plain scalars.
func (f *file) appendFlow(seq *yaml.Node, item string) bool {
	if seq.Kind != yaml.SequenceNode || seq.Style&yaml.FlowStyle == 0 || len(seq.Content) == 0 {
		return false
	}
	last, line := seq.Content[len(seq.Content)-1], string(f.lines[seq.Line-1])
	end := last.Column - 1 + len(last.Value)
	if last.Kind != yaml.ScalarNode || last.Style != 0 || last.Line != seq.Line || end > len(line) || line[last.Column-1:end] != last.Value {
		return false
	}
	if !strings.HasPrefix(strings.TrimLeft(line[end:], " "), "]") {
		return false
	}
	f.replace(seq.Line-1, seq.Line, []string{line[:end] + ", " + item + line[end:]})
	return true
}
