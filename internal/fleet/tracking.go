package fleet

import (
	"context"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
	"kesbridge/internal/survey"
)

// Keys of argocd-cm about which objects are an Application's.
const (
	trackingMethodKey = "application.resourceTrackingMethod"
	instanceLabelKey  = "application.instanceLabelKey"
)

func aboutTracking(s string) bool {
	return strings.Contains(s, trackingMethodKey) || strings.Contains(s, instanceLabelKey) || strings.Contains(s, strings.ReplaceAll(trackingMethodKey, ".", `\.`))
}

// tracked is one of the keys, as it stands in one place.
type tracked struct {
	pos        manifest.Pos
	key, value string
}

// Tracking says how Argo CD tracks objects, as far as Git tells, and where; an
// empty method is not told. Nothing says which of several places is in force:
// label, with which a Secret without an owner can be pruned, is taken before
// others.
func (f *Fleet) Tracking() (method, labelKey string, pos manifest.Pos) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tracking {
		switch {
		case t.key == instanceLabelKey:
			if labelKey == "" {
				labelKey = t.value
			}
		case method == "" || method != "label" && t.value == "label":
			method, pos = t.value, t.pos
		}
	}
	return method, labelKey, pos
}

// Settings reads what a checkout says of Argo CD's own settings, without
// looking for applications.
func Settings(ctx context.Context, checkout *argocd.Checkout) (*Fleet, error) {
	f := &Fleet{checkout: checkout, seen: map[string]bool{}, rendered: map[string]bool{}, recurse: map[string]bool{}, projects: map[string][]*project{}, evidence: &survey.Evidence{}}
	var err error
	if f.tree, err = readTree(ctx, checkout.Root, nil, nil); err != nil {
		return nil, err
	}
	f.facts()
	return f, nil
}

// trackingIn finds the keys wherever they stand: in a ConfigMap, in values of
// Argo CD's chart, as a kustomize literal, as a parameter of helm, and in texts
// that are YAML.
func (f *Fleet) trackingIn(n *yaml.Node, at func(*yaml.Node) manifest.Pos) {
	note := func(where *yaml.Node, key, value string) {
		if value = strings.TrimSpace(value); value != "" {
			f.tracking = append(f.tracking, tracked{at(where), key, value})
		}
	}
	for _, key := range []string{trackingMethodKey, instanceLabelKey} {
		if v := manifest.Lookup(n, key); v != nil && v.Kind == yaml.ScalarNode {
			note(v, key, v.Value)
		}
		name, value := manifest.Lookup(n, "name"), manifest.Lookup(n, "value")
		if name != nil && value != nil && strings.HasSuffix(strings.ReplaceAll(name.Value, `\`, ""), "configs.cm."+key) {
			note(value, key, value.Value)
		}
		if n.Kind == yaml.ScalarNode {
			if v, ok := strings.CutPrefix(n.Value, key+"="); ok && !strings.Contains(v, "\n") {
				note(n, key, v)
			}
		}
	}
	for _, c := range n.Content {
		f.trackingIn(c, at)
	}
	if n.Kind != yaml.ScalarNode || !aboutTracking(n.Value) || !strings.Contains(n.Value, "\n") {
		return
	}
	inner, place := within(n, at)
	if inner != nil {
		f.trackingIn(inner, place)
	}
}

// within is the YAML in a text that is some, and where its nodes stand.
func within(n *yaml.Node, at func(*yaml.Node) manifest.Pos) (*yaml.Node, func(*yaml.Node) manifest.Pos) {
	var inner yaml.Node
	if decode([]byte(n.Value), &inner) != nil || len(inner.Content) == 0 || inner.Content[0].Kind == yaml.ScalarNode {
		return nil, nil
	}
	outer := n.Line
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		outer--
	}
	return inner.Content[0], func(in *yaml.Node) manifest.Pos {
		pos := at(n)
		if pos.Line == n.Line {
			pos.Line, pos.Column = outer+in.Line, 0
		}
		return pos
	}
}
