package survey

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is a directory of this repository that an Application brings to
// clusters.
type source struct {
	path     string
	clusters []string
}

// key tells clusters apart.
func (c Cluster) key() string { return c.Name + "\x00" + c.Server }

// application notes where an Application goes, and what it says of the charts
// of ESO and KES. The clusters are those of an ApplicationSet's elements.
func (r *Report) application(name string, spec *yaml.Node, clusters []string) {
	dest := at(spec, "destination")
	if own := r.destination(name, dest); own != "" {
		clusters = append(slices.Clone(clusters), own)
	}
	if len(clusters) == 0 && dest != nil {
		r.Open = append(r.Open, Place{name, dest.Line, "a destination that is a template, or none of Argo CD's"})
	}
	for _, s := range append(slices.Clone(items(at(spec, "sources"))), at(spec, "source")) {
		chart := text(at(s, "chart"))
		r.chart(name, chart, at(s, "targetRevision"), clusters, "an Application")
		if chart == kesChart {
			r.helm(name, at(s, "helm"))
		}
		if p := path.Clean(text(at(s, "path"))); p != "." && !strings.Contains(p, "{{") {
			r.sources = append(r.sources, source{p, clusters})
		}
	}
}

// elements notes the clusters of list generators, also of those in others.
func (r *Report) elements(name string, generators *yaml.Node) (clusters []string) {
	for _, g := range items(generators) {
		for _, e := range items(at(g, "list", "elements")) {
			if key := r.destination(name, e); key != "" {
				clusters = append(clusters, key)
			}
		}
		for _, inner := range []string{"matrix", "merge"} {
			clusters = append(clusters, r.elements(name, at(g, inner, "generators"))...)
		}
	}
	return clusters
}

// destination notes a cluster, a destination's or an element's of a list
// generator that looks like one, and gives its key, or "".
func (r *Report) destination(name string, n *yaml.Node) string {
	c := Cluster{Name: text(at(n, "name")), Server: text(at(n, "server"))}
	if c.Server == "" {
		c.Server = text(at(n, "url"))
	}
	if at(n, "cluster") != nil {
		c.Name = text(at(n, "cluster"))
	}
	switch {
	case c.Name == "" && c.Server == "", strings.Contains(c.Name+c.Server, "{{"),
		c.Server != "" && !strings.HasPrefix(c.Server, "https://"):
		return ""
	}
	c.Place = Place{name, n.Line, "destination"}
	if !slices.ContainsFunc(r.Clusters, func(o Cluster) bool { return o.key() == c.key() }) {
		r.Clusters = append(r.Clusters, c)
	}
	return c.key()
}

// settle gives each piece of evidence the clusters that Applications bring
// its directory to.
func (r *Report) settle() {
	for i := range r.Versions {
		v := &r.Versions[i]
		for _, s := range r.sources {
			if strings.HasPrefix(v.Place.File, s.path+"/") {
				v.Clusters = append(slices.Clone(v.Clusters), s.clusters...)
			}
		}
		slices.Sort(v.Clusters)
		v.Clusters = slices.Compact(v.Clusters)
	}
	r.settleSettings()
}
