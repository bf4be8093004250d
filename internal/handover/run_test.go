package handover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

func outcomes(rep *Report) string {
	var b strings.Builder
	for _, r := range rep.Results {
		fmt.Fprintf(&b, "%s %s", r.Name, r.Outcome)
		for _, p := range r.Problems {
			fmt.Fprintf(&b, " [%s]", p.Text)
		}
		if r.Error != "" {
			fmt.Fprintf(&b, " (%s)", r.Error)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestRun hands Secrets over, on an ESO of either behaviour; a second run has
// nothing to do, and needs no more than it takes to see that.
func TestRun(t *testing.T) {
	for _, deaf := range []bool{true, false} {
		t.Run(fmt.Sprintf("deaf %v", deaf), func(t *testing.T) {
			l := newLab(t, deaf, 5)
			dry := l.run(func(o *RunOptions) { o.Yes = false })
			if dry.Count(Ready) != 5 || strings.Contains(strings.Join(l.Log(), "\n"), "MODIFIED secrets/shop/s0\nMODIFIED externalsecrets.external-secrets.io/shop/s0\nMODIFIED secrets") {
				t.Fatalf("dry run: %s", outcomes(dry))
			}
			before := len(l.Log())
			if l.run(func(o *RunOptions) { o.Yes = false }); len(l.Log()) != before {
				t.Fatalf("a dry run changed something: %v", l.Log()[before:])
			}
			rep := l.run(nil)
			if rep.Count(Done) != 5 {
				t.Fatal(outcomes(rep))
			}
			l.holds("run")
			l.over("run")
			for _, r := range rep.Results {
				if r.Requests > 14 {
					t.Errorf("%s took %d requests", r.Name, r.Requests)
				}
			}
			before = len(l.Log())
			if again := l.run(nil); again.Count(Already) != 5 || len(l.Log()) != before {
				t.Fatalf("second run: %s%v", outcomes(again), l.Log()[before:])
			}
		})
	}
}

// TestInterrupted stops a run at every one of its requests, before and after
// the server carried it out, and lets a second one finish: no Secret is ever
// deleted or another one, and in the end ESO alone has it.
func TestInterrupted(t *testing.T) {
	for _, deaf := range []bool{true, false} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("deaf %v, after %v", deaf, after), func(t *testing.T) {
				t.Parallel()
				n, stopped := 1, true
				for ; stopped; n++ {
					stopped = interrupt(t, deaf, after, n)
				}
				if n < 15 {
					t.Errorf("a run had only %d requests: too few to have been one", n)
				}
			})
		}
	}
}

