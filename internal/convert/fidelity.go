package convert

import (
	"slices"

	"kesbridge/internal/config"
	"kesbridge/internal/rule"
)

// FidelityAnnotation on a KES object decides its fidelity. It is kesbridge's
// own and isn't carried over.
const FidelityAnnotation = "kesbridge/fidelity"

// fidelity: the annotation is stronger than the rule of the store, which is
// stronger than the settings.
func (c *conv) fidelity() {
	f := c.opts.Settings.Fidelity
	if r := c.choice.Rule; r != nil && r.Fidelity != "" {
		f = r.Fidelity
	}
	if v := c.in.Annotations.Get(FidelityAnnotation); v != nil {
		text, _ := v.(string)
		if !slices.Contains(config.Fidelities(), text) {
			c.report(rule.BadAnnotation, c.in.Pos, "metadata.annotations.%s %q is neither natural nor exact", FidelityAnnotation, text)
			return
		}
		f = text
	}
	c.exact = f == config.Exact
}
