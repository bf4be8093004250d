package proof

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// The modules in conformance/ give the real ESO packages the inputs that this
// writes, and compare their answers with the simulated ones:
//
//	go test ./internal/proof -run ESOInputs -eso-inputs /tmp/in.jsonl -eso-release 0.20.4 -eso-seed 1 -eso-count 20000
var (
	esoInputs  = flag.String("eso-inputs", "", "file to write inputs of ESO and the simulated answers to")
	esoRelease = flag.String("eso-release", "0.20.4", "release that is simulated")
	esoSeed    = flag.Uint64("eso-seed", 1, "seed of the random inputs")
	esoCount   = flag.Int("eso-count", 40, "how many random inputs of each kind")
)

// esoInput is one line of the file. Bytes are base64, since values needn't be
// UTF-8.
type esoInput struct {
	// Kind: template, literal, decode, rewrite, convert, validate, secret, map,
	// object (for the syncs after it), sync.
	Kind     string            `json:"kind"`
	From     string            `json:"from,omitempty"`
	Text     []byte            `json:"text,omitempty"`
	Values   map[string][]byte `json:"values,omitempty"`
	Strategy string            `json:"strategy,omitempty"`
	Rewrite  []eso.Rewrite     `json:"rewrite,omitempty"`
	Backend  kes.Backend       `json:"backend,omitempty"`
	KV       int               `json:"kv,omitempty"`
	Path     string            `json:"path,omitempty"` // of the Vault store
	Binary   bool              `json:"binary,omitempty"`
	Ref      *eso.RemoteRef    `json:"ref,omitempty"`
	Object   any               `json:"object,omitempty"`
	Stored   []esoStored       `json:"stored,omitempty"`
	Params   []esoStored       `json:"params,omitempty"`
	Answer   *esoAnswer        `json:"answer,omitempty"`
}

// esoStored is a backend value as ESO's client library hands it over.
type esoStored struct {
	Key     string `json:"key"`
	Version string `json:"version,omitempty"`
	Value   []byte `json:"value"`
}

