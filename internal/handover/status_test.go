package handover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

func (l *lab) status(o StatusOptions) *Status {
	l.t.Helper()
	st, err := l.client().Status(context.Background(), o)
	if err != nil {
		l.t.Fatal(err)
	}
	return st
}

func owner(apiVersion, name, uid string) Object {
	kind := "ExternalSecret"
	if apiVersion == "v1" {
		kind = "ConfigMap"
	}
	return Object{"apiVersion": apiVersion, "kind": kind, "name": name, "uid": uid, "controller": true}
}

// TestState goes through what can be found of a Secret.
func TestState(t *testing.T) {
	owned := func(list ...any) func(*lab) {
		return func(l *lab) {
			l.StopControllers() // nobody mends it
			l.Change(Secrets, "shop", "s0", func(o Object) { o["metadata"].(Object)["ownerReferences"] = list })
		}
	}
	// A finalizer would be needed to see what the garbage collector takes: the
	// lab's one is quick, so these owners are beside one that is there.
	beside := Object{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": l0}
	uidOf := func(l *lab, resource string) string {
		return l.Get(resource, "shop", "s0")["metadata"].(Object)["uid"].(string)
	}
	for what, c := range map[string]struct {
		edit  func(*lab)
		state State
		why   string
	}{
		"kes":  {func(l *lab) { l.Delete(ESOResource, "shop", "s0", "Orphan") }, KES, ""},
		"both": {func(*lab) {}, Both, ""},
		"beside": {func(l *lab) {
			l.eso.Stopped = true
			l.Change(ESOResource, "shop", "s0", func(o Object) { o["spec"].(Object)["target"].(Object)["creationPolicy"] = "Orphan" })
		}, Both, "creationPolicy Orphan"},
		"eso": {func(l *lab) { l.run(nil) }, ESO, ""},
		"eso fails": {func(l *lab) {
			l.run(nil)
			l.eso.Values = func(Object) map[string]any { return nil }
			l.Change(ESOResource, "shop", "s0", func(o Object) { o["spec"].(Object)["x"] = 1 })
		}, ESO, "can't refresh"},
		"moved, not written":  {func(l *lab) { owned(owner("external-secrets.io/v1", "s0", uidOf(l, ESOResource)))(l) }, HandingOver, "still there"},
		"KES takes it back":   {func(l *lab) { l.thaw(0); owned(owner("external-secrets.io/v1", "s0", uidOf(l, ESOResource)))(l) }, Broken, "takes it back"},
		"no owner":            {func(l *lab) { owned()(l) }, HandingOver, "no owner"},
		"no owner, KES alone": {func(l *lab) { l.Delete(ESOResource, "shop", "s0", "Orphan"); owned()(l) }, KES, "no owner"},
		"dead KES":            {owned(owner("kubernetes-client.io/v1", "s0", "gone"), beside), Broken, "its KES owner is gone"},
		"dead ESO":            {owned(owner("external-secrets.io/v1", "s0", "gone"), beside), Broken, "that is gone"},
		"another":             {owned(owner("v1", "x", l0)), Broken, "another object controls the Secret: ConfigMap x"},
		"no Secret":           {func(l *lab) { l.eso.Stopped = true; l.Delete(Secrets, "shop", "s0", "Background") }, Broken, "isn't there"},
		"two ESO objects":     {func(l *lab) { o := l.esoObject(1); o["spec"].(Object)["target"].(Object)["name"] = "s0"; l.Add(o) }, Broken, "2 ESO resources"},
		"deleted while it owns": {func(l *lab) {
			l.Change(KESResource, "shop", "s0", func(o Object) {
				o["metadata"].(Object)["finalizers"] = []any{"hold"}
				o["metadata"].(Object)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
				o["metadata"].(Object)["ownerReferences"] = []any{Object{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": l0}}
			})
		}, Broken, "being deleted"},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, true, 1)
			l.Add(Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Object{"name": "x", "namespace": "shop", "uid": l0}})
			if what == "deleted while it owns" {
				l.Change(Secrets, "shop", "s0", func(o Object) {
					o["metadata"].(Object)["ownerReferences"] = append(o["metadata"].(Object)["ownerReferences"].([]any), beside)
				})
			}
			c.edit(l)
			it := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}}).Secrets[0]
			if it.State != c.state || !strings.Contains(it.Why, c.why) || c.why == "" && it.Why != "" {
				t.Errorf("%s %q, want %s %q", it.State, it.Why, c.state, c.why)
			}
		})
	}
}

