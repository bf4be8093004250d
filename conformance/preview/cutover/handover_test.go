package cutover

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
)

// poll is KES's interval here; kesbridge waits two of them before it believes
// that KES is quiet.
const poll = time.Second

// TestHandover hands 100 Secrets over by cutover run, which is killed again and
// again at random points, and back by cutover rollback.
func TestHandover(t *testing.T) {
	for _, r := range releases {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			each := 25
			if testing.Short() {
				each = 5
			}
			f := newFleet(t, r, 4, each, poll)
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			chance := rand.New(rand.NewPCG(seed, 0))
			secrets := f.applyKES()
			f.frozenESO(len(secrets))
			f.deafen()
			w := f.watch(secrets)
			undisturbed := f.disturb(seed)
			f.killed(chance, "run", "-A", "--yes", "--parallel", "4", "--journal", f.journal)
			undisturbed()
			w.check("handed over", esoAlone, func(ns, name string) error { return f.absent(f.kesPath(ns, name)) })
			f.stays(w)
			// Back: KES runs and serves everything that isn't frozen.
			w = f.watch(secrets)
			undisturbed = f.disturb(seed + 1)
			f.killed(chance, "rollback", "-A", "--yes", "--parallel", "4", "--journal", f.journal)
			undisturbed()
			w.check("given back", kesAlone, func(ns, name string) error { return f.absent(f.esoPath(ns, name)) })
		})
	}
}

// frozenESO freezes the KES objects, and then applies ESO's and waits until ESO
// has looked at them. In the other order it may not for minutes (from v0.11.0
// on): it labels the Secret, comes back a second later, and if KES has polled in
// that second, labels it again and comes back after two, four, eight.
func (f *fleet) frozenESO(count int) {
	f.t.Helper()
	f.freeze(frozen)
	time.Sleep(2 * f.settings.Interval)
	f.applyESO()
	f.until("ESO to have looked at all", func() error { return f.looked(count) })
}

// both applies ESO's objects beside a KES that serves theirs, and waits until
// ESO has looked at them. KES pauses for that, see frozenESO.
func (f *fleet) both(count int) {
	f.t.Helper()
	f.kes.Stop()
	f.applyESO()
	f.until("ESO to have looked at all", func() error { return f.looked(count) })
	f.kes.Start(f.settings)
}

// deafen takes ESO's label off every second Secret, as a last poll of KES would:
// ESO hears nothing of them from then on, from v0.11.0 on.
func (f *fleet) deafen() {
	f.t.Helper()
	f.send(func(ns, name string, i int) error {
		if i%2 == 0 {
			return nil
		}
		return f.Do(f.t.Context(), http.MethodPatch, cluster.Namespaced("v1", ns, "secrets", name), cluster.Merge, m{"metadata": m{"labels": nil}}, nil)
	})
}

// disturb starts KES and ESO again now and then, as nodes do, until its result
// is called.
func (f *fleet) disturb(seed uint64) func() {
	chance := rand.New(rand.NewPCG(seed, 1))
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		kes, eso := 0, 0
		defer func() { f.t.Logf("KES was started again %d times, ESO %d times", kes, eso) }()
		for {
			select {
			case <-stop:
				return
			case <-time.After(2*time.Second + time.Duration(chance.IntN(3000))*time.Millisecond):
			}
			if chance.IntN(4) > 0 {
				f.kes.Start(f.settings)
				kes++
				continue
			}
			f.eso.Stop()
			if err := f.eso.Start(); err != nil {
				f.t.Error(err)
			}
			eso++
		}
	})
	end := sync.OnceFunc(func() { close(stop); wait.Wait() })
	f.t.Cleanup(end)
	return end
}

// watched are Secrets from now on.
type watched struct {
	*fleet
	secrets map[string]cluster.Secret // by path
	reader  *reader
	from    map[string]int // events before
}

func (f *fleet) watch(secrets map[string]cluster.Secret) *watched {
	w := &watched{fleet: f, secrets: secrets, from: map[string]int{}}
	digests := map[string]string{}
	for path, s := range secrets {
		digests[path] = digest(s)
	}
	f.all(func(ns, name string, _ int) { w.from[ns+"/"+name] = len(f.record.of(f.t, ns+"/"+name)) })
	w.reader = read(f.Client, 200*time.Millisecond, digests)
	return w
}

