//lint:file-ignore SA1019 deprecated fields are in the kustomizations that people have

package render

import (
	"bytes"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
)

// guard looks over each kustomization before kustomize acts on it. kustomize
// runs git or fetches a URL wherever a path may stand, and nothing can be put
// between; but it learns of each path from a file that it reads through kustFS.
type guard struct {
	fs *kustFS
	// seen are the kustomizations, in the order in which they were read.
	seen []seenFile
	// plugin are directories whose resources are configurations of generators
	// and transformers.
	plugin map[string]bool

	// cloning: kustomize may clone something.
	cloning bool
	// openapi: some kustomization brings a schema.
	openapi bool
	// touchesAnnotations: something may look at annotations, so origins can't
	// be noted in them.
	touchesAnnotations bool
	// renames: see noteNames. entries are what the kustomizations list as
	// resources and components.
	renames bool
	entries []string
}

func newGuard(k *kustFS) *guard {
	return &guard{fs: k, plugin: map[string]bool{}}
}

// seenFile is a kustomization as it is in the repository; what kustomize sees
// of the application's own is that with the options applied.
type seenFile struct {
	path string
	data []byte
}

// kustomization fails if a kustomization, which kustomize sees as text, reaches
// for what it may not have.
func (g *guard) kustomization(f seenFile, text []byte) error {
	g.seen = append(g.seen, f)
	var k types.Kustomization
	if k.Unmarshal(text) != nil {
		return nil // kustomize will say so, and does nothing else
	}
	k.FixKustomization()
	if len(k.OpenAPI) > 0 {
		g.openapi = true
		if g.fs.shared {
			return errOwnSchema
		}
	}
	dir := filepath.Dir(f.path)
	if g.plugin[dir] {
		if err := g.pluginDir(f, k); err != nil {
			return err
		}
	}
	for _, p := range slices.Concat(k.Resources, k.Components) {
		if isRemote(p) {
			if err := g.remote(f, p); err != nil {
				return err
			}
		}
	}
	for _, p := range filesOf(&k) {
		if isURL(p) {
			if err := g.remote(f, p); err != nil {
				return err
			}
		}
	}
	for _, c := range k.HelmCharts {
		if err := g.chart(f, dir, k.HelmGlobals, c); err != nil {
			return err
		}
	}
	for _, p := range slices.Concat(k.Generators, k.Transformers, k.Validators) {
		if err := g.pluginConfig(f, p); err != nil {
			return err
		}
	}
	g.noteAnnotations(dir, &k)
	g.noteNames(dir, &k, text)
	return nil
}

// filesOf are the paths of files that kustomize would also take for URLs.
func filesOf(k *types.Kustomization) []string {
	out := slices.Concat(k.Crds, k.Configurations)
	out = append(out, k.OpenAPI["path"])
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		out = append(out, p.Path)
	}
	for _, p := range k.PatchesStrategicMerge {
		out = append(out, string(p))
	}
	for _, r := range k.Replacements {
		out = append(out, r.Path)
	}
	kv := func(s types.KvPairSources) {
		for _, f := range s.FileSources {
			out = append(out, f, f[strings.Index(f, "=")+1:])
		}
		out = append(append(out, s.EnvSources...), s.EnvSource)
	}
	for _, c := range k.ConfigMapGenerator {
		kv(c.KvPairSources)
	}
	for _, s := range k.SecretGenerator {
		kv(s.KvPairSources)
	}
	for _, h := range k.HelmCharts {
		out = append(append(out, h.ValuesFile), h.AdditionalValuesFiles...)
	}
	return out
}

