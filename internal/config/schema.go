package config

import (
	"bytes"
	"encoding/json"
)

// Schema is the JSON schema of kesbridge.yaml (draft 2020-12), for editors. It
// asks for everything that can be said in a schema; what can't (that a pattern
// is well-formed, that no key is given twice) only the parser knows.
func Schema() []byte {
	s := schemaOf(file())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = FileName
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(err) // maps, lists and texts only
	}
	return b.Bytes()
}

func schemaOf(s *shape) map[string]any {
	m := map[string]any{}
	if s.doc != "" {
		m["description"] = s.doc
	}
	if s.preset != nil {
		m["default"] = s.preset
	}
	if s.example != nil {
		m["examples"] = []any{s.example}
	}
	switch s.kind {
	case object:
		objectSchema(s, m)
	case dictionary:
		m["type"] = []string{"object", "null"}
		m["additionalProperties"] = schemaOf(s.item)
		m["propertyNames"] = map[string]any{"minLength": 1}
	case list:
		m["type"] = []string{"array", "null"}
		m["items"] = schemaOf(s.item)
	case text:
		textSchema(s, m)
	case boolean:
		m["type"] = "boolean"
	case globs:
		one := map[string]any{"type": looseTypes, "maxLength": maxGlob}
		m["anyOf"] = []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}}
	}
	return m
}

// looseTypes are what is taken as text.
var looseTypes = []string{"string", "number", "boolean"}

func objectSchema(s *shape, m map[string]any) {
	properties, required := map[string]any{}, []string{}
	for _, f := range s.fields {
		if f.later {
			continue
		}
		p := schemaOf(f.shape)
		if f.name == "match" {
			p["type"] = "object" // as the checker: no match by accident
		}
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
	}
	m["type"] = []string{"object", "null"}
	m["properties"] = properties
	m["additionalProperties"] = false
	if len(s.either) > 0 {
		var one []any
		for _, name := range s.either {
			one = append(one, map[string]any{"required": []string{name}})
		}
		m["type"], m["anyOf"] = "object", one
	}
	if len(required) > 0 {
		m["type"] = "object"
		m["required"] = required
	}
}

func textSchema(s *shape, m map[string]any) {
	types := []string{"string"}
	if s.loose {
		types = looseTypes
	}
	if s.empty {
		types = append(append([]string{}, types...), "null")
	} else {
		m["minLength"] = 1
	}
	m["type"] = types
	if s.enum != nil {
		m["enum"] = s.enum
	}
	if s.pattern != nil {
		m["pattern"] = s.pattern.String()
	}
}
