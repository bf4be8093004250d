package argocd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/manifest"
)

// maxParameters bounds a .argocd-source file.
const maxParameters = 1 << 20

// MergeSource merges .argocd-source.yaml and .argocd-source-<appName>.yaml of
// a directory into a source, as Argo CD does for every kind of source
// (reposerver/repository/repository.go, mergeSourceParameters). dir is below
// root, with "/". appName is ARGOCD_APP_NAME, or empty. It returns the names
// of the files that were there.
//
// What Argo CD's way means: maps are merged, and a key of one that is set to
// null stays; lists are replaced, but a field that an element leaves out keeps
// the value of the old element in its place; `helm: null` keeps the block.
func MergeSource(root *os.Root, dir, appName string, source *ApplicationSource) ([]string, error) {
	merged, err := clone(source)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, name := range sourceFiles(dir, appName) {
		patch, err := readFile(root, name, maxParameters)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDirectory) {
			continue
		}
		if err == nil {
			err = mergeParameters(merged, patch)
		}
		if err != nil {
			return nil, &Error{Pos: manifest.Pos{File: name}, Err: fmt.Errorf("merge source parameters: %w", err)}
		}
		found = append(found, name)
	}
	merged.Chart, merged.Path = source.Chart, source.Path
	merged.RepoURL, merged.TargetRevision = source.RepoURL, source.TargetRevision
	*source = *merged
	return found, nil
}

// sourceFiles are the names that MergeSource looks for.
func sourceFiles(dir, appName string) []string {
	names := []string{path.Join(dir, ".argocd-source.yaml")}
	if appName != "" {
		names = append(names, path.Join(dir, ".argocd-source-"+appName+".yaml"))
	}
	return names
}

// SourceFiles are the .argocd-source files, relative to Root with "/", that
// RenderSource reads if they are there: the render depends on each of them,
// there or not. None if they are merged already.
func (r *Request) SourceFiles() []string {
	if r.Merged {
		return nil
	}
	return sourceFiles(r.Dir, r.AppName)
}

func clone(source *ApplicationSource) (*ApplicationSource, error) {
	b, err := json.Marshal(source)
	if err != nil {
		return nil, fmt.Errorf("copy source: %w", err)
	}
	out := &ApplicationSource{}
	if err := json.Unmarshal(b, out); err != nil {
		return nil, fmt.Errorf("copy source: %w", err)
	}
	return out, nil
}

// mergeParameters unmarshals into the existing struct on purpose: see above.
func mergeParameters(source *ApplicationSource, patch []byte) error {
	patch, err := yaml.YAMLToJSON(patch)
	if err != nil {
		return err
	}
	data, err := json.Marshal(source)
	if err != nil {
		return err
	}
	if data, err = mergePatch(data, patch); err != nil {
		return err
	}
	return json.Unmarshal(data, source)
}

// mergePatch is RFC 7386 for objects. Numbers keep their spelling.
func mergePatch(doc, patch []byte) ([]byte, error) {
	var d, p any
	if err := decodeNumbers(doc, &d); err != nil {
		return nil, err
	}
	if err := decodeNumbers(patch, &p); err != nil {
		return nil, err
	}
	dm, ok1 := d.(map[string]any)
	pm, ok2 := p.(map[string]any)
	if !ok1 || !ok2 {
		// An empty file is null, and refused, too.
		return nil, errors.New("invalid JSON patch: not an object")
	}
	return json.Marshal(mergeMaps(dm, pm))
}

func decodeNumbers(b []byte, v *any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

func mergeMaps(doc, patch map[string]any) map[string]any {
	if doc == nil {
		doc = map[string]any{}
	}
	for k, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(doc, k)
		case map[string]any:
			old, _ := doc[k].(map[string]any)
			doc[k] = mergeMaps(old, v)
		default:
			doc[k] = withoutNull(v)
		}
	}
	return doc
}

// withoutNull drops null fields of objects in lists, as evanphx/json-patch
// does.
func withoutNull(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutNull(v[i])
		}
	case map[string]any:
		return mergeMaps(nil, v)
	}
	return v
}
