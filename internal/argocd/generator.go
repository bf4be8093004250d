package argocd

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"
)

// generated is what one generator makes: sets of parameters and the template
// that they go into.
type generated struct {
	params   []map[string]any
	template map[string]any
}

// generators are the kinds in the order of Argo CD's struct
// (pkg/apis/application/v1alpha1/applicationset_types.go), in which several in
// one entry run.
var generators = []string{"list", "clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "matrix", "merge", "plugin", "oci"}

// maxNesting: a matrix or merge in a matrix or merge holds generators of the
// other kinds only (ApplicationSetTerminalGenerator).
const maxNesting = 2

func (x *expansion) make(name string, g map[string]any, depth int) ([]map[string]any, error) {
	switch name {
	case "list":
		return x.list(g)
	case "clusters":
		return x.clusters(g)
	case "git":
		return x.git(g)
	case "matrix":
		return x.matrix(g, depth)
	case "merge":
		return x.merge(g, depth)
	}
	return nil, &GeneratorError{Generator: name}
}

// transform is applicationset/generators/generator_spec_processor.go,
// Transform. outer are the parameters of a matrix's first generator: they go
// into the second one's fields first.
func (x *expansion) transform(entry, template, outer map[string]any, depth int) ([]generated, error) {
	if err := checkGenerator(entry, depth); err != nil {
		return nil, err
	}
	selected, err := newSelector(entry["selector"])
	if err != nil {
		return nil, err
	}
	if len(outer) > 0 {
		tree, err := x.render.generator(entry, outer)
		if err != nil {
			return nil, err
		}
		entry = tree
	}
	var out []generated
	for _, kind := range generators {
		g, ok := entry[kind].(map[string]any)
		if !ok {
			continue
		}
		params, err := x.make(kind, g, depth)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		if x.params += len(params); x.params > maxParams {
			return nil, &LimitError{What: "the number of parameter sets", Max: maxParams}
		}
		if selected != nil {
			params = slices.DeleteFunc(params, func(p map[string]any) bool { return !selected.matches(flatten(p)) })
		}
		own, _ := g["template"].(map[string]any)
		out = append(out, generated{params: params, template: mergeTemplates(own, template)})
	}
	return out, nil
}

func checkGenerator(entry map[string]any, depth int) error {
	known := []string{"selector"}
	for _, kind := range generators {
		if depth < maxNesting || kind != "matrix" && kind != "merge" {
			known = append(known, kind)
		}
	}
	n := 0
	for _, k := range sortedKeys(entry) {
		if entry[k] == nil {
			continue
		}
		if !slices.Contains(known, k) {
			return &GeneratorError{Generator: k, Unknown: true}
		}
		if _, ok := entry[k].(map[string]any); !ok {
			return &GeneratorError{Generator: k + " (not a mapping)", Unknown: true}
		}
		if k != "selector" {
			n++
		}
	}
	if n == 0 {
		return &GeneratorError{Generator: "(none)", Unknown: true}
	}
	return nil
}

// child gives the parameters of a generator in a matrix or merge.
func (x *expansion) child(entry any, outer map[string]any, depth int) ([]map[string]any, error) {
	g, ok := entry.(map[string]any)
	if !ok {
		return nil, &GeneratorError{Generator: "(not a mapping)", Unknown: true}
	}
	results, err := x.transform(g, nil, outer, depth+1)
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, errors.New("found more than one generator in an entry")
	}
	return results[0].params, nil
}

// list is applicationset/generators/list.go. Without Go templates every value
// must be a text, and those of "values" get its name in front.
func (x *expansion) list(g map[string]any) ([]map[string]any, error) {
	var out []map[string]any
	elements, _ := g["elements"].([]any)
	for i, e := range elements {
		m, ok := e.(map[string]any)
		if !ok && e != nil {
			return nil, fmt.Errorf("element %d isn't a mapping", i+1)
		}
		if !x.set.Spec.GoTemplate {
			flat, err := listTexts(m)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i+1, err)
			}
			m = flat
		}
		out = append(out, m)
	}
	if text, _ := g["elementsYaml"].(string); text != "" {
		var more []map[string]any
		if err := yaml.Unmarshal([]byte(text), &more); err != nil {
			return nil, fmt.Errorf("elementsYaml: %w", err)
		}
		out = append(out, more...)
	}
	return out, nil
}

