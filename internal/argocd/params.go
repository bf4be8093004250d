package argocd

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
)

// flatten makes one level of texts, "a.b" and "list.0", as a selector and the
// templates without Go templates see them (jeremywohl/flatten, dot style):
// empty maps and lists vanish.
func flatten(in map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range in {
		flattenInto(out, k, v)
	}
	return out
}

func flattenInto(out map[string]string, key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			flattenInto(out, key+"."+k, e)
		}
	case map[string]string:
		for k, e := range v {
			out[key+"."+k] = e
		}
	case []any:
		for i, e := range v {
			flattenInto(out, key+"."+strconv.Itoa(i), e)
		}
	default:
		out[key] = fmt.Sprintf("%v", v)
	}
}

// combine is applicationset/utils/map.go, CombineStringMaps.
func combine(a, b map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for k, v := range a {
		out[k] = fmt.Sprintf("%v", v)
	}
	for k, v := range b {
		s := fmt.Sprintf("%v", v)
		if old, ok := out[k]; ok && old != s {
			return nil, fmt.Errorf("found duplicate key %s with different value, a: %s ,b: %s", k, old, s)
		}
		out[k] = s
	}
	return out, nil
}

// override merges src into dst as mergo.Merge with WithOverride does: maps are
// merged, anything else is replaced, also by what is empty. Maps of texts stay
// such, since templates can tell. Argo CD's controller crashes where such a
// map (values, labels) would get values of any kind, so that is an error.
func override(dst, src map[string]any) error {
	for k, v := range src {
		if !isMap(v) {
			dst[k] = v
			continue
		}
		if !isMap(dst[k]) {
			dst[k] = copyMap(v) // its own: dst may be merged into again
			continue
		}
		m, err := overrideMap(dst[k], v)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", k, err)
		}
		dst[k] = m
	}
	return nil
}

func isMap(v any) bool {
	switch v.(type) {
	case map[string]any, map[string]string:
		return true
	}
	return false
}

func overrideMap(dst, src any) (any, error) {
	into, ok := dst.(map[string]string)
	if !ok {
		out := anyMap(dst)
		return out, override(out, anyMap(src))
	}
	from, ok := src.(map[string]string)
	if !ok {
		return nil, errors.New("two generators make it, one of texts and one of any values, and Argo CD can't merge them in this order")
	}
	out := maps.Clone(into)
	maps.Copy(out, from)
	return out, nil
}

func copyMap(v any) any {
	if m, ok := v.(map[string]string); ok {
		return maps.Clone(m)
	}
	return anyMap(v)
}

// anyMap is a copy, one level deep.
func anyMap(v any) map[string]any {
	out := map[string]any{}
	switch v := v.(type) {
	case map[string]any:
		maps.Copy(out, v)
	case map[string]string:
		for k, s := range v {
			out[k] = s
		}
	}
	return out
}

// mergeTemplates fills what a generator's own template leaves empty with the
// ApplicationSet's (generator_spec_processor.go, mergeGeneratorTemplate, which
// is mergo.Merge). A list or a valuesObject is taken whole.
func mergeTemplates(own, template map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, own)
	for k, v := range template {
		a, ok1 := out[k].(map[string]any)
		b, ok2 := v.(map[string]any)
		switch {
		case isEmpty(out[k]):
			out[k] = v
		case ok1 && ok2 && k != "valuesObject":
			out[k] = mergeTemplates(a, b)
		}
	}
	return out
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
