// Package cutover knows what becomes of a KES object and its Secret in each
// mode, and what keeps Argo CD from taking either away.
package cutover

import (
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// Annotations of Argo CD and the options in them that guard an object.
const (
	SyncOptions    = "argocd.argoproj.io/sync-options"
	CompareOptions = "argocd.argoproj.io/compare-options"

	noPrune    = "Prune=false"
	noDelete   = "Delete=false"
	extraneous = "IgnoreExtraneous"
)

// frozen is a controllerId that no KES answers to.
const frozen = "kesbridge-frozen"

// frozenAgain is added where an object, or a KES, has the id already.
const frozenAgain = "-2"

// DescriptorError says that an object can't be frozen: KES looks for
// controllerId only in spec (8.5.5, lib/daemon.js) and would go on serving
// it.
type DescriptorError struct{}

func (*DescriptorError) Error() string {
	return "it has no spec, and KES looks for controllerId only there: a controllerId would not stop KES for it"
}

// Freeze gives what has to be set in a KES object so that KES stops serving
// it, and with protect so that Argo CD doesn't prune it. instanceID is KES's
// INSTANCE_ID, or empty. KES takes an object where INSTANCE_ID and
// controllerId are equal or both unset (8.5.5, lib/daemon.js).
func Freeze(o *manifest.Object, instanceID string, protect bool) ([]manifest.Assignment, error) {
	spec := manifest.Lookup(o.Node, "spec")
	if spec == nil || len(spec.Content) == 0 {
		return nil, &DescriptorError{}
	}
	original := ""
	if n := manifest.Lookup(spec, "controllerId"); n != nil {
		original = n.Value
	}
	id := frozen
	for id == instanceID || id == original {
		id += frozenAgain
	}
	set := []manifest.Assignment{{Path: []string{"spec", "controllerId"}, Value: id}}
	if !protect {
		return set, nil
	}
	notes := manifest.Lookup(manifest.Lookup(o.Node, "metadata"), "annotations")
	for _, g := range guards(config.GuardPrune) {
		old := ""
		if n := manifest.Lookup(notes, g.key); n != nil {
			old = n.Value
		}
		if merged := mergeOptions(old, g.options); merged != old {
			set = append(set, manifest.Assignment{Path: []string{"metadata", "annotations", g.key}, Value: merged})
		}
	}
	return set, nil
}

// Guard merges the options that keep Argo CD from pruning an object, and with
// guard "delete" from deleting it, into its annotations.
func Guard(annotations *manifest.Map, guard string) {
	for _, g := range guards(guard) {
		old, _ := annotations.Get(g.key).(string)
		annotations.Set(g.key, mergeOptions(old, g.options))
	}
}

type guardOption struct {
	key     string
	options []string
}

func guards(guard string) []guardOption {
	sync := []string{noPrune}
	if guard == config.GuardDelete {
		sync = append(sync, noDelete)
	}
	return []guardOption{{CompareOptions, []string{extraneous}}, {SyncOptions, sync}}
}

// mergeOptions adds options to a list as Argo CD reads it: separated by
// commas, blanks around them ignored (gitops-engine, pkg/sync/resource,
// annotations.go). Another value of the same option goes.
func mergeOptions(list string, add []string) string {
	var out []string
	for o := range strings.SplitSeq(list, ",") {
		if o = strings.TrimSpace(o); o != "" {
			out = append(out, o)
		}
	}
	changed := false
	for _, a := range add {
		if slices.Contains(out, a) {
			continue
		}
		changed = true
		if name, _, ok := strings.Cut(a, "="); ok {
			out = slices.DeleteFunc(out, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		}
		out = append(out, a)
	}
	if !changed {
		return list
	}
	return strings.Join(out, ",")
}

// Secret gives the name of the Secret that an ESO object makes in a mode; ok
// is false if it is no name that Kubernetes takes.
func Secret(mode, pattern string, in *kes.ExternalSecret) (name string, ok bool) {
	if !config.TwoNames(mode) {
		return in.Ref.Name, true
	}
	name = config.FillSecretName(pattern, in.Ref.Name, in.Ref.Namespace)
	return name, config.IsObjectName(name)
}
