package access

import (
	"fmt"

	"kesbridge/internal/access/pattern"
	"kesbridge/internal/kes"
)

// Permitted is KES's verdict about an object in a namespace with these
// annotations, by the rules in the package's documentation, and why it is no.
// Whether KES looks at the namespace and the object at all is asked of Watches
// and Serves.
func Permitted(ns Annotations, s Settings, es *kes.ExternalSecret) (ok bool, why string) {
	naming := ns[s.keyName()]
	keys, err := pattern.Parse(naming)
	if err != nil { // thrown before anything is looked at
		return false, err.Error()
	}
	if naming == "" && s.Enforce {
		return false, "the namespace has no annotation " + s.keyName()
	}
	if naming != "" {
		for _, t := range keyTexts(es) {
			if why := matches(keys, t.value); why != "" {
				return false, fmt.Sprintf("%s %s does not match the annotation %s: %s", t.what, t.value, s.keyName(), why)
			}
		}
	}
	role := roleOf(es)
	if role == "" {
		return true, ""
	}
	permitted := ns[s.role()]
	if permitted == "" && s.Enforce {
		return false, "the namespace has no annotation " + s.role()
	}
	roles, err := pattern.Parse(permitted)
	if err != nil {
		return false, err.Error()
	}
	if why := matches(roles, role); why != "" {
		return false, fmt.Sprintf("role %s does not match the annotation %s: %s", role, s.role(), why)
	}
	return true, ""
}

// roleOf is the role that KES compares, whatever the backend: where both are
// given, vaultRole isn't looked at (lib/poller.js:318).
func roleOf(es *kes.ExternalSecret) string { return or(es.Spec.RoleArn, es.Spec.VaultRole) }

type keyText struct{ what, value string }

// keyTexts are what KES compares: path and key of data, and dataFrom. Entries
// of dataFromWithOptions aren't (lib/poller.js:282-314).
func keyTexts(es *kes.ExternalSecret) []keyText {
	var out []keyText
	for i := range es.Spec.Data {
		it := &es.Spec.Data[i]
		if it.Has("path") {
			out = append(out, keyText{it.Path + ".path", it.FromPath})
		}
		if it.Has("key") {
			out = append(out, keyText{it.Path + ".key", it.Key})
		}
	}
	for _, t := range es.Spec.DataFrom {
		out = append(out, keyText{t.Path, t.Value})
	}
	return out
}

// matches is empty if the expression matches, and otherwise says why not.
func matches(p *pattern.Pattern, s string) string {
	ok, err := p.Match(s)
	switch {
	case err != nil:
		return err.Error()
	case !ok:
		return p.String()
	}
	return ""
}

// matchText is new RegExp(text).test(s).
func matchText(text, s string) (bool, error) {
	p, err := pattern.Parse(text)
	if err != nil {
		return false, err
	}
	return p.Match(s)
}
