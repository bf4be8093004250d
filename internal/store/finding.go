package store

import (
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// String gives "spec.provider.vault.server: what is missing".
func (u Unknown) String() string {
	if u.Path == "" {
		return u.Text
	}
	return u.Path + ": " + u.Text
}

// Findings say what Git doesn't tell about a store (KES206), or that it can't
// be printed for it (KES207), at a resource that uses it.
func (g Generated) Findings(pos manifest.Pos, ref manifest.Ref) manifest.Findings {
	var out manifest.Findings
	var required []string
	name := g.Ref.Kind + " " + g.Ref.Name
	if g.Namespace != "" {
		name += " in " + g.Namespace
	}
	for _, u := range g.Unknown {
		if u.Required {
			required = append(required, u.String())
			continue
		}
		out = append(out, rule.StoreUnknown.At(pos, ref, "%s: %s", name, u))
	}
	if required != nil {
		out = append(out, rule.StoreNotPrinted.At(pos, ref, "%s isn't printed: %s", name, strings.Join(required, "; ")))
	}
	return out
}
