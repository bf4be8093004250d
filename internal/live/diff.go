package live

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

// Diff is how one object differs.
type Diff struct {
	// Live is what runs, Predicted what a sync makes of it; both without what
	// isn't compared.
	Live, Predicted *Object
	// OutOfSync is Argo CD's word. Changed: something differs once the
	// defaults are in that the API server would write anyway.
	OutOfSync, Changed bool
	// Hidden is how many values of a Secret couldn't be compared, since argocd
	// masks them.
	Hidden int
}

// ThreeWay is Argo CD's default diff (gitops-engine pkg/diff, Diff): what the
// target says, and what the last applied manifest said and the target no
// longer does. Live fields that neither knows aren't compared.
func ThreeWay(target, liveObject *Object, o Options) (Diff, error) {
	config, err := remarshal(target)
	if err != nil {
		return Diff{}, err
	}
	current, err := remarshal(liveObject)
	if err != nil {
		return Diff{}, err
	}
	tidy(config, o.Ignored)
	tidy(current, o.Ignored)
	hidden := unmask(config, current)
	if orig := applied(current); orig != nil {
		tidy(orig, o.Ignored)
		if d, err := threeWay(orig, config, current, o); err == nil {
			d.Hidden = hidden
			return d, nil
		}
	}
	d, err := threeWay(config, config.DeepCopy(), current, o)
	d.Hidden = hidden
	return d, err
}

// applied is the last applied manifest, or nil.
func applied(o *Object) *Object {
	text, ok := o.GetAnnotations()[lastApplied]
	if !ok {
		return nil
	}
	out := &Object{}
	if out.UnmarshalJSON([]byte(text)) != nil {
		return nil
	}
	return out
}

func threeWay(orig, config, current *Object, o Options) (Diff, error) {
	orig, config = bare(orig), bare(config)
	var predicted map[string]any
	var err error
	gvk := gvkOf(orig)
	if typed, notBuiltin := scheme.Scheme.New(gvk); notBuiltin == nil {
		predicted, err = strategic(orig, config, current, typed)
	} else {
		predicted, err = plainJSON(orig, config, current)
	}
	if err != nil {
		return Diff{}, fmt.Errorf("compare %s: %w", keyOf(current), err)
	}
	before, after := plainCopy(current.Object), plainCopy(predicted)
	fillDefaults(gvk, before)
	fillDefaults(gvk, after)
	d := Diff{OutOfSync: !reflect.DeepEqual(before, after)}
	if d.OutOfSync && o.Default != nil {
		o.Default(after, before)
	}
	d.Live, d.Predicted = &Object{Object: before}, &Object{Object: after}
	d.Changed = d.OutOfSync && !reflect.DeepEqual(before, after)
	return d, nil
}

// bare takes the namespace and empty annotations out (gitops-engine,
// removeNamespaceAnnotation).
func bare(o *Object) *Object {
	o = o.DeepCopy()
	meta, ok := o.Object["metadata"].(map[string]any)
	if !ok {
		return o
	}
	delete(meta, "namespace")
	notes, ok := meta["annotations"]
	if list, isMap := notes.(map[string]any); ok && (notes == nil || isMap && len(list) == 0) {
		delete(meta, "annotations")
	}
	return o
}

// strategic is for types that Kubernetes's own clients know: lists merge by
// key.
func strategic(orig, config, current *Object, typed any) (map[string]any, error) {
	base := current
	if gvk := gvkOf(orig); (gvk.Group == "apps" || gvk.Group == "extensions") && gvk.Kind == "StatefulSet" {
		base = withoutClaimDefaults(orig, current)
	}
	a, b, c, err := texts(orig, config, base)
	if err != nil {
		return nil, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(typed)
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(a, b, c, meta, true)
	if err != nil {
		return nil, err
	}
	_, _, c, err = texts(orig, config, current)
	if err != nil {
		return nil, err
	}
	out, err := strategicpatch.StrategicMergePatch(c, patch, typed)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(out, &m)
}

// plainJSON is for all other types: lists are replaced whole. What only the
// live object has is taken out first, in lists by index, since it may be a
// default of the CRD.
func plainJSON(orig, config, current *Object) (map[string]any, error) {
	stripped := &Object{Object: commonFields(orig.Object, current.Object)}
	a, b, c, err := texts(orig, config, stripped)
	if err != nil {
		return nil, err
	}
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(a, b, c)
	if err != nil {
		return nil, err
	}
	var p map[string]any
	if err := json.Unmarshal(patch, &p); err != nil {
		return nil, err
	}
	return mergePatch(plainCopy(current.Object), p), nil
}

// mergePatch is RFC 7386.
func mergePatch(doc, patch map[string]any) map[string]any {
	if doc == nil {
		doc = map[string]any{}
	}
	for k, v := range patch {
		if v == nil {
			delete(doc, k)
			continue
		}
		p, ok := v.(map[string]any)
		if !ok {
			doc[k] = v
			continue
		}
		old, _ := doc[k].(map[string]any)
		doc[k] = mergePatch(old, p)
	}
	return doc
}

func texts(a, b, c *Object) (x, y, z []byte, err error) {
	if x, err = json.Marshal(a.Object); err == nil {
		if y, err = json.Marshal(b.Object); err == nil {
			z, err = json.Marshal(c.Object)
		}
	}
	return x, y, z, err
}

// withoutClaimDefaults takes the defaults out of volumeClaimTemplates, which
// are an atomic list (gitops-engine, statefulSetWorkaround).
func withoutClaimDefaults(orig, current *Object) *Object {
	want, ok, err := unstructured.NestedSlice(orig.Object, "spec", "volumeClaimTemplates")
	if !ok || err != nil {
		return current
	}
	have, ok, err := unstructured.NestedSlice(current.Object, "spec", "volumeClaimTemplates")
	if !ok || err != nil {
		return current
	}
	current = current.DeepCopy()
	_ = unstructured.SetNestedField(current.Object, commonElements(want, have), "spec", "volumeClaimTemplates")
	return current
}

// plainCopy is a copy whose numbers are all float64.
func plainCopy(m map[string]any) map[string]any {
	data, err := json.Marshal(m)
	if err != nil {
		return m // it came from JSON
	}
	var out map[string]any
	_ = json.Unmarshal(data, &out)
	return out
}
