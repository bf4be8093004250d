//lint:file-ignore SA1019 deprecated fields are in the kustomizations that people have

package render

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// To note origins costs kustomize half as much again as the build itself, so
// that for a few objects their files are found afterwards. An object's name is
// that in its file with something in front and behind, its kind is that in its
// file, unless a build does one of a few things that the guard sees. So the
// object is from a file which holds one of its kind whose name is within its
// name; if there is but one such file, that is it.

// renamer are words of the options, and of annotations of kustomize's own,
// that let a strategic merge patch change names and kinds.
var renamer = [][]byte{[]byte("NameChange"), []byte("KindChange")}

// noteNames looks for what may give an object another name than its file's
// with something around it, another kind, or make objects that are in no file
// of resources.
func (g *guard) noteNames(dir string, k *types.Kustomization, text []byte) {
	for _, entry := range slices.Concat(k.Resources, k.Components) {
		g.entries = append(g.entries, filepath.Join(dir, entry))
		g.renames = g.renames || filepath.IsAbs(entry)
	}
	g.renames = g.renames || mayRename(text) ||
		len(k.Generators)+len(k.Transformers)+len(k.Validators)+len(k.HelmCharts)+len(k.HelmChartInflationGenerator) > 0 ||
		len(k.Configurations)+len(k.Crds) > 0
	for _, r := range k.Replacements {
		g.renames = g.renames || r.Path != "" || slices.ContainsFunc(r.Targets, writesName)
	}
}

func mayRename(text []byte) bool {
	return slices.ContainsFunc(renamer, func(word []byte) bool { return bytes.Contains(text, word) })
}

// writesName says whether a replacement may write elsewhere than where names,
// kinds and versions surely aren't. Without a path it writes the name.
func writesName(t *types.TargetSelector) bool {
	return t == nil || len(t.FieldPaths) == 0 || slices.ContainsFunc(t.FieldPaths, func(path string) bool {
		first, rest, _ := strings.Cut(path, ".")
		if first == "metadata" {
			first, _, _ = strings.Cut(rest, ".")
		}
		return !slices.Contains([]string{"spec", "data", "stringData", "labels", "annotations"}, first)
	})
}

// find gives the paths of the files that objs are from, in their order; not ok
// if that isn't certain.
func (k *kustFS) find(objs []Origin) (paths []string, ok bool) {
	if k.guard.renames || k.guard.cloning {
		return nil, false
	}
	holders := map[string][]holder{} // by kind
	for _, o := range objs {
		hs, ok := holders[o.Kind]
		if !ok {
			if hs, ok = k.holders(o.Kind); !ok {
				return nil, false
			}
			holders[o.Kind] = hs
		}
		path := ""
		for _, h := range hs {
			if path != h.path && h.mayHold(o.Name) {
				if path != "" {
					return nil, false
				}
				path = h.path
			}
		}
		if path == "" {
			return nil, false
		}
		paths = append(paths, path)
	}
	return paths, true
}

// holder is a file with objects of one kind.
type holder struct {
	path  string
	names []string
	// any: it may hold others, since it is beyond this simple reading.
	any bool
}

func (h *holder) mayHold(name string) bool {
	return h.any || slices.ContainsFunc(h.names, func(n string) bool { return strings.Contains(name, n) })
}

// holders are the files of resources that hold objects of a kind. Not ok if
// something was read in another way than by the path that its kustomization
// says, such as through a link: kustomize's notes have that path.
func (k *kustFS) holders(kind string) (hs []holder, ok bool) {
	dirs := map[string]bool{}
	for _, f := range k.guard.seen {
		dirs[filepath.Dir(f.path)] = true
	}
	for _, path := range k.guard.entries {
		if dirs[path] {
			continue
		}
		data, ok := k.files[path]
		if !ok {
			return nil, false
		}
		if h := (holder{path: path}); mayMention(data, kind) {
			if h.look(data, kind); h.any || len(h.names) > 0 {
				hs = append(hs, h)
			}
		}
	}
	return hs, true
}

// mayMention is false if no scalar of data is the word, however it is written.
func mayMention(data []byte, word string) bool {
	return bytes.Contains(data, []byte(word)) || bytes.IndexByte(data, '\\') >= 0 || bytes.IndexByte(data, 0) >= 0
}

// look reads the objects of data.
func (h *holder) look(data []byte, kind string) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for !h.any {
		var doc yaml.Node
		switch err := d.Decode(&doc); {
		case err == io.EOF:
			return
		case err != nil:
			h.any = true
		case len(doc.Content) > 0:
			h.object(doc.Content[0], kind)
		}
	}
}

// object reads an object, or a list of them, of whatever kind that is.
func (h *holder) object(n *yaml.Node, kind string) {
	if n.Kind != yaml.MappingNode {
		h.any = h.any || n.Kind == yaml.AliasNode
		return
	}
	isKind := false
	var names []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "<<":
			h.any = true
		case key.Value == "kind":
			h.any = h.any || v.Kind != yaml.ScalarNode
			isKind = isKind || v.Value == kind
		case key.Value == "metadata":
			names = append(names, h.metadata(v)...)
		case key.Value == "items" && v.Kind == yaml.AliasNode:
			h.any = true
		case key.Value == "items" && v.Kind == yaml.SequenceNode:
			for _, item := range v.Content {
				h.object(item, kind)
			}
		}
	}
	if isKind {
		h.names = append(h.names, names...)
		h.any = h.any || len(names) == 0
	}
}

// metadata gives the name that stands in an object's metadata.
func (h *holder) metadata(n *yaml.Node) (names []string) {
	if n.Kind != yaml.MappingNode {
		h.any = true
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, v := n.Content[i], n.Content[i+1]; {
		case key.Kind != yaml.ScalarNode || key.Value == "<<":
			h.any = true
		case key.Value == "name":
			h.any = h.any || v.Kind != yaml.ScalarNode
			names = append(names, v.Value)
		}
	}
	return names
}
