package esotest

import (
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
)

const widgetCRD = `
spec:
  group: example.com
  names: {kind: Widget}
  versions:
  - name: v1beta1
    served: false
    schema: {openAPIV3Schema: {type: object}}
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [store]
            properties:
              store: {type: string, pattern: "^[a-z]+$", minLength: 2, maxLength: 4}
              every: {type: string, default: 1h}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              limit: {type: integer}
              on: {type: boolean}
              note: {type: string, nullable: true, default: x}
              labels: {type: object, additionalProperties: {type: string}}
              target:
                type: object
                default: {policy: Owner}
                properties:
                  policy: {type: string, default: Owner, enum: [Owner, Merge]}
                  engine: {type: string, default: v2}
              items:
                type: array
                minItems: 1
                maxItems: 2
                items:
                  type: object
                  minProperties: 1
                  maxProperties: 2
                  properties:
                    key: {type: string}
                    mode: {type: string, default: None}
                    more: {type: string}
`

// widget is stored by widgetCRD as it is.
func widget() manifest.Map {
	return manifest.Map{
		{Key: "apiVersion", Value: "example.com/v1"},
		{Key: "kind", Value: "Widget"},
		{Key: "metadata", Value: manifest.Map{
			{Key: "name", Value: "a"},
			{Key: "namespace", Value: "b"},
			{Key: "labels", Value: manifest.Map{{Key: "example.com/a", Value: ""}}},
			{Key: "annotations", Value: manifest.Map{{Key: "a", Value: "any thing"}}},
		}},
		{Key: "spec", Value: manifest.Map{
			{Key: "store", Value: "aws"},
			{Key: "every", Value: "1h"},
			{Key: "port", Value: 80},
			{Key: "limit", Value: int64(1)},
			{Key: "on", Value: true},
			{Key: "note", Value: "x"},
			{Key: "labels", Value: manifest.Map{{Key: "a", Value: "b"}}},
			{Key: "target", Value: manifest.Map{{Key: "policy", Value: "Owner"}, {Key: "engine", Value: "v2"}}},
			{Key: "items", Value: []any{manifest.Map{{Key: "key", Value: "a"}, {Key: "mode", Value: "None"}}}},
		}},
	}
}

// edit replaces the value at a path of widget; remove as the value removes it.
func edit(m manifest.Map, value any, keys ...string) manifest.Map {
	if len(keys) == 1 && value == remove {
		return slices.DeleteFunc(m, func(f manifest.Field) bool { return f.Key == keys[0] })
	}
	if len(keys) > 1 {
		inner, _ := m.Get(keys[0]).(manifest.Map)
		value = edit(inner, value, keys[1:]...)
	}
	m.Set(keys[0], value)
	return m
}

const remove = "\x00remove"

