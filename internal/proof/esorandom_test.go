package proof

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
	"kesbridge/internal/manifest"
)

// convertedFor are the pairs of testdata/convert for one release and fidelity.
func convertedFor(t *testing.T, version, fidelity string) []pair {
	t.Helper()
	dirs, err := filepath.Glob("../../testdata/convert/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no cases", err)
	}
	var all []pair
	for _, dir := range dirs {
		var settings *config.Settings
		if c, err := config.Load(filepath.Join(dir, "kesbridge.yaml")); err == nil {
			if settings, err = c.For(""); err != nil {
				t.Fatal(err)
			}
		} else if settings, err = (*config.Config)(nil).For(""); err != nil {
			t.Fatal(err)
		}
		settings.Fidelity = fidelity
		for i := range settings.Stores {
			settings.Stores[i].Fidelity = ""
		}
		for _, in := range decodeAll(t, filepath.Base(dir), caseText(t, dir)) {
			if p, ok := convertPair(t, filepath.Base(dir), in, version, settings.Stores, settings); ok {
				all = append(all, p)
			}
		}
	}
	return all
}

// convertedAs converts one object without any rules.
func convertedAs(t *testing.T, name string, in *kes.ExternalSecret, version, fidelity string) (pair, bool) {
	settings, err := (*config.Config)(nil).For("")
	if err != nil {
		t.Fatal(err)
	}
	settings.Fidelity = fidelity
	return convertPair(t, name, in, version, nil, settings)
}

func (w *inputWriter) chance(percent int) bool { return w.rng.IntN(100) < percent }

func pick[T any](w *inputWriter, list ...T) T { return list[w.rng.IntN(len(list))] }

var (
	fieldName = regexp.MustCompile(`\.([A-Za-z_][A-Za-z0-9_]*)`)
	// mapOrder finds the functions whose result is in Go's map order.
	mapOrder   = regexp.MustCompile(`(\(|\{\{-? |\| |:= )(keys|values)\b`)
	quotedWord = regexp.MustCompile(`"([A-Za-z_.0-9-]{1,20})"`)
)

// templates are those that conversions and lodash translations print, changed
// ones, and random ones, with values for what they read.
func (w *inputWriter) templates(pairs []pair, count int) {
	var emitted, literals []string
	for _, p := range pairs {
		t := &p.out.Target.Template
		for _, m := range []manifest.Map{t.Data, t.Labels, t.Annotations} {
			for _, f := range m {
				emitted = appendNew(emitted, textOf(f.Value))
			}
		}
		for _, f := range t.TemplateFrom {
			literals = appendNew(literals, f.Literal)
		}
		if !strings.HasPrefix(p.name, "template ") {
			continue
		}
		for _, target := range []lodash.Target{{}, {Exact: true}, {Base64: true}, {Base64: true, Exact: true}} {
			if tr, err := lodash.Translate(p.in.Spec.Template.StringData[0].Value, target); err == nil {
				emitted = appendNew(emitted, tr.Text)
			}
		}
	}
	// One of each kind that the simulation gives no answer to.
	for _, text := range []string{"{{ now }}", `{{ int "1.9" }}`, `{{ camelcase .x }}`, "{{ repeat 9000000 .x }}"} {
		w.template("fixed", text)
	}
	for _, text := range emitted {
		for range 1 + 2*count/max(1, len(emitted)) {
			w.template("emitted", text)
		}
	}
	for _, text := range literals {
		for range 1 + 2*count/max(1, 4*len(literals)) {
			w.literal(text)
		}
	}
	for range count {
		if len(emitted) > 0 && w.chance(20) {
			w.template("changed", w.changed(pick(w, emitted...)))
			continue
		}
		text := w.randomTemplate(3)
		for range 3 { // most random ones fail
			if _, err := w.set.execute("k", text, texts(w.valuesOf(text))); err == nil || unsureIn(err) {
				break
			}
			text = w.randomTemplate(3)
		}
		w.template("random", text)
	}
	for range count / 4 {
		w.literal(w.randomLiteral())
	}
}

// again runs a template some times more: a result that isn't the same, by
// Go's map order, can't be compared.
func (w *inputWriter) again(text string, run func() string) bool {
	first := run()
	for range 2 {
		if run() != first {
			return false
		}
	}
	return !mapOrder.MatchString(text) || strings.Contains(text, "sortAlpha")
}

