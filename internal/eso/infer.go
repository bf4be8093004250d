package eso

import (
	"fmt"
	"slices"
	"strings"
)

// generatorGroup is the group of ESO's generators. ESO has had only these two
// groups, v0.5.0-v2.9.0.
const generatorGroup = "generators.external-secrets.io"

// State is how much a cluster's list of API versions says about its ESO.
type State int

const (
	// NoList: there was no list; nothing is known.
	NoList State = iota
	// NoESO: the list has none of ESO's kinds.
	NoESO
	// NoExternalSecret: it has some of ESO's kinds, but no ExternalSecret.
	NoExternalSecret
	// Unserved: it has ExternalSecret in versions only that we don't write:
	// v1alpha1 (ESO before 0.5), or one that came after v1.
	Unserved
	// Stale: it has ExternalSecret in v1beta1 and not in v1, and a kind that
	// came when v1 was there. Argo CD doesn't renew a CRD's versions when the
	// CRD changes, only when it reads the whole list: after 12 hours, after a
	// restart, or when its cache of the cluster is invalidated.
	Stale
	// Known: it has ExternalSecret in v1 or v1beta1.
	Known
)

// listed is a kind of ESO's CRDs: the releases that serve it, and whether a
// value of ESO's chart takes it out.
type listed struct {
	group, version, kind string
	first, last          release
	optional             bool
}

// storeKinds are the kinds that a version without a kind stands for.
var storeKinds = []string{"ExternalSecret", "SecretStore", "ClusterSecretStore", "ClusterExternalSecret"}

// Inference is what a cluster's list of API versions says about the ESO that
// is installed there. The list tells of CRDs, not of the controller; defaults
// and unknown fields hang on CRDs alone.
//
// The zero Inference is that of no list.
type Inference struct {
	State State
	// entries are those of the whole list.
	entries int
	// versions are the listed ones of each kind of group external-secrets.io.
	versions map[string][]string
	// min and max are hard: no release outside has such a list. likely is the
	// last release that would not have listed more, where that is before max.
	min, max, likely release
	// newest is the listed kind that came last.
	newest listed
	// loose says that versions stood there without kinds.
	loose bool
	// ancient says that the list looks like one of a release before the
	// oldest that we know.
	ancient bool
}

// Infer reads the list that Argo CD gives a plugin in KUBE_API_VERSIONS, split
// at its commas: "group/version" and "group/version/Kind" of all that the
// cluster serves. Empty entries and kinds that we don't know are passed over.
//
// That a kind is there proves that a bundle of its first release or a later one
// was applied. That it isn't proves little: the chart leaves kinds out, and
// between two full readings of the list Argo CD (2.14-3.6, gitops-engine
// pkg/cache/cluster.go) adds every version of a CRD that is created, served or
// not, and nothing for a CRD that is changed. So v1beta1 is never chosen for a
// kind that is listed with v1, and never bounds the release from above.
func Infer(apiVersions []string) Inference {
	i := Inference{versions: map[string][]string{}}
	have := map[string]bool{}
	var groupVersions []string
	any := false
	for _, entry := range apiVersions {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		i.entries++
		group, rest, _ := strings.Cut(entry, "/")
		if group != Group && group != generatorGroup {
			continue
		}
		any = true
		version, kind, ok := strings.Cut(rest, "/")
		switch {
		case ok && !have[entry]:
			have[entry] = true
			if group == Group {
				i.versions[kind] = append(i.versions[kind], version)
			}
		case !ok && group == Group:
			groupVersions = append(groupVersions, version)
		}
	}
	if len(i.versions) == 0 {
		i.loosen(groupVersions, have)
	}
	switch es := i.versions["ExternalSecret"]; {
	case i.entries == 0:
		i.State = NoList
	case !any:
		i.State = NoESO
	case len(es) == 0:
		i.State = NoExternalSecret
	case !slices.Contains(es, "v1") && !slices.Contains(es, "v1beta1"):
		i.State = Unserved
	default:
		i.State = Known
		i.bound(have)
	}
	return i
}

// loosen takes versions without a kind for versions of every kind, which a
// person may have written as for Helm. v1alpha1 may be PushSecret's.
func (i *Inference) loosen(versions []string, have map[string]bool) {
	for _, v := range []string{"v1", "v1beta1"} {
		if !slices.Contains(versions, v) {
			continue
		}
		i.loose = true
		for _, kind := range storeKinds {
			i.versions[kind] = append(i.versions[kind], v)
			have[Group+"/"+v+"/"+kind] = true
		}
	}
}

