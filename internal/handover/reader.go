package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kesbridge/internal/cutover"
	"kesbridge/internal/manifest"
)

// kind is a kind of object that may read Secrets.
type kind struct {
	r    resource
	name string
}

// builtin are those that every cluster has. ReplicaSets are left out: their
// Deployments and pods show.
func builtin() []kind {
	return []kind{{deploys, "Deployment"}, {stateful, "StatefulSet"}, {daemons, "DaemonSet"}, {cronJobs, "CronJob"}, {jobs, "Job"}, {ingresses, "Ingress"}, {accounts, "ServiceAccount"}, {pods, "Pod"}}
}

// mostKinds bounds how many custom kinds are listed: some operators bring a
// thousand.
const mostKinds = 60

// custom are custom resources of the cluster with fields that name Secrets,
// from one answer of aggregated discovery (Kubernetes 1.27 and later).
func (l *look) custom(ctx context.Context) ([]kind, error) {
	var found struct {
		Items []struct {
			Metadata Meta `json:"metadata"`
			Versions []struct {
				Version   string `json:"version"`
				Resources []struct {
					Resource     string `json:"resource"`
					Scope        string `json:"scope"`
					ResponseKind struct {
						Kind string `json:"kind"`
					} `json:"responseKind"`
					Verbs []string `json:"verbs"`
				} `json:"resources"`
			} `json:"versions"`
		} `json:"items"`
	}
	data, err := l.c.send(ctx, l.c.rest.Get().AbsPath("/apis").SetHeader("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"))
	if err == nil {
		err = json.Unmarshal(data, &found)
	}
	if missing(err) || forbidden(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &RequestError{"get", "the API groups", "", "", err}
	}
	var out []kind
	for _, g := range found.Items {
		for _, v := range g.Versions {
			for _, r := range v.Resources {
				name := r.ResponseKind.Kind
				if r.Scope != "Namespaced" || !slices.Contains(r.Verbs, "list") || !l.reads(g.Metadata.Name, name) {
					continue
				}
				k := kind{resource{g.Metadata.Name, v.Version, r.Resource}, name}
				if !slices.ContainsFunc(out, func(o kind) bool { return o.r.group == k.r.group && o.name == name }) {
					out = append(out, k)
				}
			}
		}
	}
	if n := len(out) - mostKinds; n > 0 {
		out = out[:mostKinds]
		l.note(fmt.Sprintf("who reads the Secrets isn't complete: %d kinds of custom resources were not looked at", n))
	}
	return out, nil
}

// reads: kinds of the table, without those that are listed anyway or that make
// the Secrets.
func (l *look) reads(group, name string) bool {
	switch group {
	case "apps", "batch", "extensions", "networking.k8s.io", kesObjects.group:
		return false
	}
	return cutover.MayReference(group, name)
}

// readReaders notes who reads which Secret: objects of every kind that the
// table of references knows. A pod counts as what controls it: a template that
// changed may no longer say what its pods still read.
func (l *look) readReaders(ctx context.Context) error {
	if !l.o.Readers {
		return nil
	}
	more, err := l.custom(ctx)
	if err != nil {
		return err
	}
	var closed []string
	if err := each(ctx, append(builtin(), more...), 8, func(k kind) error {
		err := l.c.list(ctx, k.r, l.o.Namespace, "", "", func() {}, func(raw json.RawMessage) error { return l.readOne(k, raw) })
		if forbidden(err) {
			l.mu.Lock()
			defer l.mu.Unlock()
			closed = append(closed, k.r.String())
			return nil
		}
		return err
	}); err != nil {
		return err
	}
	if slices.Sort(closed); len(closed) > 0 {
		l.note("who reads the Secrets isn't complete: these may not be listed: " + strings.Join(closed, ", "))
	}
	l.foldReaders()
	return nil
}

func (l *look) readOne(k kind, raw json.RawMessage) error {
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	var m struct {
		Metadata struct {
			Name            string                  `json:"name"`
			Namespace       string                  `json:"namespace"`
			OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	who := k.name + "/" + m.Metadata.Name
	for _, r := range m.Metadata.OwnerReferences {
		if k.name == "Pod" && controls(&r) {
			who = r.Kind + "/" + r.Name
		}
	}
	ref := manifest.Ref{Group: k.r.group, Version: k.r.version, Kind: k.name, Namespace: m.Metadata.Namespace, Name: m.Metadata.Name}
	for _, r := range cutover.References(ref, o, nil) {
		l.addReader(orDefault(r.Namespace, m.Metadata.Namespace)+"/"+r.Name, who)
	}
	return nil
}

func (l *look) addReader(key, who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readers[key] == nil {
		l.readers[key] = map[string]bool{}
	}
	l.readers[key][who] = true
}

// foldReaders leaves out what a reader of the same Secret made: the ReplicaSet
// of a Deployment, the Job of a CronJob, which have its name and a suffix.
func (l *look) foldReaders() {
	for _, set := range l.readers {
		for who := range set {
			kind, name, _ := strings.Cut(who, "/")
			maker := map[string]string{"ReplicaSet": "Deployment", "Job": "CronJob"}[kind]
			if i := strings.LastIndexByte(name, '-'); maker != "" && i > 0 && set[maker+"/"+name[:i]] {
				delete(set, who)
			}
		}
	}
}
