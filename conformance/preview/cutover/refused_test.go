package cutover

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
)

// flaw is a Secret that can't be handed over as it is. Its KES object is frozen
// unless it says otherwise.
type flaw struct {
	ns string
	// eso changes the ESO object's spec; nil: none is applied.
	eso m
	// id is the controllerId.
	id any
	// more is done at last.
	more func(f *fleet, ns string)
	// want is a part of what run says, outcome its verdict.
	want, outcome string
}

var flaws = []flaw{
	{"served", m{}, nil, nil, "runs and serves it", "refused"},
	{"other-kes", m{}, "team-b", nil, "runs and serves it", "refused"},
	{"policy-orphan", m{"target": m{"creationPolicy": "Orphan"}}, frozen, nil, "creationPolicy Orphan", "refused"},
	{"policy-merge", m{"target": m{"creationPolicy": "Merge"}}, frozen, nil, "creationPolicy Merge", "refused"},
	{"deletion-delete", m{"target": m{"creationPolicy": "Owner", "deletionPolicy": "Delete"}}, frozen, nil, "deletionPolicy Delete", "refused"},
	{"key-missing", m{"data": []m{{"secretKey": "a", "remoteRef": m{"key": key(0)}}}}, frozen, nil, "ESO would take away the key b", "refused"},
	{"store-missing", m{"secretStoreRef": m{"kind": "ClusterSecretStore", "name": "nowhere"}}, frozen, nil, "nowhere is not ready", "refused"},
	{"value-missing", m{"data": []m{{"secretKey": "a", "remoteRef": m{"key": "nothing"}}, {"secretKey": "b", "remoteRef": m{"key": key(1)}}}}, frozen, nil, "ESO can't make the Secret", "refused"},
	{"two-eso", m{}, frozen, func(f *fleet, ns string) {
		o := esoObjectOf(f.release.version, ns, "second", 0)
		o["spec"].(m)["target"] = m{"name": "s-000", "creationPolicy": "Orphan"}
		f.must(f.Apply(f.t.Context(), f.esoPath(ns, "second"), o))
	}, "2 ESO resources write to the Secret", "refused"},
	{"other-owner", m{}, frozen, func(f *fleet, ns string) {
		var live cluster.Secret
		path := cluster.Namespaced("v1", ns, "secrets", "s-000")
		f.must(f.Get(f.t.Context(), path, &live))
		var cm struct{ Metadata cluster.Meta }
		f.must(f.Do(f.t.Context(), http.MethodPost, cluster.Namespaced("v1", ns, "configmaps"), "", m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": "owner"}}, &cm))
		f.must(f.Do(f.t.Context(), http.MethodPatch, path, cluster.Merge, m{"metadata": m{"ownerReferences": []cluster.Owner{
			{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", UID: cm.Metadata.UID, Controller: true},
		}}}, nil))
	}, "ConfigMap owner controls the Secret", "refused"},
	{"no-eso", nil, frozen, nil, "no ESO resource writes to the Secret", "skipped"},
}

const frozen = "kesbridge-frozen"

// TestRefused: what would lose or change a Secret is refused, with its reason,
// and nothing is written.
func TestRefused(t *testing.T) {
	f := newFleet(t, releases[2], 0, 1, poll)
	for _, w := range flaws {
		f.namespaces = append(f.namespaces, w.ns)
		f.Namespace(w.ns)
	}
	secrets := f.applyKES()
	f.must(f.Apply(t.Context(), "/apis/apps/v1/namespaces/kes/deployments/team-b", m{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": m{"name": "team-b", "namespace": "kes"},
		"spec": m{"selector": m{"matchLabels": m{"a": "b"}}, "template": m{"metadata": m{"labels": m{"a": "b"}}, "spec": m{"containers": []m{{
			"name": "kes", "image": "ghcr.io/external-secrets/kubernetes-external-secrets:8.5.5", "env": []m{{"name": "INSTANCE_ID", "value": "team-b"}, {"name": "POLLER_INTERVAL_MILLISECONDS", "value": "1000"}},
		}}}}},
	}))
	for _, w := range flaws {
		f.must(f.Do(t.Context(), http.MethodPatch, f.kesPath(w.ns, "s-000"), cluster.Merge, m{"spec": m{"controllerId": w.id}}, nil))
	}
	time.Sleep(2 * poll) // KES is quiet now, where it was told to be
	for _, w := range flaws {
		if w.eso != nil {
			o := esoObjectOf(f.release.version, w.ns, "s-000", 0)
			for k, v := range w.eso {
				o["spec"].(m)[k] = v
			}
			f.must(f.Apply(t.Context(), f.esoPath(w.ns, "s-000"), o))
		}
		if w.more != nil {
			w.more(f, w.ns)
		}
	}
	// One flaw has no ESO object, one has two; beside a KES that runs, ESO may not get that far.
	f.until("ESO to have looked at them", func() error { return f.looked(len(flaws) - 1) })
	// What ESO and the test have done to the Secrets is none of kesbridge's.
	versions := map[string]string{}
	for path := range secrets {
		var s cluster.Secret
		f.must(f.Get(t.Context(), path, &s))
		versions[path] = s.Metadata.ResourceVersion
	}
	f.requests()
	r := f.run(nil, "run", "-A", "--yes", "-o", "json", "--journal", f.journal)
	if r.code != 1 {
		t.Fatalf("exit %d, want 1\n%s", r.code, tail(r.err))
	}
	for verb, n := range f.requests() {
		if !strings.HasPrefix(verb, "get ") && !strings.HasPrefix(verb, "list ") && verb != "create selfsubjectreviews.authentication.k8s.io" {
			t.Errorf("a run that refuses everything sent %d %s", n, verb)
		}
	}
	f.judge(r.out)
	for path, was := range versions {
		if strings.Contains(path, "/served/") {
			continue // KES is at it
		}
		var s cluster.Secret
		f.must(f.Get(t.Context(), path, &s))
		if s.Metadata.ResourceVersion != was {
			t.Errorf("%s was written", path)
		}
	}
	f.hidden()
}

// judge holds each verdict to its flaw.
func (f *fleet) judge(out string) {
	f.t.Helper()
	var report struct {
		Results []struct {
			Namespace, Outcome, Error string
			Problems                  []struct{ Text string }
		}
	}
	f.must(json.Unmarshal([]byte(out), &report))
	got := map[string]string{}
	for _, r := range report.Results {
		got[r.Namespace] = fmt.Sprintf("%s: %s %v", r.Outcome, r.Error, r.Problems)
	}
	for _, w := range flaws {
		if !strings.HasPrefix(got[w.ns], w.outcome+": ") || !strings.Contains(got[w.ns], w.want) {
			f.t.Errorf("%s: %q, want %s, %q", w.ns, got[w.ns], w.outcome, w.want)
		}
	}
}

// hidden: a KES that the cluster doesn't show is found by what it does.
func (f *fleet) hidden() {
	f.t.Helper()
	// Slower than kesbridge was told it is, by less than two intervals.
	f.kes.Start(kes.Settings{Interval: 2 * poll})
	r := f.run(nil, "run", "-n", "served", "--yes", "--kes", "none", "--poll-interval", "1500ms", "--journal", f.journal)
	if r.code != 1 || !strings.Contains(r.err, "some KES serves it") {
		f.t.Errorf("with a KES that isn't shown: exit %d\n%s", r.code, tail(r.err))
	}
	if n := f.entries(); n > 0 {
		f.t.Errorf("the journal has %d entries of Secrets that were refused", n)
	}
}