// TestRemains: --exit-code's question, with Secrets whose KES object is gone.
func TestRemains(t *testing.T) {
	l := newLab(t, true, 2)
	if n := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}}).Remaining(); n != 2 {
		t.Errorf("%d remain", n)
	}
	l.run(nil)
	st := l.status(StatusOptions{})
	if st.Remaining() != 0 || st.Blind {
		t.Errorf("%d remain, blind %v", st.Remaining(), st.Blind)
	}
	l.Add(Object{"apiVersion": "v1", "kind": "Secret", "metadata": Object{"name": "left", "namespace": "old", "ownerReferences": []any{owner("kubernetes-client.io/v1", "left", "gone")}}})
	st = l.status(StatusOptions{})
	if st.Remaining() != 1 || len(st.Orphans) != 1 || st.Orphans[0].Name != "left" || !st.Orphans[0].Owner.Gone {
		t.Errorf("%d remain: %v", st.Remaining(), st.Orphans)
	}
	// KES's CRD may be gone before.
	l.Forbid["list secrets"] = true
	if st := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}}); !st.Blind || st.Remaining() != 0 || len(st.Secrets) != 2 || st.Secrets[0].Secret == nil {
		t.Errorf("without a list: %+v", st)
	}
	l.Forbid["get secrets"] = true
	if st := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}}); len(st.Secrets) != 0 || !strings.Contains(fmt.Sprint(st.Notes), "Secret shop/s0 may not be read") {
		t.Errorf("without reading: %+v", st)
	}
}

// TestPages: lists come in pages, and begin again when one expires.
func TestPages(t *testing.T) {
	l := newLab(t, true, 7)
	l.PageSize = 3
	l.Expire()
	st := l.status(StatusOptions{})
	if len(st.Secrets) != 7 {
		t.Errorf("%d of 7 Secrets", len(st.Secrets))
	}
	if n := st.Requests; n > 40 {
		t.Errorf("%d requests", n)
	}
}

// TestReaders: typed references of built-in and custom kinds; what a Deployment
// made counts as it.
func TestReaders(t *testing.T) {
	l := newLab(t, true, 1)
	env := Object{"containers": []any{Object{"env": []any{Object{"valueFrom": Object{"secretKeyRef": Object{"name": "s0", "key": "a"}}}}}}}
	made := func(kind, name string) []any {
		return []any{Object{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": true}}
	}
	l.Discovery = Object{"items": []any{Object{"metadata": Object{"name": "monitoring.coreos.com"}, "versions": []any{Object{"version": "v1", "resources": []any{
		Object{"resource": "prometheuses", "scope": "Namespaced", "verbs": []any{"list"}, "responseKind": Object{"kind": "Prometheus"}},
	}}}}}}
	l.Add(
		Object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": Object{"name": "web", "namespace": "shop"}, "spec": Object{"template": Object{"spec": env}}},
		Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "web-1-x", "namespace": "shop", "uid": "p1", "ownerReferences": made("ReplicaSet", "web-1")}, "spec": env},
		Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "api-1-x", "namespace": "shop", "uid": "p2", "ownerReferences": made("ReplicaSet", "api-1")}, "spec": env},
		Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "alone", "namespace": "shop"}, "spec": env},
		Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "elsewhere", "namespace": "other"}, "spec": env},
		Object{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": Object{"name": "in", "namespace": "shop"}, "spec": Object{"tls": []any{Object{"secretName": "s0"}}}},
		Object{"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": Object{"name": "prom", "namespace": "shop"}, "spec": Object{"imagePullSecrets": []any{Object{"name": "s0"}}}},
	)
	l.Forbid["list serviceaccounts"] = true
	st := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}, Readers: true})
	want := []string{"Deployment/web", "Ingress/in", "Pod/alone", "Prometheus/prom", "ReplicaSet/api-1"}
	if got := st.Secrets[0].Readers; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !strings.Contains(fmt.Sprint(st.Notes), "serviceaccounts") {
		t.Errorf("notes %v", st.Notes)
	}
}

