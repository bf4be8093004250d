package live

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// State is what a sync makes of an object.
type State string

// The states.
const (
	Same    State = "same"
	Changed State = "changed"
	Created State = "created"
	// Pruned: only live has it. Kept: only live has it, and Prune=false on the
	// live object keeps it.
	Pruned State = "pruned"
	Kept   State = "kept"
)

// Item is one object, live, rendered or both.
type Item struct {
	Key   Key
	State State
	// Source is the live object as it was read; nil for one that is created.
	Source *Object
	// Before and After are what is shown: nil where there is none, without
	// what a server writes, the values of Secrets masked.
	Before, After *Object
	Diff          Diff
}

// Options say how targets and live objects are compared.
type Options struct {
	Settings
	Ignored []Ignore
	// Default writes the defaults of custom resources into what a sync makes,
	// if set. live is what runs.
	Default func(predicted, live map[string]any)
	// OwnNamespace: Argo CD itself makes the destination's namespace and
	// manages its labels (CreateNamespace=true, managedNamespaceMetadata).
	OwnNamespace bool
}

// Comparison is a whole Application.
type Comparison struct {
	// Items are the rendered objects in their order, then those that only live
	// has, sorted.
	Items []Item
	// Owned live objects belong to others, Foreign ones carry no mark of this
	// Application: nothing becomes of either.
	Owned, Foreign int
}

// Compare matches and compares (gitops-engine pkg/sync, Reconcile;
// controller/state.go, CompareAppState).
func Compare(targets Targets, liveObjects []*Object, o Options) (Comparison, error) {
	var c Comparison
	byKey := map[Key]*Object{}
	for _, l := range liveObjects {
		byKey[keyOf(l)] = l
	}
	ids := map[types.UID]bool{}
	for _, t := range targets.Objects {
		l := take(byKey, t, o.Settings)
		if l == nil {
			k := keyOf(t)
			if k.Name == "" {
				k.Name = t.GetGenerateName() + "*"
			}
			c.Items = append(c.Items, Item{Key: k, State: Created, After: shown(t)})
			continue
		}
		ids[l.GetUID()] = true
		item, err := pair(t, l, o)
		if err != nil {
			return c, err
		}
		c.Items = append(c.Items, item)
	}
	for _, t := range slices.Concat(targets.Hooks, targets.Skipped) {
		take(byKey, t, o.Settings)
	}
	c.rest(byKey, ids, o)
	for i := range c.Items {
		hide(c.Items[i].Before, c.Items[i].After)
	}
	return c, nil
}

// take finds a target's live object and takes it out of the rest. Where the
// scope of a kind isn't known, both places are looked at.
func take(byKey map[Key]*Object, t *Object, s Settings) *Object {
	k := keyOf(t)
	if k.Name == "" {
		return nil // generateName: a new object at each sync
	}
	namespaced, known := s.Scopes.Namespaced(k.Group, k.Kind)
	keys := []Key{k}
	if namespaced && !known {
		bare := k
		bare.Namespace = ""
		keys = append(keys, bare)
	}
	for _, k := range keys {
		if l := byKey[k]; l != nil {
			delete(byKey, k)
			return l
		}
	}
	return nil
}

func pair(t, l *Object, o Options) (Item, error) {
	before := l.DeepCopy()
	if t.GetAPIVersion() != before.GetAPIVersion() {
		// Argo CD asks the cluster for the target's version. ESO's and KES's
		// CRDs have no conversion but the name's (strategy None).
		before.SetAPIVersion(t.GetAPIVersion())
	}
	o.Tracking.forget(t, before)
	d, err := ThreeWay(t, before, o)
	item := Item{Key: keyOf(t), State: Same, Source: l, Diff: d}
	if err != nil || !d.Changed {
		return item, err
	}
	item.State = Changed
	item.Before, item.After = shown(d.Live), shown(d.Predicted)
	return item, nil
}

// rest are the live objects that nothing renders.
func (c *Comparison) rest(byKey map[Key]*Object, ids map[types.UID]bool, o Options) {
	keys := slices.SortedFunc(maps.Keys(byKey), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, k := range keys {
		l := byKey[k]
		switch id := l.GetUID(); {
		case id != "" && ids[id]: // one object under two groups
		case len(l.GetOwnerReferences()) > 0:
			c.Owned++
		case isHook(l):
		case o.OwnNamespace && k == (Key{Kind: "Namespace", Name: o.Namespace}):
		case !o.Tracking.marked(l) || !o.Tracking.own(l):
			c.Foreign++
		default:
			state := Pruned
			if hasOption(l, syncOptions, "Prune=false") {
				state = Kept
			}
			c.Items = append(c.Items, Item{Key: k, State: state, Source: l, Before: shown(l)})
		}
	}
}

// shown is an object as it is printed, without what only the server writes.
func shown(o *Object) *Object {
	o = o.DeepCopy()
	delete(o.Object, "status")
	for _, f := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"} {
		unstructured.RemoveNestedField(o.Object, "metadata", f)
	}
	notes := o.GetAnnotations()
	if _, ok := notes[lastApplied]; ok {
		delete(notes, lastApplied)
		if len(notes) == 0 {
			notes = nil
		}
		o.SetAnnotations(notes)
	}
	return o
}

// Count is how many items are in one of the states.
func (c *Comparison) Count(states ...State) int {
	n := 0
	for i := range c.Items {
		if slices.Contains(states, c.Items[i].State) {
			n++
		}
	}
	return n
}

// Differs reports whether the render and what runs differ. Objects that only
// Prune=false keeps do, as in `argocd app diff`.
func (c *Comparison) Differs() bool { return c.Count(Changed, Created, Pruned, Kept) > 0 }
