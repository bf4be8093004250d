package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"

	"kesbridge/internal/manifest"
)

// Object is a Kubernetes object as its JSON says it.
type Object = unstructured.Unstructured

// ReadError is a document that is no Kubernetes object. It never quotes the
// document: that may be a Secret.
type ReadError struct {
	// Name is the stream's, Document counts from 1.
	Name     string
	Document int
	Reason   string
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("%s: document %d: %s", e.Name, e.Document, e.Reason)
}

// Hint says what to do.
func (e *ReadError) Hint() string {
	return "give what `argocd app manifests NAME --source live` prints, or the output of kubectl get -o yaml"
}

// Read reads documents as Argo CD reads a plugin's output (cmpserver/plugin,
// gitops-engine pkg/utils/kube, SplitYAML): YAML or JSON; empty documents and
// null, which argocd prints for an object that isn't there, are passed over;
// one level of lists is unrolled (reposerver/repository, GenerateManifests).
func Read(name string, data []byte) ([]*Object, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, &manifest.EncodingError{Name: name, Encoding: "UTF-16"} // PowerShell's ">"
	}
	var out []*Object
	d := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for n := 1; ; n++ {
		var raw runtime.RawExtension
		if err := d.Decode(&raw); err != nil {
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			return nil, &ReadError{name, n, "not YAML: " + plainReason(err)}
		}
		text := bytes.TrimSpace(raw.Raw)
		if len(text) == 0 || string(text) == "null" {
			continue
		}
		objs, reason := objects(text)
		if reason != "" {
			return nil, &ReadError{name, n, reason}
		}
		out = append(out, objs...)
	}
}

// plainReason is what a parser says, without what it quotes of the text.
func plainReason(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "error converting YAML to JSON: "), "yaml: ")
	if strings.ContainsAny(s, "`'\"") {
		return "it can't be parsed"
	}
	return s
}

// objects are those of one document, or why it has none.
func objects(text []byte) ([]*Object, string) {
	var m map[string]any
	if json.Unmarshal(text, &m) != nil {
		return nil, "it is no object"
	}
	if err := kindOf(m); err != "" {
		return nil, err
	}
	o := &Object{}
	if err := o.UnmarshalJSON(text); err != nil {
		return nil, "it can't be read as an object"
	}
	items, ok := o.Object["items"].([]any)
	if !ok {
		if nullList(o.Object) {
			return nil, ""
		}
		return []*Object{o}, malformed(o.Object)
	}
	var out []*Object
	for i, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Sprintf("items[%d] is no object", i)
		}
		if reason := kindOf(m); reason != "" {
			return nil, fmt.Sprintf("items[%d]: %s", i, reason)
		}
		if reason := malformed(m); reason != "" {
			return nil, fmt.Sprintf("items[%d]: %s", i, reason)
		}
		out = append(out, &Object{Object: m})
	}
	return out, ""
}

func kindOf(m map[string]any) string {
	if k, _ := m["kind"].(string); k == "" {
		return "it has no kind"
	}
	if v, ok := m["apiVersion"]; ok {
		if _, ok := v.(string); !ok {
			return "its apiVersion is no string"
		}
	}
	return ""
}

// nullList is a list whose items are null (reposerver/repository,
// isNullList).
func nullList(m map[string]any) bool {
	items, ok := m["items"]
	_, spec := m["spec"]
	_, status := m["status"]
	return ok && items == nil && !spec && !status
}

// malformed says what the readers of metadata would stumble over.
func malformed(m map[string]any) string {
	meta, ok := m["metadata"]
	if !ok || meta == nil {
		return ""
	}
	fields, ok := meta.(map[string]any)
	if !ok {
		return "metadata is no mapping"
	}
	for _, key := range []string{"name", "namespace", "generateName"} {
		if v, ok := fields[key]; ok && v != nil {
			if _, ok := v.(string); !ok {
				return "metadata." + key + " is no string"
			}
		}
	}
	for _, key := range []string{"labels", "annotations"} {
		v, ok := fields[key]
		if !ok || v == nil {
			continue
		}
		list, ok := v.(map[string]any)
		if !ok {
			return "metadata." + key + " is no mapping"
		}
		for k, v := range list {
			if _, ok := v.(string); !ok && v != nil {
				return fmt.Sprintf("metadata.%s.%s is no string", key, k)
			}
		}
	}
	return ""
}