func (w *inputWriter) template(from, text string) {
	if len(w.set.parsed)+len(w.set.failed) > 2000 {
		w.set = newTemplateSet(w.release)
	}
	values := w.valuesOf(text)
	stored := texts(values)
	var a *esoAnswer
	if !w.again(text, func() string {
		out, err := w.set.execute("k", text, stored)
		a = (&esoAnswer{Value: []byte(out)}).fail(err)
		return out
	}) {
		w.count["not the same twice"]++
		return
	}
	w.put(esoInput{Kind: "template", From: from, Text: []byte(text), Values: values, Answer: a})
}

func (w *inputWriter) literal(text string) {
	values := w.valuesOf(text)
	stored := texts(values)
	var a *esoAnswer
	if !w.again(text, func() string {
		m, err := w.set.literal(text, stored)
		out := map[string][]byte{}
		for k, v := range m {
			out[k] = []byte(v)
		}
		a = (&esoAnswer{Map: out}).fail(err)
		return list(out)
	}) {
		w.count["not the same twice"]++
		return
	}
	w.put(esoInput{Kind: "literal", Text: []byte(text), Values: values, Answer: a})
}

// valuesOf makes values for the keys that a template reads, and for some more.
func (w *inputWriter) valuesOf(text string) map[string][]byte {
	var words []string
	for _, m := range quotedWord.FindAllStringSubmatch(text, 40) {
		words = appendNew(words, m[1])
	}
	values := map[string][]byte{}
	names := []string{"x", "y", "j", "a-b"}
	for _, m := range append(fieldName.FindAllStringSubmatch(text, 40), quotedWord.FindAllStringSubmatch(text, 40)...) {
		names = appendNew(names, m[1])
	}
	for _, name := range names {
		if !w.chance(3) {
			values[name] = []byte(w.value(words))
		}
	}
	return values
}

// value is a stored value: text of every shape, or a document whose keys are
// some of the words.
func (w *inputWriter) value(words []string) string {
	switch w.rng.IntN(10) {
	case 0, 1, 2, 3:
		return w.document(words)
	case 4:
		s := pick(w, base64Shapes...)
		text, _ := unquoteJSON(s.raw)
		return text
	case 5:
		return base64.StdEncoding.EncodeToString([]byte(w.value(words)))
	}
	s := pick(w, jsonShapes...)
	if text, ok := unquoteJSON(s.raw); ok {
		return text
	}
	if s.raw == missing || w.chance(10) {
		return pick(w, "a\xff\xfe\xe2\x82b\x80", "\ufeff{}", "", "010", "1.9", "0x1F", "1e3", "+5", " 7 ", "a,b c", "k: v\nl: [1, yes]\n", "a/b\n")
	}
	return s.raw
}

func (w *inputWriter) document(words []string) string {
	words = append(words, "a", "b", "a.b", "l", "c")
	var b strings.Builder
	b.WriteString("{")
	for i := range w.rng.IntN(5) {
		if i > 0 {
			b.WriteString(pick(w, ",", ",", ", ", ",\n "))
		}
		b.WriteString(jsonString(pick(w, words...)) + pick(w, ":", ":", " : ") + w.leaf(words, 2))
	}
	b.WriteString("}")
	switch w.rng.IntN(40) {
	case 0:
		b.WriteString(" tail")
	case 1:
		return "\ufeff" + b.String()
	case 2:
		return strings.TrimSuffix(b.String(), "}")
	case 3:
		return "[" + b.String() + ", 1]"
	}
	return b.String()
}

func (w *inputWriter) leaf(words []string, depth int) string {
	switch n := w.rng.IntN(10); {
	case n == 0 && depth > 0:
		return "[" + w.leaf(words, depth-1) + "," + w.leaf(words, depth-1) + "]"
	case n < 3 && depth > 0:
		return "{" + jsonString(pick(w, words...)) + ":" + w.leaf(words, depth-1) + "}"
	case n == 3:
		return jsonString(w.leaf(words, 0))
	case n == 4:
		return strconv.Itoa(w.rng.IntN(2000) - 1000)
	}
	if s := pick(w, jsonShapes...); s.raw != missing {
		return s.raw
	}
	return "null"
}