// isURL is kustomize's IsRemoteFile (api/internal/loader/fileloader.go).
func isURL(path string) bool {
	u, err := url.Parse(path)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// isRemote says whether kustomize would fetch the path or clone it. Its own
// git.NewRepoSpecFromURL is internal; Origin.Append sets Repo if it succeeds.
func isRemote(path string) bool {
	return isURL(path) || (&resource.Origin{}).Append(path).Repo != ""
}

func (g *guard) network(f seenFile, what string) error {
	return g.placed(f, what, &NetworkError{URL: what}, "put a copy into the repository and refer to that")
}

// placed gives an error the place of the scalar that holds what; there is none
// if an option brought it.
func (g *guard) placed(f seenFile, what string, err error, fix string) error {
	line, col := findScalar(f.data, func(v string) bool { return strings.Contains(v, what) })
	return &Error{File: g.fs.show(f.path), Line: line, Column: col, Err: err, Fix: fix}
}

// pluginConfig looks over an entry of generators, transformers or validators:
// a configuration, a file of them or a directory.
func (g *guard) pluginConfig(f seenFile, entry string) error {
	g.touchesAnnotations = true // plugins see everything
	rf := provider.NewDefaultDepProvider().GetResourceFactory()
	if rm, err := resmap.NewFactory(rf).NewResMapFromBytes([]byte(entry)); err == nil {
		for _, r := range rm.Resources() {
			if u := urlIn(r.YNode(), ""); u != "" {
				return g.network(f, u)
			}
		}
		return g.chartConfigs(f, filepath.Dir(f.path), []byte(entry))
	}
	return g.pluginPath(f, entry, filepath.Dir(f.path))
}

// pluginPath looks over a file of configurations, for a kustomization in dir.
// Remote ones are refused though the network is allowed: nothing can look them
// over.
func (g *guard) pluginPath(f seenFile, entry, dir string) error {
	if isRemote(entry) {
		return g.network(f, entry)
	}
	path := filepath.Join(filepath.Dir(f.path), entry)
	tree := g.fs.treeOf(path)
	real, err := tree.resolve(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // kustomize will say so
		}
		return g.blame(path, err)
	}
	if fi, err := tree.stat(real); err == nil && fi.IsDir() {
		g.plugin[real] = true
		return nil
	}
	data, err := tree.readFile(real)
	if err != nil {
		return g.blame(path, err)
	}
	if err := g.chartConfigs(seenFile{real, data}, dir, data); err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if d.Decode(&doc) != nil {
			return nil // the end, or kustomize will say so
		}
		if u := urlIn(&doc, ""); u != "" {
			return g.network(seenFile{real, data}, u)
		}
	}
}

// pluginDir holds a directory of plugin configurations to files: were they
// patched or generated, their URLs could be put together out of our sight.
func (g *guard) pluginDir(f seenFile, k types.Kustomization) error {
	plain := types.Kustomization{TypeMeta: k.TypeMeta, MetaData: k.MetaData, Resources: k.Resources}
	if !reflect.DeepEqual(k, plain) {
		return &Error{
			File: g.fs.show(f.path), Err: &UnsupportedError{What: "a directory of generators or transformers with more than resources"},
			Fix: "name the files of their configurations in the kustomization that uses them",
		}
	}
	for _, r := range k.Resources {
		if err := g.pluginPath(f, r, ""); err != nil {
			return err
		}
	}
	return nil
}

// pathKeys are the keys, in lower case as kustomize doesn't mind case, under
// which the configurations of builtin plugins name files.
var pathKeys = []string{
	"path", "paths", "targetfilepath", "files", "envs", "env", "valuesfile", "additionalvaluesfiles",
}

// urlIn is the first URL that stands for a file in a plugin's configuration.
func urlIn(n *yaml.Node, key string) string {
	if n.Kind == yaml.ScalarNode && slices.Contains(pathKeys, key) {
		for _, v := range []string{n.Value, n.Value[strings.Index(n.Value, "=")+1:]} {
			if isURL(v) {
				return v
			}
		}
	}
	if n.Kind == yaml.AliasNode {
		return urlIn(n.Alias, key)
	}
	for i, c := range n.Content {
		k := key
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			k = strings.ToLower(n.Content[i-1].Value)
		}
		if u := urlIn(c, k); u != "" {
			return u
		}
	}
	return ""
}

// findScalar is the place of the first scalar in YAML that is wanted.
func findScalar(data []byte, want func(string) bool) (line, col int) {
	var walk func(n *yaml.Node) bool
	walk = func(n *yaml.Node) bool {
		if n.Kind == yaml.ScalarNode && want(n.Value) {
			line, col = n.Line, n.Column
			return true
		}
		return slices.ContainsFunc(n.Content, walk)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if d.Decode(&doc) != nil || walk(&doc) {
			return line, col
		}
	}
}
