package cutover

import (
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
)

// handed is how many of the 1,000 Secrets are handed over. ESO looks at 10 a
// second at the most (its rate limiter), so that all of them take four minutes.
var handed = flag.Int("handed", 200, "Secrets that TestScale hands over, of 1,000; a multiple of 50")

// TestScale reads 1,000 Secrets of one API server, and hands some of them over.
// Requests are bounded, times are told only: they are the machine's.
func TestScale(t *testing.T) {
	const namespaces, each = 20, 50
	count, now := namespaces*each, *handed
	// KES makes each Secret once, and is gone then.
	f := newFleet(t, releases[2], namespaces, each, time.Hour)
	began := time.Now()
	secrets := f.applyKES()
	f.kes.Stop()
	f.deploy(0, poll)
	every := f.namespaces
	f.namespaces = every[:now/each]
	f.applyESO()
	f.until("ESO to have looked at them", func() error { return f.looked(now) })
	t.Logf("%d KES objects made, and %d ESO objects, which ESO has looked at, in %s", count, now, time.Since(began).Round(time.Second))

	mine := map[string]cluster.Secret{}
	f.all(func(ns, name string, _ int) {
		path := cluster.Namespaced("v1", ns, "secrets", name)
		mine[path] = secrets[path]
	})
	w := f.watch(mine)
	f.requests()
	f.told("run", f.ok("run", "-A", "--yes", "--parallel", "8", "--journal", f.journal), now, 16*now+100)
	w.check("handed over", esoAlone, func(ns, name string) error { return f.absent(f.kesPath(ns, name)) })

	// The others' ESO objects are only to be read.
	f.eso.Stop()
	f.namespaces = every[now/each:]
	f.applyESO()
	f.namespaces = every
	f.reading(count, now)
}

// reading measures what reads all Secrets.
func (f *fleet) reading(count, now int) {
	t := f.t
	began := time.Now()
	for _, path := range []string{"/apis/" + kes.Group + "/" + kes.Resource, "/apis/external-secrets.io/v1/externalsecrets", "/api/v1/secrets"} {
		f.must(f.Get(t.Context(), path, nil))
	}
	t.Logf("the three lists alone, as kubectl get: %s", time.Since(began).Round(time.Millisecond))

	f.requests()
	got := f.ok("status", "-A", "-o", "json")
	f.told("status", got, count, 60)
	var status struct {
		Secrets []struct{ Namespace, Name, State string }
	}
	f.must(json.Unmarshal([]byte(got.out), &status))
	states := map[string]int{}
	for _, s := range status.Secrets {
		states[s.State]++
	}
	if len(status.Secrets) != count || states["eso"] != now || states["both"] != count-now {
		t.Errorf("status of %d Secrets: %v, want %d eso", len(status.Secrets), states, now)
	}
	f.told("plan", f.ok("plan", "-A"), count, 60)
	want := 1
	if now == count {
		want = 0
	}
	if r := f.run(nil, "status", "-A", "--exit-code", "-q"); r.code != want {
		t.Errorf("status --exit-code: exit %d, want %d\n%s", r.code, want, tail(r.err))
	}
}

// told logs a command's time and requests, and bounds these.
func (f *fleet) told(what string, r ran, count, most int) {
	f.t.Helper()
	requests := f.requests()
	var list []string
	for verb, n := range requests {
		list = append(list, fmt.Sprintf("%s %d", verb, n))
	}
	slices.Sort(list)
	n := sum(requests)
	f.t.Logf("%s of %d Secrets: %.1f s, %d requests (%.2f a Secret): %s", what, count, r.took.Seconds(), n, float64(n)/float64(count), strings.Join(list, ", "))
	if n > most {
		f.t.Errorf("%s sent %d requests for %d Secrets, at most %d are expected", what, n, count, most)
	}
}

func (f *fleet) until(what string, ok func() error) {
	f.t.Helper()
	if err := cluster.Until(f.t.Context(), 5*time.Minute, ok); err != nil {
		f.t.Fatalf("waited for %s: %v", what, err)
	}
}

// looked: ESO has said something of that many objects.
func (f *fleet) looked(count int) error {
	var list struct{ Items []esoObject }
	if err := f.Get(f.t.Context(), "/apis/external-secrets.io/"+f.release.version+"/externalsecrets", &list); err != nil {
		return err
	}
	n := 0
	for _, o := range list.Items {
		if o.ready() != "" {
			n++
		}
	}
	if n < count {
		return fmt.Errorf("%d of %d", n, count)
	}
	return nil
}