// interrupt stops a run at its nth request; false: it was over before.
func interrupt(t *testing.T, deaf, after bool, n int) (stopped bool) {
	l := newLab(t, deaf, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var cutOff atomic.Bool
	cut := func(at int, _, _ string) bool {
		if at >= n {
			cutOff.Store(true)
			cancel()
		}
		return at < n
	}
	l.SetBefore(func(at int, verb, path string) bool { return at <= n && (after || cut(at, verb, path)) })
	l.SetAfter(func(at int, verb, path string) bool { return !after || cut(at, verb, path) })
	c := l.client()
	o := l.options(c)
	_, err := c.Run(ctx, o)
	stopped = cutOff.Load()
	if stopped && err == nil && ctx.Err() == nil {
		t.Fatalf("request %d: the run went on", n)
	}
	l.SetBefore(nil)
	l.SetAfter(nil)
	when := fmt.Sprintf("stopped at request %d", n)
	l.holds(when)
	rep := l.run(nil)
	if rep.Count(Done)+rep.Count(Already) != 1 {
		t.Fatalf("%s: the second run: %s", when, outcomes(rep))
	}
	l.holds(when)
	l.over(when)
	return stopped
}

// TestRefused: what isn't as it must be stops a hand-over before anything is
// changed.
func TestRefused(t *testing.T) {
	edit := func(resource string, f func(o Object)) func(*lab) {
		return func(l *lab) { l.Change(resource, "shop", "s0", f) }
	}
	target := func(o Object) Object { return o["spec"].(Object)["target"].(Object) }
	for what, c := range map[string]struct {
		edit func(*lab)
		want string
	}{
		"KES serves it":             {edit(KESResource, func(o Object) { delete(o["spec"].(Object), "controllerId") }), "Deployment kes/kes runs and serves it"},
		"no spec":                   {edit(KESResource, func(o Object) { delete(o, "spec") }), "without spec"},
		"a pod that ends serves it": {func(l *lab) { l.thaw(0); l.scale(0); l.Add(pod(true)) }, "Pod kes/kes-1 still ends and serves it"},
		"INSTANCE_ID is the same":   {func(l *lab) { l.env("INSTANCE_ID", "kesbridge-frozen") }, "runs and serves it"},
		"other controllerId, INSTANCE_ID in a Secret": {func(l *lab) {
			l.Change(KESResource, "shop", "s0", func(o Object) { o["spec"].(Object)["controllerId"] = "blue" })
			l.secretEnv("INSTANCE_ID")
		}, "its INSTANCE_ID comes from a Secret"},
		"creationPolicy":   {edit(ESOResource, func(o Object) { target(o)["creationPolicy"] = "Merge" }), "creationPolicy Merge"},
		"deletionPolicy":   {edit(ESOResource, func(o Object) { target(o)["deletionPolicy"] = "Delete" }), "deletionPolicy Delete"},
		"type":             {edit(ESOResource, func(o Object) { target(o)["template"] = Object{"type": "kubernetes.io/tls"} }), "has type Opaque, the ESO resource makes kubernetes.io/tls"},
		"a key is missing": {edit(ESOResource, func(o Object) { o["spec"].(Object)["data"] = o["spec"].(Object)["data"].([]any)[:1] }), "ESO would take away the key user"},
		"dataFrom": {edit(ESOResource, func(o Object) {
			delete(o["spec"].(Object), "data")
			o["spec"].(Object)["dataFrom"] = []any{Object{"extract": Object{"key": "a"}}}
		}), "can't be told: it has dataFrom"},
		"a key more": {edit(ESOResource, func(o Object) {
			o["spec"].(Object)["data"] = append(o["spec"].(Object)["data"].([]any), Object{"secretKey": "more"})
		}), "ESO would add the key more"},
		"another ESO one": {func(l *lab) { o := l.esoObject(1); target(o)["name"] = "s0"; l.Add(o) }, "2 ESO resources write to the Secret: s0, s1"},
		"immutable":       {edit(Secrets, func(o Object) { o["immutable"] = true }), "immutable"},
		"another owner": {edit(Secrets, func(o Object) {
			o["metadata"].(Object)["ownerReferences"] = []any{Object{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": l0, "controller": true}}
		}), "ConfigMap x controls the Secret"},
		"the store": {func(l *lab) {
			l.Change("clustersecretstores.external-secrets.io", "", "fake", func(o Object) { o["status"] = Object{} })
		}, "ClusterSecretStore fake is not ready (Unknown)"},
		"the backend fails": {func(l *lab) {
			l.eso.Values = func(Object) map[string]any { return nil }
			edit(ESOResource, func(o Object) { o["spec"].(Object)["refreshInterval"] = "2h" })(l)
		}, "could not get secret data from provider"},
		"ESO isn't there": {func(l *lab) { l.eso.Stopped = true; edit(ESOResource, func(o Object) { delete(o, "status") })(l) }, "ESO has not looked at its resource yet"},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, true, 1)
			l.Add(Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Object{"name": "x", "namespace": "shop", "uid": l0}})
			c.edit(l)
			before := len(l.Log())
			rep := l.run(func(o *RunOptions) { o.Names = []string{"s0"} })
			if got := outcomes(rep); rep.Count(Refused) != 1 || !strings.Contains(got, c.want) {
				t.Fatalf("got %swant %s", got, c.want)
			}
			if len(l.Log()) != before {
				t.Errorf("something was changed: %v", l.Log()[before:])
			}
			l.holds(what)
		})
	}
}

const l0 = "00000000-0000-0000-0000-000000000001"

func (l *lab) thaw(i int) {
	l.Change(KESResource, "shop", name(i), func(o Object) { delete(o["spec"].(Object), "controllerId") })
}

func (l *lab) scale(n int) {
	l.Change("deployments.apps", "kes", "kes", func(o Object) { o["spec"].(Object)["replicas"] = n })
}

