package fleet

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rewrite"
)

// GeneratePathsAnnotation tells Argo CD which files an Application depends on.
const GeneratePathsAnnotation = "argocd.argoproj.io/manifest-generate-paths"

// Blocked says why an Application can't be a plugin app: false where it can.
// The reasons are those for which `plugin enable` leaves it alone.
func (f *Fleet) Blocked(app *argocd.Application) (reason string, ok bool) {
	if reason := rewrite.Blocked(app); reason != "" {
		return reason, true
	}
	root, err := os.OpenRoot(f.checkout.Root)
	if err != nil {
		return "", false // nothing could be rendered, either
	}
	defer root.Close()
	name := app.InstanceName(f.options.Argo.ControllerNamespace)
	for _, s := range app.Sources() {
		if s.Chart != "" || s.Path == "" || strings.ContainsAny(name, "/\x00") {
			continue
		}
		var merged argocd.ApplicationSource
		found, err := argocd.MergeSource(root, strings.TrimPrefix(path.Clean("/"+s.Path), "/"), name, &merged)
		if err != nil {
			continue // said where it is rendered
		}
		if merged.Helm != nil || merged.Kustomize != nil || merged.Directory != nil {
			return rewrite.SourceFileReason(strings.Join(found, " and ")), true
		}
		if merged.Plugin != nil && !argocd.IsPlugin(merged.Plugin) {
			return strings.Join(found, " and ") + " has another plugin render it", true
		}
	}
	return "", false
}

// RefSources reports whether a source takes files of another one ($ref), which
// no plugin can.
func RefSources(app *argocd.Application) bool {
	var refs []string
	for _, s := range app.Sources() {
		if s.Ref != "" {
			refs = append(refs, "$"+s.Ref)
		}
	}
	return app.MultiSource() && slices.ContainsFunc(app.Sources(), func(s argocd.ApplicationSource) bool {
		if s.Helm == nil {
			return false
		}
		names := slices.Clone(s.Helm.ValueFiles)
		for _, p := range s.Helm.FileParameters {
			names = append(names, p.Path)
		}
		return slices.ContainsFunc(names, func(n string) bool {
			ref, _, _ := strings.Cut(n, "/")
			return slices.Contains(refs, ref)
		})
	})
}

// Annotation is where an annotation of a candidate's Application stands: its
// line in the file, that of the template for one that an ApplicationSet makes.
// Where it can't be found, as for one from rendered output, it is what the
// Application was found by.
func (f *Fleet) Annotation(c Candidate, key string) manifest.Pos {
	if c.App == nil || f.tree.byName[c.App.Pos.File] == nil {
		return c.From
	}
	data, err := read(filepath.Join(f.checkout.Root, filepath.FromSlash(c.App.Pos.File)))
	if err != nil {
		return c.From
	}
	t := &file{name: c.App.Pos.File, data: data}
	for _, doc := range t.documents() {
		var n yaml.Node
		if !strings.Contains(string(doc), key) || decode(doc, &n) != nil || len(n.Content) == 0 {
			continue
		}
		if at := objectAt(n.Content[0], c.App.Pos); at != nil {
			meta := manifest.Lookup(at, "metadata")
			if c.App.Set != "" {
				meta = manifest.Lookup(manifest.Lookup(manifest.Lookup(at, "spec"), "template"), "metadata")
			}
			list := manifest.Lookup(meta, "annotations")
			for i := 0; list != nil && list.Kind == yaml.MappingNode && i+1 < len(list.Content); i += 2 {
				if k := list.Content[i]; k.Value == key {
					return manifest.Pos{File: t.name, Line: k.Line, Column: k.Column}
				}
			}
		}
	}
	return c.From
}

// objectAt finds the object that stands at a place, in Lists too.
func objectAt(n *yaml.Node, pos manifest.Pos) *yaml.Node {
	if n.Kind == yaml.MappingNode && n.Line == pos.Line && (pos.Column == 0 || n.Column == pos.Column) && manifest.Lookup(n, "items") == nil {
		return n
	}
	items := manifest.Lookup(n, "items")
	if items == nil {
		items = n
	}
	if items.Kind != yaml.SequenceNode {
		return nil
	}
	for _, it := range items.Content {
		if at := objectAt(it, pos); at != nil {
			return at
		}
	}
	return nil
}
