package live

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Key is what Argo CD knows an object by (gitops-engine pkg/utils/kube,
// ResourceKey).
type Key struct{ Group, Kind, Namespace, Name string }

// String is the header that `argocd app diff` prints: "group/Kind
// namespace/name".
func (k Key) String() string {
	return fmt.Sprintf("%s/%s %s/%s", k.Group, k.Kind, k.Namespace, k.Name)
}

func keyOf(o *Object) Key {
	gvk := gvkOf(o)
	return Key{gvk.Group, gvk.Kind, o.GetNamespace(), o.GetName()}
}

func gvkOf(o *Object) schema.GroupVersionKind { return o.GroupVersionKind() }

// hasOption reports whether a list of options in an annotation holds one
// (gitops-engine pkg/sync/resource, HasAnnotationOption).
func hasOption(o *Object, annotation, option string) bool {
	return slices.Contains(optionsOf(o, annotation), option)
}

func optionsOf(o *Object, annotation string) []string {
	var out []string
	for s := range strings.SplitSeq(o.GetAnnotations()[annotation], ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Annotations of Argo CD that decide what is compared and pruned.
const (
	syncOptions    = "argocd.argoproj.io/sync-options"
	compareOptions = "argocd.argoproj.io/compare-options"
	hookAnnotation = "argocd.argoproj.io/hook"
	helmHook       = "helm.sh/hook"
	lastApplied    = "kubectl.kubernetes.io/last-applied-configuration"
)

// isHook is gitops-engine's pkg/sync/hook, IsHook: an object with the
// annotation "Skip" alone is none, and Helm's crd-install neither.
func isHook(o *Object) bool {
	notes := o.GetAnnotations()
	if _, ok := notes[hookAnnotation]; ok {
		return !isSkipped(o)
	}
	v, ok := notes[helmHook]
	return ok && v != "crd-install"
}

// isSkipped is an object that Argo CD never applies (pkg/sync/hook, Skip).
func isSkipped(o *Object) bool {
	types := hookTypes(o)
	return len(types) == 1 && types[0] == "Skip"
}

// hookTypes are the known types without repetition (pkg/sync/common,
// NewHookType).
func hookTypes(o *Object) []string {
	var out []string
	for _, t := range optionsOf(o, hookAnnotation) {
		switch t {
		case "PreSync", "Sync", "PostSync", "SyncFail", "Skip":
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

func isCRD(o *Object) bool {
	gvk := gvkOf(o)
	return gvk.Kind == "CustomResourceDefinition" && gvk.Group == "apiextensions.k8s.io"
}
