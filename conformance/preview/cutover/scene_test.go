package cutover

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
)

// interval is KES's in the scenes unless they set another: 10 s in life. ESO
// from v0.11.0 on looks again one second after it has put its label on a Secret
// (its rate limiter's base), so a KES that strips the label sooner is noticed.
const interval = 2 * time.Second

// scene is one Secret in a namespace of its own, with a KES of its own that
// serves this namespace, a watcher and a reader.
type scene struct {
	*lab
	t          *testing.T
	ns, secret string
	kes        *kes.Controller
	interval   time.Duration
	uid        string // of the Secret at the beginning
	reader     *reader
}

// scene makes the namespace and the stand-in, which doesn't run.
func (l *lab) scene(t *testing.T, ns string) *scene {
	l.Namespace(ns)
	s := &scene{lab: l, t: t, ns: ns, secret: "s", interval: interval, kes: kes.New(l.Client, l.backend, nil)}
	t.Cleanup(s.kes.Stop)
	return s
}

func (s *scene) settings() kes.Settings {
	return kes.Settings{Interval: s.interval, WatchedNamespaces: []string{s.ns}}
}

// served makes the KES object and waits for its Secret, then reads it.
func (s *scene) served() {
	s.t.Helper()
	s.applyKES()
	s.kes.Start(s.settings())
	s.watched()
}

// watched begins to read the Secret that is there, or comes.
func (s *scene) watched() {
	s.t.Helper()
	var live cluster.Secret
	s.until("the Secret", func() error { return s.Get(s.t.Context(), s.path("secret"), &live) })
	s.uid = live.Metadata.UID
	s.reader = read(s.Client, 50*time.Millisecond, map[string]string{s.path("secret"): digest(live)})
}

func (s *scene) until(what string, f func() error) {
	s.t.Helper()
	if err := cluster.Until(s.t.Context(), cluster.Ready, f); err != nil {
		s.t.Fatalf("waited for %s: %v", what, err)
	}
}

// path of the Secret, the KES object or the ESO object, which have one name.
func (s *scene) path(what string) string {
	switch what {
	case "secret":
		return cluster.Namespaced("v1", s.ns, "secrets", s.secret)
	case "kes":
		return cluster.Namespaced(kes.Group, s.ns, kes.Resource, "s")
	case "eso":
		return cluster.Namespaced("external-secrets.io/"+s.release.version, s.ns, "externalsecrets", "s")
	}
	panic(what)
}

func (s *scene) do(method, what, contentType string, body any) {
	s.t.Helper()
	if err := s.Do(s.t.Context(), method, s.path(what), contentType, body, nil); err != nil {
		s.t.Fatal(err)
	}
}

// merge patches an object.
func (s *scene) merge(what string, patch m) {
	s.t.Helper()
	s.do(http.MethodPatch, what, cluster.Merge, patch)
}

// kesObject is a KES object of a Secret with two keys.
func kesObject(ns, name string, i int) m {
	return m{
		"apiVersion": kes.Group, "kind": "ExternalSecret", "metadata": m{"name": name, "namespace": ns},
		"spec": m{"backendType": "secretsManager", "data": []m{{"key": key(i), "name": "a"}, {"key": key(i + 1), "name": "b"}}},
	}
}

// esoObjectOf is an ESO object with the same result.
func esoObjectOf(version, ns, name string, i int) m {
	return m{
		"apiVersion": "external-secrets.io/" + version, "kind": "ExternalSecret", "metadata": m{"name": name, "namespace": ns},
		"spec": m{
			"refreshInterval": "1h0m0s", "secretStoreRef": m{"kind": "ClusterSecretStore", "name": store},
			"target": m{"name": name, "creationPolicy": "Owner"},
			"data":   []m{{"secretKey": "a", "remoteRef": m{"key": key(i)}}, {"secretKey": "b", "remoteRef": m{"key": key(i + 1)}}},
		},
	}
}

func (s *scene) applyKES() {
	s.t.Helper()
	if err := s.Apply(s.t.Context(), s.path("kes"), kesObject(s.ns, "s", 0)); err != nil {
		s.t.Fatal(err)
	}
}

// applyESO applies the ESO object with changes to its spec; a change of target
// replaces the target.
func (s *scene) applyESO(spec m) {
	s.t.Helper()
	o := esoObjectOf(s.release.version, s.ns, "s", 0)
	for k, v := range spec {
		o["spec"].(m)[k] = v
	}
	if err := s.Apply(s.t.Context(), s.path("eso"), o); err != nil {
		s.t.Fatal(err)
	}
}

// polls waits for n polls of KES, and what follows from them.
func (s *scene) polls(n int) { time.Sleep(time.Duration(n)*s.interval + s.interval/2) }

// polled returns right after a poll.
func (s *scene) polled() {
	s.t.Helper()
	before := s.lastSync()
	s.until("a poll", func() error {
		if s.lastSync() == before {
			return errors.New("no new lastSync")
		}
		return nil
	})
}

// settle waits for a controller's work that has a cause already: ESO's and the
// collector's takes a second under load.
func (s *scene) settle() { time.Sleep(3 * time.Second) }

