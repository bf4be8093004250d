package store

import (
	"cmp"
	"slices"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// Use is one KES resource and the store that it gets.
type Use struct {
	Need   Need
	Choice Choice
	// Ref is the resource; its namespace is the Application's destination where
	// the manifest gives none, and empty where neither tells.
	Ref manifest.Ref
	Pos manifest.Pos
	// App is the Application's name, or the file.
	App string
	// Cluster is the name under clusters, or empty.
	Cluster string
	// ControllerID is spec.controllerId.
	ControllerID string
	// Wave is the resource's sync wave, unless it is a hook of another phase:
	// Early and Late are those before and after the sync.
	Wave        int
	Early, Late bool
	// Final: nothing guards the converted resource any more.
	Final bool
	// KES and Profile are what holds where the resource is.
	KES     *kes.Controller
	Profile eso.Profile
}

// Served is a store and everything that uses it.
type Served struct {
	Ref       eso.StoreRef
	Namespace string // of a SecretStore
	Cluster   string
	// Needs are the different ones, in the order of their names. More than one
	// is right only where they ask for the same store (Generate tells).
	Needs []Need
	// Uses are sorted by namespace, name and place, and never empty.
	Uses []Use
}

// Union gathers the stores of resources: sorted, each once, whatever the order
// of the uses.
func Union(uses []Use) []Served {
	uses = slices.Clone(uses)
	slices.SortStableFunc(uses, compareUses)
	index := map[storeKey]int{}
	var out []Served
	for _, u := range uses {
		key := storeKey{u.Cluster, u.Choice.Ref, ""}
		if u.Choice.Ref.Kind == "SecretStore" {
			key.namespace = u.Ref.Namespace
		}
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, Served{Ref: key.ref, Namespace: key.namespace, Cluster: key.cluster})
		}
		s := &out[i]
		s.Uses = append(s.Uses, u)
		if n := u.Need.Normal(); !slices.Contains(s.Needs, n) {
			s.Needs = append(s.Needs, n)
		}
	}
	for i := range out {
		slices.SortFunc(out[i].Needs, func(a, b Need) int { return cmp.Compare(a.canonical(), b.canonical()) })
	}
	slices.SortFunc(out, func(a, b Served) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Ref.Kind, b.Ref.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name))
	})
	return out
}

// storeKey tells stores apart.
type storeKey struct {
	cluster   string
	ref       eso.StoreRef
	namespace string
}

func compareUses(a, b Use) int {
	return cmp.Or(
		cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name),
		cmp.Compare(a.App, b.App), cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
	)
}

// Secrets is how many KES resources use it: one that two applications hold
// counts once.
func (s *Served) Secrets() int { return Secrets(s.Uses) }

// Secrets counts resources, each once. Overlays may hold one each with another
// need, and those of which nothing tells the namespace are told apart by where
// they stand.
func Secrets(uses []Use) int {
	return len(distinct(uses, func(u Use) string {
		id := u.Cluster + "\x00" + u.Ref.Namespace + "\x00" + u.Ref.Name + "\x00" + u.Need.Name()
		if u.Ref.Namespace == "" {
			id += "\x00" + u.Pos.String()
		}
		return id
	}))
}

// Apps are the names of the applications that use it, sorted.
func (s *Served) Apps() []string {
	return distinct(s.Uses, func(u Use) string { return u.App })
}

// Namespaces are those of the resources that use it, sorted; "" is one that
// nothing tells.
func (s *Served) Namespaces() []string {
	return distinct(s.Uses, func(u Use) string { return u.Ref.Namespace })
}

func distinct(uses []Use, of func(Use) string) []string {
	var out []string
	for _, u := range uses {
		out = append(out, of(u))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
