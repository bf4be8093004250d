package preview

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
)

// What argocd prints for a value of a Secret, and adds for another one of the
// same key (gitops-engine pkg/diff, HideSecretData).
const (
	mask     = "++++++++"
	maskMore = "++++"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Mask hides the values of Secrets in two states of one object, wherever in
// them a Secret stands: equal values have equal masks, different ones masks of
// different lengths. Either may be nil. Both are changed in place.
func Mask(before, after map[string]any) {
	if !isSecret(before) && !isSecret(after) {
		if isSealed(before) || isSealed(after) {
			for _, field := range []string{"data", "stringData"} {
				hide(submap(submap(before, "spec"), "template"), submap(submap(after, "spec"), "template"), field)
			}
		}
		inside(before, after)
		return
	}
	for _, field := range []string{"data", "stringData"} {
		hide(before, after, field)
	}
	a, b := submap(submap(before, "metadata"), "annotations"), submap(submap(after, "metadata"), "annotations")
	pair(a, b, func(key string) bool { return key == lastApplied })
}

func isSecret(m map[string]any) bool {
	version, _ := m["apiVersion"].(string)
	return m["kind"] == "Secret" && !strings.Contains(version, "/")
}

// isSealed: the template of a SealedSecret (bitnami.com/v1alpha1) is part of a
// Secret, and values in it are plain text.
func isSealed(m map[string]any) bool {
	version, _ := m["apiVersion"].(string)
	return m["kind"] == "SealedSecret" && strings.HasPrefix(version, "bitnami.com/")
}

// secretText is where a text says that it is, or holds, a Secret: YAML in block
// or flow style, or JSON, also as a string in a string.
var secretText = regexp.MustCompile(`(?:^|[\s,{\[-])\\*["']?kind\\*["']?\s*:\s*\\*["']?Secret(?:List)?\\*["']?\s*(?:$|[\r\n,}#])`)

// holdsSecret reports whether a value is a text with a Secret in it, such as a
// manifest in a ConfigMap.
func holdsSecret(v any) bool {
	s, ok := v.(string)
	return ok && strings.Contains(s, "Secret") && secretText.MatchString(s)
}

// hide masks a field of Secrets, also one that isn't the map that it should
// be: nobody knows what is in it.
func hide(before, after map[string]any, field string) {
	a, aok := before[field].(map[string]any)
	b, bok := after[field].(map[string]any)
	if before[field] != nil && !aok || after[field] != nil && !bok {
		pair(before, after, func(key string) bool { return key == field })
		return
	}
	pair(a, b, func(string) bool { return true })
}

// pair masks the chosen keys of two maps.
func pair(a, b map[string]any, chosen func(string) bool) {
	for key, v := range a {
		if !chosen(key) {
			continue
		}
		other, both := b[key]
		a[key] = mask
		if !both {
			continue
		}
		b[key] = mask
		if !reflect.DeepEqual(v, other) {
			b[key] = mask + maskMore
		}
	}
	for key := range b {
		if _, done := a[key]; !done && chosen(key) {
			b[key] = mask
		}
	}
}

// inside looks for Secrets in an object of another kind, such as a List or a
// template: those at the same place are the two states of one.
func inside(before, after map[string]any) {
	texts := func(key string) bool { return holdsSecret(before[key]) || holdsSecret(after[key]) }
	hidden := map[string]bool{}
	for _, m := range []map[string]any{before, after} {
		for key := range m {
			hidden[key] = hidden[key] || texts(key)
		}
	}
	pair(before, after, func(key string) bool { return hidden[key] })
	for key := range hidden {
		if !hidden[key] {
			walk(before[key], after[key])
		}
	}
}

func walk(before, after any) {
	a, aok := before.(map[string]any)
	b, bok := after.(map[string]any)
	if aok || bok {
		if before != nil && !aok {
			walk(before, nil)
		}
		if after != nil && !bok {
			walk(nil, after)
		}
		Mask(a, b)
		return
	}
	x, _ := before.([]any)
	y, _ := after.([]any)
	for i := range max(len(x), len(y)) {
		var v, w any
		if i < len(x) {
			v = x[i]
		}
		if i < len(y) {
			w = y[i]
		}
		if !holdsSecret(v) && !holdsSecret(w) {
			walk(v, w)
			continue
		}
		if i < len(x) {
			x[i] = mask
		}
		if i < len(y) {
			y[i] = mask
			if i < len(x) && !reflect.DeepEqual(v, w) {
				y[i] = mask + maskMore
			}
		}
	}
}

func submap(m map[string]any, key string) map[string]any {
	s, _ := m[key].(map[string]any)
	return s
}

// Copy is a deep copy of what came from JSON.
func Copy(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return map[string]any{} // not from JSON: show nothing rather than a value
	}
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return out
}
