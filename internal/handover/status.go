package handover

import (
	"context"

	"k8s.io/apimachinery/pkg/labels"
)

// Selection says which Secrets.
type Selection struct {
	// Namespace is empty for all.
	Namespace string
	Names     []string
	// Labels select KES and ESO objects by their own labels; nil: all.
	Labels labels.Selector
	// Apps are names of Applications, as Argo CD's marks on objects have them;
	// empty: any.
	Apps []string
}

// Status is what a cluster holds.
type Status struct {
	Server      string       `json:"server"`
	Namespace   string       `json:"namespace,omitempty"`
	Controllers []Controller `json:"controllers"`
	Secrets     []*Item      `json:"secrets"`
	// Orphans are Secrets with an owner of KES that is gone.
	Orphans []Orphan `json:"orphans,omitempty"`
	// Notes say what could not be looked at.
	Notes    []string `json:"notes,omitempty"`
	Requests int64    `json:"requests"`

	// Unseen: which KES runs could not be looked at, so that servedBy says
	// nothing.
	Unseen bool `json:"unseen,omitempty"`
	// Blind: Secrets could not be listed, so Orphans isn't complete.
	Blind bool `json:"blind,omitempty"`
}

// Orphan is a Secret with an owner that is gone.
type Orphan struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Owner     Owner  `json:"owner"`
}

// StatusOptions say what to look at beside the objects themselves.
type StatusOptions struct {
	Selection
	// Controllers are Deployments of KES, NAMESPACE/NAME; empty: searched.
	Controllers []string
	// Readers: look who reads the Secrets.
	Readers bool
}

// Status reads the cluster; nothing is changed, and no value of a Secret is
// asked for.
func (c *Client) Status(ctx context.Context, o StatusOptions) (*Status, error) {
	l, err := c.look(ctx, o)
	if err != nil {
		return nil, err
	}
	if l.kesErr != nil {
		if !forbidden(l.kesErr) {
			return nil, l.kesErr
		}
		l.note("which KES runs can't be told: " + l.kesErr.Error())
	}
	items := l.items()
	st := &Status{Unseen: l.kesErr != nil, Server: c.Server, Namespace: o.Namespace, Controllers: append([]Controller{}, l.kesList...), Secrets: items, Orphans: l.orphans(items), Notes: l.notes, Blind: !l.listed && len(o.Names) == 0}
	if st.Blind {
		st.Notes = append(st.Notes, "Secrets may not be listed, so that Secrets of KES resources that are gone can't be found (kesbridge cutover rbac --list-secrets)")
	}
	st.Requests = c.Requests()
	return st, nil
}

// Remaining is how many KES objects and Secrets with an owner of KES remain.
func (s *Status) Remaining() int {
	n := len(s.Orphans)
	for _, it := range s.Secrets {
		if it.Remains() {
			n++
		}
	}
	return n
}
