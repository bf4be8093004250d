package cutover_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/cutover"
)

// objects of one namespace as they stand in outputs; s is the Secret's name.
const (
	kesKeep    = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {backendType: vault}}`
	kesFreeze  = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {controllerId: kesbridge-frozen}}`
	kesProtect = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: "Validate=false, Prune=false"}}, spec: {controllerId: kesbridge-frozen}}`
	kesGuarded = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: "Prune=false"}}, spec: {}}`
	kesForeign = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {controllerId: team}}`
	esoGuarded = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: Prune=false}}, spec: {target: {creationPolicy: Owner, deletionPolicy: Retain}}}`
	esoDelete  = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: "Prune=false,Delete=false"}}, spec: {target: {creationPolicy: Owner}}}`
	esoFinal   = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {target: {creationPolicy: Owner, deletionPolicy: Retain}}}`
	esoDrops   = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {target: {deletionPolicy: Delete}}}`
	esoSecond  = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {target: {name: s-eso}}}`
	esoSecondG = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: Prune=false}}, spec: {target: {name: s-eso}}}`
	esoHand    = `{apiVersion: external-secrets.io/v1beta1, kind: ExternalSecret, metadata: {name: by-hand, namespace: ns}, spec: {target: {name: s}}}`
	esoOrphan  = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {target: {creationPolicy: Orphan}}}`
	esoOther   = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {target: {creationPolicy: Orphan, name: t}}}`
	elsewhere  = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: other}, spec: {}}`
)

