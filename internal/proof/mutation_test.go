package proof

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
)

// mutation makes a conversion wrong; false where there is nothing to change.
type mutation struct {
	name  string
	apply func(*eso.ExternalSecret) bool
}

// each changes every data item for which f does something.
func each(f func(d *eso.Data) bool) func(*eso.ExternalSecret) bool {
	return func(es *eso.ExternalSecret) bool {
		done := false
		for i := range es.Data {
			done = f(&es.Data[i]) || done
		}
		return done
	}
}

func extracts(f func(d *eso.DataFrom) bool) func(*eso.ExternalSecret) bool {
	return func(es *eso.ExternalSecret) bool {
		done := false
		for i := range es.DataFrom {
			done = f(&es.DataFrom[i]) || done
		}
		return done
	}
}

// mapped changes every value of one of the template's maps.
func mapped(which func(*eso.Template) *manifest.Map, f func(key, v string) string) func(*eso.ExternalSecret) bool {
	return func(es *eso.ExternalSecret) bool {
		m := which(&es.Target.Template)
		done := false
		for i := range *m {
			old := textOf((*m)[i].Value)
			v := f((*m)[i].Key, old)
			(*m)[i].Value = v
			done = done || v != old
		}
		return done
	}
}

func tplData(t *eso.Template) *manifest.Map   { return &t.Data }
func tplLabels(t *eso.Template) *manifest.Map { return &t.Labels }
func tplNotes(t *eso.Template) *manifest.Map  { return &t.Annotations }

func replaceIn(old, new string) func(_, v string) string {
	return func(_, v string) string { return strings.ReplaceAll(v, old, new) }
}

func set(p *string, v string) bool {
	if *p == v {
		return false
	}
	*p = v
	return true
}

