package eso

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Profile is what one ESO release knows, or all releases of one minor, or all
// that a cluster's list of API versions allows (Infer), or every release that
// serves external-secrets.io/v1 (the common profile). The zero Profile is the
// common one.
//
// A profile that stands for several releases knows a field only if all of
// them do: a field that the installed CRD doesn't know is out of sync for
// ever in each of Argo CD's diff modes, while a default left out is so in one
// of them at most.
type Profile struct {
	version string
	lo, hi  release
}

// release is one ESO release; the zero release stands for an open end.
type release struct{ major, minor, patch int }

// fact is a path (or a provider's name) and the releases it holds in, both
// ends included. The zero first is where the apiVersion begins, the zero last
// the newest release that we know.
type fact struct {
	path        string
	first, last release
	// value is the default's.
	value string
}

// schema is one apiVersion of the ExternalSecret CRD over the releases that
// we emit it for, and the providers of the store CRDs of the same apiVersion.
// The slices are sorted by path.
type schema struct {
	apiVersion  string
	first, last release
	fields      []fact
	// defaults are those of the policies inside data, dataFrom and
	// templateFrom.
	defaults  []fact
	providers []fact
	// stores are the defaults in stores.
	stores []fact
}

// VersionError is a version that no profile exists for.
type VersionError struct {
	// Version is what was asked for.
	Version string
	// Oldest and Newest are the ends of what is known, as X.Y.
	Oldest, Newest string
	// Malformed says that Version is no X.Y or X.Y.Z at all.
	Malformed bool
}

func (e *VersionError) Error() string {
	if e.Malformed {
		return fmt.Sprintf("read ESO version %q: want X.Y or X.Y.Z, %s to %s", e.Version, e.Oldest, e.Newest)
	}
	return fmt.Sprintf("look up ESO version %q: known are the minors of %s to %s", e.Version, e.Oldest, e.Newest)
}

// ProfileFor returns the profile of an ESO version: "" for the common
// profile, "X.Y" for what all releases of a minor have in common, "X.Y.Z" for
// one release; a leading "v" is allowed. A patch release that we don't know
// of a minor that we do know gets the minor's profile. A minor that we don't
// know is a *VersionError: nothing is guessed from its neighbours.
func ProfileFor(version string) (Profile, error) {
	if version == "" {
		return Profile{}, nil
	}
	fail := &VersionError{Version: version, Oldest: releases[0].short(), Newest: releases[len(releases)-1].short()}
	want, exact, ok := parseRelease(version)
	if !ok {
		fail.Malformed = true
		return Profile{}, fail
	}
	p := Profile{version: strings.TrimPrefix(version, "v")}
	for _, r := range releases {
		if r.major != want.major || r.minor != want.minor {
			continue
		}
		if exact && r == want {
			p.lo, p.hi = r, r
			break
		}
		if p.lo == (release{}) {
			p.lo = r
		}
		p.hi = r
	}
	if p.lo == (release{}) {
		return Profile{}, fail
	}
	return p, nil
}

// Version is the version that the profile was asked for, without a "v"; ""
// for the common profile and an inferred one.
func (p Profile) Version() string { return p.version }

// APIVersion is the apiVersion of ExternalSecret, SecretStore and
// ClusterSecretStore: external-secrets.io/v1beta1 up to ESO 0.15, v1 from
// 0.16, which serves both and stores v1.
func (p Profile) APIVersion() string {
	s, _, _ := p.span()
	return Group + "/" + s.apiVersion
}

// Knows reports whether the ExternalSecret CRD of every release of the
// profile has a field, in the profile's apiVersion. List elements are written
// "[]" and values of free-form objects "{}":
// "spec.data[].remoteRef.nullBytePolicy", "spec.target.template.data{}".
func (p Profile) Knows(path string) bool {
	s, lo, hi := p.span()
	f, ok := find(s.fields, path)
	return ok && f.covers(lo, hi)
}

// HasProvider reports whether the store CRDs of every release of the profile
// have a provider, of the nine that kesbridge has to do with: akeyless,
// alibaba, aws, azurekv, fake, gcpsm, ibm, vault, webhook.
func (p Profile) HasProvider(name string) bool {
	s, lo, hi := p.span()
	f, ok := find(s.providers, name)
	return ok && f.covers(lo, hi)
}

// defaultOf returns the default that the API server of some release of the
// profile writes where the field is left out; "" where none does.
func (p Profile) defaultOf(path string) string {
	s, lo, hi := p.span()
	if f, ok := find(s.defaults, path); ok && f.touches(lo, hi) {
		return f.value
	}
	return ""
}

// span returns the schema and the first and last release of the profile.
func (p Profile) span() (s *schema, lo, hi release) {
	if p.lo == (release{}) {
		s = &schemas[len(schemas)-1]
		return s, s.first, s.last
	}
	for i := range schemas {
		if s = &schemas[i]; p.lo.compare(s.last) <= 0 {
			break
		}
	}
	return s, p.lo, p.hi
}

func (f fact) covers(lo, hi release) bool {
	return f.first.compare(lo) <= 0 && (f.last == release{} || f.last.compare(hi) >= 0)
}

func (f fact) touches(lo, hi release) bool {
	return f.first.compare(hi) <= 0 && (f.last == release{} || f.last.compare(lo) >= 0)
}

func find(facts []fact, path string) (fact, bool) {
	i, ok := slices.BinarySearchFunc(facts, path, func(f fact, path string) int {
		return strings.Compare(f.path, path)
	})
	if !ok {
		return fact{}, false
	}
	return facts[i], true
}

func (r release) compare(o release) int {
	return cmp.Or(cmp.Compare(r.major, o.major), cmp.Compare(r.minor, o.minor), cmp.Compare(r.patch, o.patch))
}

func (r release) short() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

func (r release) text() string { return fmt.Sprintf("%d.%d.%d", r.major, r.minor, r.patch) }

// parseRelease reads "X.Y" or "X.Y.Z"; exact says that there was a Z.
func parseRelease(s string) (r release, exact, ok bool) {
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	if len(parts) != 2 && len(parts) != 3 {
		return r, false, false
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return r, false, false
		}
		n[i] = int(v)
	}
	return release{n[0], n[1], n[2]}, len(parts) == 3, true
}
