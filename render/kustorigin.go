package render

import (
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// Origins are noted in an annotation, which kustomize puts on each object as
// it is read and takes off at the end. Whatever looks at annotations in
// between might see it: a JSON patch that adds to annotations which aren't
// there fails, and succeeds if they are. What follows errs on the side of
// "might"; then the build is done without noting.

// noteAnnotations looks for what may depend on annotations.
func (g *guard) noteAnnotations(dir string, k *types.Kustomization) {
	touches := len(k.Configurations)+len(k.Crds)+len(k.Vars)+len(k.HelmCharts) > 0 || g.openapi
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		text := p.Patch
		if p.Path != "" {
			data, err := g.fs.tree.readFile(filepath.Join(dir, p.Path))
			if err != nil {
				continue // kustomize will say so
			}
			text = string(data)
		}
		touches = touches || jsonPatchOnAnnotations(text)
		touches = touches || p.Target != nil && p.Target.AnnotationSelector != ""
	}
	for _, r := range k.Replacements {
		// In a file or not: its paths are of many forms.
		touches = touches || r.Path != "" || replacesAnnotations(&r.Replacement)
	}
	g.touchesAnnotations = g.touchesAnnotations || touches
}

// jsonPatchOnAnnotations says whether text is a JSON patch on annotations of
// the object itself, or may be. A strategic merge patch merges annotations key
// by key, and with "$patch" could only take the note away.
func jsonPatchOnAnnotations(text string) bool {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil {
		return true
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode {
		return false
	}
	var ops []struct{ Path, From string }
	if doc.Decode(&ops) != nil {
		return true
	}
	const at = "/metadata/annotations"
	near := func(p string) bool {
		return strings.HasPrefix(at, p) || p == at || strings.HasPrefix(p, at+"/") || strings.Contains(p, "~") && strings.HasPrefix(p, "/meta")
	}
	for _, op := range ops {
		if near(op.Path) || op.From != "" && near(op.From) {
			return true
		}
	}
	return false
}

// replacesAnnotations says whether a replacement may read or write them.
func replacesAnnotations(r *types.Replacement) bool {
	if r.Source != nil && strings.Contains(r.Source.FieldPath, "annotations") {
		return true
	}
	for _, t := range r.Targets {
		if t == nil {
			continue
		}
		for _, f := range t.FieldPaths {
			if strings.Contains(f, "annotations") || strings.Contains(f, "*") {
				return true
			}
		}
		if t.Select != nil && t.Select.AnnotationSelector != "" {
			return true
		}
		for _, s := range t.Reject {
			if s != nil && s.AnnotationSelector != "" {
				return true
			}
		}
	}
	return false
}