var mutations = []mutation{
	{"wrong property", each(func(d *eso.Data) bool {
		return d.RemoteRef.Property != "" && set(&d.RemoteRef.Property, d.RemoteRef.Property+"x")
	})},
	{"lost property", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Property, "") })},
	{"property made of the secret key", each(func(d *eso.Data) bool {
		return d.RemoteRef.Property == "" && set(&d.RemoteRef.Property, d.SecretKey)
	})},
	{"properties swapped", func(es *eso.ExternalSecret) bool {
		for i := range es.Data {
			for j := range i {
				a, b := &es.Data[i].RemoteRef, &es.Data[j].RemoteRef
				if a.Property != b.Property && a.Decode == b.Decode {
					a.Property, b.Property = b.Property, a.Property
					return true
				}
			}
		}
		return false
	}},
	{"last segment lost", each(func(d *eso.Data) bool {
		i := strings.LastIndex(d.RemoteRef.Property, ".")
		return i > 0 && d.RemoteRef.Property[i-1] != '\\' && set(&d.RemoteRef.Property, d.RemoteRef.Property[:i])
	})},
	{"first segment lost", each(func(d *eso.Data) bool {
		i := strings.Index(d.RemoteRef.Property, ".")
		return i > 0 && d.RemoteRef.Property[i-1] != '\\' && set(&d.RemoteRef.Property, d.RemoteRef.Property[i+1:])
	})},
	{"unescaped gjson specials", each(func(d *eso.Data) bool {
		p := d.RemoteRef.Property
		for _, c := range `*?|#{[!"@` {
			p = strings.ReplaceAll(p, `\`+string(c), string(c))
		}
		return set(&d.RemoteRef.Property, p)
	})},
	{"brackets kept", each(func(d *eso.Data) bool {
		for i := range 10 {
			if p := strings.ReplaceAll(d.RemoteRef.Property, fmt.Sprintf(".%d", i), fmt.Sprintf("[%d]", i)); p != d.RemoteRef.Property {
				return set(&d.RemoteRef.Property, p)
			}
		}
		return false
	})},
	{"property in upper case", each(func(d *eso.Data) bool {
		return set(&d.RemoteRef.Property, strings.ToUpper(d.RemoteRef.Property))
	})},
	{"array index off by one", each(func(d *eso.Data) bool {
		p := strings.NewReplacer(".0", ".1", ".1", ".2").Replace(d.RemoteRef.Property)
		return set(&d.RemoteRef.Property, p)
	})},
	{"lost decoding", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Decode, "") })},
	{"Auto decoding", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "Base64" && set(&d.RemoteRef.Decode, "Auto") })},
	{"Base64URL decoding", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "Base64" && set(&d.RemoteRef.Decode, "Base64URL") })},
	{"decoding where there was none", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "" && set(&d.RemoteRef.Decode, "Base64") })},
	{"Auto decoding where there was none", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "" && set(&d.RemoteRef.Decode, "Auto") })},
	{"double decoding by a template", func(es *eso.ExternalSecret) bool {
		for _, d := range es.Data {
			if d.RemoteRef.Decode == "Base64" && es.Target.Template.Data.Get(d.SecretKey) == nil {
				es.Target.Template.Data.Set(d.SecretKey, fmt.Sprintf("{{ index . %q | b64dec }}", d.SecretKey))
				es.Target.Template.Merge = true
				return true
			}
		}
		return false
	}},
	{"dropped item", func(es *eso.ExternalSecret) bool {
		if len(es.Data) == 0 {
			return false
		}
		es.Data = es.Data[1:]
		return true
	}},
	{"dropped last item", func(es *eso.ExternalSecret) bool {
		if len(es.Data) == 0 {
			return false
		}
		es.Data = es.Data[:len(es.Data)-1]
		return true
	}},
	{"item added", func(es *eso.ExternalSecret) bool {
		if len(es.Data) == 0 {
			return false
		}
		d := es.Data[0]
		d.SecretKey = "added"
		es.Data = append(es.Data, d)
		return len(es.Target.Template.Data) == 0 || es.Target.Template.Merge
	}},
	{"renamed key", each(func(d *eso.Data) bool { return set(&d.SecretKey, d.SecretKey+"2") })},
	{"key with other punctuation", each(func(d *eso.Data) bool {
		return set(&d.SecretKey, strings.NewReplacer("-", "_", ".", "_").Replace(d.SecretKey))
	})},
	{"keys swapped", func(es *eso.ExternalSecret) bool {
		for i := range es.Data {
			for j := range i {
				if es.Data[i].RemoteRef != es.Data[j].RemoteRef {
					es.Data[i].SecretKey, es.Data[j].SecretKey = es.Data[j].SecretKey, es.Data[i].SecretKey
					return true
				}
			}
		}
		return false
	}},
	{"wrong backend key", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Key, d.RemoteRef.Key+"-old") })},
	{"backend key without its first part", each(func(d *eso.Data) bool {
		_, rest, ok := strings.Cut(d.RemoteRef.Key, "/")
		return ok && rest != "" && set(&d.RemoteRef.Key, rest)
	})},
	{"wrong version", each(func(d *eso.Data) bool {
		return d.RemoteRef.Version != "" && set(&d.RemoteRef.Version, d.RemoteRef.Version+"0")
	})},
	{"lost version", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Version, "") })},
	{"version id as a stage", each(func(d *eso.Data) bool {
		return set(&d.RemoteRef.Version, strings.TrimPrefix(d.RemoteRef.Version, "uuid/"))
	})},
	{"version where there was none", each(func(d *eso.Data) bool { return d.RemoteRef.Version == "" && set(&d.RemoteRef.Version, "3") })},
	{"data becomes extract", func(es *eso.ExternalSecret) bool {
		for i, d := range es.Data {
			if d.RemoteRef.Property == "" && d.RemoteRef.Decode == "" {
				ref := d.RemoteRef
				es.Data = slices.Delete(es.Data, i, i+1)
				es.DataFrom = append(es.DataFrom, eso.DataFrom{Extract: &ref})
				return true
			}
		}
		return false
	}},
	{"data with property becomes extract", func(es *eso.ExternalSecret) bool {
		for i, d := range es.Data {
			if d.RemoteRef.Property != "" {
				ref := d.RemoteRef
				ref.Property = ""
				es.Data = slices.Delete(es.Data, i, i+1)
				es.DataFrom = append(es.DataFrom, eso.DataFrom{Extract: &ref})
				return true
			}
		}
		return false
	}},
	{"extract becomes data", func(es *eso.ExternalSecret) bool {
		for i, d := range es.DataFrom {
			if d.Extract != nil {
				es.Data = append(es.Data, eso.Data{SecretKey: "whole", RemoteRef: *d.Extract})
				es.DataFrom = slices.Delete(es.DataFrom, i, i+1)
				return true
			}
		}
		return false
	}},
	{"dropped extract", func(es *eso.ExternalSecret) bool {
		if len(es.DataFrom) == 0 {
			return false
		}
		es.DataFrom = es.DataFrom[1:]
		return true
	}},
	{"dropped last extract", func(es *eso.ExternalSecret) bool {
		if len(es.DataFrom) == 0 {
			return false
		}
		es.DataFrom = es.DataFrom[:len(es.DataFrom)-1]
		return true
	}},
	{"swapped precedence of extracts", func(es *eso.ExternalSecret) bool {
		if len(es.DataFrom) < 2 || es.DataFrom[0].Find != nil {
			return false
		}
		slices.Reverse(es.DataFrom)
		return true
	}},
	{"extract decodes", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Decode, "Base64") })},
	{"extract decodes what it can", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Decode, "Auto") })},
	{"extract of a property", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Property, "nested") })},
	{"extract of another key", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Key, d.Extract.Key+"2") })},
	{"extract with another version", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Version, "AWSPREVIOUS") })},
	{"extract renames keys", extracts(func(d *eso.DataFrom) bool {
		d.Rewrite = append(d.Rewrite, eso.Rewrite{Source: "^", Target: "app_"})
		return true
	})},
	{"missing rewrite", extracts(func(d *eso.DataFrom) bool { had := len(d.Rewrite) > 0; d.Rewrite = nil; return had })},
	{"rewrite with a bad group", extracts(func(d *eso.DataFrom) bool {
		if len(d.Rewrite) == 0 {
			return false
		}
		d.Rewrite = []eso.Rewrite{{Source: "^.*/([^/]+)$", Target: "$1_x"}}
		return true
	})},
	{"rewrite of the prefix only", extracts(func(d *eso.DataFrom) bool {
		if d.Find == nil {
			return false
		}
		d.Rewrite = []eso.Rewrite{{Source: "^/[^/]*/", Target: ""}}
		return true
	})},
	{"non-recursive expression lost", extracts(func(d *eso.DataFrom) bool {
		return d.Find != nil && set(&d.Find.Regexp, strings.Replace(d.Find.Regexp, "/[^/]+$", "/.+$", 1))
	})},
	{"recursive expression made flat", extracts(func(d *eso.DataFrom) bool {
		return d.Find != nil && set(&d.Find.Regexp, strings.Replace(d.Find.Regexp, "/.+$", "/[^/]+$", 1))
	})},
	{"find in the parent", extracts(func(d *eso.DataFrom) bool {
		return d.Find != nil && set(&d.Find.Path, "/") && set(&d.Find.Regexp, ".*")
	})},
	{"find in another path", extracts(func(d *eso.DataFrom) bool { return d.Find != nil && set(&d.Find.Path, d.Find.Path+"x") })},
	{"Merge for Replace", func(es *eso.ExternalSecret) bool {
		t := &es.Target.Template
		was := t.Merge
		t.Merge = true
		return !was && len(t.Data) > 0
	}},
	{"Replace for Merge", func(es *eso.ExternalSecret) bool {
		was := es.Target.Template.Merge
		es.Target.Template.Merge = false
		return was
	}},
	{"wrong type", func(es *eso.ExternalSecret) bool { es.Target.Template.Type = "kubernetes.io/example"; return true }},
	{"lost type", func(es *eso.ExternalSecret) bool {
		was := es.Target.Template.Type
		es.Target.Template.Type = ""
		return was != "Opaque"
	}},
	{"template omitted", func(es *eso.ExternalSecret) bool {
		had := len(es.Target.Template.Data)+len(es.Target.Template.Labels)+len(es.Target.Template.Annotations) > 0
		es.Target.Template = eso.Template{Type: es.Target.Template.Type}
		return had
	}},
	{"template data omitted", func(es *eso.ExternalSecret) bool {
		had := len(es.Target.Template.Data) > 0
		es.Target.Template.Data = nil
		return had
	}},
	{"labels omitted", func(es *eso.ExternalSecret) bool {
		had := len(es.Target.Template.Labels) > 0
		es.Target.Template.Labels = nil
		return had
	}},
	{"annotations omitted", func(es *eso.ExternalSecret) bool {
		had := len(es.Target.Template.Annotations) > 0
		es.Target.Template.Annotations = nil
		return had
	}},
	{"label of the object on the Secret", func(es *eso.ExternalSecret) bool {
		if len(es.Labels) == 0 {
			return false
		}
		es.Target.Template.Labels.Set("copied", es.Labels[0].Value)
		return true
	}},
	{"labels as annotations", func(es *eso.ExternalSecret) bool {
		t := &es.Target.Template
		t.Labels, t.Annotations = t.Annotations, t.Labels
		return len(t.Labels)+len(t.Annotations) > 0
	}},
	{"label value changed", mapped(tplLabels, func(_, v string) string { return v + "x" })},
	{"annotation cut at a blank", mapped(tplNotes, func(_, v string) string { v, _, _ = strings.Cut(v, " "); return v })},
	{"template data with a final newline", mapped(tplData, func(_, v string) string { return v + "\n" })},
	{"unescaped braces in annotations", mapped(tplNotes, replaceIn(`{{ "{{" }}`, "{{"))},
	{"unescaped braces in data", mapped(tplData, replaceIn(`{{ "{{" }}`, "{{"))},
	{"braces escaped twice", mapped(tplData, replaceIn(`{{ "{{" }}`, `{{ "{{" }}{{ "{{" }}`))},
	{"toJson for toRawJson", mapped(tplData, replaceIn("toRawJson", "toJson"))},
	{"quote for toRawJson", mapped(tplData, replaceIn("toRawJson", "quote"))},
	{"an unknown function", mapped(tplData, replaceIn("toRawJson", "toCleanJson"))},
	{"base64 once more", mapped(tplData, func(_, v string) string {
		if !strings.HasPrefix(v, "{{ .") || strings.Contains(v, "b64") || !strings.HasSuffix(v, " }}") || strings.Count(v, "{{") != 1 {
			return v
		}
		return strings.TrimSuffix(v, " }}") + " | b64enc }}"
	})},
	{"base64 kept", mapped(tplData, func(_, v string) string {
		if strings.Contains(v, "{{") {
			return v
		}
		return encode64(v)
	})},
	{"fetched key loses to template data", mapped(tplData, func(_, v string) string {
		_, after, ok := strings.Cut(v, "}}{{ else }}")
		if !ok || !strings.HasPrefix(v, "{{ $f := false }}") {
			return v
		}
		return strings.TrimSuffix(after, "{{ end }}")
	})},
	{"value printed with blanks trimmed", mapped(tplData, func(_, v string) string { return strings.ReplaceAll(v, "{{ .", "{{ trim .") })},
	{"another value in a template", mapped(tplData, func(_, v string) string { return strings.ReplaceAll(v, "{{ .", "{{ .other_") })},
}

func cloneESO(es *eso.ExternalSecret) *eso.ExternalSecret {
	c := *es
	c.Data = slices.Clone(es.Data)
	c.DataFrom = slices.Clone(es.DataFrom)
	for i, d := range c.DataFrom {
		if d.Extract != nil {
			ref := *d.Extract
			c.DataFrom[i].Extract = &ref
		}
		if d.Find != nil {
			f := *d.Find
			c.DataFrom[i].Find = &f
		}
		c.DataFrom[i].Rewrite = slices.Clone(d.Rewrite)
	}
	t := &c.Target.Template
	t.Data, t.Labels, t.Annotations = slices.Clone(t.Data), slices.Clone(t.Labels), slices.Clone(t.Annotations)
	return &c
}

// worse reports whether a wrong conversion was noticed: Different, or a
// difference that the right conversion doesn't have.
func worse(right, wrong Report) bool {
	if wrong.Outcome == Different && right.Outcome != Different {
		return true
	}
	had := map[string]bool{}
	for _, d := range right.Differences {
		had[d.Shape+"\x00"+d.Key] = true
	}
	return slices.ContainsFunc(wrong.Differences, func(d Difference) bool { return !had[d.Shape+"\x00"+d.Key] })
}

// TestMutations: every deliberately wrong conversion is caught.
func TestMutations(t *testing.T) {
	pairs := convertedPairs(t)
	pairs = append(pairs, mutationPairs(t)...)
	var right []Report
	for _, p := range pairs {
		right = append(right, Verify(p.in, p.out, p.o))
	}
	caught, applied := 0, 0
	for _, m := range mutations {
		n := 0
		for i, p := range pairs {
			if right[i].Outcome != Equal && right[i].Outcome != EqualExcept {
				continue
			}
			wrong := cloneESO(p.out)
			if !m.apply(wrong) {
				continue
			}
			applied++
			if worse(right[i], Verify(p.in, wrong, p.o)) {
				n++
			} else if !same(m.name, p.name) {
				t.Errorf("%s: not caught in %s: %+v", m.name, p.name, wrong)
			}
		}
		if n == 0 {
			t.Errorf("%s: never caught", m.name)
		}
		caught += n
	}
	t.Logf("%d mutations, applied %d times, caught %d times", len(mutations), applied, caught)
}

// same: in these pairs the mutation changes nothing that reaches a Secret.
func same(mutation, pair string) bool {
	switch mutation {
	case "property made of the secret key", "version where there was none":
		return strings.HasPrefix(pair, "ibm-") // ESO ignores them
	case "Auto decoding where there was none", "value printed with blanks trimmed":
		// A whole Vault document is never base64 and has no blanks around it;
		// in the other pair the template writes every key.
		return strings.HasPrefix(pair, "lodash-keep/") || pair == "template-all-keys/covered"
	case "dropped item", "dropped last item", "renamed key", "Merge for Replace":
		return pair == "template-all-keys/covered" || pair == "template-data/static"
	case "rewrite of the prefix only":
		return pair == "profile-2.5/mid" // its path has one part
	}
	return false
}

// mutationPairs are further right conversions, for what testdata/convert has
// no example of.
func mutationPairs(t *testing.T) []pair {
	t.Helper()
	var pairs []pair
	for i, spec := range []string{
		"  backendType: systemManager\n  data: [{path: /app/prod, recursive: true}, {key: /x, name: x}]\n",
		"  backendType: systemManager\n  data: [{path: /app.v1/prod}]\n",
		"  backendType: secretsManager\n  data: [{key: a, name: x, property: 'pa*s'}, {key: a, name: second, property: 'l[0].k'}, {key: a, name: z, property: .dockerconfigjson}]\n",
		"  backendType: secretsManager\n  dataFrom: [a, b]\n  data: [{key: c, name: k, property: v}]\n  template: {data: {k: aGVsbG8=, d: aGVsbG8=}, stringData: {s: 'a {{ b'}}\n",
		"  backendType: gcpSecretsManager\n  data: [{key: a, name: k, version: 4}, {key: b, name: b, isBinary: true}]\n  template: {metadata: {annotations: {n: 'x {{ y }} z'}}}\n",
	} {
		if p, ok := convertPair(t, fmt.Sprint("extra-", i), one(t, spec), "", nil, nil); ok {
			pairs = append(pairs, p)
		} else {
			t.Errorf("not converted: %s", spec)
		}
	}
	return pairs
}
