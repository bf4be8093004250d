package handover

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

// lab is a cluster with a KES, an ESO and Secrets that KES made.
type lab struct {
	*Server
	t    *testing.T
	kes  *Poller
	eso  *Operator
	uids map[string]string
	file string // the journal
}

// newLab has n Secrets s0, s1 ... in namespace shop, with KES objects that are
// frozen and ESO objects that came while KES still served.
func newLab(t *testing.T, deaf bool, n int) *lab {
	t.Helper()
	values := func(o Object) map[string]any {
		name := o["metadata"].(Object)["name"].(string)
		return map[string]any{"password": base64.StdEncoding.EncodeToString([]byte("hunter2-" + name)), "user": base64.StdEncoding.EncodeToString([]byte(name))}
	}
	l := &lab{Server: New(), t: t, kes: &Poller{Values: values}, eso: &Operator{Deaf: deaf, Values: values}, uids: map[string]string{}, file: filepath.Join(t.TempDir(), "state", "journal.jsonl")}
	t.Cleanup(l.Close)
	l.AddController(l.eso.Reconcile)
	if !deaf {
		l.ESOVersions = []string{"v1beta1"}
	}
	l.Add(deployment("kes", 1), l.store())
	for i := range n {
		l.Add(l.kesObject(i))
	}
	l.kes.Poll(l.Server)
	for i := range n {
		l.Add(l.esoObject(i))
	}
	l.Settle()
	l.kes.Poll(l.Server) // takes ESO's labels off again
	for i := range n {
		l.freeze(i)
		l.uids[name(i)] = l.Get(Secrets, "shop", name(i))["metadata"].(Object)["uid"].(string)
	}
	l.Settle()
	return l
}

func name(i int) string { return fmt.Sprintf("s%d", i) }

func deployment(name string, replicas int) Object {
	return Object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": Object{"name": name, "namespace": "kes"}, "spec": Object{
		"replicas": replicas, "selector": Object{"matchLabels": Object{"app": name}},
		"template": Object{"metadata": Object{"labels": Object{"app": name}}, "spec": Object{"containers": []any{Object{
			"name": "kes", "image": "ghcr.io/external-secrets/kubernetes-external-secrets:8.5.5",
			"env": []any{Object{"name": "POLLER_INTERVAL_MILLISECONDS", "value": "20"}},
		}}}},
	}}
}

func (l *lab) store() Object {
	return Object{"apiVersion": "external-secrets.io/" + l.ESOVersions[0], "kind": "ClusterSecretStore", "metadata": Object{"name": "fake"}, "status": Object{"conditions": []any{Object{"type": "Ready", "status": "True"}}}}
}

func (l *lab) kesObject(i int) Object {
	return Object{"apiVersion": "kubernetes-client.io/v1", "kind": "ExternalSecret", "metadata": Object{"name": name(i), "namespace": "shop", "annotations": Object{"argocd.argoproj.io/tracking-id": "web:kubernetes-client.io/ExternalSecret:shop/" + name(i)}}, "spec": Object{"backendType": "secretsManager", "data": []any{Object{"key": "a", "name": "password"}, Object{"key": "b", "name": "user"}}}}
}

func (l *lab) esoObject(i int) Object {
	return Object{"apiVersion": "external-secrets.io/" + l.ESOVersions[0], "kind": "ExternalSecret", "metadata": Object{"name": name(i), "namespace": "shop"}, "spec": Object{
		"refreshInterval": "1h", "secretStoreRef": Object{"kind": "ClusterSecretStore", "name": "fake"}, "target": Object{"creationPolicy": "Owner", "deletionPolicy": "Retain", "template": Object{"type": "Opaque"}},
		"data": []any{Object{"secretKey": "password", "remoteRef": Object{"key": "a"}}, Object{"secretKey": "user", "remoteRef": Object{"key": "b"}}},
	}}
}

// freeze is what mode freeze and one more poll do.
func (l *lab) freeze(i int) {
	l.Change(KESResource, "shop", name(i), func(o Object) {
		o["spec"].(Object)["controllerId"] = "kesbridge-frozen"
		o["status"] = Object{"lastSync": "2020-01-01T00:00:00.000Z", "status": "SUCCESS"}
	})
}

func (l *lab) client() *Client {
	l.t.Helper()
	file := filepath.Join(l.t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(l.Kubeconfig("shop")), 0o600); err != nil {
		l.t.Fatal(err)
	}
	c, err := Connect(Connection{Kubeconfig: file})
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// options are those of cutover run --yes in namespace shop.
func (l *lab) options(c *Client) RunOptions {
	l.t.Helper()
	j, err := OpenJournal(l.file, Who{Cluster: l.URL})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { j.Close() })
	return RunOptions{StatusOptions: StatusOptions{Selection: Selection{Namespace: "shop"}}, Yes: true, Parallel: 2, Timeout: 3e9, Journal: j, grace: 1}
}

func (l *lab) run(edit func(*RunOptions)) *Report {
	l.t.Helper()
	c := l.client()
	o := l.options(c)
	if edit != nil {
		edit(&o)
	}
	rep, err := c.Run(context.Background(), o)
	if err != nil {
		l.t.Fatal(err)
	}
	return rep
}

// holds checks what must be true whatever happened: no Secret was ever
// deleted, none is another one, all have their data.
func (l *lab) holds(when string) {
	l.t.Helper()
	if i := slices.IndexFunc(l.Log(), func(s string) bool { return strings.HasPrefix(s, "DELETED secrets/") }); i >= 0 {
		l.t.Fatalf("%s: %s", when, l.Log()[i])
	}
	for n, uid := range l.uids {
		s := l.Get(Secrets, "shop", n)
		if s == nil || s["metadata"].(Object)["uid"] != uid {
			l.t.Fatalf("%s: Secret %s is gone or another one: %v", when, n, s)
		}
		if got := fmt.Sprint(s["data"]); !strings.Contains(got, base64.StdEncoding.EncodeToString([]byte("hunter2-"+n))) {
			l.t.Fatalf("%s: Secret %s has other data", when, n)
		}
	}
}

// over checks that ESO is the only controller of every Secret and nothing of
// KES is left.
func (l *lab) over(when string) {
	l.t.Helper()
	for n := range l.uids {
		owners, _ := l.Get(Secrets, "shop", n)["metadata"].(Object)["ownerReferences"].([]any)
		if len(owners) != 1 || !strings.HasPrefix(fmt.Sprint(owners[0].(Object)["apiVersion"]), "external-secrets.io/") || owners[0].(Object)["controller"] != true {
			l.t.Fatalf("%s: owners of %s: %v", when, n, owners)
		}
		if l.Get(KESResource, "shop", n) != nil {
			l.t.Fatalf("%s: KES object %s is still there", when, n)
		}
	}
}
