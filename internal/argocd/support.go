package argocd

import (
	"fmt"
	"reflect"
	"strings"
)

// Unsupported are the fields of a source that aren't honoured when they are
// set, by their paths, with the reason. A source that sets one isn't rendered
// at all.
var Unsupported = map[string]string{
	"kustomize.version":                "the administrator's kustomize binaries aren't here; one kustomize is built in",
	"directory.disableExtensionFilter": "only *.yaml, *.yml, *.json and *.jsonnet are read",
}

// Ignored are the fields that change nothing in a render, with the reason.
var Ignored = map[string]string{
	"helm.version":   "one Helm is built in, as in Argo CD since 3.5, which takes v3 and v4 and does the same for both",
	"name":           "a source's name is for display",
	"tagPrefix":      "the checkout is at the revision already",
	"targetRevision": "the checkout is at the revision already",
}

// ExplicitType is the tool whose options a source has: "Helm", "Kustomize",
// "Directory", "Plugin", or empty where the directory decides. More than one
// is a *MultipleTypesError (types.go, ExplicitType).
func (s *ApplicationSource) ExplicitType() (string, error) {
	var types []string
	for _, t := range []struct {
		set  bool
		name string
	}{
		{s.Kustomize != nil, "Kustomize"},
		{s.Helm != nil, "Helm"},
		{s.Directory != nil, "Directory"},
		{s.Plugin != nil, "Plugin"},
	} {
		if t.set {
			types = append(types, t.name)
		}
	}
	switch len(types) {
	case 0:
		return "", nil
	case 1:
		return types[0], nil
	}
	return "", &MultipleTypesError{Types: types}
}

// checkSupported finds fields of Unsupported, and Helm versions that Argo CD
// refuses, too (util/helm/cmd.go, NewCmd).
func checkSupported(source *ApplicationSource) error {
	if h := source.Helm; h != nil && h.Version != "" && h.Version != "v3" && h.Version != "v4" {
		return &UnsupportedError{Field: "helm.version", Value: h.Version, Reason: "Argo CD takes v3 and v4"}
	}
	for _, field := range []string{"kustomize.version", "directory.disableExtensionFilter"} {
		if v := lookup(reflect.ValueOf(source), field); v.IsValid() && !v.IsZero() {
			return &UnsupportedError{Field: field, Value: fmt.Sprint(v.Interface()), Reason: Unsupported[field]}
		}
	}
	return nil
}

// lookup finds a field by its JSON names; not valid if a block isn't there.
func lookup(v reflect.Value, field string) reflect.Value {
	for name := range strings.SplitSeq(field, ".") {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}
			}
			v = v.Elem()
		}
		if v = fieldByJSON(v, name); !v.IsValid() {
			return v
		}
	}
	return v
}

func fieldByJSON(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); tag == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}
