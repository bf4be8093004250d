package proof

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// valuesFor are the shapes of a value that becomes one key of the Secret, as
// JSON; the first is the background. n makes backgrounds differ, so that
// swapped values are seen.
func valuesFor(h *hint, binary bool, n int) []Shape {
	switch {
	case binary:
		first := Shape{"canonical base64", true, jsonString(encode64(fmt.Sprintf("value %d", n)))}
		return append([]Shape{first}, binaryJSONShapes()...)
	case h != nil && h.doc != nil:
		return docShapes(h, n)
	case h != nil && h.base64:
		return encodedShapes(n)
	}
	out := []Shape{{"text", true, jsonString(fmt.Sprintf("value%d-alpha", n))}}
	out = append(out, jsonShapes...)
	if h != nil {
		for _, w := range h.words {
			for _, s := range []string{w, w + "x", "x" + w, "a" + w + "b" + w + "c", strings.ToUpper(w)} {
				out = append(out, Shape{"text that the template asks for", true, jsonString(s)})
			}
		}
	}
	return out
}

func encode64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// encodedShapes: the template decodes the value itself.
func encodedShapes(n int) []Shape {
	out := []Shape{{"canonical base64", true, jsonString(encode64(fmt.Sprintf("value %d", n)))}}
	for _, s := range jsonShapes {
		if text, ok := unquoteJSON(s.raw); ok && s.Name != "lone surrogate" {
			s.Name, s.raw = "base64 of "+s.Name, jsonString(encode64(text))
			out = append(out, s)
		}
	}
	for _, s := range binaryJSONShapes() {
		s.Everyday = s.Everyday && asciiText(decoded(s.raw))
		out = append(out, s)
	}
	return out
}

func decoded(raw string) string {
	text, _ := unquoteJSON(raw)
	return string(nodeBase64(text))
}

// place is a leaf of a document that a template looks at.
type place struct {
	path   []string
	whole  bool
	array  bool // what has elements or a length
	number bool // what is compared with numbers
	inner  *want
}

// build makes the document that has everything that is wanted.
func (w *want) build(n *int, path []string, places *[]place) *node {
	here := append([]string(nil), path...)
	switch {
	case len(w.keys) > 0:
		out := &node{}
		for i, key := range w.keys {
			out.set(key, w.kids[i].build(n, append(here, key), places))
		}
		return out
	case w.elem != nil:
		out := &node{array: true}
		for _, i := range []string{"0", "1"} {
			out.set(i, w.elem.build(n, append(here, i), places))
		}
		*places = append(*places, place{path: here, whole: true, array: true})
		return out
	}
	*n++
	*places = append(*places, place{path: here, whole: w.whole, number: w.number, inner: w.json})
	if w.json != nil {
		var ignored []place
		return leaf(jsonString(w.json.build(n, nil, &ignored).String()))
	}
	if w.whole {
		return leaf(fmt.Sprintf(`{"alpha":"x%d","beta":"y"}`, *n))
	}
	if w.number {
		return leaf(fmt.Sprint(*n))
	}
	return leaf(jsonString(fmt.Sprintf("word%d", *n)))
}

// docShapes vary a JSON document in a string: each leaf, and the document.
func docShapes(h *hint, n int) []Shape {
	n *= 100
	var places []place
	doc := h.doc.build(&n, nil, &places)
	if doc.isLeaf() { // only parsed: an object and a list will do
		doc = &node{}
		doc.put([]string{"alpha"}, `"x"`)
		doc.put([]string{"beta", "gamma"}, `"y"`)
		places = []place{{path: []string{"alpha"}, whole: true}}
	}
	var out []Shape
	add := func(name string, everyday bool, text string) {
		raw := text
		if h.base64 {
			raw = encode64(text)
		}
		out = append(out, Shape{name, everyday, jsonString(raw)})
	}
	add("JSON that the template parses", true, doc.String())
	if !h.base64 {
		out = append(out, Shape{"JSON that isn't in a string", true, doc.String()})
	}
	for _, p := range places {
		if len(p.path) == 0 {
			continue
		}
		where := " at " + strings.Join(p.path, ".")
		for _, s := range leafShapes(p) {
			d := doc.clone()
			if s.raw == missing {
				d.drop(p.path)
			} else {
				d.put(p.path, s.raw)
			}
			add(s.Name+where, s.Everyday, d.String())
		}
	}
	for _, v := range docVariants(doc) {
		add(v.Name, v.Everyday, v.raw)
	}
	return out
}

// leafShapes: where the template prints a leaf, objects aren't everyday;
// where it lists or stringifies it, nothing but objects is.
func leafShapes(p place) []Shape {
	out := make([]Shape, 0, len(jsonShapes))
	for _, s := range jsonShapes {
		object := strings.HasPrefix(s.raw, "{") || strings.HasPrefix(s.raw, "[")
		s.Everyday = s.Everyday && object == p.whole && p.inner == nil &&
			(!p.array || strings.HasPrefix(s.raw, "[")) && (!p.number || strings.Trim(s.raw, "-0123456789") == "")
		out = append(out, s)
	}
	return out
}

// docVariants are other spellings of a document, and what isn't one.
func docVariants(doc *node) []Shape {
	odd := doc.clone()
	if !odd.array {
		odd.set("10", leaf("1"))
		odd.set("9", leaf("2"))
		odd.set("é<", leaf(`"ü&"`))
	}
	out := []Shape{
		{"document with blanks", false, doc.text(layout{blanks: true})},
		{"document with unsorted keys", false, doc.text(layout{reverse: true})},
		{"document with blanks around", false, " " + doc.String() + "\n"},
		{"document with integer-like and other keys", false, odd.String()},
		{"document with text after it", false, doc.String() + " tail"},
		{"document cut short", false, strings.TrimSuffix(doc.String(), "}")},
		{"document after a byte order mark", false, "\ufeff" + doc.String()},
		{"not JSON", false, "plain text"},
		{"empty value", false, ""},
		{"JSON null", false, "null"}, {"JSON array", false, `["x","y"]`}, {"JSON string", false, `"xyz"`},
		{"JSON number", false, "42"}, {"JSON true", false, "true"}, {"JSON empty object", false, "{}"},
	}
	for _, key := range doc.keys {
		if !doc.array {
			out = append(out, Shape{"document with a repeated key", false, doc.text(layout{twice: key})})
		}
	}
	return out
}
