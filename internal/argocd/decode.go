package argocd

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kesbridge/internal/spelling"
)

// decodeApplication reads an Application. A field of its sources that nobody
// knows is an error: to pass over an option of a newer Argo CD, or over a
// misspelt one, would render something else.
func decodeApplication(b []byte, app *Application) error {
	if err := json.Unmarshal(b, app); err != nil {
		return fmt.Errorf("read Application: %w", err)
	}
	if err := checkName(app.Metadata); err != nil {
		return err
	}
	var tree struct {
		Spec struct {
			Source  any   `json:"source"`
			Sources []any `json:"sources"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(b, &tree); err != nil {
		return fmt.Errorf("read Application: %w", err)
	}
	t := reflect.TypeFor[ApplicationSource]()
	if err := unknownField(tree.Spec.Source, t, "spec.source"); err != nil {
		return err
	}
	for i, s := range tree.Spec.Sources {
		if err := unknownField(s, t, fmt.Sprintf("spec.sources[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// unknownField compares names exactly, as the API server does; encoding/json
// is more lenient.
func unknownField(v any, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return nil
		}
		for i, e := range v {
			if err := unknownField(e, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[RawExtension]() {
			return nil
		}
		fields := map[string]reflect.Type{}
		jsonFields(t, fields)
		names := sortedKeys(fields)
		for _, k := range sortedKeys(v) {
			ft, ok := fields[k]
			if !ok {
				return unknown(path+"."+k, k, names)
			}
			if err := unknownField(v[k], ft, path+"."+k); err != nil {
				return err
			}
		}
	}
	return nil
}

func unknown(path, name string, names []string) error {
	reason := "no such field is known"
	if near := spelling.Closest(name, names); near != "" {
		reason += "; did you mean " + near + "?"
	}
	return &UnsupportedError{Field: path, Value: "the field", Reason: reason}
}

func jsonFields(t reflect.Type, out map[string]reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && f.Anonymous:
			ft := f.Type
			if ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			jsonFields(ft, out)
		default:
			out[name] = f.Type
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