// changed spoils a template a little.
func (w *inputWriter) changed(text string) string {
	if text == "" {
		return "{{"
	}
	i := w.rng.IntN(len(text))
	j := min(len(text), i+1+w.rng.IntN(6))
	switch w.rng.IntN(4) {
	case 0:
		return text[:i] + text[j:]
	case 1:
		return text[:j] + text[i:]
	case 2:
		return text[:i] + pick(w, "{{", "}}", " | quote", "\"", ".", "$", "(", "nil", "- }}") + text[i:]
	}
	return strings.Replace(text, pick(w, ".", "fromJson", "toRawJson", "eq", "and", "b64dec", "index", "print", "if", "default"), pick(w, "..", "toJson", "mustFromJson", "ne", "or", "b64enc", "get", "len", "with", "coalesce"), 1)
}

// keys are inputs of decoding, rewriting, conversion and validation.
func (w *inputWriter) keys(count int) {
	sim := &esoSim{release: w.release, behave: behaviourOf(w.release, kes.SystemManager, true, true)}
	for range count {
		strategy := pick(w, "", "None", "Base64", "Base64URL", "Auto", "auto")
		v := []byte(w.value(nil))
		if w.chance(30) {
			enc := pick(w, base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding)
			v = []byte(enc.EncodeToString(v))
		}
		out, err := decode(strategy, v)
		w.put(esoInput{Kind: "decode", Strategy: strategy, Values: map[string][]byte{"k": v}, Answer: (&esoAnswer{Map: map[string][]byte{"k": out}}).fail(err)})

		m := w.keyMap()
		ops := w.rewrites()
		out2, err := rewrite(ops, m)
		w.put(esoInput{Kind: "rewrite", Rewrite: ops, Values: m, Answer: (&esoAnswer{Map: out2}).fail(err)})

		m = w.keyMap()
		out2, err = convertKeys(m)
		w.put(esoInput{Kind: "convert", Strategy: "Default", Values: m, Answer: (&esoAnswer{Map: out2}).fail(err)})

		m = w.keyMap()
		valid := map[string][]byte{}
		for k, v := range m {
			valid[k] = v
		}
		err = sim.validateKeys(valid)
		w.put(esoInput{Kind: "validate", Values: m, Answer: (&esoAnswer{Map: valid}).fail(err)})
	}
}

func (w *inputWriter) keyMap() map[string][]byte {
	m := map[string][]byte{}
	for i := range 1 + w.rng.IntN(4) {
		m[w.key()] = []byte(strconv.Itoa(i))
	}
	return m
}

func (w *inputWriter) key() string {
	if w.chance(4) {
		return strings.Repeat(pick(w, "k", "é"), pick(w, 126, 127, 253, 254))
	}
	var b strings.Builder
	for range w.rng.IntN(4) {
		b.WriteString(pick(w, "a", "b", "/", "/app", ".", "-", "_", " ", "é", "😀", "½", "Ⅷ", "\u0301", "\ufffd", "$", "10", "KEY"))
	}
	return b.String()
}

func (w *inputWriter) rewrites() []eso.Rewrite {
	var ops []eso.Rewrite
	for range 1 + w.rng.IntN(2) {
		ops = append(ops, eso.Rewrite{
			Source: pick(w, "^.*/", ".*/([^/]+)$", "^.*/([^/]+)$", "(.+)/(.+)", "a", "", "^a$", "[^a-z]", "(?i)key", "(?P<n>a)", "(?=a)", "[", "^/app/", "é"),
			Target: pick(w, "", "$1", "$1_$2", "${1}_${2}", "$$x", "new", "-", "${n}", "$n", "$1x", "a"),
		})
	}
	return ops
}

var lookupBackends = []kes.Backend{
	kes.SecretsManager, kes.SystemManager, kes.GCPSecretsManager, kes.AzureKeyVault, kes.Akeyless, kes.AlicloudSecretsManager, kes.Vault, kes.IBMCloudSecretsManager,
}

// lookups are what providers make of a stored value and a property.
func (w *inputWriter) lookups(count int) {
	for range count {
		be := pick(w, lookupBackends...)
		kv := 1 + w.rng.IntN(2)
		sim := &esoSim{spec: &kes.Spec{Backend: be, KVVersion: kv}, release: w.release, behave: behaviourOf(w.release, be, true, true)}
		ref := w.ref(be, "app")
		raw := w.stored(be, &ref)
		addr, err := esoAddress(sim.spec, ref, "")
		if be == kes.IBMCloudSecretsManager {
			addr, err = ibmAddress(ref.Key), nil
		}
		if err != nil {
			w.t.Fatal(err)
		}
		b := &backend{values: map[address]string{addr: raw}, binary: be == kes.SecretsManager && w.chance(20)}
		in := esoInput{Kind: "secret", Backend: be, KV: kv, Ref: &ref, Binary: b.binary}
		wire := raw
		if be == kes.Vault {
			if wire, err = vaultWire(raw, kv); err != nil {
				continue
			}
		}
		in.Stored = []esoStored{{addr.key, addr.version, []byte(wire)}}
		if w.chance(70) {
			out, err := sim.getSecret(b, ref)
			in.Answer = (&esoAnswer{Value: out}).fail(err)
		} else {
			in.Kind = "map"
			out, err := sim.getSecretMap(b, ref)
			in.Answer = (&esoAnswer{Map: out}).fail(err)
		}
		w.put(in)
	}
}

