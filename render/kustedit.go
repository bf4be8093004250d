//lint:file-ignore SA1019 deprecated fields are in the kustomizations that people have

package render

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/pkg/util"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// Argo CD runs `kustomize edit …` for an Application's options, in this order
// (util/kustomize/kustomize.go, Build, 3.6.1). What those commands do is from
// kustomize/v5.8.2 commands/edit; each reads, fixes and writes the file, so
// the options are applied to its fields, not to its text.

// edit applies the options to the text of the application's kustomization,
// whose file has that name, and changes nothing on disk.
func (k *kustFS) edit(file string, data []byte) ([]byte, error) {
	opt := k.opt
	steps := []struct {
		what string
		any  bool
		do   func(*types.Kustomization) error
	}{
		{"set nameprefix", opt.NamePrefix != "", func(m *types.Kustomization) error { m.NamePrefix = opt.NamePrefix; return nil }},
		{"set namesuffix", opt.NameSuffix != "", func(m *types.Kustomization) error { m.NameSuffix = opt.NameSuffix; return nil }},
		{"set image", len(opt.Images) > 0, func(m *types.Kustomization) error { return setImages(m, opt.Images) }},
		{"set replicas", len(opt.Replicas) > 0, func(m *types.Kustomization) error { return setReplicas(m, opt.Replicas) }},
		{"add label", len(opt.CommonLabels) > 0, func(m *types.Kustomization) error { return addLabels(m, opt) }},
		{"add annotation", len(opt.CommonAnnotations) > 0, func(m *types.Kustomization) error { return addAnnotations(m, opt) }},
		{"set namespace", opt.Namespace != "", func(m *types.Kustomization) error { m.Namespace = opt.Namespace; return nil }},
	}
	var err error
	for _, s := range steps {
		if s.any {
			if data, err = editFields(data, s.do); err != nil {
				return nil, fmt.Errorf("kustomize edit %s: %w", s.what, err)
			}
		}
	}
	if len(opt.Patches) > 0 {
		if data, err = appendPatches(data, opt.Patches); err != nil {
			return nil, fmt.Errorf("append patches: %w", err)
		}
	}
	if len(opt.Components) > 0 {
		if data, err = k.addComponents(file, data); err != nil {
			return nil, fmt.Errorf("kustomize edit add component: %w", err)
		}
	}
	return data, nil
}

// editFields is Read and Write of commands/internal/kustfile; the order of
// fields and the comments that it keeps mean nothing to a build.
func editFields(data []byte, do func(*types.Kustomization) error) ([]byte, error) {
	var m types.Kustomization
	if err := m.Unmarshal(data); err != nil {
		return nil, err
	}
	m.FixKustomization()
	if err := do(&m); err != nil {
		return nil, err
	}
	return yaml.Marshal(m)
}

var errDash = errors.New("starts with \"-\", so kustomize would take it for one of its flags")

// setImages is commands/edit/set/setimage.go.
func setImages(m *types.Kustomization, args []string) error {
	images := map[string]types.Image{}
	for _, arg := range args {
		img, err := parseImage(arg)
		if err != nil {
			return fmt.Errorf("%q: %w", arg, err)
		}
		images[img.Name] = img
	}
	keep := func(s *string, have string) {
		if *s == "*" {
			*s = have
		}
	}
	for _, old := range m.Images {
		img, ok := images[old.Name]
		if !ok {
			images[old.Name] = old
			continue
		}
		keep(&img.NewName, old.NewName)
		keep(&img.NewTag, old.NewTag)
		keep(&img.Digest, old.Digest)
		images[old.Name] = img
	}
	m.Images = nil
	for _, name := range slices.Sorted(maps.Keys(images)) {
		img := images[name]
		keep(&img.NewName, "")
		keep(&img.NewTag, "")
		keep(&img.Digest, "")
		m.Images = append(m.Images, img)
	}
	return nil
}

