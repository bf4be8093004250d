package access

import (
	"errors"
	"fmt"
	"slices"

	"kesbridge/internal/access/pattern"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Emitted is what takes the place of KES's access control.
type Emitted struct {
	// Policy: the objects of AdmissionPolicy are printed.
	Policy bool
	// Conditions are spec.conditions of the ClusterSecretStores by name; a store
	// that isn't in it, or has nil, is open to all namespaces.
	Conditions map[string][]string
}

// Findings says what of KES's access control gets lost: one finding for each
// namespace, annotation and reason.
func Findings(p Policy, e Emitted) manifest.Findings {
	var fs manifest.Findings
	for _, n := range p.Namespaces {
		fs = append(fs, p.lostKeys(n, e)...)
		fs = append(fs, p.lostRoles(n, e)...)
	}
	fs = append(fs, p.lostSettings(e)...)
	fs.Sort()
	return fs
}

func (n Namespace) ref() manifest.Ref {
	return manifest.Ref{Version: "v1", Kind: "Namespace", Name: n.Name}
}

func (p Policy) lostKeys(n Namespace, e Emitted) manifest.Findings {
	name := p.Settings.keyName()
	switch {
	case text(n.KeyName) == "":
		return nil
	case !e.Policy:
		return manifest.Findings{rule.AccessLost.At(n.KeyNamePos, n.ref(), "annotation %s: KES let the namespace read only keys that match %s; ESO lets it read everything that its stores can", name, *n.KeyName)}
	}
	return p.refused(n, n.KeyNamePos, name, n.KeyName)
}

// refused names an expression that the policy can't say.
func (p Policy) refused(n Namespace, pos manifest.Pos, name string, value *string) manifest.Findings {
	err := untranslated(value)
	if err == nil {
		return nil
	}
	reason := err.Error()
	if r := (*pattern.RefusedError)(nil); errors.As(err, &r) {
		reason = r.Reason
	} else if l := (*pattern.LimitError)(nil); errors.As(err, &l) {
		reason = l.Reason
	}
	return manifest.Findings{rule.PatternRefused.At(pos, n.ref(), "annotation %s: %.200s can't be said in RE2: %s", name, *value, reason)}
}

// lostRoles: conditions keep a namespace off a ClusterSecretStore too.
func (p Policy) lostRoles(n Namespace, e Emitted) manifest.Findings {
	name := p.Settings.role()
	if text(n.Role) == "" {
		return nil
	}
	if e.Policy {
		return p.refused(n, n.RolePos, name, n.Role)
	}
	var open []string
	for _, s := range p.Stores {
		if ok, err := roleMay(n, p.Settings, s.Role); s.Role == "" || ok && err == nil || !e.reaches(s, n.Name) {
			continue
		}
		open = append(open, fmt.Sprintf("%s %s (role %s)", s.Kind, s.Name, s.Role))
	}
	if len(open) == 0 {
		return nil
	}
	slices.Sort(open)
	open = slices.Compact(open)
	more := ""
	if len(open) > 1 {
		more = fmt.Sprintf(" and %d more", len(open)-1)
	}
	return manifest.Findings{rule.AccessLost.At(n.RolePos, n.ref(), "annotation %s: KES let the namespace use only roles that match %s; it may use %s%s", name, *n.Role, open[0], more)}
}

// reaches reports whether ESO lets a namespace use a store.
func (e Emitted) reaches(s StoreRole, namespace string) bool {
	if s.Kind != "ClusterSecretStore" {
		return s.Namespace == namespace
	}
	namespaces := e.Conditions[s.Name]
	return namespaces == nil || slices.Contains(namespaces, namespace)
}

// lostSettings are what holds for namespaces that Git needn't know.
func (p Policy) lostSettings(e Emitted) manifest.Findings {
	var fs manifest.Findings
	for _, name := range p.Settings.Unknown {
		fs = append(fs, rule.AccessLost.At(p.Settings.Places[name], manifest.Ref{}, "KES's %s isn't in Git, so what it permitted can't be known", name))
	}
	if e.Policy || !p.Settings.Enforce && len(p.Settings.Watched) == 0 {
		return fs
	}
	var open []string
	for _, s := range p.Stores {
		if s.Kind == "ClusterSecretStore" && e.Conditions[s.Name] == nil {
			open = append(open, s.Name)
		}
	}
	slices.Sort(open)
	if open = slices.Compact(open); len(open) == 0 {
		return fs
	}
	if p.Settings.Enforce {
		fs = append(fs, rule.AccessLost.At(p.Settings.Places[enforce], manifest.Ref{}, "KES ran with %s, so a namespace without annotations could read nothing; it may use ClusterSecretStore %s, which has no conditions", enforce, open[0]))
	}
	if len(p.Settings.Watched) > 0 {
		fs = append(fs, rule.AccessLost.At(p.Settings.Places[watchedNamespaces], manifest.Ref{}, "KES served only %v (%s); every namespace may use ClusterSecretStore %s, which has no conditions", p.Settings.Watched, watchedNamespaces, open[0]))
	}
	return fs
}
