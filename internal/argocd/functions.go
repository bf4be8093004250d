package argocd

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// functions are sprig's without those that look at the machine, Argo CD's own,
// and Go's that make texts, all of them guarded (applicationset/utils/utils.go,
// init).
func functions(deadline time.Time) template.FuncMap {
	all := map[string]any{
		"print": fmt.Sprint, "printf": fmt.Sprintf, "println": fmt.Sprintln,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
	}
	maps.Copy(all, sprig.GenericFuncMap())
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, name)
	}
	maps.Copy(all, map[string]any{
		"normalize": sanitizeName, "slugify": slugify,
		"toYaml": toYAML, "fromYaml": fromYAML, "fromYamlArray": fromYAMLArray,
	})
	out := template.FuncMap{}
	for name, f := range all {
		out[name] = guard(name, f, deadline)
	}
	return out
}

func toYAML(v any) (string, error) {
	b, err := yaml.Marshal(v)
	return strings.TrimSuffix(string(b), "\n"), err
}

func fromYAML(s string) (map[string]any, error) {
	m := map[string]any{}
	err := yaml.Unmarshal([]byte(s), &m)
	return m, err
}

func fromYAMLArray(s string) ([]any, error) {
	a := []any{}
	err := yaml.Unmarshal([]byte(s), &a)
	return a, err
}

var notDNS = regexp.MustCompile("[^-a-z0-9.]")

// sanitizeName is applicationset/utils/template_functions.go, SanitizeName.
func sanitizeName(name string) string {
	name = notDNS.ReplaceAllString(strings.ToLower(name), "-")
	if len(name) > 253 {
		name = name[:253]
	}
	return strings.Trim(name, "-.")
}

var (
	notSlug = regexp.MustCompile("[^a-zA-Z0-9-_]")
	dashes  = regexp.MustCompile("-+")
)

// slugify is applicationset/utils/utils.go, SlugifyName, over gosimple/slug
// 1.15: [size [whether to cut at a dash]] name.
func slugify(args ...any) (string, error) {
	size, smart, name := 50, true, ""
	var ok bool
	for i, arg := range args {
		switch i {
		case len(args) - 1:
			name, ok = arg.(string)
		case 0:
			size, ok = arg.(int)
		case 1:
			smart, ok = arg.(bool)
		}
		if !ok {
			return "", errors.New("slugify: want [size [smart]] name")
		}
	}
	s := strings.TrimSpace(sanitizeName(name))
	if !smart && size >= 0 && len(s) >= size {
		s = s[:size]
	}
	s = strings.Trim(dashes.ReplaceAllString(notSlug.ReplaceAllString(s, "-"), "-"), "-_")
	if size <= 0 || !smart || len(s) <= size {
		return s, nil
	}
	for i := size; i >= 0; i-- {
		if s[i] == '-' {
			return s[:i], nil
		}
	}
	return s[:size], nil
}

// guard bounds a function: what goes in and out must be small and shallow,
// and what it would make of it, too. A template can't be stopped from
// outside, so each call looks at the time.
func guard(name string, f any, deadline time.Time) any {
	v := reflect.ValueOf(f)
	return reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
		if !time.Now().Before(deadline) {
			panic(error(&LimitError{What: "the time in seconds that the templates take", Max: int64(maxExpansion / time.Second)}))
		}
		room := maxTemplate
		for _, a := range args {
			room = measure(a, room, 0)
		}
		if room < 0 || growth(name, args) > maxTemplate {
			panic(error(&LimitError{What: "what the function " + name + " is given or makes", Max: maxTemplate}))
		}
		var out []reflect.Value
		if v.Type().IsVariadic() {
			out = v.CallSlice(args)
		} else {
			out = v.Call(args)
		}
		room = maxTemplate
		for _, o := range out {
			room = measure(o, room, 0)
		}
		if room < 0 {
			panic(error(&LimitError{What: "what the function " + name + " makes", Max: maxTemplate}))
		}
		return out
	}).Interface()
}

// measure takes a value's size from room; what is nested without end is too
// large.
func measure(v reflect.Value, room, depth int) int {
	if room--; room < 0 || depth > 500 {
		return -1
	}
	switch v.Kind() {
	case reflect.String:
		return room - v.Len()
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return measure(v.Elem(), room, depth+1)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return room - v.Len()
		}
		for i := 0; i < v.Len() && room >= 0; i++ {
			room = measure(v.Index(i), room, depth+1)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next() && room >= 0; {
			room = measure(it.Key(), room, depth+1)
			if room >= 0 {
				room = measure(it.Value(), room, depth+1)
			}
		}
	}
	return room
}
