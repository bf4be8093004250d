package cutover

import (
	"regexp"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// Mention is a text that has the name of a Secret and may refer to it.
type Mention struct {
	Path  []any
	Field string
	Name  string
}

// hint is what keys are called that hold references to Secrets. In texts only
// the first two words count: others are everywhere.
var (
	hint     = regexp.MustCompile(`(?i)secret|credential|passw|token|tls|cert|auth`)
	textHint = regexp.MustCompile(`(?i)secret|credential`)
)

// Mentions lists texts of an object in which a name stands and may refer to a
// Secret: in arguments, variables, ConfigMaps and annotations a text that is the
// name, or one that has it beside a word such as secret; in other fields a text
// that is the name under a key such as secretRef. Names of the object itself,
// labels and selectors are none. What References lists is among them.
func Mentions(ref manifest.Ref, o map[string]any, known func(name string) bool) []Mention {
	f := mentionFinder{ref: ref, known: known}
	f.walk(o, nil, false)
	return f.out
}

type mentionFinder struct {
	ref   manifest.Ref
	known func(string) bool
	out   []Mention
}

// notReferences are keys below which a name says what the object itself is.
var notReferences = []string{"labels", "matchLabels", "selector", "ownerReferences", "managedFields", "matchExpressions", "status"}

// free: a text stands here that people write as they like.
func (f *mentionFinder) walk(v any, path []any, free bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if slices.Contains(notReferences, key) || len(path) == 0 && (key == "apiVersion" || key == "kind") {
				continue
			}
			if len(path) == 1 && path[0] == "metadata" && key != "annotations" {
				continue
			}
			if key == "resourceNames" && f.ref.Group == "rbac.authorization.k8s.io" {
				f.resourceNames(v, path)
				continue
			}
			f.walk(v[key], extend(path, key), free || freeKey(key, path, f.ref))
		}
	case []any:
		for i, x := range v {
			before := ""
			if i > 0 {
				before, _ = v[i-1].(string)
			}
			if s, ok := x.(string); ok {
				f.text(s, extend(path, i), free, before)
				continue
			}
			f.walk(x, extend(path, i), free)
		}
	case string:
		f.text(v, path, free, "")
	}
}

// freeKey: args and command, a variable's value, a ConfigMap's data, annotations.
func freeKey(key string, path []any, ref manifest.Ref) bool {
	switch key {
	case "args", "command", "annotations":
		return true
	case "value":
		return len(path) > 1 && path[len(path)-2] == "env"
	case "data":
		return len(path) == 0 && ref.Group == "" && ref.Kind == "ConfigMap"
	}
	return false
}

// resourceNames: a Role names the Secrets that may be read.
func (f *mentionFinder) resourceNames(rule map[string]any, path []any) {
	resources, _ := rule["resources"].([]any)
	names, _ := rule["resourceNames"].([]any)
	if !slices.Contains(resources, any("secrets")) && !slices.Contains(resources, any("*")) {
		return
	}
	for i, n := range names {
		if s, ok := n.(string); ok && f.known(s) {
			f.add(s, extend(extend(path, "resourceNames"), i))
		}
	}
}

// text judges a text; before is the one in front of it in a list, which may be
// the option that it belongs to.
func (f *mentionFinder) text(s string, path []any, free bool, before string) {
	if f.known(s) {
		if free || f.hinted(path) {
			f.add(s, path)
		}
		return
	}
	said := map[string]bool{}
	for line := range strings.Lines(s) {
		if !textHint.MatchString(line) && !textHint.MatchString(before) && !(free && f.keyHinted(path)) {
			continue
		}
		for name := range strings.FieldsFuncSeq(line, func(c rune) bool { return c > 127 || !nameByte(byte(c)) }) {
			// A sentence's or an option's end isn't the name's.
			if name = strings.Trim(name, ".-"); f.known(name) && !said[name] {
				said[name] = true
				f.add(name, path)
			}
		}
	}
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.'
}

// hinted: a key on the way says that it is about secrets; a name's own last key
// counts with the one in front of it alone.
func (f *mentionFinder) hinted(path []any) bool {
	return slices.ContainsFunc(path, func(step any) bool {
		key, ok := step.(string)
		return ok && hint.MatchString(key)
	})
}

// keyHinted: the last key says so.
func (f *mentionFinder) keyHinted(path []any) bool {
	for i := len(path) - 1; i >= 0; i-- {
		if key, ok := path[i].(string); ok {
			return textHint.MatchString(key)
		}
	}
	return false
}

func (f *mentionFinder) add(name string, path []any) {
	f.out = append(f.out, Mention{path, fieldText(path), name})
}

// SayObjects names all objects among readers, each once, without the fields.
func SayObjects(list []Reader) string {
	var names []string
	for _, r := range list {
		r.Path = ""
		if s := r.String(); !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return strings.Join(names, ", ")
}
