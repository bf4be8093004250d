package cutover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
)

// Reference is a field of an object that names a Secret, and is known to.
type Reference struct {
	// Path leads to the field: keys (string) and indices (int). Field is the same
	// for people.
	Path  []any
	Field string
	// Name is the Secret's, Namespace its namespace: the object's own, if the
	// field names no other one.
	Name, Namespace string
	// Prefix stands in front of the name in the field, as in "namespace/name".
	Prefix string
	// Loose: in which namespace the Secret is looked for is decided elsewhere.
	Loose bool
	// Restarts: a change begins a rollout. Fixed: the API server refuses a change
	// of the field in an object that is there.
	Restarts, Fixed bool
}

// References lists the fields of an object that name Secrets, in the order of
// the table and of the object; the names of pods' volumes and the like are
// none. o is the object as map[string]any, []any and string; ref says what it
// is, and more are those of the configuration.
func References(ref manifest.Ref, o map[string]any, more []config.ReferenceRule) []Reference {
	f := referenceFinder{ref: ref, seen: map[string]bool{}}
	for _, r := range rowsOf(ref) {
		f.find(r, o)
	}
	for i := range more {
		if m := &more[i]; m.Group == ref.Group && m.Kind == ref.Kind {
			if steps, ok := config.ParsePath(m.Path); ok {
				f.find(row{steps: steps, slash: true}, o)
			}
		}
	}
	return f.out
}

// ReferenceGroups are the API groups whose objects can have any, sorted;
// manifest.AnyGroup is among them where groups are known by their ends alone.
func ReferenceGroups(more []config.ReferenceRule) []string {
	groups := []string{}
	for g := range referenceIndex().groups {
		groups = append(groups, g)
	}
	for _, r := range more {
		groups = append(groups, r.Group)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// row is one line of the table.
type row struct {
	steps []string
	// namespace and kind are keys beside the name: the Secret's namespace, and the
	// kind of what is named, where that may be another. kindGiven: without a
	// kind it is none.
	namespace, kind string
	kindGiven       bool
	// slash: the value may be "namespace/name".
	slash           bool
	loose           bool
	restarts, fixed bool
}

type referenceFinder struct {
	ref  manifest.Ref
	seen map[string]bool
	out  []Reference
}

func (f *referenceFinder) find(r row, o map[string]any) {
	f.walk(r, r.steps, o, nil, nil)
}

// walk follows the steps; in is the mapping that holds v, where there is one.
func (f *referenceFinder) walk(r row, steps []string, v any, in map[string]any, path []any) {
	if len(steps) == 0 {
		f.add(r, v, in, path)
		return
	}
	step, rest := steps[0], steps[1:]
	if step == config.AnyDepth {
		f.walk(r, rest, v, in, path)
	}
	switch v := v.(type) {
	case map[string]any:
		if !strings.Contains(step, "*") {
			if x, ok := v[step]; ok && step != config.EachItem {
				f.walk(r, rest, x, v, extend(path, step))
			}
			return
		}
		for _, key := range sortedKeys(v) {
			switch {
			case step == config.AnyDepth:
				f.walk(r, steps, v[key], v, extend(path, key))
			case keyFits(step, key):
				f.walk(r, rest, v[key], v, extend(path, key))
			}
		}
	case []any:
		for i, x := range v {
			switch step {
			case config.EachItem:
				f.walk(r, rest, x, nil, extend(path, i))
			case config.AnyDepth:
				f.walk(r, steps, x, nil, extend(path, i))
			}
		}
	}
}

func extend(path []any, step any) []any { return append(path[:len(path):len(path)], step) }

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// keyFits: one * stands for any text.
func keyFits(pattern, key string) bool {
	head, tail, _ := strings.Cut(pattern, "*")
	return len(key) >= len(head)+len(tail) && strings.HasPrefix(key, head) && strings.HasSuffix(key, tail)
}

func (f *referenceFinder) add(r row, v any, in map[string]any, path []any) {
	name, ok := v.(string)
	if !ok || name == "" || !r.names(in) || slices.ContainsFunc(path, otherKind) {
		return
	}
	ref := Reference{Path: path, Field: fieldText(path), Name: name, Namespace: f.ref.Namespace, Loose: r.loose, Restarts: r.restarts, Fixed: r.fixed}
	if r.namespace != "" {
		if ns, _ := in[r.namespace].(string); ns != "" {
			ref.Namespace, ref.Loose = ns, false
		}
	}
	if r.slash {
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			ref.Prefix, ref.Name = name[:i+1], name[i+1:]
			ref.Namespace, ref.Loose = name[strings.LastIndexByte(name[:i], '/')+1:i], false
		}
	}
	if f.seen[ref.Field] {
		return
	}
	f.seen[ref.Field] = true
	f.out = append(f.out, ref)
}

// otherKind: below such a key stands the name of something else, which patterns
// must not take for a Secret's.
func otherKind(step any) bool {
	switch step {
	case "serviceAccountRef", "configMap", "configMapRef", "configMapKeyRef":
		return true
	}
	return false
}

// names reports whether what the mapping names is a Secret.
func (r *row) names(in map[string]any) bool {
	if r.kind == "" {
		return true
	}
	kind, _ := in[r.kind].(string)
	group, _ := in["group"].(string)
	return (kind == "Secret" || kind == "" && !r.kindGiven) && group == ""
}

// fieldText writes a path as people do.
func fieldText(path []any) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(s) + "]")
		case string:
			switch {
			case strings.ContainsAny(s, "./[]\" "):
				fmt.Fprintf(&b, "[%q]", s)
			default:
				if b.Len() > 0 {
					b.WriteByte('.')
				}
				b.WriteString(s)
			}
		}
	}
	return b.String()
}