func (w *inputWriter) ref(be kes.Backend, key string) eso.RemoteRef {
	ref := eso.RemoteRef{Key: key, Decode: pick(w, "", "", "", "Base64", "Base64URL", "Auto")}
	if w.chance(70) {
		ref.Property = pick(w, "a", "b", "a.b", `a\.b`, "l.0", "l.1.a", "l.#", "l.#.a", "c.a", "c", ".", "a*", "?", "@this", "x#", "[\"a\"]", "a|b", "l.#(a==\"x\").b", "@keys", "!\"x\"", "{a,b}", "a.@this", "", "..0", "nope", "a..b")
	}
	switch be {
	case kes.SecretsManager:
		ref.Version = pick(w, "", "", "AWSPREVIOUS", "uuid/b2f1c5d0-4d3e-4f6a-9b8c-7d6e5f4a3b2c")
	case kes.GCPSecretsManager:
		ref.Version = pick(w, "", "", "latest", "4")
	case kes.SystemManager:
		ref.Version = pick(w, "", "", "3")
	case kes.AzureKeyVault:
		ref.Key = pick(w, "", "secret/") + key
		ref.Version = pick(w, "", "0f1e2d3c")
	case kes.Vault:
		ref.Key = pick(w, "secret/data/", "secret/", "team/kv/data/") + key
		ref.Version = pick(w, "", "", "2")
	case kes.IBMCloudSecretsManager:
		ref.Key = pick(w, "", "arbitrary/", "username_password/", "kv/", "imported_cert/", "iam_credentials/", "public_cert/")
		ref.Key += ibmID(strings.TrimSuffix(ref.Key, "/"))
		if w.chance(30) {
			ref.Property = pick(w, "username", "password", "certificate", "private_key", "intermediate")
		}
	}
	return ref
}

// ibmID is an id for secrets of a type: no two types share one.
func ibmID(kind string) string {
	if kind == "" {
		kind = "arbitrary"
	}
	return fmt.Sprintf("%08x-4d3e-4f6a-9b8c-7d6e5f4a3b2c", crc32.ChecksumIEEE([]byte(kind)))
}

// ibmApart gives the secrets of a conversion ids by their type: the cases in
// testdata have one id for all, which no backend has.
func ibmApart(in *kes.ExternalSecret, out *eso.ExternalSecret) (*kes.ExternalSecret, *eso.ExternalSecret) {
	if in.Spec.Backend != kes.IBMCloudSecretsManager {
		return in, out
	}
	i, o := *in, cloneESO(out)
	i.Spec.Data = slices.Clone(in.Spec.Data)
	for n := range i.Spec.Data {
		if it := &i.Spec.Data[n]; ibmUUID.MatchString(it.Key) {
			it.Key = ibmID(it.SecretType)
		}
	}
	for n := range o.Data {
		ref := &o.Data[n].RemoteRef
		if addr := ibmAddress(ref.Key); ibmUUID.MatchString(addr.key) {
			ref.Key = strings.TrimSuffix(ref.Key, addr.key) + ibmID(addr.version)
		}
	}
	return &i, o
}

func ibmAddress(key string) address {
	parts := strings.Split(key, "/")
	if len(parts) == 1 {
		return address{key, "arbitrary"}
	}
	return address{parts[len(parts)-1], parts[len(parts)-2]}
}

