package handover

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

// rollback goes back, with a KES that runs if polls says so.
func (l *lab) rollback(ctx context.Context, edit func(*RunOptions)) (*Report, error) {
	l.t.Helper()
	c := l.client()
	o := l.options(c)
	if edit != nil {
		edit(&o)
	}
	return c.Rollback(ctx, o)
}

// handedOver is a lab whose Secrets ESO has, and whose KES polls at once.
func handedOver(t *testing.T, deaf bool, n int) *lab {
	t.Helper()
	l := newLab(t, deaf, n)
	if rep := l.run(nil); rep.Count(Done) != n {
		t.Fatal(outcomes(rep))
	}
	l.AddController(l.kes.Reconcile)
	return l
}

// back checks that KES alone has every Secret again.
func (l *lab) back(when string) {
	l.t.Helper()
	for n := range l.uids {
		k, m := l.Get(KESResource, "shop", n), l.Get(Secrets, "shop", n)["metadata"].(Object)
		owners, _ := m["ownerReferences"].([]any)
		if k == nil || len(owners) != 1 || owners[0].(Object)["uid"] != k["metadata"].(Object)["uid"] || owners[0].(Object)["controller"] != true {
			l.t.Fatalf("%s: owners of %s: %v", when, n, owners)
		}
		if m["labels"] != nil || m["annotations"] != nil {
			l.t.Fatalf("%s: marks are left on %s: %v %v", when, n, m["labels"], m["annotations"])
		}
		if l.Get(ESOResource, "shop", n) != nil {
			l.t.Fatalf("%s: ESO object %s is still there", when, n)
		}
	}
}

func TestRollback(t *testing.T) {
	for _, deaf := range []bool{true, false} {
		t.Run(fmt.Sprintf("deaf %v", deaf), func(t *testing.T) {
			l := handedOver(t, deaf, 4)
			before := len(l.Log())
			if rep, err := l.rollback(context.Background(), func(o *RunOptions) { o.Yes = false }); err != nil || rep.Count(Ready) != 4 || len(l.Log()) != before {
				t.Fatalf("dry run: %v %s%v", err, outcomes(rep), l.Log()[before:])
			}
			l.SetBefore(func(_ int, verb, path string) bool {
				if name := path[strings.LastIndex(path, "/")+1:]; verb == "DELETE" {
					o := l.Get(Secrets, "shop", name)["metadata"].(Object)["ownerReferences"].([]any)[0].(Object)
					if o["apiVersion"] != "kubernetes-client.io/v1" || l.Get(ESOResource, "shop", name)["metadata"].(Object)["annotations"].(Object)["argocd.argoproj.io/sync-options"] != "Prune=false" {
						t.Errorf("the ESO object of %s goes before KES owns its Secret, or without a guard: %v", name, o)
					}
				}
				return true
			})
			rep, err := l.rollback(context.Background(), nil)
			if err != nil || rep.Count(Back) != 4 {
				t.Fatalf("%v %s", err, outcomes(rep))
			}
			l.holds("rollback")
			l.back("rollback")
			spec := l.Get(KESResource, "shop", "s0")
			if id := spec["spec"].(Object)["controllerId"]; id != nil {
				t.Errorf("controllerId %v", id)
			}
			if got := spec["metadata"].(Object)["annotations"].(Object)["argocd.argoproj.io/sync-options"]; got != "Prune=false" {
				t.Errorf("sync-options %v", got)
			}
			before = len(l.Log())
			if rep, err := l.rollback(context.Background(), nil); err != nil || rep.Count(Already) != 4 || len(l.Log()) != before {
				t.Fatalf("again: %v %s%v", err, outcomes(rep), l.Log()[before:])
			}
		})
	}
}

