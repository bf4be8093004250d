package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// filter is resource.exclusions or resource.inclusions of argocd-cm, as it
// stands in one place: a ConfigMap, a patch, or values of Argo CD's chart.
type filter struct {
	pos     manifest.Pos
	exclude bool
	items   []filtered
}

type filtered struct {
	APIGroups []string `yaml:"apiGroups"`
	Kinds     []string `yaml:"kinds"`
	Clusters  []string `yaml:"clusters"`
}

func anyGlob(patterns []string, v string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		g, err := glob.Compile(p)
		return err == nil && g.Match(v)
	})
}

func (r *filtered) fits(group, kind, server string) bool {
	kinds := len(r.Kinds) == 0 || slices.ContainsFunc(r.Kinds, func(k string) bool { return k == "*" || k == kind })
	return kinds && anyGlob(r.APIGroups, group) && anyGlob(r.Clusters, server)
}

// Excluded says where and why argocd-cm keeps Argo CD from a kind on a
// cluster, given by its URL (util/settings/resources_filter.go of Argo CD
// 3.1.16). What one place says is held against that place alone: nothing tells
// which of several is in force.
func (f *Fleet) Excluded(server, group, kind string) (pos manifest.Pos, why string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.filters {
		fits := slices.ContainsFunc(l.items, func(r filtered) bool { return r.fits(group, kind, server) })
		switch {
		case l.exclude && fits:
			return l.pos, fmt.Sprintf("resource.exclusions leave out %s/%s on %s", group, kind, server), true
		case !l.exclude && !fits && slices.ContainsFunc(l.items, func(r filtered) bool { return anyGlob(r.Clusters, server) }):
			return l.pos, fmt.Sprintf("resource.inclusions don't have %s/%s on %s", group, kind, server), true
		}
	}
	return manifest.Pos{}, "", false
}

// filtersIn finds the keys wherever they stand, also in texts that are YAML.
func (f *Fleet) filtersIn(n *yaml.Node, at func(*yaml.Node) manifest.Pos) {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			key := n.Content[i-1]
			if (key.Value == "resource.exclusions" || key.Value == "resource.inclusions") && c.Kind == yaml.ScalarNode {
				l := filter{pos: at(key), exclude: key.Value == "resource.exclusions"}
				if decode([]byte(c.Value), &l.items) == nil && len(l.items) > 0 {
					f.filters = append(f.filters, l)
				}
				continue
			}
		}
		f.filtersIn(c, at)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "resource.") || !strings.Contains(n.Value, "\n") {
		return
	}
	if inner, place := within(n, at); inner != nil {
		f.filtersIn(inner, place)
	}
}