// TestChecker breaks every rule, to show that the checker sees it.
func TestChecker(t *testing.T) {
	crd, err := parse([]byte(widgetCRD))
	if err != nil {
		t.Fatal(err)
	}
	item := func(fields ...manifest.Field) []any { return []any{manifest.Map(fields)} }
	mode := manifest.Field{Key: "mode", Value: "None"}
	for _, tt := range []struct {
		keys  string
		value any
		// want is part of the one finding; defaults is the one default.
		want, defaults string
	}{
		{"spec store", "aws", "", ""},
		{"apiVersion", "example.com/v1beta1", "apiVersion: example.com/v1beta1 isn't served", ""},
		{"apiVersion", "example.org/v1", "apiVersion: example.org/v1 isn't served", ""},
		{"kind", "Gadget", "kind: Gadget", ""},
		{"status", manifest.Map{}, "status: unknown field", ""},
		{"metadata name", "A", "metadata.name", ""},
		{"metadata name", remove, "metadata.name", ""},
		{"metadata namespace", "a.b", "metadata.namespace", ""},
		{"metadata labels", manifest.Map{}, "metadata.labels: not an object, or an empty one", ""},
		{"metadata labels", manifest.Map{{Key: "a", Value: "b c"}}, "metadata.labels: a", ""},
		{"metadata annotations", manifest.Map{{Key: "a", Value: true}}, "metadata.annotations: a", ""},
		{"metadata annotations", manifest.Map{{Key: "a b", Value: ""}}, "metadata.annotations: a b", ""},
		{"metadata uid", "1", "metadata.uid", ""},
		{"metadata", remove, "metadata: missing", ""},
		{"spec store", remove, "spec: store is required", ""},
		{"spec store", "AWS", "spec.store: \"AWS\" doesn't match", ""},
		{"spec store", "a", "spec.store: 1 is below minLength 2", ""},
		{"spec store", "abcde", "spec.store: 5 is above maxLength 4", ""},
		{"spec store", 1, "spec.store: a int64 isn't string", ""},
		{"spec store", nil, "spec.store: null", ""},
		{"spec store", 1.5, "spec.store: a float64 isn't printed", ""},
		{"spec on", "true", "spec.on: a string isn't boolean", ""},
		{"spec limit", "1", "spec.limit: a string isn't integer", ""},
		{"spec port", "http", "", ""},
		{"spec port", true, "spec.port: a bool isn't", ""},
		{"spec note", nil, "", ""},
		{"spec labels", []string{"a"}, "spec.labels: a []interface {} isn't object", ""},
		{"spec labels", manifest.Map{{Key: "a", Value: 1}}, "spec.labels.a: a int64", ""},
		{"spec labels", manifest.Map{{Key: "a", Value: "1"}, {Key: "a", Value: "1"}}, "spec.labels.a: twice", ""},
		{"spec target policy", "Orphan", "spec.target.policy: Orphan isn't one of", ""},
		{"spec target other", "x", "spec.target.other: unknown field", ""},
		{"spec items", []any{}, "spec.items: 0 is below minItems 1", ""},
		{"spec items", append(item(mode), append(item(mode), item(mode)...)...), "spec.items: 3 is above maxItems 2", ""},
		{"spec items", item(manifest.Field{Key: "nope", Value: "x"}, mode), "spec.items[0].nope: unknown field", ""},
		{"spec items", item(manifest.Field{Key: "key", Value: "x"}, manifest.Field{Key: "more", Value: "x"}, mode), "spec.items[0]: 3 is above maxProperties 2", ""},
		{"spec items", item(), "spec.items[0]: 0 is below minProperties 1", "spec.items[0].mode: None"},
		{"spec items", item(manifest.Field{Key: "key", Value: "x"}), "", "spec.items[0].mode: None"},
		{"spec every", remove, "", "spec.every: 1h"},
		{"spec target engine", remove, "", "spec.target.engine: v2"},
		{"spec target", remove, "", "spec.target: map[policy:Owner]"},
	} {
		m := edit(widget(), tt.value, strings.Fields(tt.keys)...)
		found := crd.Check(m)
		// A value that can't be printed is of no type either.
		if tt.want == "" && found != nil || tt.want != "" && (len(found) == 0 || !strings.HasPrefix(found[0], tt.want)) {
			t.Errorf("%s = %v: Check says %q, want %q", tt.keys, tt.value, found, tt.want)
		}
		added := crd.Defaults(m)
		if crd.Serves(m.Get("apiVersion").(string)) && (tt.defaults == "" && added != nil || tt.defaults != "" && (len(added) == 0 || added[0] != tt.defaults)) {
			t.Errorf("%s = %v: Defaults says %q, want %q", tt.keys, tt.value, added, tt.defaults)
		}
	}
	// An added object gets defaults of its own.
	added := crd.Defaults(edit(widget(), remove, "spec", "target"))
	if want := []string{"spec.target: map[policy:Owner]", "spec.target.engine: v2"}; !slices.Equal(added, want) {
		t.Errorf("Defaults says %q, want %q", added, want)
	}
}

func TestUnheededKeyword(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a keyword that Check doesn't heed goes unseen")
		}
	}()
	Schema{"type": "string", "maximum": 1}.Check("x")
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{"a: [", "spec: {versions: [{name: v1, served: false}]}"} {
		if _, err := parse([]byte(in)); err == nil {
			t.Errorf("%q is taken for a CRD", in)
		}
	}
}