// TestRollbackInterrupted stops a rollback at every one of its requests.
func TestRollbackInterrupted(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after %v", after), func(t *testing.T) {
			t.Parallel()
			n := 1
			for stopped := true; stopped; n++ {
				l := handedOver(t, true, 1)
				ctx, cancel := context.WithCancel(context.Background())
				var cutOff atomic.Bool
				base := l.Requests()
				cut := func(at int) bool {
					if at-base >= n {
						cutOff.Store(true)
						cancel()
					}
					return at-base < n
				}
				l.SetBefore(func(at int, _, _ string) bool { return at-base <= n && (after || cut(at)) })
				l.SetAfter(func(at int, _, _ string) bool { return !after || cut(at) })
				_, _ = l.rollback(ctx, nil)
				cancel()
				stopped = cutOff.Load()
				l.SetBefore(nil)
				l.SetAfter(nil)
				when := fmt.Sprintf("stopped at request %d", n)
				l.holds(when)
				rep, err := l.rollback(context.Background(), nil)
				if err != nil || rep.Count(Back)+rep.Count(Already) != 1 {
					t.Fatalf("%s: %v %s", when, err, outcomes(rep))
				}
				l.holds(when)
				l.back(when)
			}
			if n < 15 {
				t.Errorf("only %d requests", n)
			}
		})
	}
}

// TestRollbackHalfWay goes back from a hand-over that ESO never finished: KES
// alone would not see that it isn't the owner.
func TestRollbackHalfWay(t *testing.T) {
	l := newLab(t, true, 1)
	l.eso.Stopped = true
	if rep := l.run(func(o *RunOptions) { o.Timeout = 2e8 }); rep.Count(Failed) != 1 || !strings.Contains(outcomes(rep), "has not written it") {
		t.Fatal(outcomes(rep))
	}
	l.AddController(l.kes.Reconcile)
	rep, err := l.rollback(context.Background(), nil)
	if err != nil || rep.Count(Back) != 1 {
		t.Fatalf("%v %s", err, outcomes(rep))
	}
	l.holds("half way")
	l.back("half way")
}

// TestRollbackRefused: without a KES that runs, or for another Secret than the
// journal's, nothing is changed.
func TestRollbackRefused(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(*lab)
		want string
	}{
		"KES is scaled to 0": {func(l *lab) { l.scale(0) }, "no KES runs"},
		"Git freezes it": {func(l *lab) {
			l.Add(l.kesObject(0), Object{
				"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": Object{"name": "web", "namespace": "argocd"},
				"spec":   Object{"syncPolicy": Object{"automated": Object{"selfHeal": true}}},
				"status": Object{"resources": []any{Object{"group": "kubernetes-client.io", "kind": "ExternalSecret", "namespace": "shop", "name": "s0"}}},
			})
			l.freeze(0)
		}, "Git freezes the KES resource"},
		"KES ends":            {func(l *lab) { l.scale(0); l.Add(pod(true)) }, "no KES runs"},
		"KES watches others":  {func(l *lab) { l.env("WATCHED_NAMESPACES", "a") }, "no KES runs"},
		"another INSTANCE_ID": {func(l *lab) { l.env("INSTANCE_ID", "blue") }, "no KES runs"},
		"another Secret": {func(l *lab) {
			l.uids["s0"] = "other"
			l.Change(Secrets, "shop", "s0", func(o Object) { o["metadata"].(Object)["uid"] = "other" })
		}, "another one than that of the journal"},
		"no KES but this one's": {func(l *lab) { l.Delete("deployments.apps", "kes", "kes", "Background") }, "no KES runs"},
	} {
		t.Run(what, func(t *testing.T) {
			l := handedOver(t, true, 1)
			c.edit(l)
			before := len(l.Log())
			rep, err := l.rollback(context.Background(), nil)
			if err != nil || rep.Count(Refused) != 1 || !strings.Contains(outcomes(rep), c.want) {
				t.Fatalf("%v %s", err, outcomes(rep))
			}
			if len(l.Log()) != before {
				t.Errorf("something was changed: %v", l.Log()[before:])
			}
			l.holds(what)
		})
	}
}