func (s *scene) remove(what, propagation string) {
	s.t.Helper()
	if err := s.Delete(s.t.Context(), s.path(what), propagation); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) gone(what string) {
	s.t.Helper()
	s.until(what+" to be gone", func() error {
		err := s.Get(s.t.Context(), s.path(what), nil)
		if cluster.Code(err) == http.StatusNotFound {
			return nil
		}
		return fmt.Errorf("it is there: %v", err)
	})
}

// stopByID sets a foreign controllerId and waits out the one poll that comes.
func (s *scene) stopByID() {
	s.t.Helper()
	s.merge("kes", m{"spec": m{"controllerId": "nobody"}})
	s.polls(1)
}

// own replaces the Secret's owners by the KES object's place in it, nobody's or
// the ESO object's, as compare-and-swap.
func (s *scene) own(by string) {
	s.t.Helper()
	s.until("owner "+by, func() error {
		var live cluster.Secret
		if err := s.Get(s.t.Context(), s.path("secret"), &live); err != nil {
			return err
		}
		owners := []cluster.Owner{}
		if by == "eso" {
			var o esoObject
			if err := s.Get(s.t.Context(), s.path("eso"), &o); err != nil {
				return err
			}
			owners = append(owners, cluster.Owner{
				APIVersion: "external-secrets.io/" + s.release.version, Kind: "ExternalSecret", Name: "s", UID: o.Metadata.UID, Controller: true, BlockOwnerDeletion: true,
			})
		}
		return s.Do(s.t.Context(), http.MethodPatch, s.path("secret"), cluster.Merge, m{"metadata": m{
			"uid": live.Metadata.UID, "resourceVersion": live.Metadata.ResourceVersion, "ownerReferences": owners,
		}}, nil)
	})
}

func (s *scene) touch() {
	s.t.Helper()
	s.merge("eso", m{"metadata": m{"annotations": m{"test/touched": time.Now().Format(time.RFC3339Nano)}}})
}

// adopted waits until the Secret shows that ESO wrote it, and owns it alone.
func (s *scene) adopted() {
	s.t.Helper()
	s.until("ESO to adopt", func() error { return s.live(esoAlone) })
}

// esoAlone: ESO is the only owner and controller, and has written the Secret.
func esoAlone(live cluster.Secret) error {
	o := live.Metadata.OwnerReferences
	switch {
	case len(o) != 1 || !strings.HasPrefix(o[0].APIVersion, "external-secrets.io/") || !o[0].Controller:
		return fmt.Errorf("owners: %+v", o)
	case live.Metadata.Labels["reconcile.external-secrets.io/created-by"] == "":
		return fmt.Errorf("labels: %v", live.Metadata.Labels)
	case live.Metadata.Annotations["reconcile.external-secrets.io/data-hash"] == "":
		return fmt.Errorf("annotations: %v", live.Metadata.Annotations)
	}
	return nil
}

// kesAlone: KES is the only owner.
func kesAlone(live cluster.Secret) error {
	o := live.Metadata.OwnerReferences
	if len(o) != 1 || o[0].APIVersion != kes.Group || !o[0].Controller {
		return fmt.Errorf("owners: %+v", o)
	}
	return nil
}

// live holds the Secret as it is to a condition.
func (s *scene) live(f func(cluster.Secret) error) error {
	var live cluster.Secret
	if err := s.Get(s.t.Context(), s.path("secret"), &live); err != nil {
		return err
	}
	return f(live)
}

// ready of the ESO object.
func (s *scene) ready() string {
	s.t.Helper()
	var o esoObject
	if err := s.Get(s.t.Context(), s.path("eso"), &o); err != nil {
		s.t.Fatal(err)
	}
	return o.ready()
}

// lastSync is that of the KES object.
func (s *scene) lastSync() string {
	s.t.Helper()
	var o esoObject
	if err := s.Get(s.t.Context(), s.path("kes"), &o); err != nil {
		s.t.Fatal(err)
	}
	return o.Status.LastSync
}

// outcome is what became of the Secret: "kept" (no DELETED, one uid), "again"
// (deleted, and there at the end) or "lost", and whom it belongs to.
func (s *scene) outcome() (string, reads) {
	s.t.Helper()
	got := total(s.reader.close())
	var live cluster.Secret
	err := s.Get(s.t.Context(), s.path("secret"), &live)
	if err != nil && cluster.Code(err) != http.StatusNotFound {
		s.t.Fatal(err)
	}
	deleted := slices.ContainsFunc(s.record.of(s.t, s.ns+"/"+s.secret), func(e event) bool { return e.kind == "DELETED" })
	switch {
	case err != nil:
		return "lost", got
	case deleted || live.Metadata.UID != s.uid:
		return "again " + owner(live), got
	}
	out := "kept " + owner(live)
	if digest(live) != s.reader.digest[s.path("secret")] {
		out += ", other data"
	}
	return out, got
}

// owner is the Secret's: kes, eso, both or none.
func owner(s cluster.Secret) string {
	of := ""
	for _, o := range s.Metadata.OwnerReferences {
		who := map[string]string{kes.Group: "kes"}[o.APIVersion]
		if strings.HasPrefix(o.APIVersion, "external-secrets.io/") {
			who = "eso"
		}
		of = strings.TrimSpace(of + " " + who)
	}
	if of == "" {
		return "none"
	}
	return of
}

// story is the Secret's events, for a message.
func (s *scene) story() string {
	var b strings.Builder
	for _, e := range s.record.of(s.t, s.ns+"/"+s.secret) {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	return b.String()
}
