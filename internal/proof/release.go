package proof

import (
	"fmt"
	"strconv"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// release is an ESO release.
type release struct{ major, minor, patch int }

func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r.major, r.minor, r.patch) }

func (r release) atLeast(major, minor, patch int) bool {
	o := release{major, minor, patch}
	if r.major != o.major {
		return r.major > o.major
	}
	if r.minor != o.minor {
		return r.minor > o.minor
	}
	return r.patch >= o.patch
}

// milestones are the first releases of each behaviour that is simulated; in
// between nothing of it changes (found by comparing the tags of ESO).
var milestones = []release{
	{0, 9, 20}, {0, 12, 0}, {0, 15, 0}, {0, 16, 0}, {0, 20, 0}, {0, 20, 2}, {1, 2, 0}, {2, 0, 0}, {2, 2, 0}, {2, 3, 0}, {2, 7, 0}, {2, 8, 0}, {2, 9, 0},
}

// releasesOf gives one release for each stretch of equal behaviour that a
// profile stands for.
func releasesOf(p eso.Profile) []release {
	version := p.Version()
	if version == "" {
		return milestones[3:] // v1 is served from 0.16.0
	}
	var n []int
	for _, s := range strings.Split(version, ".") {
		i, _ := strconv.Atoi(s)
		n = append(n, i)
	}
	switch len(n) {
	case 3:
		return []release{{n[0], n[1], n[2]}}
	case 2:
	default:
		return milestones[3:]
	}
	first := release{n[0], n[1], 0}
	if n[0] == 0 && n[1] == 9 {
		first.patch = 20
	}
	out := []release{first}
	for _, m := range milestones {
		if m.major == first.major && m.minor == first.minor && m.patch > first.patch {
			out = append(out, m)
		}
	}
	return out
}

// emptyKey is what ValidateKeys does with the key "".
type emptyKey int

const (
	keepEmpty   emptyKey = iota // 0.9.20: it passes
	refuseEmpty                 // from 0.12.0
	dropEmpty                   // from 0.15.0
)

// behaviour is all that depends on the release and matters for an object.
type behaviour struct {
	gcpValid        bool // getDataByProperty asks json.Valid, from 0.20.2
	ibmIntermediate bool // an absent intermediate is empty, from 0.20.2
	akeylessRaw     bool // extract takes values that aren't strings, from 2.8.0
	alibabaGone     bool // from 2.0.0
	empty           emptyKey
	functions       string // the names that exist, as a key
}

func behaviourOf(r release, b kes.Backend, templates, extracts bool) behaviour {
	var o behaviour
	switch b {
	case kes.GCPSecretsManager:
		o.gcpValid = r.atLeast(0, 20, 2)
	case kes.IBMCloudSecretsManager:
		o.ibmIntermediate = r.atLeast(0, 20, 2)
	case kes.Akeyless:
		o.akeylessRaw = r.atLeast(2, 8, 0)
	case kes.AlicloudSecretsManager:
		o.alibabaGone = r.atLeast(2, 0, 0)
	}
	if extracts {
		switch {
		case r.atLeast(0, 15, 0):
			o.empty = dropEmpty
		case r.atLeast(0, 12, 0):
			o.empty = refuseEmpty
		}
	}
	if templates {
		o.functions = functionsKey(r)
	}
	return o
}
