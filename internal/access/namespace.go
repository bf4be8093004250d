package access

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// Annotations are those of a namespace.
type Annotations map[string]string

// Namespace is a Namespace object in Git.
type Namespace struct {
	Name string
	// KeyName and Role are the texts of its annotations; nil: it has none. An
	// empty text counts as none for KES.
	KeyName, Role *string
	// Pos is where the object stands, KeyNamePos and RolePos the annotations.
	Pos, KeyNamePos, RolePos manifest.Pos
}

// NamespacesOf reads the Namespace objects among others. Where Git holds a
// namespace more than once (two applications, base and overlay) all are
// returned: KES obeyed the one in the cluster, and that may be any.
func NamespacesOf(objects []*manifest.Object, s Settings) []Namespace {
	var out []Namespace
	for _, o := range objects {
		if o.Ref.Kind != "Namespace" || o.Ref.Group != "" || o.Ref.Name == "" {
			continue
		}
		n := Namespace{Name: o.Ref.Name, Pos: o.Pos}
		annotations := manifest.Lookup(manifest.Lookup(o.Node, "metadata"), "annotations")
		n.KeyName, n.KeyNamePos = annotation(o, annotations, s.keyName())
		n.Role, n.RolePos = annotation(o, annotations, s.role())
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b Namespace) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// annotation reads one. A value that isn't a string the API server refuses
// with the object, so what is there can only be a text.
func annotation(o *manifest.Object, m *yaml.Node, name string) (*string, manifest.Pos) {
	n := manifest.Lookup(m, name)
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return nil, manifest.Pos{}
	}
	text := n.Value
	return &text, o.PosOf(n)
}

// Annotations are what KES reads of it.
func (n Namespace) Annotations(s Settings) Annotations {
	a := Annotations{}
	if n.KeyName != nil {
		a[s.keyName()] = *n.KeyName
	}
	if n.Role != nil {
		a[s.role()] = *n.Role
	}
	return a
}

// Restricted reports whether an annotation holds something that KES obeys.
func (n Namespace) Restricted() bool { return text(n.KeyName) != "" || text(n.Role) != "" }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
