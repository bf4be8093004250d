package esotest

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/manifest"
)

// Schema is a structural OpenAPI v3 schema as a CRD holds it.
type Schema map[string]any

// Plain turns a manifest.Map into maps and slices that JSON knows, and
// returns what can't be printed: keys that occur twice and values of other
// types.
func Plain(v any) (plain any, found []string) {
	return toPlain("", v)
}

func toPlain(path string, v any) (any, []string) {
	switch v := v.(type) {
	case manifest.Map:
		m, found := map[string]any{}, []string(nil)
		for _, f := range v {
			p := join(path, f.Key)
			if _, ok := m[f.Key]; ok {
				found = append(found, p+": twice")
			}
			var more []string
			m[f.Key], more = toPlain(p, f.Value)
			found = append(found, more...)
		}
		return m, found
	case []any:
		list, found := make([]any, len(v)), []string(nil)
		for i, e := range v {
			var more []string
			list[i], more = toPlain(fmt.Sprintf("%s[%d]", path, i), e)
			found = append(found, more...)
		}
		return list, found
	case []string:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = e
		}
		return list, nil
	case nil, string, bool:
		return v, nil
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	}
	return v, []string{fmt.Sprintf("%s: a %T isn't printed", path, v)}
}

// Check returns what a plain value breaks of the schema, each as "path:
// reason", in order. Unknown fields count, since an API server prunes them.
func (s Schema) Check(v any) []string { return s.check("", v) }

// keywords are those that check and Defaults heed, and those that hold of
// nothing that we print.
var keywords = map[string]bool{
	"properties": true, "additionalProperties": true, "items": true, "type": true, "required": true,
	"default": true, "enum": true, "pattern": true, "minLength": true, "maxLength": true,
	"minProperties": true, "maxProperties": true, "minItems": true, "maxItems": true, "nullable": true,
	"x-kubernetes-int-or-string": true, "anyOf": true, // only ever together
	"format": true, "example": true, "x-kubernetes-map-type": true, "x-kubernetes-list-type": true,
	"x-kubernetes-validations": true, // CEL: only aws.customSessionTags has a rule
}

func (s Schema) check(path string, v any) (found []string) {
	add := func(format string, args ...any) {
		found = append(found, path+": "+fmt.Sprintf(format, args...))
	}
	for k := range s {
		if !keywords[k] {
			panic(fmt.Sprintf("esotest: %s: schema keyword %q isn't heeded", path, k))
		}
	}
	if v == nil {
		if s["nullable"] != true {
			add("null")
		}
		return found
	}
	if !s.hasType(v) {
		add("a %T isn't %v", v, s["type"])
		return found
	}
	if enum, ok := s["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return reflect.DeepEqual(e, v) }) {
		add("%v isn't one of %v", v, enum)
	}
	switch v := v.(type) {
	case string:
		if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			add("%q doesn't match %s", v, p)
		}
		s.between("Length", utf8.RuneCountInString(v), add)
	case []any:
		s.between("Items", len(v), add)
		for i, e := range v {
			found = append(found, s.sub("items").check(fmt.Sprintf("%s[%d]", path, i), e)...)
		}
	case map[string]any:
		s.between("Properties", len(v), add)
		required, _ := s["required"].([]any)
		for _, r := range required {
			if _, ok := v[r.(string)]; !ok {
				add("%s is required", r)
			}
		}
		for _, k := range sortedKeys(v) {
			if p := s.Property(k); p != nil {
				found = append(found, p.check(join(path, k), v[k])...)
			} else if path != "" || k != "metadata" {
				found = append(found, join(path, k)+": unknown field")
			}
		}
	}
	return found
}

// between checks a count against min<What> and max<What>.
func (s Schema) between(what string, n int, add func(string, ...any)) {
	if limit, ok := number(s["min"+what]); ok && n < limit {
		add("%d is below min%s %d", n, what, limit)
	}
	if limit, ok := number(s["max"+what]); ok && n > limit {
		add("%d is above max%s %d", n, what, limit)
	}
}

func (s Schema) hasType(v any) bool {
	kind := ""
	switch v.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case int64:
		kind = "integer"
	case []any:
		kind = "array"
	case map[string]any:
		kind = "object"
	}
	if s["x-kubernetes-int-or-string"] == true {
		return kind == "integer" || kind == "string"
	}
	return s["type"] == kind || kind == "integer" && s["type"] == "number"
}

// Defaults returns what structural defaulting would add to a plain value,
// each as "path: value", in order. The value is left alone.
func (s Schema) Defaults(v any) []string { return s.defaults("", clone(v)) }

// defaults does as Default in k8s.io/apiextensions-apiserver's package
// defaulting: first the defaults of an object's missing properties, then what
// lies inside, list elements and the added defaults themselves included.
func (s Schema) defaults(path string, v any) (added []string) {
	switch v := v.(type) {
	case map[string]any:
		props := toSchema(s["properties"])
		for _, k := range sortedKeys(props) {
			p := toSchema(props[k])
			d, ok := p["default"]
			if old, has := v[k]; !ok || has && (old != nil || p["nullable"] == true) {
				continue
			}
			v[k] = clone(d)
			added = append(added, fmt.Sprintf("%s: %v", join(path, k), d))
		}
		for _, k := range sortedKeys(v) {
			if p := s.Property(k); p != nil {
				added = append(added, p.defaults(join(path, k), v[k])...)
			}
		}
	case []any:
		for i, e := range v {
			added = append(added, s.sub("items").defaults(fmt.Sprintf("%s[%d]", path, i), e)...)
		}
	}
	return added
}

// Property returns the schema of a key; nil for one that is unknown.
func (s Schema) Property(key string) Schema {
	if p, ok := toSchema(s["properties"])[key]; ok {
		return toSchema(p)
	}
	return s.sub("additionalProperties")
}

func (s Schema) sub(key string) Schema { return toSchema(s[key]) }

func toSchema(v any) Schema {
	switch v := v.(type) {
	case Schema:
		return v
	case map[string]any:
		return v
	}
	return nil
}

func clone(v any) any {
	switch v := v.(type) {
	case Schema:
		return clone(map[string]any(v))
	case map[string]any:
		m := maps.Clone(v)
		for k := range m {
			m[k] = clone(m[k])
		}
		return m
	case []any:
		list := slices.Clone(v)
		for i := range list {
			list[i] = clone(list[i])
		}
		return list
	}
	return v
}

// number reads a limit, which YAML gives as an int and JSON as a float64.
func number(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		return int(v), true
	}
	return 0, false
}

func sortedKeys[M ~map[string]any](m M) []string { return slices.Sorted(maps.Keys(m)) }

func join(path, key string) string {
	return strings.TrimPrefix(path+"."+key, ".")
}