// TestTransitions: every row of facts/cutover.md (E numbers) on which the mode
// table relies, and every step of the ways through.
func TestTransitions(t *testing.T) {
	const none = ""
	for _, c := range []struct {
		name          string
		before, after []string
		orphan        bool
		want          string // rules and Secrets
	}{
		// Git alone: keep, freeze, replace with orphan, final.
		{"nothing changes", []string{kesKeep}, []string{kesKeep}, false, none},
		{"new", nil, []string{esoFinal}, false, none},
		{"keep to freeze", []string{kesKeep}, []string{kesFreeze}, true, none},
		{"freeze back to keep (E13)", []string{kesFreeze}, []string{kesKeep}, false, none},
		{"freeze to replace, orphan (E8, 4/4)", []string{kesFreeze}, []string{esoGuarded}, true, none},
		{"replace to final", []string{esoGuarded}, []string{esoFinal}, false, none},
		// Guarded: keep, protect, replace, final.
		{"keep to protect", []string{kesKeep}, []string{kesProtect}, false, none},
		{"protect to replace (E8)", []string{kesProtect}, []string{esoGuarded}, false, none},
		{"guarded by hand to replace (E8)", []string{kesGuarded}, []string{esoGuarded}, false, none},
		// Two names: keep, side by side.
		{"keep to side by side", []string{kesKeep}, []string{kesKeep, esoSecond}, false, none},
		{"side by side to switched: the first goes", []string{kesKeep, esoSecond}, []string{esoSecond}, false, "KES704 ns/s"},
		// Unsafe.
		{"keep to replace (E1, E8)", []string{kesKeep}, []string{esoGuarded}, false, "KES701 ns/s"},
		{"keep to replace, orphan (E2e)", []string{kesKeep}, []string{esoGuarded}, true, "KES701 ns/s"},
		{"freeze to replace, foreground (E1)", []string{kesFreeze}, []string{esoGuarded}, false, "KES701 ns/s"},
		{"another KES's object to replace, orphan", []string{kesForeign}, []string{esoGuarded}, true, "KES701 ns/s"},
		{"keep to superseded (E8)", []string{kesKeep}, []string{esoHand}, false, "KES701 ns/s"},
		{"freeze to superseded, orphan (E8)", []string{kesFreeze}, []string{esoHand}, true, none},
		{"superseded in two steps, served (E1)", []string{kesKeep, esoHand}, []string{esoHand}, false, "KES701 ns/s"},
		{"superseded in two steps, frozen, orphan (E8, one of four)", []string{kesFreeze, esoHand}, []string{esoHand}, true, none},
		{"an ESO object of another namespace is no heir", []string{kesKeep}, []string{elsewhere}, false, "KES704 ns/s"},
		{"KES object gone", []string{kesKeep}, nil, false, "KES704 ns/s"},
		{"KES object gone, orphan (E2e: served)", []string{kesKeep}, nil, true, "KES704 ns/s"},
		{"frozen KES object gone, orphan", []string{kesFreeze}, nil, true, "KES705 ns/s"},
		{"protected KES object gone", []string{kesProtect}, nil, false, "KES705 ns/s"},
		{"renamed target (E5)", []string{esoFinal}, []string{esoSecond}, false, "KES702 ns/s"},
		{"renamed target of a guarded object (E5)", []string{esoGuarded}, []string{esoSecondG}, false, "KES702 ns/s"},
		{"renamed target, creationPolicy Orphan before (E5d)", []string{esoOrphan}, []string{esoOther}, false, none},
		{"side by side to replace (E5b): both", []string{kesKeep, esoSecond}, []string{esoFinal}, false, "KES701 ns/s, KES702 ns/s-eso"},
		{"replace to side by side", []string{esoGuarded}, []string{kesKeep, esoSecond}, false, "KES702 ns/s"},
		{"side by side to keep: the second goes (E6)", []string{kesKeep, esoSecond}, []string{kesKeep}, false, "KES703 ns/s-eso"},
		{"side by side to keep, guarded (E8)", []string{kesKeep, esoSecondG}, []string{kesKeep}, false, none},
		{"unguarded ESO object gone (E6, E8)", []string{esoFinal}, nil, false, "KES703 ns/s"},
		{"unguarded ESO object gone, orphan (E6)", []string{esoFinal}, nil, true, "KES705 ns/s"},
		{"unguarded ESO object gone, orphan, deletionPolicy Delete (E6)", []string{esoDrops}, nil, true, "KES703 ns/s"},
		{"creationPolicy Orphan gone (E6)", []string{esoOrphan}, nil, false, none},
		{"guarded ESO object gone (E8)", []string{esoGuarded}, nil, false, none},
		// A resource that becomes a hook is none of the Application's any more.
		{"KES object becomes a hook", []string{kesKeep}, []string{strings.Replace(kesKeep, "namespace: ns", "namespace: ns, annotations: {helm.sh/hook: pre-install}", 1)}, false, "KES701 ns/s"},
		{"ESO object becomes a hook", []string{esoFinal}, []string{strings.Replace(esoFinal, "namespace: ns", "namespace: ns, annotations: {argocd.argoproj.io/hook: PreSync}", 1)}, false, "KES703 ns/s"},
		{"hook Skip is none", []string{esoFinal}, []string{strings.Replace(esoFinal, "namespace: ns", "namespace: ns, annotations: {argocd.argoproj.io/hook: Skip}", 1)}, false, none},
		// The way back.
		{"back in one commit, unguarded (E8: 15 reads missing)", []string{esoFinal}, []string{kesKeep}, false, "KES703 ns/s"},
		{"back in one commit, guarded (E8, E4a)", []string{esoGuarded}, []string{kesKeep}, false, none},
		{"back in one commit, orphan (E4b)", []string{esoFinal}, []string{kesKeep}, true, none},
		{"KES first (E4a)", []string{esoFinal}, []string{esoFinal, kesKeep}, false, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := cutover.State{Makers: makers(t, c.before), Orphan: c.orphan}
			after := cutover.State{Makers: makers(t, c.after), Orphan: c.orphan}
			var got []string
			for _, f := range cutover.Transitions(before, after) {
				got = append(got, f.Rule+" "+named(f.Message))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}

// named is the Secret that a message names.
func named(message string) string {
	_, rest, _ := strings.Cut(message, "the Secret ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}

func makers(t *testing.T, texts []string) []cutover.Maker {
	t.Helper()
	var out []cutover.Maker
	for _, text := range texts {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		m, ok := cutover.MakerOf(o, "")
		if !ok {
			t.Fatalf("no maker: %s", text)
		}
		out = append(out, m)
	}
	return out
}

func TestRemovedApp(t *testing.T) {
	before := cutover.State{Makers: makers(t, []string{kesProtect, esoSecondG})}
	got := cutover.Transitions(before, cutover.State{Removed: true})
	if len(got) != 2 || got[0].Rule != "KES706" || named(got[0].Message) != "ns/s" || named(got[1].Message) != "ns/s-eso" {
		t.Errorf("Prune=false doesn't hold up a deletion (E8): got %v", got)
	}
	// Prune=false,Delete=false does, and so does helm's annotation, which doesn't
	// hold against pruning (appcontroller.go, shouldBeDeleted).
	kept := makers(t, []string{`{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {helm.sh/resource-policy: keep}}}`})
	if got := cutover.Transitions(cutover.State{Makers: kept}, cutover.State{Removed: true}); len(got) != 0 {
		t.Errorf("resource-policy: got %v", got)
	}
	if got := cutover.Transitions(cutover.State{Makers: kept}, cutover.State{}); len(got) != 1 {
		t.Errorf("resource-policy and a prune: got %v", got)
	}
	if got := cutover.Transitions(cutover.State{Makers: makers(t, []string{esoDelete, esoOrphan})}, cutover.State{Removed: true}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// TestOrphanInBoth: an option that goes in the same step, and one that comes in
// it, aren't there when it counts.
func TestOrphanInBoth(t *testing.T) {
	for _, c := range [][2]bool{{true, false}, {false, true}} {
		got := cutover.Transitions(cutover.State{Makers: makers(t, []string{kesFreeze}), Orphan: c[0]}, cutover.State{Makers: makers(t, []string{esoGuarded}), Orphan: c[1]})
		if len(got) != 1 || got[0].Rule != "KES701" {
			t.Errorf("%v: got %v", c, got)
		}
	}
	for options, want := range map[string]bool{
		"PrunePropagationPolicy=orphan":                      true,
		"CreateNamespace=true PrunePropagationPolicy=orphan": true,
		"": false,
		"PrunePropagationPolicy=foreground PrunePropagationPolicy=orphan": false,
		"PrunePropagationPolicy=orphan PrunePropagationPolicy=background": false,
		"PrunePropagationPolicy=Orphan":                                   false,
	} {
		if got := cutover.OrphanPrune(strings.Fields(options)); got != want {
			t.Errorf("%q: %v", options, got)
		}
	}
}

// TestHolders: what takes Secrets along though their resources are guarded.
func TestHolders(t *testing.T) {
	const (
		namespace = `{apiVersion: v1, kind: Namespace, metadata: {name: ns}}`
		guarded   = `{apiVersion: v1, kind: Namespace, metadata: {name: ns, annotations: {argocd.argoproj.io/sync-options: "Prune=false"}}}`
		empty     = `{apiVersion: v1, kind: Namespace, metadata: {name: other}}`
		crdKES    = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: externalsecrets.kubernetes-client.io}}`
		crdESO    = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: externalsecrets.external-secrets.io}}`
		crdOther  = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}}`
	)
	holders := func(texts []string) (out []cutover.Holder) {
		for _, text := range texts {
			var o map[string]any
			if err := yaml.Unmarshal([]byte(text), &o); err != nil {
				t.Fatal(err)
			}
			if h, ok := cutover.HolderOf(o); ok {
				out = append(out, h)
			}
		}
		return out
	}
	for _, c := range []struct {
		name          string
		before, after []string
		want          string
	}{
		{"they stay", []string{namespace, crdKES, crdESO}, []string{namespace, crdKES, crdESO}, ""},
		{"the namespace goes", []string{namespace}, nil, "KES703 Namespace/ns"},
		{"a guarded one stays", []string{guarded}, nil, ""},
		{"one without Secrets of ours", []string{empty}, nil, ""},
		{"KES's CRD goes", []string{crdKES}, nil, "KES704 CustomResourceDefinition/externalsecrets.kubernetes-client.io"},
		{"ESO's CRD goes", []string{crdESO}, nil, "KES703 CustomResourceDefinition/externalsecrets.external-secrets.io"},
		{"another CRD", []string{crdOther}, nil, ""},
	} {
		objects := makers(t, []string{esoDelete})
		before := cutover.State{Makers: objects, Holders: holders(c.before), Orphan: true}
		after := cutover.State{Makers: objects, Holders: holders(c.after), Orphan: true}
		var got []string
		for _, f := range cutover.Transitions(before, after) {
			got = append(got, f.Rule+" "+f.Ref.String())
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
	// A cascade deletes Namespaces and leaves CRDs.
	gone := cutover.Transitions(cutover.State{Makers: makers(t, []string{esoDelete}), Holders: holders([]string{namespace, crdKES})}, cutover.State{Removed: true})
	if len(gone) != 1 || gone[0].Ref.Kind != "Namespace" {
		t.Errorf("removed: got %v", gone)
	}
}

// TestClusterExternalSecret: it owns ExternalSecrets, and they the Secrets.
func TestClusterExternalSecret(t *testing.T) {
	const (
		one     = `{apiVersion: external-secrets.io/v1, kind: ClusterExternalSecret, metadata: {name: s}, spec: {externalSecretSpec: {target: {}}}}`
		renamed = `{apiVersion: external-secrets.io/v1, kind: ClusterExternalSecret, metadata: {name: s}, spec: {externalSecretSpec: {target: {name: t}}}}`
		guarded = `{apiVersion: external-secrets.io/v1, kind: ClusterExternalSecret, metadata: {name: s, annotations: {argocd.argoproj.io/sync-options: Prune=false}}, spec: {externalSecretSpec: {}}}`
	)
	for _, c := range []struct {
		before, after []string
		want          string
	}{
		{[]string{one}, []string{one}, ""},
		{[]string{one}, nil, "KES703 s"},
		{[]string{guarded}, nil, ""},
		{[]string{one}, []string{renamed}, "KES702 s"},
		{[]string{one}, []string{esoFinal}, "KES703 s"},
	} {
		var got []string
		for _, f := range cutover.Transitions(cutover.State{Makers: makers(t, c.before)}, cutover.State{Makers: makers(t, c.after)}) {
			got = append(got, f.Rule+" "+named(f.Message))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%v to %v: got %q, want %q", c.before, c.after, s, c.want)
		}
	}
}

func TestUnknownBefore(t *testing.T) {
	before := cutover.State{Makers: makers(t, []string{kesKeep})}
	before.Makers[0].Unknown = true
	got := cutover.Transitions(before, cutover.State{Makers: makers(t, []string{esoGuarded})})
	if len(got) != 1 || got[0].Rule != "KES707" {
		t.Errorf("got %v", got)
	}
}

// TestInstance: with an INSTANCE_ID KES serves the objects that carry it.
func TestInstance(t *testing.T) {
	for _, c := range []struct {
		id, instance string
		frozen       bool
	}{{"", "", false}, {"a", "a", false}, {"kesbridge-frozen", "", true}, {"kesbridge-frozen", "a", true}, {"", "a", false}, {"kesbridge-frozen", "kesbridge-frozen", false}, {"kesbridge-frozen-2", "kesbridge-frozen", true}, {"kesbridge-frozen-2-2", "", true}, {"kesbridge-frozen-b", "", false}, {"kesbridge-frozen2", "", false}} {
		o := map[string]any{"apiVersion": "kubernetes-client.io/v1", "kind": "ExternalSecret", "metadata": map[string]any{"name": "s"}, "spec": map[string]any{"controllerId": c.id}}
		if m, _ := cutover.MakerOf(o, c.instance); m.Frozen != c.frozen {
			t.Errorf("controllerId %q, INSTANCE_ID %q: frozen %v", c.id, c.instance, m.Frozen)
		}
	}
}
