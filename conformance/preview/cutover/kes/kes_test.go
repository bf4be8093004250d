package kes

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
)

const (
	home     = "../.."
	interval = time.Second
)

// lab is a control plane with a garbage collector, and nothing but the stand-in.
type lab struct {
	*cluster.Cluster
	t       *testing.T
	backend *Backend
}

func (l *lab) secret(ns string) string { return cluster.Namespaced("v1", ns, "secrets", "s") }
func (l *lab) object(ns string) string { return cluster.Namespaced(Group, ns, Resource, "s") }

// apply makes a KES object s with these names of data, of equal keys.
func (l *lab) apply(ns string, spec cluster.M, names ...string) {
	l.t.Helper()
	var data []cluster.M
	for _, n := range names {
		data = append(data, cluster.M{"key": n, "name": n})
	}
	all := cluster.M{"backendType": "secretsManager", "data": data}
	maps.Copy(all, spec)
	if err := l.Apply(l.t.Context(), l.object(ns), cluster.M{
		"apiVersion": Group, "kind": "ExternalSecret", "metadata": cluster.M{"name": "s", "namespace": ns}, "spec": all,
	}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) patch(path string, patch cluster.M) {
	l.t.Helper()
	if err := l.Do(l.t.Context(), http.MethodPatch, path, cluster.Merge, patch, nil); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) label(ns string) {
	l.t.Helper()
	l.patch(l.secret(ns), cluster.M{"metadata": cluster.M{"labels": cluster.M{"foreign": "yes"}}})
}

func (l *lab) disown(ns string) {
	l.t.Helper()
	l.patch(l.secret(ns), cluster.M{"metadata": cluster.M{"ownerReferences": []string{}}})
}

func (l *lab) get(ns string) (s cluster.Secret) {
	l.t.Helper()
	if err := l.Get(l.t.Context(), l.secret(ns), &s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

func (l *lab) until(what string, f func() error) {
	l.t.Helper()
	if err := cluster.Until(l.t.Context(), 20*time.Second, f); err != nil {
		l.t.Fatalf("waited for %s: %v", what, err)
	}
}

// wait waits until the Secret is as f says.
func (l *lab) wait(ns, what string, f func(cluster.Secret) bool) {
	l.t.Helper()
	l.until(what, func() error {
		var s cluster.Secret
		err := l.Get(l.t.Context(), l.secret(ns), &s)
		if err == nil && !f(s) {
			err = fmt.Errorf("%+v", s.Metadata)
		}
		return err
	})
}

func clean(s cluster.Secret) bool { return len(s.Metadata.Labels) == 0 }
func owned(s cluster.Secret) bool { return len(s.Metadata.OwnerReferences) == 1 }
func exists(cluster.Secret) bool  { return true }

// polls is longer than n polls.
func polls(n int) { time.Sleep(time.Duration(n)*interval + interval/2) }

func TestMechanics(t *testing.T) {
	l := &lab{t: t, backend: &Backend{}}
	l.Cluster = cluster.Start(t, cluster.Options{Home: home, CRDs: []string{home + "/testdata/kes-crd.yaml"}, GarbageCollector: true})
	for _, k := range []string{"a", "b"} {
		l.backend.Set(k, "value of "+k)
	}
	for _, c := range []struct {
		name string
		run  func(l *lab, ns string, k *Controller)
	}{
		{"written", written}, {"labels", labels}, {"owner", owners}, {"unsorted", unsorted}, {"controller-id", controllerID},
		{"instance", instance}, {"namespaces", namespaces}, {"error", failing}, {"deleted", deleted}, {"exit", exits},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &lab{Cluster: l.Cluster, t: t, backend: l.backend}
			l.Namespace(c.name)
			k := New(l.Client, l.backend, t.Logf)
			defer k.Stop()
			k.Start(Settings{Interval: interval, WatchedNamespaces: []string{c.name}})
			c.run(l, c.name, k)
		})
	}
}

func written(l *lab, ns string, _ *Controller) {
	template := cluster.M{"template": cluster.M{"type": "example.com/t", "metadata": cluster.M{"labels": cluster.M{"x": "y"}}}}
	l.apply(ns, template, "a", "b")
	l.wait(ns, "the Secret", exists)
	s := l.get(ns)
	var o struct {
		Metadata cluster.Meta
		Status   struct {
			LastSync           string
			ObservedGeneration int64
			Status             string
		}
	}
	l.until("a status", func() error {
		if err := l.Get(l.t.Context(), l.object(ns), &o); err != nil {
			return err
		}
		if o.Status.Status != "SUCCESS" || o.Status.ObservedGeneration != o.Metadata.Generation || o.Status.LastSync == "" {
			return fmt.Errorf("%+v", o)
		}
		return nil
	})
	want := cluster.Owner{APIVersion: Group, Kind: "ExternalSecret", Name: "s", UID: o.Metadata.UID, Controller: true}
	if got := s.Metadata.OwnerReferences; !slices.Equal(got, []cluster.Owner{want}) {
		l.t.Errorf("owners %+v", got)
	}
	if s.Type != "example.com/t" || s.Metadata.Labels["x"] != "y" || s.Data["a"] != "dmFsdWUgb2YgYQ==" || len(s.Data) != 2 {
		l.t.Errorf("%+v", s)
	}
	// A status each poll, and no write where nothing differs.
	before := o.Status.LastSync
	polls(2)
	if err := l.Get(l.t.Context(), l.object(ns), &o); err != nil {
		l.t.Fatal(err)
	}
	if o.Status.LastSync == before || l.get(ns).Metadata.ResourceVersion != s.Metadata.ResourceVersion {
		l.t.Errorf("lastSync %s, was %s; Secret %+v", o.Status.LastSync, before, l.get(ns).Metadata)
	}
	// A new generation is polled at once, not after the interval.
	l.backend.Set("c", "new")
	defer func(began time.Time) { l.t.Logf("a new generation was served after %s", time.Since(began)) }(time.Now())
	l.apply(ns, template, "a", "c")
	l.wait(ns, "the new keys", func(s cluster.Secret) bool { return s.Data["c"] != "" && s.Data["b"] == "" })
}

// labels and annotations of others go with the next poll, and all of the owners
// but KES.
func labels(l *lab, ns string, _ *Controller) {
	l.apply(ns, nil, "a", "b")
	l.wait(ns, "the Secret", exists)
	l.patch(l.secret(ns), cluster.M{"metadata": cluster.M{"labels": cluster.M{"foreign": "yes"}, "annotations": cluster.M{"foreign": "yes"}, "ownerReferences": []cluster.Owner{
		{APIVersion: "v1", Kind: "Namespace", Name: ns, UID: "00000000-0000-0000-0000-000000000001"},
	}}})
	l.wait(ns, "the Secret as KES has it", func(s cluster.Secret) bool {
		o := s.Metadata.OwnerReferences
		return clean(s) && len(s.Metadata.Annotations) == 0 && len(o) == 1 && o[0].APIVersion == Group
	})
	l.patch(l.secret(ns), cluster.M{"data": cluster.M{"a": "eA=="}})
	l.wait(ns, "the value to be back", func(s cluster.Secret) bool { return s.Data["a"] != "eA==" })
}

// owners alone are not looked at.
func owners(l *lab, ns string, _ *Controller) {
	l.apply(ns, nil, "a", "b")
	l.wait(ns, "the Secret", exists)
	l.disown(ns)
	polls(3)
	if s := l.get(ns); len(s.Metadata.OwnerReferences) > 0 {
		l.t.Errorf("owners are back: %+v", s.Metadata)
	}
}

// unsorted: data that isn't in the API server's order differs at every poll, so
// that the owner does come back.
func unsorted(l *lab, ns string, _ *Controller) {
	l.apply(ns, nil, "b", "a")
	l.wait(ns, "the Secret", exists)
	l.disown(ns)
	l.wait(ns, "the owner", owned)
}

func controllerID(l *lab, ns string, k *Controller) {
	l.apply(ns, nil, "a", "b")
	l.wait(ns, "the Secret", exists)
	polls(1)
	// The label is there before the one poll that still comes.
	l.patch(l.object(ns), cluster.M{"spec": cluster.M{"controllerId": "other"}})
	l.label(ns)
	l.wait(ns, "one more poll", clean)
	l.label(ns)
	l.disown(ns)
	polls(3)
	if s := l.get(ns); clean(s) || owned(s) {
		l.t.Errorf("served on: %+v", s.Metadata)
	}
	k.Start(k.Settings())
	polls(2)
	if s := l.get(ns); clean(s) || owned(s) {
		l.t.Errorf("served after a restart: %+v", s.Metadata)
	}
	l.patch(l.object(ns), cluster.M{"spec": cluster.M{"controllerId": nil}})
	l.wait(ns, "KES to have it back", func(s cluster.Secret) bool { return clean(s) && owned(s) })
}

// instance: one with INSTANCE_ID serves that id and nothing else.
func instance(l *lab, ns string, k *Controller) {
	s := k.Settings()
	s.InstanceID = "mine"
	k.Start(s)
	l.apply(ns, nil, "a")
	polls(2)
	if err := l.Get(l.t.Context(), l.secret(ns), nil); cluster.Code(err) != http.StatusNotFound {
		l.t.Errorf("served without a controllerId: %v", err)
	}
	l.patch(l.object(ns), cluster.M{"spec": cluster.M{"controllerId": "mine"}})
	l.wait(ns, "the Secret", exists)
}

// namespaces: a restart with another namespace stops this one.
func namespaces(l *lab, ns string, k *Controller) {
	l.apply(ns, nil, "a")
	l.wait(ns, "the Secret", exists)
	l.Namespace(ns + "-two")
	k.Start(Settings{Interval: interval, WatchedNamespaces: []string{ns + "-two"}})
	l.label(ns)
	l.apply(ns+"-two", nil, "a")
	l.wait(ns+"-two", "the Secret", exists)
	polls(2)
	if clean(l.get(ns)) {
		l.t.Error("served out of scope")
	}
}

// failing says so in the status, and leaves the Secret.
func failing(l *lab, ns string, _ *Controller) {
	l.apply(ns, nil, "a")
	l.wait(ns, "the Secret", exists)
	l.apply(ns, nil, "a", "missing")
	l.until("an error", func() error {
		var o struct{ Status struct{ Status string } }
		err := l.Get(l.t.Context(), l.object(ns), &o)
		if err == nil && !strings.HasPrefix(o.Status.Status, "ERROR, ") {
			err = fmt.Errorf("status %q", o.Status.Status)
		}
		return err
	})
	l.get(ns)
}

// deleted with its object, by the collector: the Secret.
func deleted(l *lab, ns string, _ *Controller) {
	l.apply(ns, nil, "a")
	l.wait(ns, "the Secret", owned)
	if err := l.Delete(l.t.Context(), l.object(ns), "Background"); err != nil {
		l.t.Fatal(err)
	}
	l.until("no Secret", func() error {
		if err := l.Get(l.t.Context(), l.secret(ns), nil); cluster.Code(err) != http.StatusNotFound {
			return fmt.Errorf("it is there: %v", err)
		}
		return nil
	})
}

// exits: a foreground deletion starts a poll; it writes the Secret again, for an
// owner that is gone, can't write its status and ends the process. The
// collector takes that Secret, too.
func exits(l *lab, ns string, k *Controller) {
	l.apply(ns, nil, "a")
	l.wait(ns, "the Secret", owned)
	polls(1)
	var mu sync.Mutex
	var kinds []string
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	opened := make(chan struct{})
	go func() {
		_ = l.Watch(ctx, cluster.Namespaced("v1", ns, "secrets"), func() { close(opened) }, func(e cluster.Event) error {
			mu.Lock()
			defer mu.Unlock()
			kinds = append(kinds, e.Type)
			return nil
		})
	}()
	<-opened
	l.backend.Slow(time.Second)
	defer l.backend.Slow(0)
	if err := l.Delete(l.t.Context(), l.object(ns), "Foreground"); err != nil {
		l.t.Fatal(err)
	}
	l.until("an exit, and the second Secret gone", func() error {
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(kinds, " "); k.Exits() != 1 || got != "ADDED DELETED ADDED DELETED" {
			return fmt.Errorf("%d exits, events %s", k.Exits(), got)
		}
		return nil
	})
	// It is up again.
	l.backend.Slow(0)
	l.apply(ns, nil, "a")
	l.wait(ns, "the Secret of a new object", owned)
}
