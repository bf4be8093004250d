package argocd

import (
	"os"
	"strings"
)

// maxExpanded bounds the result of one substitution.
const maxExpanded = 1 << 20

// EnvEntry is a variable.
type EnvEntry struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Env are variables; the last of a name wins.
type Env []*EnvEntry

// Environ gives "name=value" for each.
func (e Env) Environ() []string {
	var out []string
	for _, v := range e {
		if v != nil && *v != (EnvEntry{}) {
			out = append(out, v.Name+"="+v.Value)
		}
	}
	return out
}

// Expand puts the variables' values into s, as Argo CD does (types.go,
// Envsubst, which is os.Expand over the list alone): $VAR and ${VAR}, nothing
// for a variable that isn't in the list, "$$" for "$". The process's own
// environment isn't looked at. A result of more than 1 MiB is a *LimitError.
func (e Env) Expand(s string) (string, error) {
	if len(s) > maxExpanded {
		return "", &LimitError{What: "a value with variables", Max: maxExpanded}
	}
	if !strings.Contains(s, "$") {
		return s, nil
	}
	values := make(map[string]string, len(e))
	for _, v := range e {
		if v != nil {
			values[v.Name] = v.Value
		}
	}
	room := maxExpanded - len(s)
	out := os.Expand(s, func(name string) string {
		v := values[name]
		if name == "$" {
			v = "$"
		}
		if room -= len(v); room < 0 {
			return ""
		}
		return v
	})
	if room < 0 {
		return "", &LimitError{What: "a value with variables", Max: maxExpanded}
	}
	return out, nil
}

// expander expands many values and keeps the first error.
type expander struct {
	env Env
	err error
}

func (x *expander) expand(s string) string {
	out, err := x.env.Expand(s)
	if err != nil && x.err == nil {
		x.err = err
	}
	return out
}
