//lint:file-ignore SA1019 deprecated fields are in the kustomizations that people have

package render

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// Origins are noted in an annotation, which kustomize puts on each object as
// it is read and takes off at the end. Whatever looks at annotations in
// between might see it: a JSON patch that adds to annotations which aren't
// there fails, and succeeds if they are. What follows errs on the side of
// "might"; then the build is done without noting.

// injection is the application's kustomization, which asks for origins.
type injection struct {
	data []byte
	// done: it asks because we want it; user: because the user does.
	done, user bool
	// safe: kustomize notes origins in any case, we only make it keep them.
	safe bool
}

// injectOrigins adds to buildMetadata, in memory. That of a base has no
// effect. The rest of the text stays as it is. What isn't wanted is added where
// it is safe, since then it costs nothing.
func injectOrigins(data []byte, want bool) injection {
	in := injection{data: data}
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return in
	}
	top := doc.Content[0]
	bm := value(top, "buildMetadata")
	if bm != nil && slices.ContainsFunc(bm.Content, func(n *yaml.Node) bool { return n.Value == types.OriginAnnotations }) {
		in.user = true
		return in
	}
	var own types.Kustomization
	if own.Unmarshal(data) != nil || !want && len(own.BuildMetadata) == 0 {
		return in
	}
	if own.FixKustomization(); own.CheckEmpty() != nil {
		return in // kustomize refuses it, and wouldn't with something in it
	}
	var out []byte
	switch {
	case bm != nil && bm.Kind == yaml.SequenceNode && bm.Style&yaml.FlowStyle != 0:
		out = splice(data, bm, 1, types.OriginAnnotations+", ")
	case bm != nil && bm.Kind == yaml.SequenceNode:
		out = splice(data, bm, 0, "- "+types.OriginAnnotations+"\n"+strings.Repeat(" ", bm.Column-1))
	case bm != nil:
		return in
	case top.Style&yaml.FlowStyle != 0:
		out = splice(data, top, 1, `"buildMetadata": ["`+types.OriginAnnotations+`"], `)
	default:
		out = splice(data, top, 0, "buildMetadata: ["+types.OriginAnnotations+"]\n"+strings.Repeat(" ", top.Column-1))
	}
	// In case that YAML has yet another way to write it.
	var k types.Kustomization
	if k.Unmarshal(out) != nil || !slices.Contains(k.BuildMetadata, types.OriginAnnotations) {
		return in
	}
	return injection{data: out, done: true, safe: len(k.BuildMetadata) > 1}
}

// splice puts text after the first skip bytes of a node.
func splice(data []byte, n *yaml.Node, skip int, text string) []byte {
	at := 0
	for range n.Line - 1 {
		at += bytes.IndexByte(data[at:], '\n') + 1
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(data[at:])
		at += size
	}
	return slices.Insert(slices.Clone(data), min(at+skip, len(data)), []byte(text)...)
}

// noteAnnotations looks for what may depend on annotations.
func (g *guard) noteAnnotations(dir string, k *types.Kustomization) {
	touches := len(k.Configurations)+len(k.Crds)+len(k.Vars)+len(k.HelmCharts) > 0 || g.openapi
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		text := p.Patch
		if p.Path != "" {
			path := filepath.Join(dir, p.Path)
			data, err := g.fs.treeOf(path).readFile(path)
			if err != nil {
				continue // kustomize will say so
			}
			text = string(data)
		}
		annotations, name := jsonPatchOn(text)
		touches, g.renames = touches || annotations, g.renames || name
		touches = touches || p.Target != nil && p.Target.AnnotationSelector != ""
	}
	for _, r := range k.Replacements {
		// In a file or not: its paths are of many forms.
		touches = touches || r.Path != "" || replacesAnnotations(&r.Replacement)
	}
	g.touchesAnnotations = g.touchesAnnotations || touches
}

// jsonPatchOn says whether text is a JSON patch on annotations of the object
// itself, and on what it is called, or may be. A strategic merge patch merges
// annotations key by key, and with "$patch" could only take the note away.
func jsonPatchOn(text string) (annotations, name bool) {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil {
		return true, true
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode {
		return false, false
	}
	var ops []struct{ Path, From string }
	if doc.Decode(&ops) != nil {
		return true, true
	}
	for _, op := range ops {
		pointers := []string{op.Path}
		if op.From != "" {
			pointers = append(pointers, op.From)
		}
		for _, pointer := range pointers {
			annotations = annotations || near(pointer, "metadata", "annotations")
			name = name || near(pointer, "metadata", "name") || near(pointer, "kind") || near(pointer, "apiVersion")
		}
	}
	return annotations, name
}

// near says whether a JSON pointer leads to a field of the object, into it or
// to what holds it.
func near(pointer string, field ...string) bool {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return true // the whole object, or no pointer
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for i, segment := range strings.Split(rest, "/") {
		if i == len(field) {
			break
		}
		if unescape.Replace(segment) != field[i] {
			return false
		}
	}
	return true
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
