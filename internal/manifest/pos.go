package manifest

import (
	"strconv"
	"strings"
)

// Pos is the place of something in a source. The zero Pos is "unknown".
type Pos struct {
	// File is the path as the user would write it: relative where possible,
	// "<stdin>" for standard input, empty when there is no file.
	File string `json:"file,omitempty"`
	// Line and Column count from 1; Column counts characters. 0 is unknown.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Origin names the file that a rendered document came from, where the
	// renderer tells: Helm's "# Source:" comment, kustomize's origin
	// annotation. Empty otherwise.
	Origin string `json:"origin,omitempty"`
}

// String gives "file:line:col", leaving out what is unknown, and the origin
// in brackets.
func (p Pos) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		if b.Len() > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strconv.Itoa(p.Line))
		if p.Column > 0 {
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(p.Column))
		}
	}
	if p.Origin != "" && p.Origin != p.File {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("(from " + p.Origin + ")")
	}
	return b.String()
}

// IsZero reports whether nothing is known.
func (p Pos) IsZero() bool { return p == Pos{} }

// Ref identifies a Kubernetes object.
type Ref struct {
	Group     string `json:"group,omitempty"`
	Version   string `json:"version,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// String gives "Kind/namespace/name", without the namespace where there is
// none.
func (r Ref) String() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{r.Kind, r.Namespace, r.Name} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "/")
}

// APIVersion gives "group/version", or the version alone for the core group.
func (r Ref) APIVersion() string {
	if r.Group == "" {
		return r.Version
	}
	return r.Group + "/" + r.Version
}
