package argocd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"kesbridge/internal/manifest"
)

// readObjects finds the Applications and ApplicationSets of a stream. A
// document that doesn't name the API group isn't parsed.
func readObjects(name string, data []byte) ([]object, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var out []object
	line := 1
	for _, doc := range splitDocuments(data) {
		if bytes.Contains(doc, []byte(Group)) {
			found, err := documentObjects(name, line, doc)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
		line += bytes.Count(doc, []byte("\n"))
	}
	return out, nil
}

// splitDocuments cuts at lines that start with "---": no text of a YAML
// document can. The pieces together are the stream.
func splitDocuments(data []byte) [][]byte {
	var docs [][]byte
	start, at := 0, 0
	for l := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(l, []byte("---")); ok && at > start && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0]))) {
			docs = append(docs, data[start:at])
			start = at
		}
		at += len(l)
	}
	return append(docs, data[start:])
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// documentObjects converts with the parser that kubectl and Argo CD use;
// yaml/v3 tells the places.
func documentObjects(name string, line int, doc []byte) ([]object, error) {
	var root yaml.Node
	err := yaml.Unmarshal(doc, &root)
	var b []byte
	if err == nil {
		b, err = sigsyaml.YAMLToJSON(doc)
	}
	if err != nil {
		pos := manifest.Pos{File: name, Line: line}
		msg := strings.TrimPrefix(err.Error(), "yaml: ")
		if m := yamlLine.FindStringSubmatch(msg); m != nil {
			n, _ := strconv.Atoi(m[1])
			pos.Line += n - 1
			msg = strings.Replace(msg, m[0], "", 1)
		}
		return nil, &manifest.SyntaxError{Pos: pos, Msg: msg}
	}
	if len(root.Content) == 0 {
		return nil, nil
	}
	return collect(b, root.Content[0], manifest.Pos{File: name, Line: line}, 0)
}

type header struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   json.RawMessage `json:"metadata"`
	Items      []json.RawMessage
}

// collect goes into Lists and into a list without a kind. base is the place of
// the document.
func collect(b []byte, node *yaml.Node, base manifest.Pos, depth int) ([]object, error) {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	pos := base
	if node != nil {
		pos.Line, pos.Column = base.Line+node.Line-1, node.Column
	}
	var items []json.RawMessage
	var h header
	switch trimmed := bytes.TrimLeft(b, " \t\r\n"); {
	case bytes.HasPrefix(trimmed, []byte("[")):
		if err := json.Unmarshal(b, &items); err != nil {
			return nil, &Error{Pos: pos, Err: err}
		}
	case bytes.HasPrefix(trimmed, []byte("{")):
		if err := json.Unmarshal(b, &h); err != nil {
			return nil, &Error{Pos: pos, Err: fmt.Errorf("read object: %w", err)}
		}
		if !strings.HasSuffix(h.Kind, "List") {
			return h.object(b, pos), nil
		}
		items, node = h.Items, manifest.Lookup(node, "items")
	}
	if depth > 4 {
		return nil, &Error{Pos: pos, Err: errors.New("lists are nested too deeply")}
	}
	var out []object
	for i, item := range items {
		var child *yaml.Node
		if node != nil && i < len(node.Content) && node.Kind == yaml.SequenceNode {
			child = node.Content[i]
		}
		// Items of an ApplicationList may leave their kind out.
		found, err := collect(h.complete(item), child, base, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// complete gives an item of a typed List the List's kind.
func (h *header) complete(item []byte) []byte {
	kind := strings.TrimSuffix(h.Kind, "List")
	var in header
	if kind == "" || h.APIVersion != Group+"/v1alpha1" || json.Unmarshal(item, &in) != nil || in.Kind != "" {
		return item
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(item, &m) != nil || m == nil {
		return item
	}
	m["kind"], _ = json.Marshal(kind)
	m["apiVersion"], _ = json.Marshal(h.APIVersion)
	out, err := json.Marshal(m)
	if err != nil {
		return item
	}
	return out
}

func (h *header) object(b []byte, pos manifest.Pos) []object {
	if h.APIVersion != Group+"/v1alpha1" || h.Kind != "Application" && h.Kind != "ApplicationSet" {
		return nil
	}
	var m struct{ Name, Namespace string }
	_ = json.Unmarshal(h.Metadata, &m) // a broken one is told when the object is decoded
	return []object{{pos: pos, json: b, ref: manifest.Ref{
		Group: Group, Version: "v1alpha1", Kind: h.Kind, Namespace: m.Namespace, Name: m.Name,
	}}}
}
