package argocd

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"kesbridge/render"
)

// helm is repository.go, helmTemplate: the environment is put into value
// files, parameters and the paths of file parameters, not into values.
func (r *Request) helm(x *expander) (render.HelmOptions, error) {
	out := render.HelmOptions{ReleaseName: ShortName(r.AppName), Namespace: r.namespace()}
	if out.ReleaseName == "" {
		out.ReleaseName = r.AppName
	}
	h := r.Source.Helm
	if h == nil {
		return out, nil
	}
	if h.ReleaseName != "" {
		out.ReleaseName = h.ReleaseName
	}
	for _, f := range h.ValueFiles {
		name, err := r.valueFile(f, x)
		if err != nil {
			return out, err
		}
		out.ValueFiles = append(out.ValueFiles, name)
	}
	out.Values = h.Values
	if h.ValuesObject != nil && h.ValuesObject.Raw != nil {
		b, err := yaml.JSONToYAML(h.ValuesObject.Raw)
		if err != nil {
			return out, err
		}
		out.Values = string(b)
	}
	out.Parameters = parameters(h.Parameters, x)
	for _, p := range h.FileParameters {
		name, err := r.valueFile(p.Path, x)
		if err != nil {
			return out, err
		}
		out.FileParameters = append(out.FileParameters, render.HelmFileParameter{Name: p.Name, Path: name})
	}
	out.IgnoreMissingValueFiles = h.IgnoreMissingValueFiles
	out.SkipCRDs, out.SkipTests, out.SkipSchemaValidation = h.SkipCrds, h.SkipTests, h.SkipSchemaValidation
	out.PassCredentials = h.PassCredentials
	for name, dir := range r.Refs {
		if dir != "" {
			if out.Refs == nil {
				out.Refs = map[string]string{}
			}
			out.Refs[strings.TrimPrefix(name, "$")] = dir
		}
	}
	return out, nil
}

// namespace is types.go, GetNamespaceOrDefault. A source has one of the two
// blocks only.
func (r *Request) namespace() string {
	if h := r.Source.Helm; h != nil && h.Namespace != "" {
		return h.Namespace
	}
	return r.Namespace
}

// valueFile leaves the ref of "$ref/path" in front and puts the environment
// into the rest (repository.go, getResolvedRefValueFile). With `sources`
// anything that starts with "$" must be a ref (runManifestGenAsync).
func (r *Request) valueFile(name string, x *expander) (string, error) {
	ref, rest, _ := strings.Cut(name, "/")
	if strings.HasPrefix(name, "$") {
		if dir, ok := r.Refs[ref]; ok {
			if dir == "" {
				return "", &PathError{Path: name, Reason: "the repository of the ref isn't here"}
			}
			return ref + "/" + x.expand(rest), nil
		}
		if r.MultiSource {
			return "", &RefError{Ref: ref, Known: slices.Sorted(maps.Keys(r.Refs))}
		}
	}
	return x.expand(name), nil
}

// parameters: of several with one name and the same forceString the last one
// counts, since Argo CD keeps them in two maps.
func parameters(in []HelmParameter, x *expander) []render.HelmParameter {
	var out []render.HelmParameter
	for _, p := range in {
		v := render.HelmParameter{Name: p.Name, Value: x.expand(p.Value), ForceString: p.ForceString}
		i := slices.IndexFunc(out, func(o render.HelmParameter) bool {
			return o.Name == v.Name && o.ForceString == v.ForceString
		})
		if i >= 0 {
			out[i] = v
			continue
		}
		out = append(out, v)
	}
	return out
}

// kustomizeOptions is util/kustomize/kustomize.go, Build: the environment is
// put into images and labels, and into annotations when asked for.
func kustomizeOptions(k *ApplicationSourceKustomize, x *expander) (render.KustomizeOptions, error) {
	out := render.KustomizeOptions{
		NamePrefix: k.NamePrefix, NameSuffix: k.NameSuffix, Namespace: k.Namespace,
		ForceCommonLabels: k.ForceCommonLabels, ForceCommonAnnotations: k.ForceCommonAnnotations,
		LabelWithoutSelector: k.LabelWithoutSelector, LabelIncludeTemplates: k.LabelIncludeTemplates,
		Components: slices.Clone(k.Components), IgnoreMissingComponents: k.IgnoreMissingComponents,
		CommonLabels: expandMap(k.CommonLabels, x), CommonAnnotations: maps.Clone(k.CommonAnnotations),
	}
	if k.CommonAnnotationsEnvsubst {
		out.CommonAnnotations = expandMap(k.CommonAnnotations, x)
	}
	for _, image := range k.Images {
		out.Images = append(out.Images, x.expand(image))
	}
	for _, r := range k.Replicas {
		n, err := r.Count.Number()
		if err != nil {
			return out, err
		}
		out.Replicas = append(out.Replicas, render.KustomizeReplica{Name: r.Name, Count: n})
	}
	for _, p := range k.Patches {
		patch := render.KustomizePatch{Path: p.Path, Patch: p.Patch, Options: maps.Clone(p.Options)}
		if t := p.Target; t != nil {
			patch.Target = &render.KustomizeSelector{Group: t.Group, Version: t.Version, Kind: t.Kind, Name: t.Name,
				Namespace: t.Namespace, AnnotationSelector: t.AnnotationSelector, LabelSelector: t.LabelSelector}
		}
		out.Patches = append(out.Patches, patch)
	}
	return out, nil
}

func expandMap(in map[string]string, x *expander) map[string]string {
	out := maps.Clone(in)
	for k, v := range out {
		out[k] = x.expand(v)
	}
	return out
}

// directoryOptions: the environment is put into jsonnet's variables, code or
// not, and into nothing else (repository.go, makeJsonnetVM).
func directoryOptions(d *ApplicationSourceDirectory, x *expander) render.DirectoryOptions {
	vars := func(in []JsonnetVar) (out []render.JsonnetVar) {
		for _, v := range in {
			out = append(out, render.JsonnetVar{Name: v.Name, Value: x.expand(v.Value), Code: v.Code})
		}
		return out
	}
	return render.DirectoryOptions{
		Recurse: d.Recurse, Include: d.Include, Exclude: d.Exclude,
		Jsonnet: render.JsonnetOptions{ExtVars: vars(d.Jsonnet.ExtVars), TLAs: vars(d.Jsonnet.TLAs), Libs: slices.Clone(d.Jsonnet.Libs)},
	}
}