// check holds all that was seen to: no event DELETED, the same uid and the same
// data in every event, no read that failed; and each Secret to what it must be.
func (w *watched) check(what string, now func(cluster.Secret) error, more func(ns, name string) error) {
	w.t.Helper()
	got := total(w.reader.close())
	events, bad := 0, 0
	w.all(func(ns, name string, _ int) {
		path := cluster.Namespaced("v1", ns, "secrets", name)
		var problems []string
		seen := w.record.of(w.t, ns+"/"+name)
		for _, e := range seen[w.from[ns+"/"+name]:] {
			events++
			if e.kind == "DELETED" || e.uid != w.secrets[path].Metadata.UID || e.digest != digest(w.secrets[path]) {
				problems = append(problems, "event "+e.String())
			}
		}
		var s cluster.Secret
		err := w.Get(w.t.Context(), path, &s)
		if err == nil {
			err = now(s)
		}
		if err == nil {
			err = more(ns, name)
		}
		if err != nil {
			problems = append(problems, err.Error())
		}
		if len(problems) > 0 {
			if bad++; bad <= 5 {
				w.t.Errorf("%s/%s is not %s cleanly:\n  %s", ns, name, what, strings.Join(problems, "\n  "))
			}
		}
	})
	w.t.Logf("%d Secrets %s: %d events, %s; %d with problems; KES exits %d", len(w.secrets), what, events, got, bad, w.kes.Exits())
	if got.missing+got.differ+got.failed > 0 {
		w.t.Errorf("reads: %s", got)
	}
}

func (f *fleet) absent(path string) error {
	err := f.Get(f.t.Context(), path, nil)
	if cluster.Code(err) == 404 {
		return nil
	}
	return fmt.Errorf("%s is there: %v", path, err)
}

// killed runs a command until it succeeds, and kills it at random points:
// after a number of entries in its journal and a moment more.
func (f *fleet) killed(chance *rand.Rand, args ...string) {
	f.t.Helper()
	began, kills := time.Now(), 0
	var done []int
	perKill := len(f.namespaces)*f.each*3/4 + 1 // of about five entries for each Secret
	for round := 0; ; round++ {
		if round > 60 {
			f.t.Fatalf("not finished after %d runs", round)
		}
		before := f.entries()
		after := 1 + chance.IntN(perKill)
		moment := time.Duration(chance.IntN(30)) * time.Millisecond
		kill, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(kill)
			for f.entries() < before+after {
				select {
				case <-ended:
					return
				case <-time.After(time.Millisecond):
				}
			}
			time.Sleep(moment)
		}()
		r := f.run(kill, args...)
		close(ended)
		<-kill
		done = append(done, f.entries()-before)
		switch r.code {
		case 0:
			f.t.Logf("kesbridge cutover %s: finished after %d kills in %s; journal entries by run %v\n%s",
				strings.Join(args, " "), kills, time.Since(began).Round(time.Second), done, tail(lastLines(r.err, 3)))
			if kills < 3 {
				f.t.Errorf("killed only %d times", kills)
			}
			return
		case -1:
			kills++
		default:
			f.t.Fatalf("kesbridge cutover %s: exit %d after %d kills\n%s", strings.Join(args, " "), r.code, kills, tail(r.err))
		}
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// stays: two polls later nothing has changed, and a further run has nothing to
// do and changes nothing.
func (f *fleet) stays(w *watched) {
	f.t.Helper()
	before := f.entries()
	f.requests()
	r := f.ok("run", "-A", "--yes", "--journal", f.journal)
	var writes []string
	for verb, n := range f.requests() {
		if !strings.HasPrefix(verb, "get ") && !strings.HasPrefix(verb, "list ") && verb != "create selfsubjectreviews.authentication.k8s.io" {
			writes = append(writes, fmt.Sprintf("%d %s", n, verb))
		}
	}
	slices.Sort(writes)
	if f.entries() != before || len(writes) > 0 {
		f.t.Errorf("a run with nothing to do: %d journal entries, %v\n%s", f.entries()-before, writes, tail(r.err))
	}
}
