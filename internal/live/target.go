package live

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Targets are what a render sends to the cluster.
type Targets struct {
	// Objects are applied and compared, in the order of the stream. Of several
	// with one key it is the last.
	Objects []*Object
	// Hooks run around a sync; Skipped are never applied.
	Hooks, Skipped []*Object
	// Repeated are keys that came more than once.
	Repeated []Key

	stream []*Object // all of them, in order
}

// Settings are what Argo CD knows of the Application.
type Settings struct {
	// Namespace is the destination's, Tracking how objects are marked.
	Namespace string
	Tracking  Tracking
	Scopes    *Scopes
}

// Normalize does to rendered objects what the repo-server and the controller
// do (reposerver/repository, GenerateManifests; controller/state.go,
// normalizeClusterScopeTracking and DeduplicateTargetObjects; gitops-engine
// pkg/sync, splitHooks). The objects given aren't changed.
func Normalize(rendered []*Object, s Settings) (Targets, error) {
	type at struct{ index, times int }
	seen := map[Key]*at{}
	var out Targets
	var list []*Object
	for i, r := range rendered {
		o := r.DeepCopy()
		if err := s.Tracking.mark(o, s.Namespace); err != nil {
			return Targets{}, err
		}
		gvk := gvkOf(o)
		namespaced, _ := s.Scopes.Namespaced(gvk.Group, gvk.Kind)
		switch {
		case !namespaced && o.GetNamespace() != "":
			unstructured.RemoveNestedField(o.Object, "metadata", "namespace")
			if err := s.Tracking.mark(o, s.Namespace); err != nil {
				return Targets{}, err
			}
		case namespaced && o.GetNamespace() == "":
			o.SetNamespace(s.Namespace)
		}
		k := keyOf(o)
		if k.Name == "" && o.GetGenerateName() != "" {
			k.Name = fmt.Sprintf("%s%d", o.GetGenerateName(), i)
		}
		if first := seen[k]; first != nil {
			if first.times++; first.times == 2 {
				out.Repeated = append(out.Repeated, k)
			}
			list[first.index] = nil
			first.index = len(list)
		} else {
			seen[k] = &at{len(list), 1}
		}
		list = append(list, o)
	}
	out.stream = slices.DeleteFunc(list, func(o *Object) bool { return o == nil })
	for _, o := range out.stream {
		switch {
		case isHook(o):
			out.Hooks = append(out.Hooks, o)
		case isSkipped(o):
			out.Skipped = append(out.Skipped, o)
		default:
			out.Objects = append(out.Objects, o)
		}
	}
	return out, nil
}