func parseImage(arg string) (types.Image, error) {
	if strings.HasPrefix(arg, "-") {
		return types.Image{}, errDash
	}
	key, value, renamed := strings.Cut(arg, "=")
	if !renamed {
		key, value = "", arg
	}
	name, tag, digest := util.SplitImageName(value)
	if name == arg {
		return types.Image{}, errors.New("invalid format of image, use <image>=<newimage>:<newtag>, <image>=<newimage>@<digest>, " +
			"<image>=<newimage>, <image>:<newtag> or <image>@<digest>")
	}
	if key == "" {
		return types.Image{Name: name, NewTag: tag, Digest: digest}, nil
	}
	return types.Image{Name: key, NewName: name, NewTag: tag, Digest: digest}, nil
}

// setReplicas is commands/edit/set/setreplicas.go, given "name=count".
func setReplicas(m *types.Kustomization, list []KustomizeReplica) error {
	replicas := map[string]types.Replica{}
	for _, r := range list {
		if strings.HasPrefix(r.Name, "-") {
			return fmt.Errorf("%q: %w", r.Name, errDash)
		}
		if strings.Contains(r.Name, "=") {
			return fmt.Errorf("%s=%d: invalid format of replica, use <name>=<count>", r.Name, r.Count)
		}
		replicas[r.Name] = types.Replica{Name: r.Name, Count: r.Count}
	}
	for _, old := range m.Replicas {
		if _, ok := replicas[old.Name]; !ok {
			replicas[old.Name] = old
		}
	}
	m.Replicas = nil
	for _, name := range slices.Sorted(maps.Keys(replicas)) {
		m.Replicas = append(m.Replicas, replicas[name])
	}
	return nil
}

// addAnnotations is commands/edit/add/addmetadata.go.
func addAnnotations(m *types.Kustomization, opt *KustomizeOptions) error {
	pairs, err := metadataPairs("annotation", opt.CommonAnnotations)
	if err != nil {
		return err
	}
	if m.CommonAnnotations == nil {
		m.CommonAnnotations = map[string]string{}
	}
	return addPairs("annotation", m.CommonAnnotations, pairs, opt.ForceCommonAnnotations)
}

// addLabels is commands/edit/add/addmetadata.go: without --without-selector
// they go to commonLabels, else to the first entry of labels with the same
// settings, or to a new one.
func addLabels(m *types.Kustomization, opt *KustomizeOptions) error {
	if opt.LabelIncludeTemplates && !opt.LabelWithoutSelector {
		return errors.New("--without-selector flag must be specified for --include-templates to work")
	}
	pairs, err := metadataPairs("label", opt.CommonLabels)
	if err != nil {
		return err
	}
	if !opt.LabelWithoutSelector {
		if m.CommonLabels == nil {
			m.CommonLabels = map[string]string{}
		}
		return addPairs("label", m.CommonLabels, pairs, opt.ForceCommonLabels)
	}
	i := slices.IndexFunc(m.Labels, func(l types.Label) bool {
		return !l.IncludeSelectors && l.IncludeTemplates == opt.LabelIncludeTemplates
	})
	if i < 0 {
		m.Labels = append(m.Labels, types.Label{IncludeTemplates: opt.LabelIncludeTemplates})
		i = len(m.Labels) - 1
	}
	if m.Labels[i].Pairs == nil {
		m.Labels[i].Pairs = map[string]string{}
	}
	return addPairs("label", m.Labels[i].Pairs, pairs, opt.ForceCommonLabels)
}

func addPairs(kind string, to, pairs map[string]string, force bool) error {
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		if _, ok := to[key]; ok && !force {
			//lint:ignore ST1005 kustomize's own words
			return fmt.Errorf("%s %s already in kustomization file. Use --force to override.", kind, key)
		}
		to[key] = pairs[key]
	}
	return nil
}

// metadataPairs is what is left of a map once Argo CD has made "key:value"
// arguments of it and kustomize has read them (commands/internal/util,
// ConvertSliceToMap): a key ends at the first colon, quotes around a value go.
func metadataPairs(kind string, in map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		key, value, _ := strings.Cut(name+":"+in[name], ":")
		switch {
		case key == "":
			return nil, fmt.Errorf("invalid %s: '%s' (need k:v pair where v may be quoted)", kind, name+":"+in[name])
		case strings.HasPrefix(key, "-"):
			return nil, fmt.Errorf("%s %s: %w", kind, strconv.Quote(key), errDash)
		}
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		out[key] = value
	}
	return out, nil
}