type index struct {
	// exact are the rows by group and kind, suffix those of groups that end alike.
	exact  map[string][]row
	suffix map[string][]row
	groups map[string]bool
}

// referenceIndex is built when it is first needed: most runs follow nothing.
var referenceIndex = sync.OnceValue(func() *index {
	ix := &index{exact: map[string][]row{}, suffix: map[string][]row{}, groups: map[string]bool{}}
	for _, t := range referenceTable() {
		for group := range strings.FieldsSeq(t.groups) {
			if group == "core" {
				group = ""
			}
			for kind := range strings.FieldsSeq(t.kinds) {
				m := ix.exact
				if strings.HasPrefix(group, "*.") {
					m, ix.groups[manifest.AnyGroup] = ix.suffix, true
				} else {
					ix.groups[group] = true
				}
				m[group+"/"+kind] = append(m[group+"/"+kind], t.rows()...)
			}
		}
	}
	return ix
})

func rowsOf(ref manifest.Ref) []row {
	ix := referenceIndex()
	out := slices.Concat(ix.exact[ref.Group+"/"+ref.Kind], ix.exact[ref.Group+"/*"])
	for group := ref.Group; ; {
		_, rest, ok := strings.Cut(group, ".")
		if !ok {
			return out
		}
		group = rest
		out = slices.Concat(out, ix.suffix["*."+group+"/"+ref.Kind], ix.suffix["*."+group+"/*"])
	}
}

// entry is some rows of the table that are alike.
type entry struct {
	// groups and kinds are separated by blanks; "core" is the core group, "*.x"
	// every group below x, the kind * every kind.
	groups, kinds string
	// pods are the paths of pod specs, paths those of names. Behind a name may
	// stand "?namespace" and "?kind" (or "?kind!" where it must be given), keys
	// beside it, "?slash" for "namespace/name", and "?loose".
	pods, paths     string
	restarts, fixed bool
}

func (e *entry) rows() []row {
	var out []row
	for pod := range strings.FieldsSeq(e.pods) {
		for _, p := range podPaths() {
			out = append(out, e.row(strings.TrimPrefix(pod+"."+p, "..")))
		}
	}
	for path := range strings.FieldsSeq(e.paths) {
		out = append(out, e.row(path))
	}
	return out
}

func (e *entry) row(text string) row {
	parts := strings.Split(text, "?")
	steps, ok := config.ParsePath(parts[0])
	if !ok {
		panic("reference table: " + text) // a test reads all of it
	}
	r := row{steps: steps, restarts: e.restarts, fixed: e.fixed}
	for _, p := range parts[1:] {
		switch p {
		case "slash":
			r.slash = true
		case "loose":
			r.loose = true
		case "kind", "kind!":
			r.kind, r.kindGiven = "kind", p == "kind!"
		case "type!":
			r.kind, r.kindGiven = "type", true
		default:
			r.namespace = p
		}
	}
	return r
}
