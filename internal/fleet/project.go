package fleet

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
)

// project is an AppProject's lists of kinds.
type project struct {
	pos   manifest.Pos
	lists map[string]*kindList
}

// kindList is one list of them; a nil list wasn't given.
type kindList struct {
	pos   manifest.Pos
	kinds []struct{ Group, Kind string }
}

func (l *kindList) has(group, kind string) bool {
	if l == nil {
		return false
	}
	for _, k := range l.kinds {
		// types.go, isResourceInList
		ok, err := filepath.Match(k.Kind, kind)
		if !ok || err != nil {
			continue
		}
		if ok, err = filepath.Match(k.Group, group); ok && err == nil {
			return true
		}
	}
	return false
}

// Forbidden says where and why an AppProject in the repository leaves a kind
// out; false where it is permitted, or the project isn't in Git
// (app_project_types.go of Argo CD 3.1.16, IsGroupKindPermitted: without a
// namespaceResourceWhitelist all namespaced kinds are permitted, without a
// clusterResourceWhitelist no others). Of several with one name each counts.
func (f *Fleet) Forbidden(name, group, kind string, namespaced bool) (pos manifest.Pos, why string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	scope := "cluster"
	if namespaced {
		scope = "namespace"
	}
	white, black := scope+"ResourceWhitelist", scope+"ResourceBlacklist"
	for _, p := range f.projects[name] {
		switch list := p.lists[white]; {
		case list == nil && !namespaced:
			return p.pos, fmt.Sprintf("AppProject %s has no %s, so it permits no cluster-scoped kind, %s/%s neither", name, white, group, kind), true
		case list != nil && !list.has(group, kind):
			return list.pos, fmt.Sprintf("AppProject %s: %s leaves out %s/%s", name, white, group, kind), true
		}
		if list := p.lists[black]; list.has(group, kind) {
			return list.pos, fmt.Sprintf("AppProject %s: %s has %s/%s", name, black, group, kind), true
		}
	}
	return manifest.Pos{}, "", false
}

// policy takes note of AppProjects and resource filters in a document. from is
// where rendered output comes from; zero for files.
func (f *Fleet) policy(name string, doc document, from manifest.Pos) {
	isProject := mentions(doc, "AppProject")
	filters := bytes.Contains(doc, []byte("resource.exclusions")) || bytes.Contains(doc, []byte("resource.inclusions"))
	tracking := aboutTracking(string(doc))
	if !isProject && !filters && !tracking {
		return
	}
	var n yaml.Node
	if err := decode(doc, &n); err != nil {
		if from.IsZero() && !f.tree.inChart(name) {
			f.skip(Skip{Pos: manifest.Pos{File: name}, Reason: "it can't be looked at for what Argo CD permits: " + err.Error()})
		}
		return
	}
	if len(n.Content) == 0 {
		return
	}
	at := func(n *yaml.Node) manifest.Pos {
		if !from.IsZero() {
			return from
		}
		return manifest.Pos{File: name, Line: n.Line, Column: n.Column}
	}
	if isProject {
		f.projectsIn(n.Content[0], at)
	}
	if filters {
		f.filtersIn(n.Content[0], at)
	}
	if tracking {
		f.trackingIn(n.Content[0], at)
	}
}

func (f *Fleet) projectsIn(n *yaml.Node, at func(*yaml.Node) manifest.Pos) {
	if items := manifest.Lookup(n, "items"); items != nil && items.Kind == yaml.SequenceNode {
		for _, it := range items.Content {
			f.projectsIn(it, at)
		}
		return
	}
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
	}
	if n.Kind != yaml.MappingNode || n.Decode(&head) != nil || head.Kind != "AppProject" || !strings.HasPrefix(head.APIVersion, argocd.Group+"/") {
		return
	}
	p := &project{pos: at(n), lists: map[string]*kindList{}}
	spec := manifest.Lookup(n, "spec")
	for _, name := range []string{"clusterResourceWhitelist", "clusterResourceBlacklist", "namespaceResourceWhitelist", "namespaceResourceBlacklist"} {
		for i := 0; spec != nil && spec.Kind == yaml.MappingNode && i+1 < len(spec.Content); i += 2 {
			if spec.Content[i].Value != name || spec.Content[i+1].Tag == "!!null" {
				continue
			}
			l := &kindList{pos: at(spec.Content[i])}
			if err := spec.Content[i+1].Decode(&l.kinds); err == nil {
				p.lists[name] = l
			}
		}
	}
	f.projects[head.Metadata.Name] = append(f.projects[head.Metadata.Name], p)
}
