package argocd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"maps"
)

// RawExtension is JSON that nobody has a schema for, as apimachinery's.
type RawExtension struct {
	Raw []byte `json:"-"`
}

// UnmarshalJSON keeps the bytes.
func (r *RawExtension) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	r.Raw = append(r.Raw[:0], b...)
	return nil
}

// MarshalJSON gives the bytes.
func (r RawExtension) MarshalJSON() ([]byte, error) {
	if r.Raw == nil {
		return []byte("null"), nil
	}
	return r.Raw, nil
}

// IntOrString is a number or a text, as apimachinery's.
type IntOrString struct {
	IsString bool
	Int      int32
	Str      string
}

// UnmarshalJSON reads either form.
func (v *IntOrString) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		v.IsString = true
		return json.Unmarshal(b, &v.Str)
	}
	v.IsString = false
	return json.Unmarshal(b, &v.Int)
}

// MarshalJSON gives the form that was read.
func (v IntOrString) MarshalJSON() ([]byte, error) {
	if v.IsString {
		return json.Marshal(v.Str)
	}
	return json.Marshal(v.Int)
}

// Number is the value; a text must hold one (types.go, GetIntCount).
func (v IntOrString) Number() (int64, error) {
	if !v.IsString {
		return int64(v.Int), nil
	}
	n, err := strconv.Atoi(v.Str)
	if err != nil {
		return 0, fmt.Errorf("expected integer value for count. Received: %s", v.Str)
	}
	return int64(n), nil
}

// MarshalJSON tells an empty map or array from none (types.go,
// ApplicationSourcePluginParameter.MarshalJSON); keys are sorted.
func (p PluginParameter) MarshalJSON() ([]byte, error) {
	out := map[string]any{"name": p.Name}
	if p.String != nil {
		out["string"] = *p.String
	}
	if p.OptionalMap != nil {
		out["map"] = p.Map
		if p.Map == nil {
			out["map"] = map[string]string{}
		}
	}
	if p.OptionalArray != nil {
		out["array"] = p.Array
		if p.Array == nil {
			out["array"] = []string{}
		}
	}
	return json.Marshal(out)
}

var notVariable = regexp.MustCompile("[^A-Z0-9_]")

// Environ is how a plugin gets its parameters: ARGOCD_APP_PARAMETERS and one
// PARAM_* for each value (types.go, ApplicationSourcePluginParameters.Environ;
// the keys of a map are sorted here).
func (p PluginParameters) Environ() ([]string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("print plugin parameters: %w", err)
	}
	env := []string{"ARGOCD_APP_PARAMETERS=" + string(b)}
	escape := func(s string) string { return notVariable.ReplaceAllString(strings.ToUpper(s), "_") }
	for _, param := range p {
		base := "PARAM_" + escape(param.Name)
		if param.String != nil {
			env = append(env, base+"="+*param.String)
		}
		if param.OptionalMap != nil {
			for _, k := range slices.Sorted(maps.Keys(param.Map)) {
				env = append(env, base+"_"+escape(k)+"="+param.Map[k])
			}
		}
		if param.OptionalArray != nil {
			for i, v := range param.Array {
				env = append(env, base+"_"+strconv.Itoa(i)+"="+v)
			}
		}
	}
	return env, nil
}
