package convert

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// template builds target.template. KES merges spec.template under what it
// fetched: fetched keys win over template.data, and the API server lets
// stringData win over both (lib/poller.js:88-118 of 8.5.5). ESO's template
// data wins over fetched keys, and drops those that it doesn't name unless
// mergePolicy is Merge (ApplyTemplate, v0.9.20-v2.9.0).
func (c *conv) template() {
	in, out := &c.in.Spec.Template, &c.out.Target.Template
	out.Type = c.in.Spec.Type
	c.compiled()
	out.Labels = c.texts(in.Labels)
	out.Annotations = c.texts(in.Annotations)
	c.out.Target.Immutable = in.Immutable
	c.finalizers()
	if pos := in.Pos("ownerReferences"); !pos.IsZero() {
		c.report(rule.NoEquivalent, pos, "spec.template.metadata.ownerReferences: ESO sets the Secret's owner itself")
	}
	if len(c.out.Data) == 0 && len(c.out.DataFrom) == 0 && c.fs.Worst() < manifest.Error {
		c.report(rule.EmptySecret, c.in.Pos, "nothing is fetched from the backend: ESO creates no Secret then, KES created one from the template alone")
	}
	c.templateData()
	c.refusedType()
}

// refusedType: validating webhook of ESO 2.4.1 and later
// (apis/externalsecrets/v1/externalsecret_validator.go).
func (c *conv) refusedType() {
	t := &c.out.Target.Template
	token := t.Type == "kubernetes.io/service-account-token" && t.Annotations.Get("kubernetes.io/service-account.name") != nil
	if t.Type != "bootstrap.kubernetes.io/token" && !token {
		return
	}
	r, version := rule.RefusedType, c.opts.Profile.Version()
	if version != "" && !older(version, 2, 4) {
		r.Severity = manifest.Error
	} else if version != "" {
		return
	}
	c.report(r, c.in.Spec.Pos("template"), "a Secret of type %s is refused by ESO 2.4.1 and later", t.Type)
}

// older reports whether a version X.Y or X.Y.Z is before major.minor.
func older(version string, major, minor int) bool {
	parts := append(strings.Split(version, "."), "0")
	x, _ := strconv.Atoi(parts[0])
	y, _ := strconv.Atoi(parts[1])
	return x < major || x == major && y < minor
}

// compiled checks the texts that KES compiles although nothing comes of them
// (lib/utils.js:1-21): what fails there fails the whole sync.
func (c *conv) compiled() {
	for _, t := range c.in.Spec.Template.Other {
		if len(lodash.Scan(t.Value)) > 0 {
			c.translated(t, lodash.Target{})
		}
	}
}

// print gives the template that prints what KES made of a text.
func (c *conv) print(t kes.Text) (text string, ok bool) {
	if len(lodash.Scan(t.Value)) == 0 {
		return c.escape(t), true
	}
	out, ok := c.translated(t, lodash.Target{})
	return out.Text, ok
}

// translated turns lodash's JavaScript into a Go template.
func (c *conv) translated(t kes.Text, target lodash.Target) (lodash.Translation, bool) {
	var keys []string
	target.Exact = c.exact
	sup := c.supplied(t)
	target.Supplied = sup.template
	target.Fetched = func(key string) (known, sure bool) {
		keys = append(keys, key)
		sure = c.fetches(key)
		return sure || c.unknownKeys(), sure
	}
	out, err := lodash.Translate(t.Value, target)
	for _, r := range lodash.Refusals(err) {
		c.refused(t, r, sup)
	}
	for _, n := range out.Notes {
		c.report(rule.TemplateShapes, t.Pos, "%s: %s", t.Path, n.Message)
	}
	if err != nil || !sup.report(c) {
		return out, false
	}
	keys = append(keys, sup.keys...)
	for _, key := range keys {
		// KES's value of the key is made by a template of its own, and one
		// template doesn't see what another prints.
		if !c.exact && c.written.Get(key) != nil {
			c.report(rule.NoEquivalent, t.Pos, "%s reads data.%s, whose value ESO fetches in another shape than KES; --fidelity exact has a form", t.Path, key)
			return out, false
		}
	}
	slices.Sort(keys)
	return c.overData(out, slices.Compact(keys)), true
}

func (c *conv) refused(t kes.Text, r *lodash.Refused, sup *supplied) {
	f := rule.LodashTemplate.At(t.PosAt(r.Offset), c.in.Ref, "%s: %s: %s", t.Path, shorten(r.Expr), r.Reason)
	if r.Never {
		f = rule.NeverWorked.At(t.PosAt(r.Offset), c.in.Ref, "%s: %s: KES itself fails on it: %s", t.Path, shorten(r.Expr), r.Reason)
	}
	if r.Suggestion != "" {
		f.Fix = "the nearest Go template is " + shorten(r.Suggestion) + "; " + f.Fix
	}
	if rule := sup.ruleFor(c, r); rule != "" && !r.Never {
		f.Fix += "; or supply a template in kesbridge.yaml: " + rule
	}
	c.fs = append(c.fs, f)
}

// shorten keeps a message on one line.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}

// texts turns labels or annotations into templates that print them as they are.
func (c *conv) texts(in []kes.Text) manifest.Map {
	var m manifest.Map
	for _, t := range in {
		if text, ok := c.print(t); ok {
			m = append(m, manifest.Field{Key: t.Key, Value: text})
		}
	}
	return m
}

