package live

import (
	"strconv"
	"strings"

	"github.com/gobwas/glob"
)

// Ignore are fields that an Application tells Argo CD not to compare
// (spec.ignoreDifferences).
type Ignore struct {
	// Group and Kind are globs; empty Name and Namespace match all.
	Group, Kind, Name, Namespace string
	// Pointers are JSON pointers.
	Pointers []string
}

func (i *Ignore) remove(o *Object) {
	gvk := gvkOf(o)
	if !matches(i.Group, gvk.Group) || !matches(i.Kind, gvk.Kind) || i.Name != "" && i.Name != o.GetName() || i.Namespace != "" && i.Namespace != o.GetNamespace() {
		return
	}
	for _, p := range i.Pointers {
		removePointer(o.Object, p)
	}
}

func matches(pattern, s string) bool {
	g, err := glob.Compile(pattern)
	return err == nil && g.Match(s)
}

// removePointer takes a value away, if it is there.
func removePointer(m map[string]any, pointer string) {
	if !strings.HasPrefix(pointer, "/") {
		return
	}
	parts := strings.Split(pointer[1:], "/")
	var at any = m
	for n, part := range parts {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		last := n == len(parts)-1
		switch v := at.(type) {
		case map[string]any:
			if last {
				delete(v, part)
				return
			}
			at = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return
			}
			if last {
				v[i] = gone{}
				break
			}
			at = v[i]
		default:
			return
		}
	}
	sweep(m)
}

// gone marks a list element that is to be taken out.
type gone struct{}

func sweep(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = sweep(e)
		}
	case []any:
		out := v[:0]
		for _, e := range v {
			if _, ok := e.(gone); !ok {
				out = append(out, sweep(e))
			}
		}
		return out
	}
	return v
}
