package argocd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"kesbridge/internal/spelling"
)

// PluginName is the name of kesbridge's plugin, without its version.
const PluginName = "kesbridge"

// IsPlugin reports whether a plugin block names kesbridge, with whatever
// version.
func IsPlugin(p *ApplicationSourcePlugin) bool {
	return p != nil && (p.Name == PluginName || strings.HasPrefix(p.Name, PluginName+"-"))
}

// The collections of a plugin parameter (repository.proto,
// ParameterAnnouncement); Text is "string".
const (
	Text  = "string"
	Array = "array"
	Map   = "map"
)

// Value is the value of a plugin parameter: one of the three.
type Value struct {
	String string
	Array  []string
	Map    map[string]string
}

// IsZero reports whether it says nothing.
func (v Value) IsZero() bool { return v.String == "" && len(v.Array) == 0 && len(v.Map) == 0 }

// Collection is what a parameter gives, or "" where it gives nothing.
func (p *PluginParameter) Collection() string {
	switch {
	case p.String != nil:
		return Text
	case p.OptionalArray != nil:
		return Array
	case p.OptionalMap != nil:
		return Map
	}
	return ""
}

// Value gives what there is.
func (p *PluginParameter) Value() Value {
	var v Value
	if p.String != nil {
		v.String = *p.String
	}
	if p.OptionalArray != nil {
		v.Array = p.Array
	}
	if p.OptionalMap != nil {
		v.Map = p.Map
	}
	return v
}

// ParseParameters reads ARGOCD_APP_PARAMETERS: a JSON array, `null` or nothing
// (facts: argocd.md 1.4, run).
func ParseParameters(s string) (PluginParameters, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var out PluginParameters
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return nil, fmt.Errorf("read ARGOCD_APP_PARAMETERS: %w", err)
	}
	return out, nil
}

// ParameterError says that a parameter can't be taken as it is.
type ParameterError struct {
	Name, Reason string
}

func (e *ParameterError) Error() string { return fmt.Sprintf("parameter %s: %s", e.Name, e.Reason) }

// Values sorts parameters by name and checks them against what is known:
// names to collections. An unknown one is an error, since an option that is
// passed over would render something else; so is one of two values.
func (p PluginParameters) Values(known map[string]string) (map[string]Value, error) {
	out := map[string]Value{}
	for i := range p {
		name, got := p[i].Name, p[i].Collection()
		want, ok := known[name]
		_, twice := out[name]
		switch {
		case !ok:
			reason := "kesbridge doesn't know it"
			if s := spelling.Closest(name, slices.Sorted(maps.Keys(known))); s != "" {
				reason += fmt.Sprintf(": did you mean %q?", s)
			}
			return nil, &ParameterError{strconv.Quote(name), reason}
		case twice:
			return nil, &ParameterError{name, "is there twice"}
		case got != "" && got != want:
			return nil, &ParameterError{name, fmt.Sprintf("wants %s, not %s", want, got)}
		}
		out[name] = p[i].Value()
	}
	return out, nil
}

// SourceParam is a parameter that says how the source is rendered.
type SourceParam struct {
	Name, Collection, Title, Doc string
	// Tool is the block that it is for: helm, kustomize, directory; "" for
	// source, which is a whole block.
	Tool string
	set  func(s *ApplicationSource, v Value) error
}

func helmOf(s *ApplicationSource) *ApplicationSourceHelm {
	if s.Helm == nil {
		s.Helm = &ApplicationSourceHelm{}
	}
	return s.Helm
}

func kustomizeOf(s *ApplicationSource) *ApplicationSourceKustomize {
	if s.Kustomize == nil {
		s.Kustomize = &ApplicationSourceKustomize{}
	}
	return s.Kustomize
}

func directoryOf(s *ApplicationSource) *ApplicationSourceDirectory {
	if s.Directory == nil {
		s.Directory = &ApplicationSourceDirectory{}
	}
	return s.Directory
}

