package rewrite

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tools are the native blocks.
var tools = []string{"helm", "kustomize", "directory"}

// located is a source and where it is in its document.
type located struct {
	node *yaml.Node
	path []any
}

// sources finds all of them.
func (a *application) sources() ([]located, error) {
	if a.spec == nil || a.spec.Kind != yaml.MappingNode {
		return nil, a.refuse(a.spec, "it has no spec that is written out", "")
	}
	at := a.specPath()
	list := child(a.spec, "sources")
	for _, n := range []*yaml.Node{a.spec, list} {
		if n != nil && n.Anchor != "" {
			return nil, a.refuse(n, "it is shared through the anchor &"+n.Anchor, "write it out where it is used first")
		}
	}
	if list == nil {
		s := child(a.spec, "source")
		if s == nil {
			return nil, a.refuse(nil, "it has no source", "")
		}
		return []located{{s, append(at, "source")}}, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, a.refuse(list, "its sources aren't a list that is written out", "write them out first")
	}
	var out []located
	for i, s := range list.Content {
		out = append(out, located{s, append(slices.Clip(at), "sources", i)})
	}
	return out, nil
}

// candidate is the one source that the plugin may have, or why it can't.
func (a *application) candidate() (located, error) {
	if h := child(a.spec, "sourceHydrator"); h != nil {
		return located{}, a.refuse(h, hydratorReason, "leave it native and change its KES manifests in Git (kesbridge convert), or take sourceHydrator out first")
	}
	if err := a.imageUpdater(); err != nil {
		return located{}, err
	}
	if err := a.otherTemplates(); err != nil {
		return located{}, err
	}
	sources, err := a.sources()
	if err != nil {
		return located{}, err
	}
	for _, s := range sources {
		if ref := child(s.node, "ref"); ref != nil {
			return located{}, a.refuse(ref, refReason(text(ref)), "put the value files into the app's own repository, or keep it native and change its KES manifests in Git (kesbridge convert)")
		}
	}
	if len(sources) != 1 {
		return located{}, a.refuse(child(a.spec, "sources"), fmt.Sprintf("it has %d sources, and only you know which of them are for the plugin", len(sources)), "write the plugin block by hand (docs/argocd.md)")
	}
	return sources[0], nil
}

const imageUpdater = "argocd-image-updater.argoproj.io/"

// imageUpdater refuses what Image Updater looks after. It writes helm or
// kustomize parameters, into the Application or into .argocd-source files, and
// Argo CD refuses those beside a plugin block; or it passes over apps of type
// Plugin, as it did until mid 2026 (argocd-image-updater#1707).
func (a *application) imageUpdater() error {
	for _, n := range []*yaml.Node{child(child(a.root, "metadata"), "annotations"), child(child(child(child(a.root, "spec"), "template"), "metadata"), "annotations")} {
		annotations := map[string]any{}
		if n == nil || n.Decode(&annotations) != nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(annotations)) {
			if !strings.HasPrefix(key, imageUpdater) {
				continue
			}
			if k := keyOf(n, key); k != nil {
				n = k
			}
			return a.refuse(n, imageUpdaterReason(key), "take its annotations out and have something else update the images in Git, or keep the app native")
		}
	}
	return nil
}

var (
	sourceWord = regexp.MustCompile(`\bsources?\b`)
	structured = regexp.MustCompile(`\bto(Raw|Pretty)?(Json|Yaml)(Pretty)?\b`)
)

// otherTemplates refuses what changes the template's source.
func (a *application) otherTemplates() error {
	if !a.set {
		return nil
	}
	spec := child(a.root, "spec")
	if patch := child(spec, "templatePatch"); patch != nil {
		var s string
		if err := patch.Decode(&s); err != nil || sourceWord.MatchString(s) {
			return a.refuse(patch, "its templatePatch changes the source", "put what the patch does into the template first")
		}
		if structured.MatchString(s) {
			a.note("its templatePatch puts in whole trees; see that none has a source")
		}
	}
	return a.ownTemplates(child(spec, "generators"), "source", "sources", "sourceHydrator")
}

// ownTemplates refuses generators, nested ones too, whose own template sets
// one of some keys: they win over the ApplicationSet's.
func (a *application) ownTemplates(list *yaml.Node, keys ...string) error {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, g := range list.Content {
		for i := 0; g.Kind == yaml.MappingNode && i+1 < len(g.Content); i += 2 {
			one := g.Content[i+1]
			spec := child(child(one, "template"), "spec")
			for _, key := range keys {
				if n := keyOf(spec, key); n != nil {
					return a.refuse(n, "a generator has a template of its own with a "+key, "put it into spec.template first")
				}
			}
			if err := a.ownTemplates(child(one, "generators"), keys...); err != nil {
				return err
			}
		}
	}
	return nil
}

// writable refuses a source whose lines can't be replaced.
func (a *application) writable(s *yaml.Node) error {
	switch {
	case s.Kind == yaml.AliasNode || s.Anchor != "":
		return a.refuse(s, "its source is shared through an alias or an anchor", "write it out first")
	case s.Kind != yaml.MappingNode || len(s.Content) == 0:
		return a.refuse(s, "its source is empty", "")
	case s.Style&yaml.FlowStyle != 0:
		return a.refuse(s, "its source is in flow style ({...}) or JSON", "write it in block style first")
	}
	for i := 0; i < len(s.Content); i += 2 {
		if s.Content[i].Tag == "!!merge" {
			return a.refuse(s.Content[i], "its source has a merge key (<<)", "write out what it brings first")
		}
	}
	return nil
}

// shared finds an anchor or an alias in a block.
func shared(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for _, c := range n.Content {
		if s := shared(c); s != nil {
			return s
		}
	}
	return nil
}

// child is the value of a key, nil where there is none or it isn't written out.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// keyOf is the node of a key itself.
func keyOf(n *yaml.Node, key string) *yaml.Node {
	if v := child(n, key); v != nil {
		return n.Content[slices.Index(n.Content, v)-1]
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}