func (l *lab) container(f func(c Object)) {
	l.Change("deployments.apps", "kes", "kes", func(o Object) {
		f(o["spec"].(Object)["template"].(Object)["spec"].(Object)["containers"].([]any)[0].(Object))
	})
}

func (l *lab) env(name, value string) {
	l.container(func(c Object) { c["env"] = append(c["env"].([]any), Object{"name": name, "value": value}) })
}

func (l *lab) secretEnv(name string) {
	l.container(func(c Object) {
		c["env"] = append(c["env"].([]any), Object{"name": name, "valueFrom": Object{"secretKeyRef": Object{"name": "x", "key": "y"}}})
	})
}

func pod(ending bool) Object {
	o := Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "kes-1", "namespace": "kes", "labels": Object{"app": "kes"}}, "spec": Object{"containers": []any{Object{"image": "x/kubernetes-external-secrets:1"}}}, "status": Object{"phase": "Running"}}
	if ending {
		o["metadata"].(Object)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
		o["metadata"].(Object)["finalizers"] = []any{"kubelet"}
	}
	return o
}

// TestNotServed: the other ways to stop KES, and KES that isn't there.
func TestNotServed(t *testing.T) {
	for what, edit := range map[string]func(*lab){
		"scaled to 0":           func(l *lab) { l.thaw(0); l.scale(0) },
		"other namespaces":      func(l *lab) { l.thaw(0); l.env("WATCHED_NAMESPACES", "a, b,") },
		"namespaces, ConfigMap": func(l *lab) { l.thaw(0); l.watchedByMap() },
		"another INSTANCE_ID":   func(l *lab) { l.thaw(0); l.env("INSTANCE_ID", "blue") },
		"a finished pod": func(l *lab) {
			l.thaw(0)
			l.scale(0)
			p := pod(false)
			p["status"] = Object{"phase": "Succeeded"}
			l.Add(p)
		},
		"frozen, INSTANCE_ID in a Secret": func(l *lab) { l.secretEnv("INSTANCE_ID") },
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, true, 1)
			edit(l)
			if rep := l.run(nil); rep.Count(Done) != 1 {
				t.Fatal(outcomes(rep))
			}
			l.holds(what)
			l.over(what)
		})
	}
}

func (l *lab) watchedByMap() {
	l.Add(Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Object{"name": "kes-env", "namespace": "kes"}, "data": Object{"WATCHED_NAMESPACES": "elsewhere"}})
	l.container(func(c Object) { c["envFrom"] = []any{Object{"configMapRef": Object{"name": "kes-env"}}} })
}

// TestUnseen: where no KES is recognised, somebody has to say that there is
// none.
func TestUnseen(t *testing.T) {
	l := newLab(t, true, 1)
	l.Delete("deployments.apps", "kes", "kes", "Background")
	c := l.client()
	var unseen *UnseenError
	if _, err := c.Run(context.Background(), l.options(c)); !errors.As(err, &unseen) {
		t.Fatalf("got %v", err)
	}
	l.thaw(0)
	if rep := l.run(func(o *RunOptions) { o.Controllers = []string{NoKES} }); rep.Count(Done) != 1 {
		t.Fatal(outcomes(rep))
	}
	l.holds("uninstalled")
	l.over("uninstalled")
}

// TestSyncedMeanwhile: a KES that nobody sees gives itself away by
// status.lastSync.
func TestSyncedMeanwhile(t *testing.T) {
	l := newLab(t, true, 1)
	l.thaw(0)
	l.Delete("deployments.apps", "kes", "kes", "Background")
	l.kes.Poll(l.Server) // lastSync is now
	polled := false
	l.SetBefore(func(_ int, verb, path string) bool {
		if verb == "GET" && strings.HasSuffix(path, "/s0") && !polled {
			polled = true
			l.SetBefore(nil)
			l.Change(KESResource, "shop", "s0", func(o Object) { o["status"] = Object{"lastSync": "2999-01-01T00:00:00.000Z", "status": "SUCCESS"} })
		}
		return true
	})
	rep := l.run(func(o *RunOptions) { o.Poll, o.Controllers = 20e6, []string{NoKES} })
	if rep.Count(Refused) != 1 || !strings.Contains(outcomes(rep), "some KES serves it") {
		t.Fatal(outcomes(rep))
	}
	l.holds("synced")
}

