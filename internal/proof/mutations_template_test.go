package proof

import (
	"slices"
	"strings"

	"kesbridge/internal/eso"
)

// templateMutations spoil target.template.
var templateMutations = []mutation{
	{"Merge for Replace", func(es *eso.ExternalSecret) bool {
		t := &es.Target.Template
		was := t.Merge
		t.Merge = true
		unwritten := func(d eso.Data) bool { return t.Data.Get(d.SecretKey) == nil }
		return !was && len(t.Data) > 0 && (len(es.DataFrom) > 0 || slices.ContainsFunc(es.Data, unwritten))
	}},
	{"templateFrom omitted", func(es *eso.ExternalSecret) bool {
		had := len(es.Target.Template.TemplateFrom) > 0
		es.Target.Template.TemplateFrom = nil
		return had
	}},
	{"templateFrom without quoting", func(es *eso.ExternalSecret) bool {
		done := false
		for i, f := range es.Target.Template.TemplateFrom {
			es.Target.Template.TemplateFrom[i].Literal = strings.ReplaceAll(f.Literal, "toRawJson", "toString")
			done = done || strings.Contains(f.Literal, "toRawJson")
		}
		return done
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
	{"template data with something after it", mapped(tplData, func(_, v string) string { return v + "+" })},
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
	{"value printed with blanks trimmed", mapped(tplData, func(_, v string) string {
		if strings.HasPrefix(v, "{{ .") && len(v) < 40 {
			return strings.Replace(v, "{{ .", "{{ trim .", 1)
		}
		return v
	})},
	{"another value in a template", mapped(tplData, func(_, v string) string { return strings.ReplaceAll(v, "{{ .", "{{ .other_") })},
}
