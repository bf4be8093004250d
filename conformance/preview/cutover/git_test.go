package cutover

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
)

// TestArgoCD takes Secrets through Git with a real Argo CD that prunes and heals by
// itself, kesbridge as its plugin, while KES runs for everything.
func TestArgoCD(t *testing.T) {
	each := 100
	if testing.Short() {
		each = 10
	}
	a := newArgo(t, each)
	began := time.Now()
	secrets := a.begin("shop", "PrunePropagationPolicy=orphan")
	t.Logf("%d KES objects synced and served after %s", each, time.Since(began).Round(time.Second))

	// The way that needs no command: freeze, wait out a poll, replace.
	w := a.watch(secrets)
	a.step("shop", "freeze", "")
	a.synced("shop", false)
	time.Sleep(a.settings.Interval * 3 / 2) // one more poll comes
	a.step("shop", "replace", "")
	a.synced("shop", true)
	a.until("all to be ESO's", func() error { return a.every(secrets, esoAlone) })
	time.Sleep(2 * a.settings.Interval) // KES doesn't come back for them
	w.check("handed over through Git", esoAlone, func(ns, name string) error { return a.absent(a.kesPath(ns, name)) })

	// A revert: ESO's objects are guarded, so KES takes over first.
	w = a.watch(secrets)
	a.step("shop", "keep", "")
	a.synced("shop", false)
	a.until("all to be KES's", func() error { return a.every(secrets, kesAlone) })
	a.send(func(ns, name string, _ int) error { return a.Delete(t.Context(), a.esoPath(ns, name), "Background") })
	time.Sleep(2 * a.settings.Interval)
	w.check("given back through Git", kesAlone, func(ns, name string) error { return a.absent(a.esoPath(ns, name)) })

	a.fleet.each = 10
	t.Run("Guarded", func(t *testing.T) { a.of(t).guarded() })
	t.Run("Swap", func(t *testing.T) { a.of(t).swap() })
}

// of is the same, for a subtest.
func (a *argo) of(t *testing.T) *argo {
	l, f := *a.lab, *a.fleet
	l.t, f.lab, f.t = t, &l, t
	return &argo{fleet: &f, repo: a.repo, sockets: a.sockets}
}

// every holds each Secret to a condition.
func (a *argo) every(secrets map[string]cluster.Secret, f func(cluster.Secret) error) error {
	for path := range secrets {
		var s cluster.Secret
		if err := a.Get(a.t.Context(), path, &s); err != nil {
			return err
		}
		if err := f(s); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// step commits a mode. What kesbridge diff says of that commit must name the
// rule, or be no error where rule is "".
func (a *argo) step(app, mode, rule string) {
	a.t.Helper()
	a.mode(app, mode)
	path, err := kesbridge()
	a.must(err)
	cmd := exec.CommandContext(a.t.Context(), path, "diff", "--application", "argocd/"+app+".yaml", "--against", "HEAD~1")
	cmd.Dir = a.repo
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	switch {
	case cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1:
		a.t.Errorf("kesbridge diff of the commit to %s: %v\n%s", mode, err, tail(said.String()))
	case rule == "" && strings.Contains(said.String(), "error:"):
		a.t.Errorf("kesbridge diff of the commit to %s has errors, and it is safe:\n%s", mode, tail(said.String()))
	case rule != "" && !strings.Contains(said.String(), rule):
		a.t.Errorf("kesbridge diff of the commit to %s doesn't name %s:\n%s", mode, rule, tail(said.String()))
	}
}

// guarded is the way without orphan propagation: protect, replace, cutover run.
func (a *argo) guarded() {
	secrets := a.begin("guarded")
	w := a.watch(secrets)
	a.step("guarded", "protect", "")
	a.synced("guarded", false)
	time.Sleep(a.settings.Interval * 3 / 2)
	a.step("guarded", "replace", "")
	a.synced("guarded", false)
	if err := a.every(secrets, kesAlone); err != nil {
		a.t.Fatalf("before the run: %v", err)
	}
	a.ok("run", "-n", "guarded", "--yes", "--parallel", "4", "--journal", a.repo+"-journal")
	a.synced("guarded", true)
	time.Sleep(2 * a.settings.Interval) // neither KES nor Argo CD comes back for them
	w.check("handed over by run beside Argo CD", esoAlone, func(ns, name string) error { return a.absent(a.kesPath(ns, name)) })
}

// swap is one commit from KES to ESO under Argo CD's default prune: what
// kesbridge diff names as a loss is one.
func (a *argo) swap() {
	secrets := a.begin("swap")
	digests := map[string]string{}
	for path, s := range secrets {
		digests[path] = digest(s)
	}
	r := read(a.Client, 100*time.Millisecond, digests)
	a.step("swap", "replace", "KES70")
	a.synced("swap", false)
	time.Sleep(5 * time.Second)
	reads := total(r.close())
	deleted := 0
	a.all(func(ns, name string, _ int) {
		if slices.ContainsFunc(a.record.of(a.t, ns+"/"+name), func(e event) bool { return e.kind == "DELETED" }) {
			deleted++
		}
	})
	a.t.Logf("%d of %d Secrets deleted; %s; KES exits %d", deleted, len(secrets), reads, a.kes.Exits())
	if deleted != len(secrets) {
		a.t.Errorf("Argo CD's default prune deleted only %d of %d Secrets", deleted, len(secrets))
	}
}