// TestTakenBack: KES that comes back in the middle is seen, and the KES object
// stays, so that nothing is lost.
func TestTakenBack(t *testing.T) {
	l := newLab(t, true, 1)
	l.SetAfter(func(_ int, verb, path string) bool {
		if verb == "PATCH" && strings.Contains(path, "/secrets/") {
			l.SetAfter(nil)
			l.thaw(0)
			l.eso.Stopped = true
			l.Change(Secrets, "shop", "s0", func(o Object) { o["metadata"].(Object)["labels"] = Object{"x": "y"} })
			l.kes.Poll(l.Server)
			l.eso.Stopped = false
		}
		return true
	})
	rep := l.run(nil)
	if rep.Count(Failed) != 1 || !strings.Contains(outcomes(rep), "KES took Secret shop/s0 back") {
		t.Fatal(outcomes(rep))
	}
	l.holds("taken back")
	if l.Get(KESResource, "shop", "s0") == nil {
		t.Error("the KES object is gone")
	}
}

// TestTakenBackLate: KES takes the Secret back at the very moment at which its
// object is removed. The deletion orphans, so the Secret stays.
func TestTakenBackLate(t *testing.T) {
	l := newLab(t, true, 1)
	l.SetBefore(func(_ int, verb, path string) bool {
		if verb == "DELETE" {
			l.SetBefore(nil)
			l.thaw(0)
			l.kes.Poll(l.Server)
		}
		return true
	})
	rep := l.run(nil)
	if rep.Count(Failed) != 1 {
		t.Fatal(outcomes(rep))
	}
	l.holds("taken back late")
	if rep := l.run(nil); rep.Count(Done) != 1 {
		t.Fatal(outcomes(rep))
	}
	l.holds("finished")
	l.over("finished")
}

// TestOtherData: where ESO writes something else, the KES object stays and the
// keys are named, never a value.
func TestOtherData(t *testing.T) {
	l := newLab(t, true, 1)
	values := l.eso.Values
	l.eso.Values = func(o Object) map[string]any {
		m := values(o)
		m["password"] = "c2VjcmV0LXZhbHVl"
		return m
	}
	rep := l.run(nil)
	got := outcomes(rep)
	if rep.Count(Failed) != 1 || !strings.Contains(got, "other data") || !strings.Contains(got, "the key password") || strings.Contains(got, "secret-value") {
		t.Fatal(got)
	}
	if l.Get(KESResource, "shop", "s0") == nil {
		t.Error("the KES object is gone")
	}
	// The next run knows from the journal what the data was.
	if rep := l.run(nil); rep.Count(Failed) != 1 || !strings.Contains(outcomes(rep), "other data") {
		t.Error(outcomes(rep))
	}
	if rep := l.run(func(o *RunOptions) { o.AllowDifferent = true }); rep.Count(Done) != 1 || !strings.Contains(outcomes(rep), "other data") {
		t.Error(outcomes(rep))
	}
	journal, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "c2VjcmV0LXZhbHVl", "aHVudGVy"} {
		if strings.Contains(string(journal), secret) {
			t.Errorf("the journal holds a value: %s", secret)
		}
	}
	if info, _ := os.Stat(l.file); info.Mode().Perm() != 0o600 {
		t.Errorf("the journal's mode is %v", info.Mode())
	}
}

