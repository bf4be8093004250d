package live

import (
	"fmt"
	"reflect"
	"slices"
)

// Git is Argo CD's own render of an Application against kesbridge's.
type Git struct {
	Different []Different
	// Moved is the first object that stands elsewhere, where order is known
	// and all else is equal.
	Moved string
	// Same objects are equal; Hidden values of Secrets can't be compared.
	Same, Hidden int
}

// Different is one object that differs; Ours or Theirs is nil where it is
// missing.
type Different struct {
	Key          Key
	Ours, Theirs *Object
}

// Differs reports whether anything does.
func (g *Git) Differs() bool { return len(g.Different) > 0 || g.Moved != "" }

// Summary counts.
func (g *Git) Summary() string {
	if len(g.Different) == 0 {
		return fmt.Sprintf("all %d objects are as Argo CD renders them, in another order", g.Same)
	}
	return fmt.Sprintf("%d of %d objects differ from what Argo CD renders", len(g.Different), len(g.Different)+g.Same)
}

// Equal compares two renders object by object. whole: theirs has hooks, and
// its order is the render's.
func Equal(ours, theirs Targets, whole bool) Git {
	var g Git
	a, b := ours.all(whole), theirs.all(whole)
	byKey := map[Key]*Object{}
	for _, o := range b {
		byKey[keyOf(o)] = o
	}
	for _, o := range a {
		k := keyOf(o)
		t := byKey[k]
		delete(byKey, k)
		g.add(k, o, t)
	}
	for _, o := range b {
		if byKey[keyOf(o)] != nil {
			g.add(keyOf(o), nil, o)
		}
	}
	if whole && len(g.Different) == 0 {
		for i := range a {
			if keyOf(a[i]) != keyOf(b[i]) {
				g.Moved = keyOf(a[i]).String()
				break
			}
		}
	}
	return g
}

// all are the objects in the order of the stream.
func (t *Targets) all(hooks bool) []*Object {
	if hooks {
		return t.stream
	}
	return slices.Concat(t.Objects, t.Skipped)
}

func (g *Git) add(k Key, ours, theirs *Object) {
	x, y := inOneForm(ours), inOneForm(theirs)
	if x != nil && y != nil {
		g.Hidden += unmask(x, y)
		if reflect.DeepEqual(plainCopy(x.Object), plainCopy(y.Object)) {
			g.Same++
			return
		}
	}
	hide(y, x)
	g.Different = append(g.Different, Different{k, x, y})
}

// inOneForm is an object with the values of Secrets in one place, where
// argocd's masks are.
func inOneForm(o *Object) *Object {
	if o == nil {
		return nil
	}
	o = o.DeepCopy()
	if isSecret(o) {
		tidySecret(o)
	}
	return o
}
