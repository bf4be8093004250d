package proof

import (
	"encoding/base64"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// esoSim is one ESO release with one ExternalSecret. Sources: pkg/controllers/
// externalsecret of v0.9.20-v2.9.0 (facts: eso-templates.md A and B).
type esoSim struct {
	out       *eso.ExternalSecret
	spec      *kes.Spec // what the store is for: backend and kv version
	release   release
	behave    behaviour
	vaultPath string
	templates *templateSet
}

// newESOSims gives one for each behaviour among the profile's releases.
func newESOSims(in *kes.ExternalSecret, out *eso.ExternalSecret, o Options) []*esoSim {
	t := &out.Target.Template
	templates := len(t.TemplateFrom) > 0
	for _, m := range []manifest.Map{t.Data, t.Labels, t.Annotations} {
		for _, f := range m {
			templates = templates || strings.Contains(textOf(f.Value), "{{")
		}
	}
	seen := map[behaviour]bool{}
	var sims []*esoSim
	for _, r := range releasesOf(o.Profile) {
		b := behaviourOf(r, in.Spec.Backend, templates, len(out.DataFrom) > 0)
		if seen[b] || b.alibabaGone && len(sims) > 0 {
			continue
		}
		seen[b] = true
		sims = append(sims, &esoSim{out: out, spec: &in.Spec, release: r, behave: b, vaultPath: o.VaultPath, templates: newTemplateSet(r)})
	}
	return sims
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// sync is one reconcile on a Secret that isn't there yet. With
// deletionPolicy Retain every error leaves things as they are.
func (e *esoSim) sync(s *backend) (res result) {
	defer func() {
		if u := (*unsureError)(nil); errors.As(res.err, &u) {
			res = result{unsure: u.why, fatal: u.fatal}
		}
	}()
	data, err := e.fetch(s)
	if err != nil {
		return result{err: err}
	}
	if len(data) == 0 {
		// Synced, nothing created (CC:229-257 of v0.9.20, all releases).
		return result{}
	}
	sec, err := e.apply(data)
	if err != nil {
		return result{err: err}
	}
	if err := sec.admit(); err != nil {
		return result{err: err}
	}
	return result{secret: sec}
}

// fetch is getProviderSecretData: dataFrom in order, then data in order.
func (e *esoSim) fetch(s *backend) (map[string][]byte, error) {
	data := map[string][]byte{}
	for _, from := range e.out.DataFrom {
		m, err := e.dataFrom(s, from)
		if err != nil {
			return nil, err
		}
		maps.Copy(data, m)
	}
	for _, d := range e.out.Data {
		b, err := e.getSecret(s, d.RemoteRef)
		if err != nil {
			return nil, err
		}
		if b, err = decode(d.RemoteRef.Decode, b); err != nil {
			return nil, err
		}
		data[d.SecretKey] = b
	}
	return data, nil
}

// dataFrom: rewrite, conversion only without rewrite, validation, decoding.
func (e *esoSim) dataFrom(s *backend, from eso.DataFrom) (map[string][]byte, error) {
	var m map[string][]byte
	var err error
	strategy := ""
	switch {
	case from.Extract != nil:
		strategy = from.Extract.Decode
		m, err = e.getSecretMap(s, *from.Extract)
	case from.Find != nil:
		m, err = e.find(s, *from.Find)
	default:
		return nil, failf("a dataFrom entry without extract, find or generator")
	}
	if err != nil {
		return nil, err
	}
	if len(from.Rewrite) > 0 {
		m, err = rewrite(from.Rewrite, m)
	} else {
		m, err = convertKeys(m)
	}
	if err != nil {
		return nil, err
	}
	if err := e.validateKeys(m); err != nil {
		return nil, err
	}
	for _, k := range sortedKeys(m) {
		if m[k], err = decode(strategy, m[k]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// rewrite is RewriteRegexp. Two keys that become one have no winner: it
// depends on Go's map order.
func rewrite(ops []eso.Rewrite, m map[string][]byte) (map[string][]byte, error) {
	for _, op := range ops {
		re, err := regexp.Compile(op.Source)
		if err != nil {
			return nil, failf("rewrite: %v", err)
		}
		out := map[string][]byte{}
		for _, k := range sortedKeys(m) {
			key, v := re.ReplaceAllString(k, op.Target), m[k]
			if old, ok := out[key]; ok && string(old) != string(v) {
				return nil, &unsureError{why: "two keys are rewritten to " + key + ": ESO takes one at random"}
			}
			out[key] = v
		}
		m = out
	}
	return m, nil
}

// convertKeys is ConvertKeys with strategy Default, the CRD's default, which
// kesbridge writes.
func convertKeys(m map[string][]byte) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, k := range sortedKeys(m) {
		key := strings.Map(func(r rune) rune {
			if validRune(r) {
				return r
			}
			return '_'
		}, k)
		if _, ok := out[key]; ok {
			return nil, failf("secret name collision during conversion: %s", key)
		}
		out[key] = m[k]
	}
	return out, nil
}

// sortedKeys keeps what is said first the same in every run.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func validRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '-' || r == '.' || r == '_'
}

func (e *esoSim) validateKeys(m map[string][]byte) error {
	for _, k := range sortedKeys(m) {
		if k == "" {
			switch e.behave.empty {
			case refuseEmpty:
				return failf("key has length 0")
			case dropEmpty:
				delete(m, k)
				continue
			}
		}
		// The length is checked since ValidateKeys returns an error.
		if e.behave.empty != keepEmpty && len(k) > 253 || strings.ContainsFunc(k, func(r rune) bool { return !validRune(r) }) {
			return failf("key has an invalid character or length: %q", k)
		}
	}
	return nil
}

// decode is utils.Decode (runtime/decoding at v2.9.0).
func decode(strategy string, b []byte) ([]byte, error) {
	standard := func(enc *base64.Encoding) ([]byte, error) {
		out := make([]byte, enc.DecodedLen(len(b)))
		n, err := enc.Decode(out, b)
		if err != nil {
			return nil, failf("decodingStrategy %s: %v", strategy, err)
		}
		return out[:n], nil
	}
	switch strategy {
	case "", "None":
		return b, nil
	case "Base64":
		return standard(base64.StdEncoding)
	case "Base64URL":
		return standard(base64.URLEncoding)
	case "Auto":
		if out, err := standard(base64.StdEncoding); err == nil {
			return out, nil
		}
		if out, err := standard(base64.URLEncoding); err == nil {
			return out, nil
		}
		return b, nil
	}
	return nil, failf("decoding strategy %q is not supported", strategy)
}

// apply is ApplyTemplate on a new Secret. The template is always there.
func (e *esoSim) apply(fetched map[string][]byte) (*secret, error) {
	t := &e.out.Target.Template
	s := &secret{data: map[string][]byte{}, kind: t.Type, labels: map[string]string{}, annotations: map[string]string{}}
	if s.kind == "" {
		s.kind = "Opaque"
	}
	if len(t.Data)+len(t.TemplateFrom) == 0 || t.Merge {
		maps.Copy(s.data, fetched)
	}
	values := texts(fetched)
	for _, from := range t.TemplateFrom {
		m, err := e.templates.literal(from.Literal, values)
		if err != nil {
			return nil, err
		}
		for k, v := range m {
			s.data[k] = []byte(v)
		}
	}
	for _, f := range t.Data {
		text, err := e.templates.execute(f.Key, textOf(f.Value), values)
		if err != nil {
			return nil, err
		}
		s.data[f.Key] = []byte(text)
	}
	for _, part := range []struct {
		from manifest.Map
		to   map[string]string
	}{{t.Labels, s.labels}, {t.Annotations, s.annotations}} {
		for _, f := range part.from {
			text, err := e.templates.execute(f.Key, textOf(f.Value), values)
			if err != nil {
				return nil, err
			}
			part.to[f.Key] = text
		}
	}
	return s, nil
}
