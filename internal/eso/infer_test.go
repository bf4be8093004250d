package eso

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/eso/esotest"
)

func drop(list []string, f func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(list), f)
}

// clusters calls f with every list that a cluster with release r can have:
// each subset of the optional kinds left out, v1alpha1 and v1beta1 unserved or
// served as the chart lets one, and with the unserved versions that Argo CD
// adds for CRDs which it saw being created.
func clusters(r release, f func(name string, list []string)) {
	full := listOf(r)
	views := map[string][]string{"": full}
	if r.compare(release{0, 14, 2}) >= 0 {
		views["conversion off"] = drop(full, func(s string) bool { return strings.HasPrefix(s, Group+"/v1alpha1") && !strings.Contains(s, "Push") })
	}
	if r.compare(release{0, 17, 0}) >= 0 {
		created := slices.Clone(full)
		for _, kind := range storeKinds {
			created = append(created, Group+"/v1beta1/"+kind)
		}
		views["created, or unsafeServeV1Beta1"] = created
	}
	options := []string{"ClusterSecretStore", "ClusterExternalSecret", "PushSecret", "ClusterPushSecret", "ClusterGenerator"}
	for view, list := range views {
		for set := range 1 << len(options) {
			var off []string
			for n, kind := range options {
				if set&(1<<n) != 0 {
					off = append(off, kind)
				}
			}
			f(fmt.Sprintf("%v %s without %v", r, view, off), drop(list, func(s string) bool {
				return slices.Contains(off, s[strings.LastIndex(s, "/")+1:])
			}))
		}
	}
}

// TestInferEveryRelease: the real release is always within the hard and the
// likely bounds, and what is chosen is served.
func TestInferEveryRelease(t *testing.T) {
	n := 0
	for _, r := range releases {
		own := mustProfile(t, r.String())
		clusters(r, func(name string, list []string) {
			n++
			i := Infer(list)
			if i.State != Known || i.Err() != nil || i.Doubts() != nil {
				t.Fatalf("%s: state %d, %v, %q", name, i.State, i.Err(), i.Doubts())
			}
			if r.compare(i.min) < 0 || r.compare(i.max) > 0 || i.likely != (release{}) && r.compare(i.likely) > 0 {
				t.Errorf("%s: %s", name, i.Evidence())
			}
			for _, kind := range storeKinds {
				p := i.Profile(kind)
				if _, lo, hi := p.span(); lo.compare(releases[0]) < 0 || r.compare(lo) < 0 || r.compare(hi) > 0 {
					t.Errorf("%s: profile of %s spans %v to %v", name, kind, lo, hi)
				}
				version := strings.TrimPrefix(p.APIVersion(), Group+"/")
				if k := kinds[slices.IndexFunc(kinds, func(k listed) bool { return k.group == Group && k.version == version && k.kind == kind })]; !k.served(r) {
					t.Errorf("%s: %s is written as %s, which isn't served", name, kind, version)
				}
				if slices.Contains(list, Group+"/v1/"+kind) && version != "v1" {
					t.Errorf("%s: v1 is listed, %s is written as %s", name, kind, version)
				}
			}
			if c, ok := i.Contradicts(own); ok {
				t.Errorf("%s: %v", name, c)
			}
			if c, ok := i.Contradicts(mustProfile(t, r.short())); ok {
				t.Errorf("%s: %v", name, c)
			}
			slices.Reverse(list)
			if again := Infer(append(list, list...)); again.Evidence() != i.Evidence() {
				t.Errorf("%s: another order, each entry twice: %q and %q", name, i.Evidence(), again.Evidence())
			}
		})
	}
	if n < 3000 {
		t.Errorf("only %d lists", n)
	}
}

