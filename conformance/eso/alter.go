package eso

import (
	"maps"
	"slices"
)

// alterations make an answer wrong, if they can.
var alterations = []func(kind string, a *Answer) bool{
	func(_ string, a *Answer) bool { a.Err = "altered"; return true },
	func(kind string, a *Answer) bool { // a byte more
		a.Value = append(slices.Clone(a.Value), 'x')
		return kind == "template" || kind == "secret"
	},
	func(_ string, a *Answer) bool { // another value
		for k, v := range a.Map {
			a.Map[k] = append(slices.Clone(v), 0)
			return true
		}
		return false
	},
	func(_ string, a *Answer) bool { // a key less
		for k := range a.Map {
			delete(a.Map, k)
			return true
		}
		return false
	},
	func(kind string, a *Answer) bool { // a key more
		a.Map["one more"] = nil
		return kind != "template" && kind != "secret"
	},
	func(kind string, a *Answer) bool { a.Type += "x"; return kind == "sync" },
	func(kind string, a *Answer) bool { a.Nothing = !a.Nothing; return kind == "sync" },
	func(kind string, a *Answer) bool { a.Labels["x"] = "y"; return kind == "sync" },
	func(kind string, a *Answer) bool { a.Annotations["x"] = "y"; return kind == "sync" },
}

// alter gives the simulated answer with one thing wrong, the n-th that is
// possible; nil where there is no answer.
func alter(in *Input, n int) *Answer {
	if in.Answer.Err != "" {
		return &Answer{} // an answer for an error
	}
	for i := range alterations {
		a := *in.Answer
		a.Map, a.Labels, a.Annotations = clone(a.Map), clone(a.Labels), clone(a.Annotations)
		if alterations[(n+i)%len(alterations)](in.Kind, &a) {
			return &a
		}
	}
	return nil
}

func clone[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}
