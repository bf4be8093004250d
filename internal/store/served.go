package store

import (
	"bytes"
	"fmt"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Generate makes the store from the first of its uses, for a namespace's
// conditions and a class that the caller knows of. Uses that ask for another
// store are a finding, and then there is none.
func (s *Served) Generate(adapt func(*Request)) (Generated, manifest.Findings) {
	var first Generated
	for i, u := range s.Uses {
		r := Request{Need: u.Need, Ref: s.Ref, Namespace: s.Namespace, KES: u.KES, Profile: u.Profile}
		if adapt != nil {
			adapt(&r)
		}
		g := Generate(r)
		if i == 0 {
			first = g
			continue
		}
		if same(first, g) {
			continue
		}
		a, b := &s.Uses[0], &u
		return Generated{Ref: s.Ref, Namespace: s.Namespace, Need: a.Need.Normal()}, manifest.Findings{rule.StoreConflict.At(u.Pos, u.Ref,
			"%s %s is to serve this (%s) and %s (%s)", s.Ref.Kind, s.Ref.Name,
			strings.Join(b.requirements(), "; "), a.Ref, strings.Join(a.requirements(), "; "))}
	}
	return first, first.Findings(s.Uses[0].Pos, s.Uses[0].Ref)
}

func same(a, b Generated) bool {
	if (a.Object == nil) != (b.Object == nil) || fmt.Sprint(a.Unknown) != fmt.Sprint(b.Unknown) {
		return false
	}
	return a.Object == nil || bytes.Equal(manifest.PrintYAML(a.Object), manifest.PrintYAML(b.Object))
}

func (u *Use) requirements() []string {
	var env map[string]string
	if u.KES != nil {
		env = u.KES.Env
	}
	return u.Need.Requirements(env)
}
