package convert

import (
	"slices"

	"kesbridge/internal/config"
	"kesbridge/internal/rule"
)

// FidelityAnnotation on a KES object decides its fidelity. It is kesbridge's
// own and isn't carried over.
const FidelityAnnotation = "kesbridge/fidelity"

// ModeAnnotation chooses the mode (package cutover); it isn't carried over
// either.
const ModeAnnotation = "kesbridge/mode"

// WaiveAnnotation accepts findings about the object: rules and reasons.
const WaiveAnnotation = "kesbridge/waive"

// WarningsAnnotation lists the ids of a converted object's warnings.
const WarningsAnnotation = "kesbridge/warnings"

// fidelity: the administrator's file is stronger than the annotation, that
// than the flag, which the settings hold. The annotation is stronger than the rule of the store, which is
// stronger than the settings.
func (c *conv) fidelity() {
	f, from := c.opts.Settings.Fidelity, c.opts.Settings.FidelityFrom
	fixed := c.opts.Settings.Fixed("fidelity")
	if r := c.choice.Rule; r != nil && r.Fidelity != "" && (!fixed || r.Admin) {
		f, from = r.Fidelity, r.Pos.String()
		fixed = fixed || r.Admin
	}
	if v := c.in.Annotations.Get(FidelityAnnotation); v != nil {
		text, _ := v.(string)
		if !slices.Contains(config.Fidelities(), text) {
			c.report(rule.BadAnnotation, c.in.Pos, "metadata.annotations.%s %q is neither natural nor exact", FidelityAnnotation, text)
			return
		}
		switch {
		case !fixed:
			f, from = text, "annotation "+FidelityAnnotation
		case text != f:
			c.report(rule.SettingIgnored, c.in.Pos, "metadata.annotations.%s %s: the administrator's file decides it", FidelityAnnotation, text)
		}
	}
	c.exact, c.fidelityFrom = f == config.Exact, from
}