// helmParameters merges over those of the same name and kind, which source
// may have given, in the order of their names.
func helmParameters(s *ApplicationSource, m map[string]string, forceString bool) {
	h := helmOf(s)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		h.Parameters = slices.DeleteFunc(h.Parameters, func(p HelmParameter) bool { return p.Name == name && p.ForceString == forceString })
		h.Parameters = append(h.Parameters, HelmParameter{Name: name, Value: m[name], ForceString: forceString})
	}
}

// SourceParams are the parameters of the source, in the order in which they
// are applied: source first, so that the others win over it.
func SourceParams() []SourceParam {
	return []SourceParam{
		{Name: "source", Collection: Text, Title: "Source", Doc: "`YAML` of the helm:, kustomize: or directory: block that the Application had, verbatim", set: func(s *ApplicationSource, v Value) error {
			block, err := SourceParameter(v.String)
			if err == nil {
				s.Helm, s.Kustomize, s.Directory = block.Helm, block.Kustomize, block.Directory
			}
			return err
		}},
		{Name: "helm-release-name", Collection: Text, Tool: "helm", Title: "Release name", Doc: "`NAME` of the Helm release (default: the Application's name)", set: func(s *ApplicationSource, v Value) error {
			helmOf(s).ReleaseName = v.String
			return nil
		}},
		{Name: "helm-values", Collection: Text, Tool: "helm", Title: "Values", Doc: "values of the chart as `YAML`", set: func(s *ApplicationSource, v Value) error {
			h := helmOf(s)
			h.Values, h.ValuesObject = v.String, nil
			return nil
		}},
		{Name: "helm-value-files", Collection: Array, Tool: "helm", Title: "Value files", Doc: "value `FILE`s, relative to the application's directory, globs too", set: func(s *ApplicationSource, v Value) error {
			helmOf(s).ValueFiles = v.Array
			return nil
		}},
		{Name: "helm-parameters", Collection: Map, Tool: "helm", Title: "Helm parameters", Doc: "values to set, as `KEY=VALUE`, like helm's --set", set: func(s *ApplicationSource, v Value) error {
			helmParameters(s, v.Map, false)
			return nil
		}},
		{Name: "helm-string-parameters", Collection: Map, Tool: "helm", Title: "Helm parameters (text)", Doc: "texts to set, as `KEY=VALUE`, like helm's --set-string", set: func(s *ApplicationSource, v Value) error {
			helmParameters(s, v.Map, true)
			return nil
		}},
		{Name: "helm-file-parameters", Collection: Map, Tool: "helm", Title: "Helm parameters (files)", Doc: "files whose contents are set, as `KEY=FILE`, like helm's --set-file", set: func(s *ApplicationSource, v Value) error {
			h := helmOf(s)
			for _, name := range slices.Sorted(maps.Keys(v.Map)) {
				h.FileParameters = append(h.FileParameters, HelmFileParameter{Name: name, Path: v.Map[name]})
			}
			return nil
		}},
		{Name: "images", Collection: Array, Tool: "kustomize", Title: "Images", Doc: "kustomize `IMAGE`s, as in name=other:tag", set: func(s *ApplicationSource, v Value) error {
			kustomizeOf(s).Images = v.Array
			return nil
		}},
		{Name: "name-prefix", Collection: Text, Tool: "kustomize", Title: "Name prefix", Doc: "kustomize's namePrefix", set: func(s *ApplicationSource, v Value) error {
			kustomizeOf(s).NamePrefix = v.String
			return nil
		}},
		{Name: "name-suffix", Collection: Text, Tool: "kustomize", Title: "Name suffix", Doc: "kustomize's nameSuffix", set: func(s *ApplicationSource, v Value) error {
			kustomizeOf(s).NameSuffix = v.String
			return nil
		}},
		{Name: "namespace", Collection: Text, Tool: "kustomize", Title: "Namespace", Doc: "kustomize's `NAMESPACE`", set: func(s *ApplicationSource, v Value) error {
			kustomizeOf(s).Namespace = v.String
			return nil
		}},
		{Name: "common-labels", Collection: Map, Tool: "kustomize", Title: "Common labels", Doc: "kustomize's commonLabels, as `KEY=VALUE`", set: func(s *ApplicationSource, v Value) error {
			kustomizeOf(s).CommonLabels = v.Map
			return nil
		}},
		{Name: "common-annotations", Collection: Map, Tool: "kustomize", Title: "Common annotations", Doc: "kustomize's commonAnnotations, as `KEY=VALUE`", set: func(s *ApplicationSource, v Value) error {
			kustomizeOf(s).CommonAnnotations = v.Map
			return nil
		}},
		{Name: "replicas", Collection: Map, Tool: "kustomize", Title: "Replicas", Doc: "kustomize's replicas, as `NAME=COUNT`", set: func(s *ApplicationSource, v Value) error {
			k := kustomizeOf(s)
			k.Replicas = nil
			for _, name := range slices.Sorted(maps.Keys(v.Map)) {
				n, err := strconv.ParseInt(v.Map[name], 10, 32)
				if err != nil {
					return fmt.Errorf("%s: %q is no number of replicas", name, v.Map[name])
				}
				k.Replicas = append(k.Replicas, KustomizeReplica{Name: name, Count: IntOrString{Int: int32(n)}})
			}
			return nil
		}},
		{Name: "directory-recurse", Collection: Text, Tool: "directory", Title: "Recurse", Doc: "`BOOL`: true takes manifests in subdirectories too", set: func(s *ApplicationSource, v Value) error {
			b, err := strconv.ParseBool(v.String)
			directoryOf(s).Recurse = b
			if err != nil {
				return errors.New("wants true or false")
			}
			return nil
		}},
		{Name: "directory-include", Collection: Text, Tool: "directory", Title: "Include", Doc: "`GLOB` of the manifests that count", set: func(s *ApplicationSource, v Value) error {
			directoryOf(s).Include = v.String
			return nil
		}},
		{Name: "directory-exclude", Collection: Text, Tool: "directory", Title: "Exclude", Doc: "`GLOB` of manifests to leave out", set: func(s *ApplicationSource, v Value) error {
			directoryOf(s).Exclude = v.String
			return nil
		}},
	}
}