// TestOwners: owners that are none of ours stay, and one controls.
func TestOwners(t *testing.T) {
	l := newLab(t, true, 1)
	l.Add(Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Object{"name": "x", "namespace": "shop", "uid": l0}})
	l.Change(Secrets, "shop", "s0", func(o Object) {
		m := o["metadata"].(Object)
		m["ownerReferences"] = append(m["ownerReferences"].([]any), Object{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": l0})
	})
	if rep := l.run(nil); rep.Count(Done) != 1 {
		t.Fatal(outcomes(rep))
	}
	owners := l.Get(Secrets, "shop", "s0")["metadata"].(Object)["ownerReferences"].([]any)
	if len(owners) != 2 || owners[0].(Object)["name"] != "x" || owners[0].(Object)["controller"] != nil || owners[1].(Object)["controller"] != true {
		t.Fatalf("owners %v", owners)
	}
}

// TestConflict: a Secret that others write at the same time is read again.
func TestConflict(t *testing.T) {
	l := newLab(t, true, 1)
	writes := 3
	l.SetBefore(func(_ int, verb, path string) bool {
		if verb == "PATCH" && strings.Contains(path, "/secrets/") && writes > 0 {
			writes--
			l.Change(Secrets, "shop", "s0", func(o Object) { o["metadata"].(Object)["labels"] = Object{"write": fmt.Sprint(writes)} })
		}
		return true
	})
	rep := l.run(nil)
	if rep.Count(Done) != 1 || writes != 0 {
		t.Fatal(outcomes(rep))
	}
	l.over("conflict")
}

// TestOrphaned: a Secret whose KES object was pruned with propagation orphan,
// and which ESO is deaf for, gets its owner.
func TestOrphaned(t *testing.T) {
	l := newLab(t, true, 1)
	l.Delete(KESResource, "shop", "s0", "Orphan")
	if st, err := l.client().Status(context.Background(), StatusOptions{Selection: Selection{Namespace: "shop"}}); err != nil || st.Secrets[0].State != HandingOver {
		t.Fatalf("%v %v", st.Secrets[0], err)
	}
	if rep := l.run(nil); rep.Count(Done) != 1 {
		t.Fatal(outcomes(rep))
	}
	l.over("orphaned")
	l.holds("orphaned")
}

// TestShaky: connections that break, before or after a request was carried out,
// are no reason to stop.
func TestShaky(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after %v", after), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, true, 2)
			shake := func(n int, _, _ string) bool { return n%4 != 0 }
			if after {
				l.SetAfter(shake)
			} else {
				l.SetBefore(shake)
			}
			if rep := l.run(func(o *RunOptions) { o.Timeout = 60e9 }); rep.Count(Done) != 2 {
				t.Fatal(outcomes(rep))
			}
			l.holds("shaky")
			l.over("shaky")
			l.AddController(l.kes.Reconcile)
			rep, err := l.rollback(context.Background(), func(o *RunOptions) { o.Timeout = 60e9 })
			if err != nil || rep.Count(Back) != 2 {
				t.Fatalf("%v %s", err, outcomes(rep))
			}
			l.holds("shaky")
			l.back("shaky")
		})
	}
}

// TestNamedKES: --kes reads the pods of that Deployment, whatever its selector
// looks like.
func TestNamedKES(t *testing.T) {
	for what, selector := range map[string]Object{
		"labels":      {"matchLabels": Object{"app": "kes"}},
		"expressions": {"matchExpressions": []any{Object{"key": "app", "operator": "In", "values": []any{"kes"}}}},
		"empty":       {},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, true, 1)
			l.thaw(0)
			l.scale(0)
			l.Change("deployments.apps", "kes", "kes", func(o Object) { o["spec"].(Object)["selector"] = selector })
			l.Add(Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "other", "namespace": "kes"}, "spec": Object{"containers": []any{Object{"image": "nginx"}}}})
			named := func(o *RunOptions) { o.Controllers = []string{"kes/kes"} }
			l.Add(pod(true))
			if rep := l.run(named); rep.Count(Refused) != 1 || !strings.Contains(outcomes(rep), "Pod kes/kes-1 still ends") {
				t.Fatal(outcomes(rep))
			}
			l.Change("pods", "kes", "kes-1", func(o Object) { delete(o["metadata"].(Object), "finalizers") })
			l.Delete("pods", "kes", "kes-1", "Background")
			if rep := l.run(named); rep.Count(Done) != 1 {
				t.Fatal(outcomes(rep))
			}
		})
	}
}

// TestNothing: an empty selection and a KES that isn't there are errors.
func TestNothing(t *testing.T) {
	l := newLab(t, true, 1)
	c := l.client()
	o := l.options(c)
	o.Namespace = "empty"
	var none *NothingError
	if _, err := c.Run(context.Background(), o); !errors.As(err, &none) {
		t.Errorf("got %v", err)
	}
	o = l.options(c)
	o.Controllers = []string{"kes/other"}
	var noKES *NoKESError
	if _, err := c.Run(context.Background(), o); !errors.As(err, &noKES) {
		t.Errorf("got %v", err)
	}
}
