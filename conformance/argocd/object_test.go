package argocd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	kesGroup = "kubernetes-client.io/"
	esoGroup = "external-secrets.io/"
	standIn  = "kes" // the apiVersion of both while they are compared
)

// object is a manifest as Argo CD's controller gets it.
type object map[string]any

func (o object) text(path ...string) string {
	s, _, _ := unstructured.NestedString(o, path...)
	return s
}

// String names an object in messages and in differences.md.
func (o object) String() string {
	name := o.text("metadata", "name")
	if name == "" {
		name = o.text("metadata", "generateName") + "*"
	}
	if ns := o.text("metadata", "namespace"); ns != "" {
		name = ns + "/" + name
	}
	group, _, ok := strings.Cut(o.text("apiVersion"), "/")
	if !ok && group != standIn {
		return o.text("kind") + " " + name
	}
	return group + " " + o.text("kind") + " " + name
}

// parse reads what the repo-server answers: one JSON object each. The
// controller takes "null" for nothing (v1alpha1.UnmarshalToUnstructured).
func parse(manifests []string) ([]object, error) {
	var out []object
	for _, m := range manifests {
		d := json.NewDecoder(strings.NewReader(m))
		d.UseNumber()
		var o object
		if err := d.Decode(&o); err != nil {
			return nil, fmt.Errorf("%w in %s", err, m)
		}
		if o != nil {
			out = append(out, o)
		}
	}
	return out, nil
}

// read reads kesbridge's output as the repo-server reads that of a plugin:
// split, then Lists unrolled by one level.
func read(stream []byte) ([]object, error) {
	items, err := kube.SplitYAML(stream)
	if err != nil {
		return nil, err
	}
	var flat []string
	add := func(u *unstructured.Unstructured) error {
		b, err := json.Marshal(u.Object)
		flat = append(flat, string(bytes.TrimSpace(b)))
		return err
	}
	for _, item := range items {
		switch {
		case item == nil:
		case item.IsList():
			err = item.EachListItem(func(o runtime.Object) error { return add(o.(*unstructured.Unstructured)) })
		case isNullList(item):
		default:
			err = add(item)
		}
		if err != nil {
			return nil, err
		}
	}
	return parse(flat)
}

// isNullList is repository.isNullList.
func isNullList(u *unstructured.Unstructured) bool {
	_, spec := u.Object["spec"]
	_, status := u.Object["status"]
	items, ok := u.Object["items"]
	return !spec && !status && ok && items == nil
}

// leaveKESAside puts the same stand-in for a KES resource of theirs and for
// the ESO one that it became on our side, in its place.
func leaveKESAside(theirs, ours []object) {
	replace := func(o object) object {
		return object{"apiVersion": standIn, "kind": "ExternalSecret", "metadata": map[string]any{
			"name": o.text("metadata", "name"), "namespace": o.text("metadata", "namespace"),
		}}
	}
	key := func(o object) string { return o.text("metadata", "namespace") + "/" + o.text("metadata", "name") }
	converted := map[string]int{}
	for i, o := range theirs {
		if strings.HasPrefix(o.text("apiVersion"), kesGroup) && o.text("kind") == "ExternalSecret" {
			converted[key(o)]++
			theirs[i] = replace(o)
		}
	}
	for i, o := range ours {
		if strings.HasPrefix(o.text("apiVersion"), esoGroup) && o.text("kind") == "ExternalSecret" && converted[key(o)] > 0 {
			converted[key(o)]--
			ours[i] = replace(o)
		}
	}
}

// compare says what differs, one line each; the same difference gives the same
// line on every machine.
func compare(theirs, ours []object) []string {
	theirRefs, ourRefs := refs(theirs), refs(ours)
	if !slices.Equal(theirRefs, ourRefs) {
		var out []string
		for _, r := range minus(theirRefs, ourRefs) {
			out = append(out, "missing: "+r)
		}
		for _, r := range minus(ourRefs, theirRefs) {
			out = append(out, "extra: "+r)
		}
		if out == nil {
			out = []string{fmt.Sprintf("order: %s, kesbridge: %s", strings.Join(theirRefs, ", "), strings.Join(ourRefs, ", "))}
		}
		return out
	}
	var out []string
	for i := range theirs {
		diff(ourRefs[i]+":", map[string]any(theirs[i]), map[string]any(ours[i]), &out)
	}
	return out
}

func refs(objects []object) []string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = o.String()
	}
	return out
}

// minus is a without the elements of b, one for one.
func minus(a, b []string) []string {
	b = slices.Clone(b)
	var out []string
	for _, s := range a {
		if i := slices.Index(b, s); i >= 0 {
			b = slices.Delete(b, i, i+1)
			continue
		}
		out = append(out, s)
	}
	return out
}

func diff(path string, theirs, ours any, out *[]string) {
	a, aMap := theirs.(map[string]any)
	b, bMap := ours.(map[string]any)
	if aMap && bMap {
		keys := map[string]bool{}
		for k := range a {
			keys[k] = true
		}
		for k := range b {
			keys[k] = true
		}
		sorted := make([]string, 0, len(keys))
		for k := range keys {
			sorted = append(sorted, k)
		}
		sort.Strings(sorted)
		for _, k := range sorted {
			x, inA := a[k]
			y, inB := b[k]
			switch {
			case !inA:
				*out = append(*out, fmt.Sprintf("%s/%s is only in kesbridge's: %s", path, k, print(y)))
			case !inB:
				*out = append(*out, fmt.Sprintf("%s/%s is only in Argo CD's: %s", path, k, print(x)))
			default:
				diff(path+"/"+k, x, y, out)
			}
		}
		return
	}
	aList, aIs := theirs.([]any)
	bList, bIs := ours.([]any)
	if aIs && bIs && len(aList) == len(bList) {
		for i := range aList {
			diff(path+"/"+strconv.Itoa(i), aList[i], bList[i], out)
		}
		return
	}
	if x, y := print(theirs), print(ours); x != y {
		*out = append(*out, fmt.Sprintf("%s: %s, kesbridge: %s", path, x, y))
	}
}

func print(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
