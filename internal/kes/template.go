package kes

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// template reads spec.template as lib/poller.js and lib/utils.js of KES
// 8.5.5 use it: type is taken as it is, every other string is a lodash
// template, and what it holds is merged under the generated Secret.
func (d *decoder) template(f field, path string, s *Spec) {
	if !d.mapping(f.value, path) {
		return
	}
	t := &s.Template
	t.pos = map[string]manifest.Pos{}
	for _, m := range d.fields(f.value, path) {
		p := join(path, m.key)
		switch m.key {
		case "type":
			if v := d.str(m, p); v != "" {
				s.Type = v
			}
		case "metadata":
			d.templateMeta(m, p, t)
		case "data":
			t.Data = d.texts(m, p)
		case "stringData":
			t.StringData = d.texts(m, p)
		case "immutable":
			t.pos["immutable"] = d.o.PosOf(m.value)
			t.Immutable = d.boolean(m, p)
		case "apiVersion", "kind":
			d.report(rule.TemplateField, m.keyNode, "%s has no effect: KES sets it itself", p)
			d.others(m.value, p, t, 0)
		default:
			d.report(rule.TemplateField, m.keyNode, "%s has no effect: a Secret has no such field, so the API server dropped it", p)
			d.others(m.value, p, t, 0)
		}
	}
}

func (d *decoder) templateMeta(f field, path string, t *Template) {
	if !d.mapping(f.value, path) {
		return
	}
	for _, m := range d.fields(f.value, path) {
		p := join(path, m.key)
		switch m.key {
		case "labels":
			t.Labels = d.texts(m, p)
		case "annotations":
			t.Annotations = d.texts(m, p)
		case "finalizers":
			t.pos["finalizers"] = d.o.PosOf(m.value)
			for i, n := range d.list(m.value, p) {
				t.Finalizers = append(t.Finalizers, d.str(field{value: n}, p+"["+strconv.Itoa(i)+"]"))
			}
		case "ownerReferences":
			t.pos["ownerReferences"] = d.o.PosOf(m.value)
		case "namespace":
			d.templateNamespace(m, p)
		default:
			d.report(rule.TemplateField, m.keyNode, "%s has no effect: KES or the API server sets it itself", p)
			d.others(m.value, p, t, 0)
		}
	}
}

// templateNamespace: the API server refuses a Secret whose namespace isn't
// that of the request.
func (d *decoder) templateNamespace(f field, path string) {
	ns := d.str(f, path)
	if d.ref.Namespace != "" && ns != "" && ns != d.ref.Namespace {
		d.report(rule.NeverWorked, f.value, "%s is %q, but the object is in %q: the API server refuses such a Secret", path, ns, d.ref.Namespace)
	}
}

// texts reads a mapping of strings below template.
func (d *decoder) texts(f field, path string) []Text {
	if !d.mapping(f.value, path) {
		return nil
	}
	var out []Text
	for _, m := range d.collect(deref(f.value), path, 0) {
		t := d.text(m, join(path, m.key), d.secretString)
		t.Key = m.key
		out = append(out, t)
	}
	return out
}

// secretString reads a value that goes into the Secret. The KES CRD preserves
// whatever stands below template, so it is the Secret that the API server
// refuses; null is an empty string there (Go's JSON decoding).
func (d *decoder) secretString(f field, path string) string {
	v, ok := scalar(f.value)
	if ok && v == nil {
		return ""
	}
	if s, isString := v.(string); ok && isString {
		return s
	}
	d.report(rule.NeverWorked, f.value, "%s is %s: the API server refuses a Secret with anything but strings there, so KES never wrote one", path, typeName(f.value))
	return ""
}

func (d *decoder) text(f field, path string, read func(field, string) string) Text {
	v := read(f, path)
	n := deref(f.value)
	return Text{Value: v, Path: path, Pos: d.o.PosOf(f.value), at: func(offset int) manifest.Pos { return d.posIn(n, v, offset) }}
}

// others collects strings that KES compiles although nothing comes of them.
func (d *decoder) others(n *yaml.Node, path string, t *Template, depth int) {
	n = deref(n)
	if depth > maxDepth {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for _, f := range d.fields(n, path) {
			d.others(f.value, join(path, f.key), t, depth+1)
		}
	case yaml.ScalarNode:
		if v, ok := scalarString(n); ok {
			t.Other = append(t.Other, Text{Value: v, Path: path, Pos: d.o.PosOf(n)})
		}
	}
}

// posIn finds a byte of a scalar's value in the source. It is exact for
// literal blocks and for plain or quoted scalars on one line without
// escapes; elsewhere it is the scalar's own position.
func (d *decoder) posIn(n *yaml.Node, value string, offset int) manifest.Pos {
	pos := d.o.PosOf(n)
	if offset > len(value) {
		return pos
	}
	before := value[:offset]
	line := strings.Count(before, "\n")
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		pos.Line += 1 + line
		pos.Column = d.indentOf(n.Line+line) + column + 1
	case line == 0 && n.Style&yaml.FoldedStyle == 0 && !strings.Contains(value, "\n"):
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			column++
		}
		pos.Column += column
	}
	return pos
}

// indentOf is the number of blanks in front of a line of the object's text,
// counted from 0.
func (d *decoder) indentOf(line int) int {
	lines := strings.SplitN(string(d.o.Raw()), "\n", line+2)
	if line >= len(lines) {
		return 0
	}
	return len(lines[line]) - len(strings.TrimLeft(lines[line], " "))
}