// Native puts the options that plugin parameters give into a source. Values
// of other parameters are passed over.
func (s *ApplicationSource) Native(values map[string]Value) error {
	own, err := clone(s) // the blocks may be another's, too
	if err != nil {
		return err
	}
	*s = *own
	for _, p := range SourceParams() {
		v, ok := values[p.Name]
		if !ok || v.IsZero() {
			continue
		}
		if err := p.set(s, v); err != nil {
			return &ParameterError{p.Name, err.Error()}
		}
	}
	if _, err := s.ExplicitType(); err != nil {
		return fmt.Errorf("the plugin's parameters: %w", err)
	}
	return nil
}

// SourceParameter reads the parameter source: a mapping with one of helm,
// kustomize and directory, each as in an Application. A field that Argo CD
// doesn't know is an error.
func SourceParameter(text string) (ApplicationSource, error) {
	var out ApplicationSource
	if len(text) > maxParameters {
		return out, &LimitError{What: "the parameter source", Max: maxParameters}
	}
	dec := goyaml.NewDecoder(strings.NewReader(text))
	var first, second goyaml.Node
	if err := dec.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		return out, errors.New("is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return out, errors.New("wants one YAML document")
	}
	b, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return out, errors.New("is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		return out, err
	}
	m, ok := tree.(map[string]any)
	if tree != nil && !ok {
		return out, errors.New("wants a mapping with helm, kustomize or directory")
	}
	for key := range m {
		if key != "helm" && key != "kustomize" && key != "directory" {
			return out, fmt.Errorf("has the key %q; it takes helm, kustomize or directory", key)
		}
	}
	if err := unknownField(tree, reflect.TypeFor[ApplicationSource](), "source"); err != nil {
		return out, err
	}
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&out); err != nil {
		return out, err
	}
	return out, nil
}
