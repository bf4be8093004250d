package place

import (
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// maxKustomizations bounds how many kustomizations are looked into.
const maxKustomizations = 50

// patched looks for a field in the strategic merge patches that lie in files
// of the kustomizations: the outermost has the last word. Found is only what
// sets the very value.
func (x *Index) patched(o *manifest.Object, w way) (manifest.Pos, bool) {
	if w.value.Kind != yaml.ScalarNode || len(w.steps) == 0 {
		return manifest.Pos{}, false
	}
	dirs := []string{x.stream.Name}
	seen := map[string]bool{}
	for i := 0; i < len(dirs) && i < maxKustomizations; i++ {
		if seen[dirs[i]] {
			continue
		}
		seen[dirs[i]] = true
		patches, more := x.kustomization(dirs[i])
		dirs = append(dirs, more...)
		for _, name := range patches {
			f := x.file(name)
			s := x.same(f, o)
			if s == nil {
				continue
			}
			n, last := s.Node, s.Pos
			for j, st := range w.steps {
				var key *yaml.Node
				if key, n = follow(n, st); n == nil {
					break
				}
				last = s.PosOf(n)
				if key != nil && w.onKey && j == len(w.steps)-1 {
					last = s.PosOf(key)
				}
			}
			if n != nil && n.Kind == yaml.ScalarNode && n.Value == w.value.Value {
				return here(name, last), true
			}
		}
	}
	return manifest.Pos{}, false
}

// kustomization gives the patch files of a directory's kustomization, and the
// directories that it may be built on.
func (x *Index) kustomization(dir string) (patches, dirs []string) {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		f := x.file(path.Join(dir, name))
		if !f.ok {
			continue
		}
		var k struct {
			Resources, Bases, Components []string
			PatchesStrategicMerge        []string `yaml:"patchesStrategicMerge"`
			Patches                      []struct{ Path string }
		}
		if yaml.Unmarshal([]byte(f.text), &k) != nil {
			return nil, nil
		}
		for _, p := range k.Patches {
			if p.Path != "" {
				patches = append(patches, path.Join(dir, p.Path))
			}
		}
		for _, p := range k.PatchesStrategicMerge {
			if q := path.Join(dir, p); fs.ValidPath(q) {
				patches = append(patches, q)
			}
		}
		for _, list := range [][]string{k.Components, k.Resources, k.Bases} {
			for _, entry := range list {
				q := path.Join(dir, entry)
				if !fs.ValidPath(q) {
					continue
				}
				if fi, err := fs.Stat(x.root, q); err == nil && fi.IsDir() {
					dirs = append(dirs, q)
				}
			}
		}
		return patches, dirs
	}
	return nil, nil
}