type esoAnswer struct {
	Unsure      string            `json:"unsure,omitempty"`
	Err         string            `json:"err,omitempty"`
	Nothing     bool              `json:"nothing,omitempty"` // no Secret
	Value       []byte            `json:"value,omitempty"`
	Map         map[string][]byte `json:"map,omitempty"`
	Type        string            `json:"type,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func (a *esoAnswer) fail(err error) *esoAnswer {
	if unsureIn(err) {
		return &esoAnswer{Unsure: err.Error()}
	}
	if err != nil {
		return &esoAnswer{Err: err.Error()}
	}
	return a
}

// inputWriter makes the inputs of one release.
type inputWriter struct {
	t       *testing.T
	release release
	version string
	set     *templateSet
	rng     *rand.Rand
	out     *json.Encoder
	count   map[string]int
}

func (w *inputWriter) put(in esoInput) {
	if err := w.out.Encode(in); err != nil {
		w.t.Fatal(err)
	}
	w.count[in.Kind]++
	if in.Answer != nil && in.Answer.Unsure != "" {
		w.count["not provable"]++
	}
}

// TestESOInputs writes the file; without -eso-inputs a small one to nowhere.
func TestESOInputs(t *testing.T) {
	to := io.Writer(io.Discard)
	if *esoInputs != "" {
		file, err := os.Create(*esoInputs)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		buffered := bufio.NewWriter(file)
		defer func() {
			if err := buffered.Flush(); err != nil {
				t.Error(err)
			}
		}()
		to = buffered
	}
	p := profile(t, *esoRelease)
	r := releasesOf(p)[0]
	w := &inputWriter{
		t: t, release: r, version: *esoRelease, set: newTemplateSet(r), rng: rand.New(rand.NewPCG(*esoSeed, 6)),
		out: json.NewEncoder(to), count: map[string]int{},
	}
	pairs := w.conversions()
	w.templates(pairs, *esoCount)
	w.keys(*esoCount)
	w.lookups(*esoCount)
	w.syncs(pairs, *esoCount)
	for _, kind := range []string{"template", "literal", "decode", "rewrite", "convert", "validate", "secret", "map", "object", "sync"} {
		if w.count[kind] == 0 {
			t.Errorf("no input of kind %s", kind)
		}
	}
	t.Logf("%v", w.count)
}

// conversions are those of testdata/convert for the release, in both
// fidelities.
func (w *inputWriter) conversions() []pair {
	var all []pair
	for _, fidelity := range []string{"natural", "exact"} {
		for _, p := range convertedFor(w.t, w.version, fidelity) {
			p.name += " " + fidelity
			all = append(all, p)
		}
	}
	return append(all, w.translated()...)
}

// translated are KES objects of each backend around the templates that
// internal/lodash is tested with.
func (w *inputWriter) translated() []pair {
	var texts []string
	b, err := os.ReadFile("../lodash/testdata/templates.json")
	if err == nil {
		err = json.Unmarshal(b, &texts)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	backends := []kes.Backend{kes.SecretsManager, kes.SystemManager, kes.GCPSecretsManager, kes.AzureKeyVault, kes.Akeyless, kes.AlicloudSecretsManager, kes.Vault, kes.IBMCloudSecretsManager}
	var all []pair
	for i, text := range texts {
		be := backends[i%len(backends)]
		in := &kes.ExternalSecret{Spec: kes.Spec{Backend: be, Type: "Opaque", Template: kes.Template{StringData: []kes.Text{{Key: "out", Value: text}}}}}
		in.Ref.Name, in.Ref.Namespace = fmt.Sprint("t", i), "shop"
		for _, key := range []string{"x", "y", "j", "b", "flat", "yaml", "a-b"} {
			it := kes.Item{Key: "app-" + key, Name: key, Property: prop("p")}
			if be == kes.Vault {
				it.Key = "secret/data/app-" + key
			}
			if be == kes.IBMCloudSecretsManager {
				it.Key, it.SecretType, it.Property = "b2f1c5d0-4d3e-4f6a-9b8c-7d6e5f4a3b2c", "kv", prop("payload."+key)
			}
			in.Spec.Data = append(in.Spec.Data, it)
		}
		for _, fidelity := range []string{"natural", "exact"} {
			if p, ok := convertedAs(w.t, "template "+fidelity, in, w.version, fidelity); ok {
				all = append(all, p)
			}
		}
	}
	return all
}

// syncs are whole reconciles: of the conversions, of wrong conversions, and of
// random objects.
func (w *inputWriter) syncs(pairs []pair, count int) {
	every := max(1, len(pairs)/count)
	for i, p := range pairs {
		if i%every != 0 {
			continue
		}
		w.syncCases(p.name, p.in, p.out, p.o, 1+2*count/len(pairs))
	}
	all := slices.Concat(itemMutations, sourceMutations, templateMutations)
	for range count / 8 {
		p, m := pairs[w.rng.IntN(len(pairs))], all[w.rng.IntN(len(all))]
		if wrong := cloneESO(p.out); m.apply(wrong) {
			w.syncCases(p.name+", "+m.name, p.in, wrong, p.o, 2)
		}
	}
	for range count {
		w.randomSync()
	}
}

// syncCases picks some of a proof's cases.
func (w *inputWriter) syncCases(name string, in *kes.ExternalSecret, out *eso.ExternalSecret, o Options, n int) {
	in, out = ibmApart(in, out)
	k := newKESSim(in)
	if k.unsure != "" {
		return
	}
	var cases []testCase
	newGenerator(in, out, o, k).cases(2000, func(c testCase) bool {
		cases = append(cases, c)
		return true
	})
	if len(cases) == 0 {
		return
	}
	sim := w.object(name, &in.Spec, out, o.VaultPath)
	w.sync(sim, cases[0].backend)
	for range n - 1 {
		w.sync(sim, cases[w.rng.IntN(len(cases))].backend)
	}
}

func (w *inputWriter) object(name string, spec *kes.Spec, out *eso.ExternalSecret, vaultPath string) *esoSim {
	o := *out
	if o.Name == "" {
		o.Name = "app"
	}
	if o.Namespace == "" {
		o.Namespace = "shop"
	}
	w.put(esoInput{Kind: "object", From: name, Backend: spec.Backend, KV: kvVersion(spec), Path: vaultPath, Object: plain(profile(w.t, w.version).Map(o))})
	return &esoSim{
		out: &o, spec: spec, release: w.release, behave: behaviourOf(w.release, spec.Backend, true, true),
		vaultPath: vaultPath, templates: w.set,
	}
}

func (w *inputWriter) sync(sim *esoSim, b *backend) {
	in := esoInput{Kind: "sync", Binary: b.binary}
	addresses := slices.SortedFunc(maps.Keys(b.values), func(a, b address) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.version, b.version))
	})
	for _, a := range addresses {
		v := b.values[a]
		if sim.spec.Backend == kes.Vault {
			wire, err := vaultWire(v, kvVersion(sim.spec))
			if err != nil {
				return // no server holds it
			}
			v = wire
		}
		in.Stored = append(in.Stored, esoStored{a.key, a.version, []byte(v)})
	}
	for _, p := range b.params {
		in.Params = append(in.Params, esoStored{Key: p.name, Value: []byte(p.value)})
	}
	res := sim.sync(b)
	switch {
	case res.unsure != "":
		in.Answer = &esoAnswer{Unsure: res.unsure}
	case res.err != nil:
		in.Answer = &esoAnswer{Err: res.err.Error()}
	case res.secret == nil:
		in.Answer = &esoAnswer{Nothing: true}
	default:
		s := res.secret
		in.Answer = &esoAnswer{Type: s.kind, Map: s.data, Labels: s.labels, Annotations: s.annotations}
	}
	w.put(in)
}

// plain is a manifest as encoding/json takes it.
func plain(v any) any {
	switch v := v.(type) {
	case manifest.Map:
		m := map[string]any{}
		for _, f := range v {
			m[f.Key] = plain(f.Value)
		}
		return m
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	}
	return v
}

// TestESOInputsSame: the same seed gives the same inputs.
func TestESOInputsSame(t *testing.T) {
	write := func() string {
		var b bytes.Buffer
		w := &inputWriter{t: t, release: v20, version: "0.20.4", set: newTemplateSet(v20), rng: rand.New(rand.NewPCG(3, 6)), out: json.NewEncoder(&b), count: map[string]int{}}
		w.templates(nil, 30)
		w.keys(30)
		w.lookups(30)
		for range 30 {
			w.randomSync()
		}
		return b.String()
	}
	if a, b := write(), write(); a != b {
		for i, line := range strings.Split(a, "\n") {
			if other := strings.Split(b, "\n"); i < len(other) && other[i] != line {
				t.Fatalf("%.600s\n%.600s", line, other[i])
			}
		}
		t.Error("different")
	}
}
