package fleet

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/kes"
)

// file is what is known of one file without parsing it.
type file struct {
	name string
	// data is kept where more is to be read than heads tell.
	data  []byte
	heads []head
	// argo: it has an object of Argo CD's group.
	argo bool
	// sops: its values are encrypted.
	sops bool
	// bad is the first place that only another tool completes.
	bad *spot
	err error
}

// spot is a line and what is there.
type spot struct {
	line int
	text string
	// structural: in a name, a kind or an image, or a line that is no YAML.
	structural bool
}

// head is what the outermost lines of a document say.
type head struct {
	line                              int // of the first of them
	apiVersion, kind, name, namespace string
}

// group is the API group.
func (h *head) group() string {
	group, _, ok := strings.Cut(h.apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// object reports whether it is one that a cluster takes, and not Argo CD's own.
func (h *head) object() bool {
	if h.apiVersion == "" || h.kind == "" || h.group() == argocd.Group && (h.kind == "Application" || h.kind == "ApplicationSet" || h.kind == "AppProject") {
		return false
	}
	for _, local := range []string{"kustomize.config.k8s.io", "config.kubernetes.io", "skaffold", "backstage.io", "kind.x-k8s.io", "ctlptl.dev", "k3d.io", "jsonnet.io", "tanka.dev", "viaduct.ai"} {
		if h.group() == local {
			return false // read by a tool on somebody's machine
		}
	}
	return h.kind != "Config" || h.apiVersion != "v1" // kubeconfig
}

// keep are the words of files that are parsed later.
var keep = [][]byte{[]byte(argocd.Group), []byte("external-secrets"), []byte("resource.exclusions"), []byte("resource.inclusions"),
	[]byte("resourceTrackingMethod"), []byte("instanceLabelKey")}

// scan reads the heads, and forgets the data unless it is needed again.
func (t *file) scan() {
	kept := false
	for _, w := range keep {
		kept = kept || bytes.Contains(t.data, w)
	}
	s := scanner{file: t, holes: bytes.Contains(t.data, []byte("${")) || bytes.Contains(t.data, []byte("{{")) || bytes.IndexByte(t.data, '<') >= 0}
	if path.Ext(t.name) != ".jsonnet" {
		for line := range bytes.Lines(t.data) {
			s.line++
			s.next(line)
		}
		s.end()
	}
	if kept && slices.ContainsFunc(t.heads, func(h head) bool { return h.kind == "List" }) {
		t.unpack()
	}
	for i := range t.heads {
		t.argo = t.argo || t.heads[i].group() == argocd.Group
	}
	t.argo = t.argo || bytes.Contains(t.data, []byte(argocd.Group)) && bytes.Contains(t.data, []byte("items"))
	if !kept {
		t.data = nil
	}
}

// unpack puts what Lists hold in their places: Argo CD's own objects are none
// that make a directory an application.
func (t *file) unpack() {
	var out []head
	for _, h := range t.heads {
		if h.kind != "List" {
			out = append(out, h)
		}
	}
	for _, doc := range t.documents() {
		var list struct {
			Kind  string
			Items []struct {
				APIVersion string `yaml:"apiVersion"`
				Kind       string
			}
		}
		if decode(doc, &list) != nil || list.Kind != "List" {
			continue
		}
		for _, it := range list.Items {
			out = append(out, head{line: len(doc) - len(bytes.TrimLeft(doc, "\n")) + 1, apiVersion: it.APIVersion, kind: it.Kind})
		}
	}
	t.heads = out
}

// scanner goes through the lines of a file.
type scanner struct {
	file   *file
	line   int
	holes  bool
	head   head
	indent int // of the document's keys; -1: none yet
	begun  bool
	meta   bool // below metadata
	inner  int  // the indentation there
	kes    bool
	flow   []byte // a document in flow style, or JSON
}

func (s *scanner) next(raw []byte) {
	line := bytes.TrimRight(raw, "\r\n")
	if s.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if bytes.HasPrefix(line, []byte("---")) && (len(line) == 3 || line[3] == ' ' || line[3] == '\t') {
		s.end()
		return
	}
	if s.flow != nil {
		s.flow = append(append(s.flow, line...), '\n')
		return
	}
	rest := bytes.TrimLeft(line, " ")
	if len(rest) == 0 || rest[0] == '#' || rest[0] == '%' && !s.begun {
		return
	}
	indent := len(line) - len(rest)
	if !s.begun {
		s.begun, s.indent, s.head.line = true, indent, s.line
		if rest[0] == '{' && !bytes.HasPrefix(rest, []byte("{{")) || rest[0] == '[' {
			s.flow = append(append(make([]byte, 0, 256), line...), '\n')
			return
		}
	}
	if s.holes {
		s.hole(line, rest)
	}
	switch {
	case indent == s.indent:
		s.key(rest)
	case s.meta && (s.inner == 0 || indent == s.inner):
		s.inner = indent
		if v, ok := value(rest, "name"); ok {
			s.head.name = v
		}
		if v, ok := value(rest, "namespace"); ok {
			s.head.namespace = v
		}
	}
}

func (s *scanner) key(rest []byte) {
	s.meta = false
	if v, ok := value(rest, "apiVersion"); ok {
		s.head.apiVersion = v
		s.kes = strings.HasPrefix(v, kes.Group+"/")
	}
	if v, ok := value(rest, "kind"); ok {
		s.head.kind = v
	}
	if v, ok := value(rest, "metadata"); ok {
		s.meta, s.inner = true, 0
		var m struct{ Name, Namespace string }
		if strings.HasPrefix(v, "{") && decode([]byte(v), &m) == nil {
			s.head.name, s.head.namespace = m.Name, m.Namespace
			s.named(m.Name + " " + m.Namespace)
		}
	}
	if v, ok := value(rest, "sops"); ok && v == "" {
		s.file.sops = true
	}
}

// value is that of "key: value", without quotes and comment.
func value(line []byte, key string) (string, bool) {
	quote := []byte(nil)
	if line[0] == '"' || line[0] == '\'' {
		quote, line = line[:1], line[1:]
	}
	if !bytes.HasPrefix(line, []byte(key)) || !bytes.HasPrefix(line[len(key):], quote) {
		return "", false
	}
	rest := bytes.TrimLeft(line[len(key)+len(quote):], " ")
	if len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' && rest[1] != '\t' {
		return "", false
	}
	v := strings.TrimSpace(string(rest[1:]))
	if strings.HasPrefix(v, "#") {
		return "", true
	}
	if i := strings.Index(v, " #"); i >= 0 {
		v = strings.TrimSpace(v[:i])
	}
	if len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		v = v[1 : len(v)-1]
	}
	return v, true
}

// end takes the document.
func (s *scanner) end() {
	if s.flow != nil && bytes.Contains(s.flow, []byte("apiVersion")) {
		var obj struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string `yaml:"kind"`
			Metadata   struct{ Name, Namespace string }
			Sops       any
		}
		if decode(s.flow, &obj) == nil {
			s.head.apiVersion, s.head.kind, s.head.name, s.head.namespace = obj.APIVersion, obj.Kind, obj.Metadata.Name, obj.Metadata.Namespace
			s.file.sops = s.file.sops || obj.Sops != nil
		}
	}
	if s.head.apiVersion != "" && s.head.kind != "" {
		s.file.heads = append(s.file.heads, s.head)
	}
	s.head, s.begun, s.meta, s.kes, s.flow = head{}, false, false, false, nil
}
