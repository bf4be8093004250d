package live

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// remarshal writes a built-in object as the API server would: quantities in
// their usual form, empty fields gone (gitops-engine pkg/diff, remarshal). A
// field that the type doesn't know leaves the object as it is.
func remarshal(o *Object) (*Object, error) {
	data, err := json.Marshal(o.Object)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", keyOf(o), err)
	}
	plain := &Object{}
	if err := json.Unmarshal(data, &plain.Object); err != nil { // numbers as float64, on both sides
		return nil, fmt.Errorf("compare %s: %w", keyOf(o), err)
	}
	item, err := scheme.Scheme.New(gvkOf(o))
	if err != nil {
		return plain, nil
	}
	typed := reflect.New(reflect.TypeOf(item).Elem()).Interface()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&typed) != nil {
		return plain, nil
	}
	body, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return plain, nil
	}
	return &Object{Object: commonFields(plain.Object, body)}, nil
}

// commonFields takes out of b what a doesn't have, into lists by index
// (gitops-engine pkg/utils/json, RemoveMapFields). Elements that only b has
// stay.
func commonFields(a, b map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range a {
		if w, ok := b[k]; ok {
			out[k] = commonValue(v, w)
		}
	}
	return out
}

func commonValue(a, b any) any {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			return commonFields(a, b)
		}
	case []any:
		if b, ok := b.([]any); ok {
			return commonElements(a, b)
		}
	}
	return b
}

func commonElements(a, b []any) []any {
	out := make([]any, 0, len(b))
	for i, v := range b {
		if i < len(a) && v != nil {
			v = commonValue(a[i], v)
		}
		out = append(out, v)
	}
	return out
}

// tidy is gitops-engine's Normalize with Argo CD's default overrides: status
// isn't compared (since 3.0, util/settings, IgnoreResourceStatusInAll).
func tidy(o *Object, ignored []Ignore) {
	unstructured.RemoveNestedField(o.Object, "metadata", "creationTimestamp")
	gvk := gvkOf(o)
	switch gvk.Group + "/" + gvk.Kind {
	case "/Secret":
		tidySecret(o)
	case "rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/Role":
		if rules, ok := o.Object["rules"].([]any); ok && len(rules) == 0 {
			o.Object["rules"] = nil
		}
	}
	delete(o.Object, "status")
	for i := range ignored {
		ignored[i].remove(o)
	}
}

// tidySecret puts stringData into data (gitops-engine, NormalizeSecret).
func tidySecret(o *Object) {
	if text, ok, err := unstructured.NestedMap(o.Object, "stringData"); ok && err == nil {
		data, ok, _ := unstructured.NestedMap(o.Object, "data")
		if !ok || data == nil {
			data = map[string]any{}
		}
		for k, v := range text {
			if s, ok := v.(string); ok {
				v = base64.StdEncoding.EncodeToString([]byte(s))
			}
			data[k] = v
		}
		o.Object["data"] = data
		delete(o.Object, "stringData")
	}
	var secret corev1.Secret
	if runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &secret) != nil || secret.Data == nil {
		return
	}
	data := map[string]any{}
	for k, v := range secret.Data {
		data[k] = base64.StdEncoding.EncodeToString(v)
	}
	o.Object["data"] = data
}
