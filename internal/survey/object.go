package survey

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// at follows keys; nil where the way ends. Aliases aren't followed: nothing
// that is looked for needs them, and they may lead far.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var next *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == k {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func pairs(n *yaml.Node) [][2]*yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	return out
}

// object notes what a document says.
func (r *Report) object(name string, n *yaml.Node) {
	for _, it := range items(at(n, "items")) {
		r.object(name, it)
	}
	group, _, _ := strings.Cut(text(at(n, "apiVersion")), "/")
	switch kind := text(at(n, "kind")); {
	case kind == "CustomResourceDefinition":
		r.crd(name, n)
	case group == "external-secrets.io" && (kind == "SecretStore" || kind == "ClusterSecretStore"):
		r.store(name, kind, n)
	case group == "argoproj.io" && kind == "Application":
		r.Apps++
		r.application(name, at(n, "spec"), nil)
	case group == "argoproj.io" && kind == "ApplicationSet":
		r.Apps++
		r.application(name, at(n, "spec", "template", "spec"), r.elements(name, at(n, "spec", "generators")))
	case kind == "HelmRelease":
		c := at(n, "spec", "chart", "spec")
		r.chart(name, text(at(c, "chart")), at(c, "version"), nil, "a HelmRelease")
		if text(at(c, "chart")) == kesChart {
			r.chartValues(name, at(n, "spec", "values"), "")
		}
	case kind == "Deployment":
		r.deployment(name, n)
	}
	switch base := path.Base(name); {
	case base == "Chart.yaml":
		for _, d := range items(at(n, "dependencies")) {
			r.chart(name, text(at(d, "name")), at(d, "version"), nil, "dependency of a chart")
		}
	case strings.HasPrefix(base, "kustomization."):
		for _, c := range items(at(n, "helmCharts")) {
			r.chart(name, text(at(c, "name")), at(c, "version"), nil, "helmCharts of a kustomization")
			if text(at(c, "name")) == kesChart {
				r.chartValues(name, at(c, "valuesInline"), "")
			}
		}
	}
}

// release is an exact version, or X.Y, which as a range stays in its minor.
var release = regexp.MustCompile(`^v?([0-9]+\.[0-9]+)(\.[0-9]+)?([-+][0-9A-Za-z.+-]+)?$`)

// chart notes a pin of ESO's chart, whose version is the app's.
func (r *Report) chart(name, chart string, version *yaml.Node, clusters []string, what string) {
	if chart == "external-secrets" && text(version) != "" {
		what = fmt.Sprintf("%s pins chart external-secrets %s", what, text(version))
		r.version(name, version.Line, text(version), clusters, what)
	}
}

func (r *Report) version(name string, line int, version string, clusters []string, what string) {
	v := Version{Clusters: clusters, Place: Place{name, line, what}}
	if m := release.FindStringSubmatch(version); m != nil {
		v.Version = m[1]
	} else {
		v.Place.What += ", which is no exact version"
	}
	r.Versions = append(r.Versions, v)
}

func (r *Report) crd(name string, n *yaml.Node) {
	if text(at(n, "metadata", "name")) != "externalsecrets.external-secrets.io" {
		return
	}
	var served []string
	for _, v := range items(at(n, "spec", "versions")) {
		if text(at(v, "served")) != "false" {
			served = append(served, text(at(v, "name")))
		}
	}
	r.Versions = append(r.Versions, Version{Served: served, Place: Place{name, n.Line, "the CRD of ExternalSecret serves " + strings.Join(served, ", ")}})
}
