package eso

import "strings"

// Fill writes the defaults of the profile's releases into an ExternalSecret
// where their parents are, as the API server would. A profile may stand for
// releases with different defaults: only those are written that the live
// object has somewhere. Anything but the profile's own apiVersion stays as it
// is.
func (p Profile) Fill(object, live map[string]any) {
	if object["apiVersion"] != p.APIVersion() || object["kind"] != "ExternalSecret" {
		return
	}
	s, _, _ := p.span()
	for _, f := range s.defaults {
		path := strings.Split(f.path, ".")
		if value := p.defaultOf(f.path); value != "" && has(live, path, value) {
			fillIn(object, path, value)
		}
	}
	// In mappings: since 0.9, in both apiVersions (facts/eso-crd-defaults.md,
	// section 2).
	for _, d := range [][2]string{
		{"spec.target.creationPolicy", "Owner"},
		{"spec.target.deletionPolicy", "Retain"},
		{"spec.target.template.engineVersion", "v2"},
		{"spec.target.template.mergePolicy", "Replace"},
	} {
		path := strings.Split(d[0], ".")
		if p.Knows(d[0]) && has(live, path, d[1]) {
			fillIn(object, path, d[1])
		}
	}
}

func fillIn(m map[string]any, path []string, value string) {
	key, list := strings.CutSuffix(path[0], "[]")
	switch {
	case len(path) == 1:
		if _, ok := m[key]; !ok {
			m[key] = value
		}
	case list:
		items, _ := m[key].([]any)
		for _, item := range items {
			if child, ok := item.(map[string]any); ok {
				fillIn(child, path[1:], value)
			}
		}
	default:
		if child, ok := m[key].(map[string]any); ok {
			fillIn(child, path[1:], value)
		}
	}
}

// has reports whether a value stands at a path, in any element of its lists.
func has(m map[string]any, path []string, value string) bool {
	key, list := strings.CutSuffix(path[0], "[]")
	switch {
	case len(path) == 1:
		return m[key] == value
	case list:
		items, _ := m[key].([]any)
		for _, item := range items {
			if child, ok := item.(map[string]any); ok && has(child, path[1:], value) {
				return true
			}
		}
		return false
	}
	child, _ := m[key].(map[string]any)
	return child != nil && has(child, path[1:], value)
}