// stored is a value as the backend could hold it.
func (w *inputWriter) stored(be kes.Backend, ref *eso.RemoteRef) string {
	if be == kes.IBMCloudSecretsManager {
		text := func() string { return jsonString(strings.ToValidUTF8(w.value(nil), "?")) }
		switch ibmAddress(ref.Key).version {
		case "username_password":
			return `{"username":` + text() + `,"password":` + text() + `}`
		case "kv":
			return `{"payload":` + w.document([]string{"a", "a.b"}) + `}`
		case "imported_cert":
			return pick(w, `{"certificate":`+text()+`}`, `{"certificate":`+text()+`,"private_key":`+text()+`,"intermediate":`+text()+`}`)
		case "public_cert":
			return `{"certificate":` + text() + `,"private_key":` + text() + `,"intermediate":` + text() + `}`
		case "iam_credentials":
			return strings.ToValidUTF8(w.value(nil), "?")
		}
		return `{"payload":` + text() + `}`
	}
	text := w.value([]string{"a", "b", "l", "c", "a.b", "x#", "k e"})
	if be == kes.Vault || w.chance(50) {
		text = w.document([]string{"a", "b", "l", "c", "a.b", "x#", "k e"})
	}
	if be != kes.GCPSecretsManager && be != kes.SecretsManager {
		text = strings.ToValidUTF8(text, "?") // those APIs hold strings
	}
	return text
}

// randomSync is a random ExternalSecret and backend, mostly one that works.
func (w *inputWriter) randomSync() {
	spec, out, b := w.randomObject()
	for range 3 {
		sim := simulated(spec.Backend, w.release, out)
		sim.spec, sim.templates = spec, w.set
		if sim.sync(b).secret != nil {
			break
		}
		spec, out, b = w.randomObject()
	}
	w.sync(w.object("random", spec, out, ""), b)
}

func (w *inputWriter) randomObject() (*kes.Spec, *eso.ExternalSecret, *backend) {
	be := pick(w, lookupBackends...)
	spec := &kes.Spec{Backend: be, KVVersion: 1 + w.rng.IntN(2)}
	b := &backend{values: map[address]string{}, binary: be == kes.SecretsManager && w.chance(20)}
	out := &eso.ExternalSecret{Store: eso.StoreRef{Name: "store", Kind: pick(w, "SecretStore", "ClusterSecretStore", "")}}
	out.Labels = manifest.Map{{Key: "own", Value: "label"}}
	put := func(ref eso.RemoteRef) eso.RemoteRef {
		addr, err := esoAddress(spec, ref, "")
		if be == kes.IBMCloudSecretsManager {
			addr, err = ibmAddress(ref.Key), nil
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if _, ok := b.values[addr]; !ok && !w.chance(2) {
			b.values[addr] = w.stored(be, &ref)
		}
		return ref
	}
	for i := range w.rng.IntN(4) {
		name := pick(w, "a", "b", "x", "y", "j", "a-b", "d.e")
		out.Data = append(out.Data, eso.Data{SecretKey: name, RemoteRef: put(w.ref(be, fmt.Sprint("app", i)))})
	}
	for i := range w.rng.IntN(3) {
		if be == kes.IBMCloudSecretsManager {
			break
		}
		d := eso.DataFrom{}
		if be == kes.SystemManager && w.chance(50) {
			d.Find = &eso.Find{Path: pick(w, "", "/app", "/app/prod", "/"), Regexp: pick(w, "", ".*", "^/app/[^/]+$", "k1$", "(")}
		} else {
			ref := put(w.ref(be, fmt.Sprint("all", i)))
			if w.chance(60) {
				ref.Property = ""
			}
			d.Extract = &ref
		}
		if w.chance(50) {
			d.Rewrite = w.rewrites()
		}
		out.DataFrom = append(out.DataFrom, d)
	}
	for _, name := range []string{"/app/k1", "/app/k.2", "/app/prod/k1", "/app/prod/k 3", "plain"} {
		b.params = append(b.params, param{name, strings.ToValidUTF8(w.value(nil), "?")})
	}
	out.Target.Template = w.randomTarget()
	return spec, out, b
}

func (w *inputWriter) randomTarget() eso.Template {
	t := eso.Template{Type: pick(w, "", "Opaque", "kubernetes.io/basic-auth"), Merge: w.chance(30)}
	fill := func(m *manifest.Map, chance int) {
		for _, name := range []string{"a", "out", "x"} {
			if w.chance(chance) {
				m.Set(name, pick(w, "fixed", "{{ .a }}", "{{ .x }}-{{ .y }}", "{{ index . \"a\" }}", "{{ .a | b64enc }}", "{{ (fromJson .j).a }}", w.randomStable()))
			}
		}
	}
	fill(&t.Data, 25)
	fill(&t.Labels, 10)
	fill(&t.Annotations, 10)
	if w.chance(15) {
		t.TemplateFrom = []eso.TemplateFrom{{Literal: w.randomLiteral()}}
	}
	return t
}