// escape writes text so that ESO's engine prints it: only {{ starts an
// action, a lone }} is text (facts: eso-templates.md C5).
func (c *conv) escape(t kes.Text) string {
	if i := strings.Index(t.Value, "{{"); i >= 0 {
		c.report(rule.TemplateDelimiters, t.PosAt(i), "%s holds {{, which is escaped so that ESO does not run it", t.Path)
	}
	return escapeAction(t.Value)
}

func escapeAction(s string) string { return strings.ReplaceAll(s, "{{", `{{ "{{" }}`) }

func (c *conv) finalizers() {
	f := c.in.Spec.Template.Finalizers
	if len(f) == 0 {
		return
	}
	if !c.opts.Profile.Knows("spec.target.template.metadata.finalizers") {
		version := "the ESO versions that have no setting"
		if v := c.opts.Profile.Version(); v != "" {
			version = "ESO " + v
		}
		c.report(rule.FieldTooNew, c.in.Spec.Template.Pos("finalizers"), "spec.template.metadata.finalizers needs target.template.metadata.finalizers, which %s may not know (since 0.20)", version)
		return
	}
	c.out.Target.Template.Finalizers = f
}

// templateData writes template.data and stringData in KES's precedence.
func (c *conv) templateData() {
	in, out := &c.in.Spec.Template, &c.out.Target.Template
	isString := func(key string) bool {
		return slices.ContainsFunc(in.StringData, func(t kes.Text) bool { return t.Key == key })
	}
	for _, t := range in.Data {
		// KES compiles a text even where its result is overwritten.
		text, defines, ok := c.dataText(t)
		if ok && !isString(t.Key) && !c.fetches(t.Key) {
			out.Data.Set(t.Key, text[:defines]+c.unlessFetched(t.Key, text[defines:]))
		}
	}
	for _, f := range c.written {
		if !isString(f.Key) {
			out.Data.Set(f.Key, f.Value)
		}
	}
	for _, t := range in.StringData {
		if text, ok := c.print(t); ok {
			out.Data.Set(t.Key, text)
		}
	}
	c.mergePolicy()
}

// fetches reports whether a data item writes the key for certain.
func (c *conv) fetches(key string) bool {
	return slices.ContainsFunc(c.in.Spec.Data, func(it kes.Item) bool { return it.FromPath == "" && it.Name == key })
}

// dataText makes the template of a value of template.data, whose result must
// come out base64 in KES. Its first bytes may be define blocks.
func (c *conv) dataText(t kes.Text) (text string, defines int, ok bool) {
	if len(lodash.Scan(t.Value)) == 0 {
		text, ok = c.decodeData(t)
		return text, 0, ok
	}
	out, ok := c.translated(t, lodash.Target{Base64: true})
	return out.Text, out.Defines, ok
}

// decodeData turns a base64 value of template.data into template text. The
// API server decodes it with Go's encoding (line breaks allowed) and refuses
// the Secret if it can't.
func (c *conv) decodeData(t kes.Text) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(t.Value)
	if err != nil {
		c.report(rule.BadBase64, t.Pos, "%s is not base64: the API server refused the Secret", t.Path)
		return "", false
	}
	if utf8.Valid(b) && !strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		return c.escape(kes.Text{Value: string(b), Path: t.Path, Pos: t.Pos}), true
	}
	// Bytes that no YAML string carries unchanged.
	return fmt.Sprintf("{{ %q | b64dec }}", base64.StdEncoding.EncodeToString(b)), true
}

// unlessFetched: under dataFrom the keys aren't known, and a fetched one wins
// even if it is empty (facts: eso-templates.md E6).
func (c *conv) unlessFetched(key, text string) string {
	switch {
	case !c.unknownKeys():
		return text
	case len(c.extracts) > 0:
		return fmt.Sprintf("%s{{ if hasKey $o %q }}{{ get $o %q }}{{ else }}%s{{ end }}", actions(c.dataActions([]string{key}, nil)...), key, key, text)
	}
	return fmt.Sprintf("{{ $f := false }}{{ range $k, $_ := . }}{{ if eq $k %q }}{{ $f = true }}{{ end }}{{ end }}{{ if $f }}{{ index . %q }}{{ else }}%s{{ end }}", key, key, text)
}

// mergePolicy keeps the fetched keys that the template doesn't write. Hidden
// ones must not reach the Secret: then every other key is named instead.
func (c *conv) mergePolicy() {
	out := &c.out.Target.Template
	c.templateFrom()
	if len(out.Data) == 0 && len(c.hidden) == 0 {
		return
	}
	var missing []string
	for _, d := range c.out.Data {
		if out.Data.Get(d.SecretKey) == nil && !slices.Contains(c.hidden, d.SecretKey) {
			missing = append(missing, d.SecretKey)
		}
	}
	if len(c.hidden) == 0 {
		out.Merge = len(missing) > 0 || len(c.out.DataFrom) > 0
		return
	}
	for _, key := range missing {
		out.Data.Set(key, "{{ "+reference(key)+" }}")
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reference names a fetched key at the start of an action or pipeline.
func reference(key string) string {
	if identifier.MatchString(key) {
		return "." + key
	}
	return fmt.Sprintf("index . %q", key)
}

// Refs counts the values that ESO asks the backend for at each refresh.
func Refs(es *eso.ExternalSecret) int { return len(es.Data) + len(es.DataFrom) }
