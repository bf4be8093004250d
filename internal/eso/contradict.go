package eso

import (
	"fmt"
	"slices"
	"strings"
)

// ListError is a list of API versions that has no ExternalSecret which we
// could write. It matters only where ESO objects are emitted, no version was
// set, and the render doesn't bring ESO's CRDs along.
type ListError struct {
	// State is NoESO or Unserved.
	State State
	// Entries is the length of the list.
	Entries int
	// Versions are those in which ExternalSecret is listed.
	Versions []string
}

func (e *ListError) Error() string {
	if e.State == Unserved {
		return fmt.Sprintf("find ESO in the cluster's API versions: ExternalSecret of %s is listed in %s only, and kesbridge writes v1beta1 and v1", Group, strings.Join(e.Versions, ", "))
	}
	return fmt.Sprintf("find ESO in the cluster's API versions: none of the %d is of %s, so ESO's CRDs are not installed or Argo CD hasn't seen them", e.Entries, Group)
}

// Err is a *ListError where the list says that the cluster takes no
// ExternalSecret that we could write, and nil otherwise. An explicit version
// or a CRD in the render overrides it.
func (i Inference) Err() error {
	if i.State != NoESO && i.State != Unserved {
		return nil
	}
	return &ListError{State: i.State, Entries: i.entries, Versions: slices.Sorted(slices.Values(i.versions["ExternalSecret"]))}
}

// Doubts are sentences about a list that isn't what a cleanly installed ESO
// gives, each with what to do; nil for most.
func (i Inference) Doubts() []string {
	var out []string
	switch {
	case i.State == NoExternalSecret:
		out = append(out, "the cluster's API versions have kinds of ESO but no ExternalSecret, so its version is a guess; set ESO's version")
	case i.State == Stale:
		out = append(out, fmt.Sprintf("the cluster's API versions have ExternalSecret in v1beta1 only, but also %s/%s %s, which came with ESO %s: the list is older than the CRDs, and v1 is taken; invalidate Argo CD's cache of the cluster, or set ESO's version", i.newest.group, i.newest.version, i.newest.kind, i.newest.first))
	case i.ancient:
		out = append(out, fmt.Sprintf("the cluster's API versions look like those of an ESO before %s, the oldest that is known here; upgrade ESO, or set its version", releases[0]))
	}
	if i.State == Known {
		for _, kind := range storeKinds {
			if i.behind(kind) {
				out = append(out, fmt.Sprintf("the cluster's API versions have ExternalSecret in v1 but %s in v1beta1 only, so v1beta1 is written for it: its CRD was not upgraded; apply ESO's CRDs with server-side apply", kind))
			}
		}
	}
	return out
}

// Contradiction is a version that was set and a list that no such release
// has. The version wins.
type Contradiction struct {
	// Version is what was set: X.Y or X.Y.Z.
	Version string
	// Evidence is the inference's.
	Evidence string
	// Releases are those that the list allows, as "0.17.0 or later"; "" where
	// it has no ExternalSecret that we could write.
	Releases string
}

func (c Contradiction) String() string {
	return fmt.Sprintf("ESO's version is set to %s, but the cluster's API versions say otherwise (%s)", c.Version, c.Evidence)
}

// Contradicts holds the profile of a version that was set against the list:
// false where there is no list, where p is the common profile, and where one
// of p's releases can have such a list.
func (i Inference) Contradicts(p Profile) (Contradiction, bool) {
	if i.State == NoList || p == (Profile{}) {
		return Contradiction{}, false
	}
	_, lo, hi := p.span()
	if (i.State == Known || i.State == Stale) && lo.compare(i.max) <= 0 && hi.compare(i.min) >= 0 {
		return Contradiction{}, false
	}
	return Contradiction{Version: p.version, Evidence: i.Evidence(), Releases: i.Releases()}, true
}
