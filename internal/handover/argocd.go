package handover

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"kesbridge/internal/cutover"
)

// Application is what Argo CD's Application says that matters here.
type Application struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Automated bool   `json:"automated"`
	SelfHeal  bool   `json:"selfHeal"`
	// Orphan: it prunes with propagation orphan.
	Orphan bool   `json:"orphan"`
	Sync   string `json:"sync,omitempty"`

	// resources are those of its status, by group/namespace/name; true: Git has
	// it no longer, so that a sync prunes it.
	resources map[string]bool
}

// application is an Application of the cluster.
type application struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		SyncPolicy struct {
			Automated *struct {
				SelfHeal bool  `json:"selfHeal"`
				Enabled  *bool `json:"enabled"`
			} `json:"automated"`
			SyncOptions []string `json:"syncOptions"`
		} `json:"syncPolicy"`
	} `json:"spec"`
	Status struct {
		Sync struct {
			Status string `json:"status"`
		} `json:"sync"`
		Resources []struct {
			Group           string `json:"group"`
			Kind            string `json:"kind"`
			Namespace       string `json:"namespace"`
			Name            string `json:"name"`
			RequiresPruning bool   `json:"requiresPruning"`
		} `json:"resources"`
	} `json:"status"`
}

// argo reads Applications, each once in a while. Those that aren't there (Argo
// CD may run in another cluster) or may not be read are as somebody said, or
// nil.
type argo struct {
	c         *Client
	namespace string // of Argo CD
	known     []Application

	mu  sync.Mutex
	all map[string]*Application
	at  map[string]time.Time
}

const freshApplication = 10 * time.Second

func newArgo(c *Client, namespace string, known []Application) *argo {
	return &argo{c: c, namespace: orDefault(namespace, "argocd"), known: known, all: map[string]*Application{}, at: map[string]time.Time{}}
}

// get reads the Application of a mark: NAME, or NAMESPACE_NAME for one outside
// Argo CD's own namespace.
func (a *argo) get(ctx context.Context, mark string) (*Application, error) {
	if mark == "" {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t, ok := a.at[mark]; ok && time.Since(t) < freshApplication {
		return a.all[mark], nil
	}
	ns, name, ok := strings.Cut(mark, "_")
	if !ok {
		ns, name = a.namespace, mark
	}
	var o application
	found, err := a.c.get(ctx, apps, ns, name, "", &o)
	if err != nil && !forbidden(err) {
		return nil, err
	}
	a.at[mark], a.all[mark] = time.Now(), nil
	if found {
		a.all[mark] = o.view()
	}
	for i := range a.known {
		if k := &a.known[i]; !found && k.Name == name && (ns == a.namespace || k.Namespace == ns) {
			a.all[mark] = k
		}
	}
	return a.all[mark], nil
}

func (o *application) view() *Application {
	v := &Application{Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Sync: o.Status.Sync.Status, resources: map[string]bool{}}
	if auto := o.Spec.SyncPolicy.Automated; auto != nil && (auto.Enabled == nil || *auto.Enabled) {
		v.Automated, v.SelfHeal = true, auto.SelfHeal
	}
	v.Orphan = cutover.OrphanPrune(o.Spec.SyncPolicy.SyncOptions)
	for _, r := range o.Status.Resources {
		if r.Kind == "ExternalSecret" {
			v.resources[r.Group+"/"+r.Namespace+"/"+r.Name] = r.RequiresPruning
		}
	}
	return v
}

// git says whether Git has a resource; known is false where the Application
// doesn't list it.
func (v *Application) git(group string, m *Meta) (has, known bool) {
	if v == nil {
		return false, false
	}
	prune, known := v.resources[group+"/"+m.Namespace+"/"+m.Name]
	return known && !prune, known
}

// checkArgo says where Argo CD would undo the hand-over: a KES object that Git
// still has comes back, an ESO object that Git doesn't have goes, with the
// Secret.
func checkArgo(v *Application, k *kesObject, e *esoObject) []Problem {
	var out []Problem
	if k != nil {
		if has, known := v.git("kubernetes-client.io", &k.Metadata); has && known && v.Automated && v.SelfHeal {
			out = append(out, Problem{fmt.Sprintf("Git still has the KES resource, and Application %s heals itself: it would come back", v.Name), "push the commit that replaces it (mode replace), and sync; the KES resource stays where mode protect guarded it before"})
		}
	}
	if e != nil {
		guarded := strings.Contains(e.Metadata.Annotations[cutover.SyncOptions], "Prune=false")
		if has, known := v.git("external-secrets.io", &e.Metadata); known && !has && !guarded {
			out = append(out, Problem{fmt.Sprintf("Git doesn't have the ESO resource, and a sync of Application %s would prune it, and the Secret with it", v.Name), "push the commit that brings it in (mode replace), and sync"})
		}
	}
	return out
}
