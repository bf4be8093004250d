package proof

import (
	"cmp"
	"fmt"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// Options decide what is made up and which ESO is simulated. The zero value
// works: ESO releases of the common profile, seed 0, no fixtures.
type Options struct {
	// Profile of the ESO version in use. One that stands for several releases
	// is proven for each of them that behaves differently.
	Profile eso.Profile
	// Seed of the random combinations. Same seed, same report.
	Seed uint64
	// Fixtures are tried besides what is made up; they count as everyday.
	Fixtures []Fixture
	// SecretBinary says that AWS Secrets Manager holds binary values.
	SecretBinary bool
	// VaultPath is spec.provider.vault.path of the store; "" is none.
	VaultPath string
	// Cases bounds the number of cases; 0 is 2,000. Everyday shapes come first.
	Cases int
}

// Fixture is backend data that the user supplies.
type Fixture struct {
	Name string
	// Backend holds raw stored values by the key of the KES manifest: what
	// AWS, Azure, GCP, Akeyless and Alibaba store; for Vault the JSON of
	// the secret's data; for IBM the JSON of secret_data (iam_credentials:
	// the API key itself). Keys below a data[].path are parameters.
	Backend map[string]string
}

// Outcome is what a proof found, from best to worst.
type Outcome int

const (
	// Equal: both Secrets are the same for all shapes.
	Equal Outcome = iota + 1
	// EqualExcept: they differ only in shapes that are named.
	EqualExcept
	// NotProvable: something can't be executed as KES or ESO would, or KES
	// writes no Secret for any everyday value.
	NotProvable
	// Different: they differ in an everyday shape.
	Different
)

func (o Outcome) String() string {
	switch o {
	case Equal:
		return "equal"
	case EqualExcept:
		return "equal except"
	case NotProvable:
		return "not provable"
	case Different:
		return "different"
	}
	return fmt.Sprintf("proof.Outcome(%d)", int(o))
}

// Report is the result of Verify.
type Report struct {
	Outcome Outcome
	// Cases that were run.
	Cases int
	// Differences, the everyday ones first, then in the order of the cases;
	// one for each shape and key.
	Differences []Difference
	// Reason says why the outcome is NotProvable.
	Reason string
}

// Difference is one input for which the two Secrets aren't the same. All of
// it is made up, or from a fixture.
type Difference struct {
	// Shape names the kind of value.
	Shape string
	// Everyday shapes are those that a conversion may not get wrong.
	Everyday bool
	// Key is "data.NAME", "labels.NAME", "annotations.NAME", "type" or
	// "secret" where one side writes none.
	Key string
	// Input is the backend value that was varied, with its key.
	Input string
	// KES and ESO are what each writes there: the bytes, or "(absent)", or
	// "error: ...", or "not provable: ...".
	KES, ESO string
	// Release is the first ESO release that does this; "" if all of the
	// profile do.
	Release string
}

func (d Difference) String() string {
	s := fmt.Sprintf("%s: %s: %s: KES %s, ESO %s", d.Shape, d.Key, d.Input, d.KES, d.ESO)
	if d.Release != "" {
		s += " (ESO " + d.Release + ")"
	}
	return s
}

// maxCases is Options.Cases where it is 0.
const maxCases = 2000

// Verify simulates both controllers on made-up data. in is what kes.Decode
// took without an error, out what it became. It is deterministic.
func Verify(in *kes.ExternalSecret, out *eso.ExternalSecret, o Options) Report {
	v := &verifier{in: in, out: out, o: o, seen: map[string]bool{}, background: map[string]bool{}}
	v.kes = newKESSim(in)
	if v.kes.unsure != "" {
		return Report{Outcome: NotProvable, Reason: v.kes.unsure}
	}
	v.esos = newESOSims(in, out, o)
	g := newGenerator(in, out, o, v.kes)
	limit := o.Cases
	if limit <= 0 {
		limit = maxCases
	}
	v.mixed = g.mixed
	g.cases(limit, v.run)
	return v.report()
}

type verifier struct {
	in   *kes.ExternalSecret
	out  *eso.ExternalSecret
	o    Options
	kes  *kesSim
	esos []*esoSim

	cases int
	// wrote counts everyday cases in which KES wrote a Secret; failure is why
	// it didn't in the first one.
	wrote   int
	failure string
	unsure  string // in an everyday case
	seen    map[string]bool
	// background are the failures of the first case.
	background map[string]bool
	// mixed says that no everyday values exist.
	mixed string
	diffs []Difference
}

// run takes one case through both; false ends the run.
func (v *verifier) run(c testCase) bool {
	v.cases++
	want := v.kes.sync(c.backend)
	if c.everyday {
		switch {
		case want.secret != nil:
			v.wrote++
		case v.failure == "" && want.err != nil:
			v.failure = want.err.Error()
		}
	}
	var found []Difference
	for _, sim := range v.esos {
		got := sim.sync(c.backend)
		for _, d := range v.compare(c, want, got) {
			d.Release = sim.release.String()
			found = append(found, d)
		}
		// What doesn't end once would not end in the other cases either.
		if want.fatal || got.fatal {
			v.add(found)
			return false
		}
	}
	v.add(found)
	return true
}

func (v *verifier) compare(c testCase, want, got result) []Difference {
	d := Difference{Shape: c.shape, Everyday: c.everyday, Input: c.input}
	if want.unsure != "" || got.unsure != "" {
		if c.everyday && v.unsure == "" {
			v.unsure = cmp.Or(want.unsure, got.unsure)
		}
		d.Key, d.KES, d.ESO = "secret", want.show(), got.show()
		return []Difference{d}
	}
	if want.secret == nil && got.secret == nil {
		return nil
	}
	if want.secret == nil || got.secret == nil {
		d.Key, d.KES, d.ESO = "secret", want.show(), got.show()
		return []Difference{d}
	}
	var out []Difference
	for _, k := range want.secret.diff(got.secret) {
		d.Key, d.KES, d.ESO = k.key, k.a, k.b
		out = append(out, d)
	}
	return out
}

// add keeps one difference for each shape and key of a case; Release is
// empty where all releases do the same. A whole failure that the background
// shows already isn't said again for every shape.
func (v *verifier) add(found []Difference) {
	for i, d := range found {
		id := d.Shape + "\x00" + d.Key
		same := d.Key + "\x00" + d.ESO
		if v.seen[id] || d.Key == "secret" && d.KES == wrote && v.background[same] {
			continue
		}
		v.seen[id] = true
		if v.cases == 1 {
			v.background[same] = true
		}
		all := 0
		for _, o := range found[i:] {
			if o.Key == d.Key && o.KES == d.KES && o.ESO == d.ESO {
				all++
			}
		}
		if all == len(v.esos) {
			d.Release = ""
		}
		v.diffs = append(v.diffs, d)
	}
}

func (v *verifier) report() Report {
	r := Report{Cases: v.cases}
	everyday := false
	for _, day := range []bool{true, false} {
		for _, d := range v.diffs {
			d.Everyday = d.Everyday && v.mixed == ""
			if d.Everyday == day {
				r.Differences = append(r.Differences, d)
				everyday = everyday || day && !strings.Contains(d.KES+d.ESO, unsurePrefix)
			}
		}
	}
	switch {
	case everyday:
		r.Outcome = Different
	case v.mixed != "":
		r.Outcome, r.Reason = NotProvable, v.mixed
	case v.unsure != "":
		r.Outcome, r.Reason = NotProvable, v.unsure
	case v.wrote == 0:
		r.Outcome, r.Reason = NotProvable, "KES writes no Secret for any everyday value: "+v.failure
	case len(r.Differences) > 0:
		r.Outcome = EqualExcept
	default:
		r.Outcome = Equal
	}
	return r
}