// bound finds the releases that have such a list, and whether it is stale.
func (i *Inference) bound(have map[string]bool) {
	for _, k := range kinds {
		if have[k.name()] && (i.newest == listed{} || k.first.compare(i.newest.first) > 0) {
			i.newest = k
		}
	}
	v1beta1, v1 := schemas[0], schemas[1]
	es := i.versions["ExternalSecret"]
	i.min, i.max = i.newest.first, v1.last
	switch {
	case !slices.Contains(es, "v1"):
		if i.newest.first.compare(v1beta1.last) > 0 {
			i.State = Stale
		} else {
			i.max = v1beta1.last
		}
	case !slices.Contains(es, "v1beta1") && !i.loose:
		// 0.16 serves both always, 0.17.0 was the first not to.
		if after := (release{0, 17, 0}); i.min.compare(after) < 0 {
			i.min = after
		}
	}
	i.soften(have)
}

// soften finds the last release that would not have listed more generators.
// It proves nothing, since CRDs can be trimmed, and is only reported.
func (i *Inference) soften(have map[string]bool) {
	var absent release
	for _, k := range kinds {
		if k.group != generatorGroup || k.optional || have[k.name()] {
			continue
		}
		if k.first.compare(i.min) <= 0 {
			return
		}
		if absent == (release{}) || k.first.compare(absent) < 0 {
			absent = k.first
		}
	}
	if absent == (release{}) {
		return
	}
	n, _ := slices.BinarySearchFunc(releases, absent, release.compare)
	switch {
	case n == 0:
		i.ancient = true
	case releases[n-1].compare(i.max) < 0:
		i.likely = releases[n-1]
	}
}

// Profile returns the profile for one kind ("ExternalSecret", "SecretStore",
// "ClusterSecretStore", "ClusterExternalSecret"): what all releases that the
// list allows know. Where it says nothing of use (see Err) that is the common
// profile. Kinds differ where only some CRDs were upgraded: SecretStore and
// ClusterSecretStore are too large for client-side apply from ESO 0.19.0,
// ExternalSecret is not.
func (i Inference) Profile(kind string) Profile {
	if i.State != Known && i.State != Stale {
		return Profile{}
	}
	if i.behind(kind) {
		return Profile{lo: releases[0], hi: schemas[0].last}
	}
	p := Profile{lo: i.min, hi: i.max}
	if p.lo.compare(releases[0]) < 0 {
		p.lo = releases[0]
	}
	if _, lo, hi := (Profile{}).span(); lo == p.lo && hi == p.hi {
		return Profile{}
	}
	return p
}

// behind says that a kind is listed with v1beta1 only, where ExternalSecret
// is listed with v1.
func (i Inference) behind(kind string) bool {
	v := i.versions[kind]
	return slices.Contains(i.versions["ExternalSecret"], "v1") && slices.Contains(v, "v1beta1") && !slices.Contains(v, "v1")
}

// Lists reports whether the list has a kind of group external-secrets.io, in
// any version. The chart can leave ClusterSecretStore out.
func (i Inference) Lists(kind string) bool { return len(i.versions[kind]) > 0 }

// Releases are those which can have such a list, as "0.17.0 or later" or
// "0.9.13 to 0.15.1"; "" where nothing is known.
func (i Inference) Releases() string {
	switch {
	case i.State != Known && i.State != Stale:
		return ""
	case i.max == releases[len(releases)-1]:
		return i.min.String() + " or later"
	}
	return i.min.String() + " to " + i.max.String()
}

// Evidence is one line for a log: what was listed and what follows, as
// "external-secrets.io/v1, CloudsmithAccessToken listed: ESO 0.20.0 or later,
// likely up to 2.6.0".
func (i Inference) Evidence() string {
	switch i.State {
	case NoList:
		return "no list of API versions"
	case NoESO:
		return fmt.Sprintf("none of %d API versions is ESO's", i.entries)
	case NoExternalSecret:
		return "ESO's kinds listed, without ExternalSecret"
	}
	versions := slices.Sorted(slices.Values(i.versions["ExternalSecret"]))
	s := Group + "/" + strings.Join(versions, ", ")
	if i.State == Unserved {
		return s + " listed"
	}
	if !slices.Contains(storeKinds, i.newest.kind) || i.State == Stale {
		s += ", " + i.newest.kind
	}
	s += " listed: ESO " + i.Releases()
	if i.likely != (release{}) {
		s += ", likely up to " + i.likely.String()
	}
	return s
}

func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r.major, r.minor, r.patch) }

func (k listed) name() string { return k.group + "/" + k.version + "/" + k.kind }
