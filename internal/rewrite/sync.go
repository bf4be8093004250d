package rewrite

import (
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
	case options != nil:
		return false, a.refuse(options, "its syncOptions aren't a list with a line for each", "write them so first, or add "+orphan+" by hand")
	case policy != nil && policy.Kind == yaml.MappingNode && policy.Style&yaml.FlowStyle == 0 && len(policy.Content) > 0:
		indent := policy.Content[0].Column - 1
		f.insert(f.endOf(policy, indent), indent, "syncOptions:", "  - "+orphan)
	case policy != nil:
		return false, a.refuse(policy, "its syncPolicy isn't written in block style", "write it so first, or add "+orphan+" by hand")
	default:
		indent := a.spec.Content[0].Column - 1
		f.insert(f.endOf(a.spec, indent), indent, "syncPolicy:", "  syncOptions:", "    - "+orphan)
	}
	f.orphaned = append(f.orphaned, a)
	return true, nil
}