// TestForbidden: without a look at workloads there is a status that says so,
// and no run.
func TestForbidden(t *testing.T) {
	l := newLab(t, true, 1)
	l.Forbid["list pods"] = true
	st := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}})
	if !st.Unseen || !strings.Contains(fmt.Sprint(st.Notes), "forbidden: list pods") {
		t.Errorf("%v", st.Notes)
	}
	c := l.client()
	_, err := c.Run(context.Background(), l.options(c))
	var refused *RequestError
	if !errors.As(err, &refused) || !strings.Contains(refused.Hint(), "cutover rbac") {
		t.Errorf("got %v", err)
	}
}

// TestNoESO: without ESO there is a status, and no run.
func TestNoESO(t *testing.T) {
	l := newLab(t, true, 1)
	l.ESOVersions = nil
	st := l.status(StatusOptions{Selection: Selection{Namespace: "shop"}})
	if st.Secrets[0].State != KES || !strings.Contains(fmt.Sprint(st.Notes), "no external-secrets.io") {
		t.Errorf("%v %v", st.Secrets[0].State, st.Notes)
	}
}

// TestApps selects by Argo CD's marks; a copied one doesn't fit.
func TestApps(t *testing.T) {
	for what, c := range map[string]struct {
		meta Meta
		want string
	}{
		"tracking":        {Meta{Name: "a", Namespace: "n", Annotations: map[string]string{trackingID: "web:g/Kind:n/a"}}, "web"},
		"another's":       {Meta{Name: "a", Namespace: "n", Annotations: map[string]string{trackingID: "web:g/Kind:n/b"}}, ""},
		"label":           {Meta{Name: "a", Namespace: "n", Labels: map[string]string{instanceLabel: "web"}}, "web"},
		"other namespace": {Meta{Name: "a", Namespace: "n", Annotations: map[string]string{trackingID: "team_web:g/Kind:n/a"}}, "team_web"},
	} {
		if got := appOf(&c.meta); got != c.want {
			t.Errorf("%s: %q", what, got)
		}
	}
	l := newLab(t, true, 2)
	if st := l.status(StatusOptions{Selection: Selection{Apps: []string{"other"}}}); len(st.Secrets) != 0 {
		t.Error("an app that isn't there has Secrets")
	}
	if st := l.status(StatusOptions{Selection: Selection{Apps: []string{"web"}}}); len(st.Secrets) != 2 || st.Secrets[0].App != "web" {
		t.Errorf("%v", st.Secrets)
	}
}

// TestArgo: what an Application would undo is refused.
func TestArgo(t *testing.T) {
	app := func(kesPruned, esoPruned, heal bool) Object {
		return Object{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": Object{"name": "web", "namespace": "argocd"},
			"spec": Object{"syncPolicy": Object{"automated": Object{"selfHeal": heal}}},
			"status": Object{"resources": []any{
				Object{"group": "kubernetes-client.io", "kind": "ExternalSecret", "namespace": "shop", "name": "s0", "requiresPruning": kesPruned},
				Object{"group": "external-secrets.io", "kind": "ExternalSecret", "namespace": "shop", "name": "s0", "requiresPruning": esoPruned},
			}}}
	}
	for what, c := range map[string]struct {
		app  Object
		want string
	}{
		"Git has KES's":     {app(false, false, true), "Git still has the KES resource"},
		"no self-heal":      {app(false, false, false), ""},
		"Git has no ESO's":  {app(true, true, true), "Git doesn't have the ESO resource"},
		"as it has to be":   {app(true, false, true), ""},
		"not its resources": {Object{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": Object{"name": "web", "namespace": "argocd"}}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, true, 1)
			l.Add(c.app)
			rep := l.run(nil)
			if got := outcomes(rep); c.want == "" && rep.Count(Done) != 1 || !strings.Contains(got, c.want) {
				t.Error(got)
			}
			l.holds(what)
		})
	}
}
