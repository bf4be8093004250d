package argocd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// The cluster that Argo CD runs in, where no Secret names it.
const (
	inClusterName   = "in-cluster"
	inClusterServer = "https://kubernetes.default.svc"
)

// secretType is the label that every cluster Secret has.
const secretType = "argocd.argoproj.io/secret-type"

// clusters is applicationset/generators/cluster.go. A cluster's Secret is made
// of what Options.Clusters tells, so there are no annotations and projects.
func (x *expansion) clusters(g map[string]any) ([]map[string]any, error) {
	selected, err := newSelector(g["selector"])
	if err != nil {
		return nil, err
	}
	values, err := texts(g["values"])
	if err != nil {
		return nil, err
	}
	if len(x.options.Clusters) == 0 && !selected.empty() {
		return nil, &ClustersError{}
	}
	known := slices.Clone(x.options.Clusters)
	slices.SortFunc(known, func(a, b Cluster) int { return cmp.Compare(a.Name, b.Name) })
	local := selected.empty()
	var out []map[string]any
	for _, c := range known {
		labels := map[string]string{secretType: "cluster"}
		maps.Copy(labels, c.Labels)
		if !selected.matches(labels) {
			continue
		}
		if c.Server == inClusterServer {
			local = false
		}
		params := map[string]any{"name": c.Name, "nameNormalized": sanitizeName(c.Name), "server": c.Server, "project": ""}
		if x.set.Spec.GoTemplate {
			params["metadata"] = map[string]any{"labels": labels}
		} else {
			for k, v := range labels {
				params["metadata.labels."+k] = v
			}
		}
		if err := x.appendValues(values, params); err != nil {
			return nil, err
		}
		out = append(out, params)
	}
	if local {
		params := map[string]any{"name": inClusterName, "nameNormalized": inClusterName, "server": inClusterServer, "project": ""}
		if err := x.appendValues(values, params); err != nil {
			return nil, err
		}
		out = append(out, params)
	}
	if flat, _ := g["flatList"].(bool); flat {
		return []map[string]any{{"clusters": out}}, nil
	}
	return out, nil
}

// appendValues is applicationset/generators/value_interpolation.go: the values
// see the parameters, but not each other.
func (x *expansion) appendValues(values map[string]string, params map[string]any) error {
	if len(values) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, k := range sortedKeys(values) {
		v, err := x.render.replace(values[k], params, x.render.options)
		if err != nil {
			return err
		}
		out[k] = v
	}
	if x.set.Spec.GoTemplate {
		params["values"] = out
		return nil
	}
	for k, v := range out {
		params["values."+k] = v
	}
	return nil
}

// texts reads the values of a generator.
func texts(tree any) (map[string]string, error) {
	m, ok := tree.(map[string]any)
	if !ok && tree != nil {
		return nil, errors.New("values isn't a mapping")
	}
	out := map[string]string{}
	for k, v := range m {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("values.%s isn't a text", k)
		}
		out[k] = s
	}
	return out, nil
}
