package access

import "slices"

// Conditions says which namespaces may use a ClusterSecretStore, for its
// spec.conditions: nil where KES let all of them, and empty where it let none,
// so that there should be no store. stores are the policy's entries of that
// one store, users the namespaces of the objects that use it.
//
// WATCHED_NAMESPACES is a list of that kind. The annotation with permitted
// roles isn't; where one in Git forbids a role of the store, or annotations are
// enforced, only those are let in of which Git says that they may: the users,
// and the namespaces in Git. A namespace whose annotations aren't in Git has
// none as far as can be known here. permitted-key-name can't be said by conditions.
func Conditions(p Policy, stores []StoreRole, users []string) []string {
	s := p.Settings
	var roles []string
	for _, st := range stores {
		if st.Role != "" {
			roles = append(roles, st.Role)
		}
	}
	may := func(namespace string) bool {
		if !s.Watches(namespace) {
			return false
		}
		known := false
		for _, n := range p.Namespaces {
			if n.Name != namespace {
				continue
			}
			known = true
			for _, role := range roles {
				if ok, _ := roleMay(n, s, role); !ok {
					return false
				}
			}
			if s.Enforce && text(n.KeyName) == "" {
				return false
			}
		}
		return known || !s.Enforce
	}
	limited := len(s.Watched) > 0 || s.Enforce || slices.ContainsFunc(p.Namespaces, func(n Namespace) bool { return !may(n.Name) })
	if !limited {
		return nil
	}
	candidates := slices.Concat(s.Watched, users)
	for _, n := range p.Namespaces {
		candidates = append(candidates, n.Name)
	}
	slices.Sort(candidates)
	out := []string{}
	for _, name := range slices.Compact(candidates) {
		if name != "" && may(name) {
			out = append(out, name)
		}
	}
	return out
}

// roleMay is rule 6 for one namespace.
func roleMay(n Namespace, s Settings, role string) (bool, error) {
	permitted := text(n.Role)
	if permitted == "" {
		return !s.Enforce, nil
	}
	return matchText(permitted, role)
}
