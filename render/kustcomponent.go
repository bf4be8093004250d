package render

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// patch and selector have the fields of Argo CD's types (KustomizePatch of
// pkg/apis/application/v1alpha1/types.go, 3.6.1) as it writes them.
type patch struct {
	Path    string          `json:"path,omitempty"`
	Patch   string          `json:"patch,omitempty"`
	Target  *selector       `json:"target,omitempty"`
	Options map[string]bool `json:"options,omitempty"`
}

type selector struct {
	Group              string `json:"group,omitempty"`
	Version            string `json:"version,omitempty"`
	Kind               string `json:"kind,omitempty"`
	Name               string `json:"name,omitempty"`
	Namespace          string `json:"namespace,omitempty"`
	AnnotationSelector string `json:"annotationSelector,omitempty"`
	LabelSelector      string `json:"labelSelector,omitempty"`
}

// appendPatches adds to the key "patches" as Argo CD does, which has no
// command for it: in the text's own spelling of keys, without kustomize's
// fixes (util/kustomize/kustomize.go, 3.6.1).
func appendPatches(data []byte, list []KustomizePatch) ([]byte, error) {
	var doc any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("parse the kustomization: %w", err)
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the kustomization isn't an object, but %T", doc)
	}
	var patches []any
	if have, ok := m["patches"]; ok {
		if patches, ok = have.([]any); !ok {
			return nil, fmt.Errorf("the kustomization's \"patches\" aren't a list, but %T", have)
		}
	}
	for _, p := range list {
		out := patch{Path: p.Path, Patch: p.Patch, Options: p.Options}
		if p.Target != nil {
			t := selector(*p.Target)
			out.Target = &t
		}
		patches = append(patches, out)
	}
	m["patches"] = patches
	return yaml.Marshal(m)
}

// addComponents is commands/edit/add/addcomponent.go. file is the name of the
// kustomization.
func (k *kustFS) addComponents(file string, data []byte) ([]byte, error) {
	var found []string
	for _, c := range k.opt.Components {
		if strings.HasPrefix(c, "-") {
			return nil, fmt.Errorf("%q: %w", c, errDash)
		}
		if k.opt.IgnoreMissingComponents && !k.holdsKustomization(c) {
			continue
		}
		names, err := k.componentNames(c)
		if err != nil {
			return nil, err
		}
		found = append(found, names...)
	}
	if len(found) == 0 {
		return data, nil
	}
	return editFields(data, func(m *types.Kustomization) error {
		for _, c := range found {
			if c != file && !slices.Contains(m.Components, c) {
				m.Components = append(m.Components, c)
			}
		}
		return nil
	})
}

// holdsKustomization says whether a component is there: since Argo CD 3.6.1 a
// kustomization must be in it. (3.6.1 itself stops at the first one that is
// there; we follow 3.5, which adds all of them.)
func (k *kustFS) holdsKustomization(component string) bool {
	dir := filepath.Join(k.dir, component)
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if fi, err := k.tree.stat(filepath.Join(dir, name)); err == nil && fi.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// componentNames is GlobPatternsWithLoader of commands/internal/util: what a
// glob matches, else what can be loaded, else an error.
func (k *kustFS) componentNames(pattern string) ([]string, error) {
	names, err := k.globComponents(pattern)
	if err != nil || len(names) > 0 {
		return names, err
	}
	if isRemote(pattern) {
		return []string{pattern}, nil // looked over before kustomize sees it
	}
	return nil, fmt.Errorf("%s has no match", pattern)
}

func (k *kustFS) globComponents(pattern string) ([]string, error) {
	if isRemote(pattern) {
		return nil, nil
	}
	abs := filepath.Join(k.dir, filepath.FromSlash(pattern))
	if filepath.IsAbs(pattern) {
		return nil, &OutsideError{Path: pattern} // kustomize refuses it later
	}
	name, ok := k.tree.rel(abs)
	if !ok {
		return nil, &OutsideError{Path: pattern}
	}
	if !strings.ContainsAny(pattern, `*?[\`) {
		if _, err := k.tree.stat(abs); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		return []string{pattern}, nil
	}
	matches, err := fs.Glob(noteFS{k.tree}, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	app, _ := k.tree.rel(k.dir)
	for i, m := range matches {
		r, err := filepath.Rel(filepath.FromSlash(app), filepath.FromSlash(path.Clean(m)))
		if err != nil {
			return nil, err
		}
		matches[i] = filepath.ToSlash(r)
	}
	return matches, nil
}