func listTexts(element map[string]any) (map[string]any, error) {
	if len(element) == 0 {
		return nil, nil
	}
	out := map[string]any{}
	for k, v := range element {
		if k != "values" {
			s, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("%s: error parsing value as string", k)
			}
			out[k] = s
			continue
		}
		values, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("error parsing values map")
		}
		for k, v := range values {
			s, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("values.%s: error parsing value as string", k)
			}
			out["values."+k] = s
		}
	}
	return out, nil
}

// matrix is applicationset/generators/matrix.go: of two Go template
// parameters with one name the first generator's wins; without Go templates
// they must be equal.
func (x *expansion) matrix(g map[string]any, depth int) ([]map[string]any, error) {
	children, _ := g["generators"].([]any)
	if len(children) != 2 {
		return nil, fmt.Errorf("found %d generators, Matrix supports exactly two", len(children))
	}
	first, err := x.child(children[0], nil, depth)
	if err != nil {
		return nil, fmt.Errorf("first generator: %w", err)
	}
	var out []map[string]any
	for _, a := range first {
		second, err := x.child(children[1], a, depth)
		if err != nil {
			return nil, fmt.Errorf("second generator: %w", err)
		}
		for _, b := range second {
			m := map[string]any{}
			if x.set.Spec.GoTemplate {
				err = errors.Join(override(m, b), override(m, a))
			} else {
				m, err = combine(a, b)
			}
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// merge is applicationset/generators/merge.go.
func (x *expansion) merge(g map[string]any, depth int) ([]map[string]any, error) {
	children, _ := g["generators"].([]any)
	if len(children) < 2 {
		return nil, errors.New("found less than two generators, Merge requires two or more")
	}
	keys, _ := g["mergeKeys"].([]any)
	if len(keys) == 0 {
		return nil, errors.New("no merge keys were specified, Merge requires at least one")
	}
	var base map[string]map[string]any
	var order []string
	for i, c := range children {
		params, err := x.child(c, nil, depth)
		if err != nil {
			return nil, fmt.Errorf("generator %d of %d: %w", i+1, len(children), err)
		}
		byKey, names, err := mergeKeys(keys, params)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			base, order = byKey, names
			continue
		}
		for name, over := range byKey {
			into, ok := base[name]
			switch {
			case !ok:
			case x.set.Spec.GoTemplate:
				if err := override(into, over); err != nil {
					return nil, err
				}
			default:
				for k, v := range over {
					into[k] = v
				}
			}
		}
	}
	out := make([]map[string]any, 0, len(order))
	for _, name := range order {
		out = append(out, base[name])
	}
	return out, nil
}

// mergeKeys indexes sets of parameters by the values of their merge keys.
func mergeKeys(keys []any, sets []map[string]any) (map[string]map[string]any, []string, error) {
	out := map[string]map[string]any{}
	var order []string
	for _, params := range sets {
		key := map[string]any{}
		for _, k := range keys {
			name, _ := k.(string)
			key[name] = params[name]
		}
		b, err := json.Marshal(key)
		if err != nil {
			return nil, nil, fmt.Errorf("print merge keys: %w", err)
		}
		if _, twice := out[string(b)]; twice {
			return nil, nil, fmt.Errorf("the parameters from a generator were not unique by the given mergeKeys. Duplicate key was %s", b)
		}
		if params == nil {
			params = map[string]any{}
		}
		out[string(b)] = params
		order = append(order, string(b))
	}
	return out, order, nil
}