// TestInferStale upgrades every release to every later one in place: new CRDs
// come with all their versions, those of changed CRDs stay as they were. What
// is chosen must be served by the new release. Only an upgrade from 0.15 or
// earlier to 0.17.0 can't be told from none: 0.17.0 brought no new kind.
func TestInferStale(t *testing.T) {
	n := 0
	for a, from := range releases {
		old := listOf(from)
		for _, to := range releases[a+1:] {
			n++
			list := slices.Clone(old)
			for _, k := range kinds {
				isOld := slices.ContainsFunc(kinds, func(o listed) bool { return o.group == k.group && o.kind == k.kind && o.served(from) })
				if !isOld && k.served(to) {
					list = append(list, k.name())
				}
			}
			i := Infer(list)
			p := i.Profile("ExternalSecret")
			served := slices.Contains(listOf(to), p.APIVersion()+"/ExternalSecret")
			if blind := to == (release{0, 17, 0}) && from.compare(release{0, 16, 0}) < 0; served == blind {
				t.Errorf("%v to %v: %s served: %t (%s)", from, to, p.APIVersion(), served, i.Evidence())
			}
			if p.APIVersion() == Group+"/v1" {
				if _, lo, _ := p.span(); to.compare(lo) < 0 {
					t.Errorf("%v to %v: profile from %v", from, to, lo)
				}
			}
			if stale := from.compare(release{0, 16, 0}) < 0 && to.compare(release{0, 18, 0}) >= 0; stale != (i.State == Stale) || stale != (i.Doubts() != nil) {
				t.Errorf("%v to %v: state %d, %q", from, to, i.State, i.Doubts())
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d upgrades", n)
	}
}

func TestInferEvidence(t *testing.T) {
	g := generatorGroup + "/v1alpha1/"
	v1, v1beta1 := Group+"/v1/ExternalSecret", Group+"/v1beta1/ExternalSecret"
	old := []string{Group + "/v1alpha1/ExternalSecret", v1beta1, g + "Fake"}
	for _, tt := range []struct {
		list     []string
		state    State
		api      string
		evidence string
		doubt    string
	}{
		{state: NoList, api: "v1", evidence: "no list of API versions"},
		{list: strings.Split("", ","), state: NoList, api: "v1", evidence: "no list of API versions"},
		{list: []string{"v1", "v1/Secret"}, state: NoESO, api: "v1", evidence: "none of 2 API versions is ESO's"},
		{list: []string{"kubernetes-client.io/v1/ExternalSecret"}, state: NoESO, api: "v1", evidence: "none of 1 API versions is ESO's"},
		{list: []string{"external-secrets.io.example/v1/ExternalSecret"}, state: NoESO, api: "v1", evidence: "none of 1 API versions is ESO's"},
		{list: []string{Group + "/v1/SecretStore"}, state: NoExternalSecret, api: "v1", evidence: "ESO's kinds listed, without ExternalSecret", doubt: "version is a guess"},
		{list: []string{g + "Fake"}, state: NoExternalSecret, api: "v1", evidence: "ESO's kinds listed, without ExternalSecret", doubt: "version is a guess"},
		{list: []string{Group + "/v1alpha1"}, state: NoExternalSecret, api: "v1", evidence: "ESO's kinds listed, without ExternalSecret", doubt: "version is a guess"},
		{list: []string{Group + "/v1alpha1/ExternalSecret"}, state: Unserved, api: "v1", evidence: "external-secrets.io/v1alpha1 listed"},
		{list: []string{Group + "/v2/ExternalSecret"}, state: Unserved, api: "v1", evidence: "external-secrets.io/v2 listed"},
		{list: []string{v1, v1beta1}, state: Known, api: "v1", evidence: "external-secrets.io/v1, v1beta1 listed: ESO 0.16.0 or later"},
		{list: []string{" " + v1 + "\n"}, state: Known, api: "v1", evidence: "external-secrets.io/v1 listed: ESO 0.17.0 or later"},
		{list: []string{v1, Group + "/v2/ExternalSecret"}, state: Known, api: "v1", evidence: "external-secrets.io/v1, v2 listed: ESO 0.17.0 or later"},
		{list: []string{Group + "/v1", Group + "/v1alpha1", "apps/v1"}, state: Known, api: "v1", evidence: "external-secrets.io/v1 listed: ESO 0.16.0 or later"},
		{list: []string{Group + "/v1beta1"}, state: Known, api: "v1beta1", evidence: "external-secrets.io/v1beta1 listed: ESO 0.5.0 to 0.15.1", doubt: "before 0.9.0"},
		{list: []string{v1beta1, Group + "/v1alpha1/ClusterPushSecret"}, state: Known, api: "v1beta1", evidence: "external-secrets.io/v1beta1, ClusterPushSecret listed: ESO 0.15.0 to 0.15.1"},
		{list: old, state: Known, api: "v1beta1", evidence: "external-secrets.io/v1alpha1, v1beta1, Fake listed: ESO 0.7.0 to 0.15.1"},
		{list: listOf(release{0, 9, 5}), state: Known, api: "v1beta1", evidence: "external-secrets.io/v1alpha1, v1beta1, VaultDynamicSecret listed: ESO 0.7.3 to 0.15.1, likely up to 0.9.12"},
		{list: listOf(release{0, 8, 0}), state: Known, api: "v1beta1", evidence: "external-secrets.io/v1alpha1, v1beta1, VaultDynamicSecret listed: ESO 0.7.3 to 0.15.1, likely up to 0.9.12"},
		{list: listOf(release{0, 7, 1}), state: Known, api: "v1beta1", evidence: "external-secrets.io/v1alpha1, v1beta1, PushSecret listed: ESO 0.7.0 to 0.15.1", doubt: "before 0.9.0"},
		{list: listOf(release{0, 15, 1}), state: Known, api: "v1beta1", evidence: "external-secrets.io/v1alpha1, v1beta1, ClusterPushSecret listed: ESO 0.15.0 to 0.15.1"},
		{list: listOf(release{0, 16, 2}), state: Known, api: "v1", evidence: "external-secrets.io/v1, v1beta1 listed: ESO 0.16.0 or later, likely up to 0.17.0"},
		{list: listOf(release{0, 17, 0}), state: Known, api: "v1", evidence: "external-secrets.io/v1 listed: ESO 0.17.0 or later, likely up to 0.17.0"},
		{list: listOf(release{1, 3, 2}), state: Known, api: "v1", evidence: "external-secrets.io/v1, CloudsmithAccessToken listed: ESO 0.20.0 or later, likely up to 2.6.0"},
		{list: listOf(release{2, 9, 0}), state: Known, api: "v1", evidence: "external-secrets.io/v1, GitlabDeployToken listed: ESO 2.8.0 or later"},
		{list: append(old, g+"MFA"), state: Stale, api: "v1", evidence: "external-secrets.io/v1alpha1, v1beta1, MFA listed: ESO 0.18.0 or later", doubt: "which came with ESO 0.18.0"},
		// ClusterSecretStore was created by an upgrade; ExternalSecret changed.
		{list: append(old, Group+"/v1/ClusterSecretStore"), state: Stale, api: "v1", evidence: "external-secrets.io/v1alpha1, v1beta1, ClusterSecretStore listed: ESO 0.16.0 or later", doubt: "v1 ClusterSecretStore, which came with ESO 0.16.0"},
	} {
		i := Infer(tt.list)
		if i.State != tt.state || i.Evidence() != tt.evidence || i.Profile("ExternalSecret").APIVersion() != Group+"/"+tt.api {
			t.Errorf("%q: state %d, %q, %s", tt.list, i.State, i.Evidence(), i.Profile("ExternalSecret").APIVersion())
		}
		if got := strings.Join(i.Doubts(), "\n"); (tt.doubt == "") != (got == "") || !strings.Contains(got, tt.doubt) {
			t.Errorf("%q: doubts %q", tt.list, got)
		}
		var le *ListError
		if refused := errors.As(i.Err(), &le); refused != (tt.state == NoESO || tt.state == Unserved) || refused && le.State != tt.state {
			t.Errorf("%q: %v", tt.list, i.Err())
		}
	}
	if (Inference{}).Evidence() != Infer(nil).Evidence() || (Inference{}).Profile("ExternalSecret") != (Profile{}) || (Inference{}).Err() != nil {
		t.Error("the zero Inference isn't that of no list")
	}
}

// TestInferPerKind: a store CRD that was too large to upgrade keeps v1beta1.
func TestInferPerKind(t *testing.T) {
	list := drop(listOf(release{0, 20, 4}), func(s string) bool { return strings.HasSuffix(s, "SecretStore") })
	list = append(list, Group+"/v1beta1/SecretStore", Group+"/v1alpha1/SecretStore")
	i := Infer(list)
	for kind, want := range map[string]string{"ExternalSecret": "v1", "ClusterExternalSecret": "v1", "SecretStore": "v1beta1", "ClusterSecretStore": "v1"} {
		if got := i.Profile(kind).APIVersion(); got != Group+"/"+want {
			t.Errorf("%s: %s", kind, got)
		}
	}
	if d := i.Doubts(); len(d) != 1 || !strings.Contains(d[0], "SecretStore in v1beta1 only") {
		t.Errorf("doubts %q", d)
	}
	if i.Lists("ClusterSecretStore") || !i.Lists("SecretStore") {
		t.Error("Lists")
	}
	if !i.Profile("SecretStore").HasProvider("vault") {
		t.Error("the v1beta1 profile has no vault")
	}
	// The other way about: only the list of ExternalSecret can be behind.
	i = Infer(append(listOf(release{0, 14, 0}), Group+"/v1/SecretStore"))
	if got := i.Profile("SecretStore").APIVersion(); got != Group+"/v1" || i.State != Stale {
		t.Errorf("SecretStore: %s, state %d", got, i.State)
	}
}

func TestContradicts(t *testing.T) {
	for _, tt := range []struct {
		list    []string
		version string
		want    bool
	}{
		{nil, "0.9", false},
		{[]string{"v1"}, "2.9", true},
		{[]string{"v1"}, "", false},
		{[]string{Group + "/v1/SecretStore"}, "2.9", true},
		{[]string{Group + "/v1alpha1/ExternalSecret"}, "0.9", true},
		{listOf(release{0, 9, 20}), "0.9", false},
		{listOf(release{0, 9, 20}), "0.9.20", false},
		{listOf(release{0, 9, 20}), "0.9.3", true},
		{listOf(release{0, 9, 20}), "0.15", false},
		{listOf(release{0, 9, 20}), "0.16", true},
		{listOf(release{0, 15, 1}), "0.14", true},
		{listOf(release{0, 16, 0}), "0.15", true},
		{listOf(release{0, 16, 0}), "2.9", false},
		{listOf(release{0, 17, 0}), "0.16", true},
		{listOf(release{1, 3, 2}), "0.19", true},
		{listOf(release{1, 3, 2}), "2.3", false},
		{listOf(release{1, 3, 2}), "2.9", false},
		{listOf(release{2, 7, 0}), "2.6", true},
		{listOf(release{2, 7, 0}), "2.7", false},
		{append(listOf(release{0, 14, 0}), generatorGroup+"/v1alpha1/MFA"), "0.14", true},
		{append(listOf(release{0, 14, 0}), generatorGroup+"/v1alpha1/MFA"), "0.20", false},
	} {
		i := Infer(tt.list)
		c, got := i.Contradicts(mustProfile(t, tt.version))
		if got != tt.want {
			t.Errorf("%s, set to %q: %t", i.Evidence(), tt.version, got)
		}
		if got && (c.Version != tt.version || c.Evidence != i.Evidence() || c.Releases != i.Releases() || !strings.Contains(c.String(), "is set to "+tt.version)) {
			t.Errorf("%+v", c)
		}
	}
}

// TestInferredProfiles: nullBytePolicy never comes from a list, and
// valuesDecodingStrategy does from 2.7 on.
func TestInferredProfiles(t *testing.T) {
	for _, r := range releases {
		p := Infer(listOf(r)).Profile("ExternalSecret")
		es := variants()["maximal"]
		s := fmt.Sprint(p.Map(es))
		if strings.Contains(s, "nullBytePolicy") {
			t.Errorf("%v: nullBytePolicy", r)
		}
		if got, want := strings.Contains(s, "valuesDecodingStrategy"), r.compare(release{2, 7, 0}) >= 0; got != want {
			t.Errorf("%v: valuesDecodingStrategy: %t", r, got)
		}
		if common := p == (Profile{}); common != (r.short() == "0.16") {
			t.Errorf("%v: the common profile: %t", r, common)
		}
	}
}

// TestInferredAgainstCRDs holds what an inferred profile prints against the
// CRDs of the release that the list was of.
func TestInferredAgainstCRDs(t *testing.T) {
	for _, crd := range esotest.CRDs(t, "externalsecrets") {
		r, _, ok := parseRelease(crd.ESO)
		if !ok {
			t.Fatalf("release %q", crd.ESO)
		}
		p := Infer(listOf(r)).Profile("ExternalSecret")
		eachVariant(func(name string, es ExternalSecret) {
			t.Run(crd.ESO+"/"+name, func(t *testing.T) {
				m := p.Map(es)
				for _, f := range crd.Check(m) {
					t.Error(f)
				}
				checkDefaults(t, p, crd.Defaults(m))
			})
		})
	}
}

func ExampleInfer() {
	i := Infer(strings.Split("apps/v1,apps/v1/Deployment,external-secrets.io/v1,external-secrets.io/v1/ExternalSecret,external-secrets.io/v1beta1/SecretStore", ","))
	fmt.Println(i.Evidence())
	fmt.Println(i.Profile("ExternalSecret").APIVersion(), i.Profile("SecretStore").APIVersion())
	set, _ := ProfileFor("0.15")
	fmt.Println(i.Contradicts(set))
	fmt.Println(Infer([]string{"v1", "v1/Secret"}).Err())
	// Output:
	// external-secrets.io/v1 listed: ESO 0.17.0 or later
	// external-secrets.io/v1 external-secrets.io/v1beta1
	// ESO's version is set to 0.15, but the cluster's API versions say otherwise (external-secrets.io/v1 listed: ESO 0.17.0 or later) true
	// find ESO in the cluster's API versions: none of the 2 is of external-secrets.io, so ESO's CRDs are not installed or Argo CD hasn't seen them
}
