package crd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// Set is the CRDs of one ESO release, or of several that all must agree.
type Set struct {
	releases []release
	schemas  []schema
}

// Problem is one thing that an API server would refuse or take away.
type Problem struct {
	// Path is the field: "spec.data[0].remoteRef.key"; empty for the object.
	Path string
	// Node is where it stands; of something missing, what it is missing in.
	Node *yaml.Node
	// Message says what is wrong, without the path.
	Message string
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// common is the first release that the profile for "no version" stands for:
// all that serve external-secrets.io/v1 (eso.Profile).
var common = []int{0, 16}

// For returns the CRDs of an ESO version, "X.Y" or "X.Y.Z" with or without a
// "v": those of that minor, else of the nearest lower one that we have, else
// of the lowest. The note, if there is one, says which were taken instead.
//
// Without a version, and with one that can't be read, the set is every release
// from 0.16 on, as for eso.ProfileFor: an object must be right for each of
// them, and a Problem names those for which it isn't.
func For(version string) (set *Set, note string) {
	b := load()
	want := numbers(version)
	if len(want) < 2 {
		if version != "" {
			note = fmt.Sprintf("ESO version %q can't be read; all from 0.16 on are checked", version)
		}
		i := slices.IndexFunc(b.Releases, func(r release) bool { return slices.Compare(numbers(r.ESO), common) >= 0 })
		return &Set{b.Releases[i:], b.Schemas}, note
	}
	at := 0
	for i, r := range b.Releases {
		if slices.Compare(numbers(r.ESO)[:2], want[:2]) <= 0 {
			at = i
		}
	}
	r := b.Releases[at]
	if have := numbers(r.ESO); !slices.Equal(have[:2], want[:2]) || len(want) > 2 && want[2] != have[2] {
		note = fmt.Sprintf("the CRDs of ESO %s are checked against those of %s, the nearest that kesbridge has", strings.TrimPrefix(version, "v"), r.ESO)
	}
	return &Set{b.Releases[at : at+1], b.Schemas}, note
}

// Possible reports whether an API server with the CRDs of any release takes an
// object as it stands: what somebody wrote for the ESO that runs is no mistake
// because another one refuses it.
func Possible(o *manifest.Object) bool {
	b := load()
	return slices.ContainsFunc(b.Releases, func(r release) bool { return len(r.check(b.Schemas, o)) == 0 })
}

// numbers reads "X.Y" or "X.Y.Z"; nil for anything else.
func numbers(version string) []int {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) != 2 && len(parts) != 3 {
		return nil
	}
	var out []int
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return nil
		}
		out = append(out, int(n))
	}
	return out
}

// Releases are the ESO releases that the set is made of, oldest first.
func (s *Set) Releases() []string {
	var out []string
	for _, r := range s.releases {
		out = append(out, r.ESO)
	}
	return out
}

// Knows reports whether the set has a CRD of an object's group and kind, so
// that Check has something to say of it.
func (s *Set) Knows(ref manifest.Ref) bool {
	return slices.ContainsFunc(s.releases, func(r release) bool { return r.knows(ref) })
}

func (r release) knows(ref manifest.Ref) bool {
	return slices.ContainsFunc(r.Versions, func(v version) bool { return v.Group == ref.Group && v.Kind == ref.Kind })
}

// Check returns what an API server with these CRDs would refuse or prune of
// an object, in the object's order; nothing for a kind that the set doesn't
// know. Defaults that it would add are no problems. An apiVersion that isn't
// served is the only problem then.
func (s *Set) Check(o *manifest.Object) []Problem {
	var order []Problem
	found := map[Problem][]string{}
	for _, r := range s.releases {
		for _, p := range r.check(s.schemas, o) {
			if found[p] == nil {
				order = append(order, p)
			}
			if rs := found[p]; len(rs) == 0 || rs[len(rs)-1] != r.ESO {
				found[p] = append(found[p], r.ESO)
			}
		}
	}
	if len(s.releases) > 1 {
		for i, p := range order {
			order[i].Message += " in ESO " + span(found[p])
		}
	}
	return order
}

// span names releases; they are mostly neighbours.
func span(releases []string) string {
	if len(releases) < 3 {
		return strings.Join(releases, " and ")
	}
	return strings.Join(releases[:len(releases)-1], ", ") + " and " + releases[len(releases)-1]
}

func (r release) check(schemas []schema, o *manifest.Object) []Problem {
	if !r.knows(o.Ref) {
		return nil
	}
	var served []string
	for _, v := range r.Versions {
		if v.Group != o.Ref.Group || v.Kind != o.Ref.Kind || !v.Served {
			continue
		}
		if v.Name == o.Ref.Version {
			c := checker{schemas: schemas, budget: maxValues}
			c.object(o.Node, &schemas[v.Schema])
			return c.problems
		}
		served = append(served, v.Group+"/"+v.Name)
	}
	node := manifest.Lookup(o.Node, "apiVersion")
	if node == nil {
		node = o.Node // an item of a typed List
	}
	return []Problem{{"apiVersion", node, fmt.Sprintf("%s isn't served for %s, only %s", o.Ref.APIVersion(), o.Ref.Kind, strings.Join(served, " and "))}}
}
