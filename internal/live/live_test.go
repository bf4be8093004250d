package live

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
)

func objectsOf(t *testing.T, s string) []*Object {
	t.Helper()
	out, err := Read("in", []byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ name, in, want, err string }{
		{"documents", "---\n# none\n---\nnull\n---\nkind: A\nmetadata: {name: x}\n---\n{\"kind\":\"B\",\"metadata\":{\"name\":\"y\"}}\n", "A/x B/y", ""},
		{"a list, once", "kind: Any\nitems:\n- {kind: A, metadata: {name: x}}\n- {kind: List, items: [{kind: B}], metadata: {name: l}}\n", "A/x List/l", ""},
		{"null list", "kind: ConfigMapList\nitems: null\n", "", ""},
		{"no null list", "kind: Foo\nspec: {}\nitems: null\n", "Foo/", ""},
		{"no kind", "kind: A\n---\ndata: {password: c2VjcmV0}\n", "", "in: document 2: it has no kind"},
		{"no kind in a list", "kind: List\nitems: [{data: c2VjcmV0}]\n", "", "in: document 1: items[0]: it has no kind"},
		{"a word", "c2VjcmV0\n", "", "in: document 1: it is no object"},
		{"no YAML", "kind: A\ndata: {a: c2VjcmV0\n", "", "in: document 1: not YAML: "},
		{"odd labels", "kind: A\nmetadata: {labels: {a: 1}}\n", "", "in: document 1: metadata.labels.a is no string"},
		{"odd metadata", "kind: A\nmetadata: c2VjcmV0\n", "", "in: document 1: metadata is no mapping"},
		{"odd name", "kind: A\nmetadata: {name: yes}\n", "", "in: document 1: metadata.name is no string"},
		{"odd apiVersion", "apiVersion: 1\nkind: A\n", "", "in: document 1: its apiVersion is no string"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			objs, err := Read("in", []byte(tt.in))
			var got []string
			for _, o := range objs {
				got = append(got, o.GetKind()+"/"+o.GetName())
			}
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) || strings.Contains(err.Error(), "c2VjcmV0") {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("%v, %v; want %s", got, err, tt.want)
			}
		})
	}
	if _, err := Read("in", []byte("\xff\xfek\x00")); !errors.As(err, new(*manifest.EncodingError)) {
		t.Errorf("UTF-16: %v", err)
	}
}

func TestDetect(t *testing.T) {
	const (
		plain   = "kind: ConfigMap\nmetadata: {name: c, namespace: shop, labels: {%s}, annotations: {%s}}\n"
		target  = "kind: ConfigMap\nmetadata: {name: c}\n"
		charted = "kind: ConfigMap\nmetadata: {name: c, labels: {app.kubernetes.io/instance: web, team: web}}\n"
		id      = "argocd.argoproj.io/tracking-id: \"web:/ConfigMap:shop/c\""
		label   = "app.kubernetes.io/instance: web"
	)
	liveOf := func(labels, notes string) string {
		return strings.Replace(strings.Replace(plain, "%s", labels, 1), "%s", notes, 1)
	}
	for _, tt := range []struct {
		name, live, target string
		names              []string
		want               Tracking
	}{
		{"nothing", "", target, []string{"web"}, Tracking{Method: TrackAnnotation, LabelKey: DefaultLabelKey, App: "web"}},
		{"annotation", liveOf("", id), target, []string{"web"}, Tracking{TrackAnnotation, DefaultLabelKey, "", "web", true}},
		{"annotation, the label is the chart's", liveOf(label, id), charted, []string{"web"}, Tracking{TrackAnnotation, DefaultLabelKey, "", "web", true}},
		{"both", liveOf(label, id), target, []string{"web"}, Tracking{TrackBoth, DefaultLabelKey, "", "web", true}},
		{"both, other key", liveOf("argo/app: web", id), target, []string{"web"}, Tracking{TrackBoth, "argo/app", "", "web", true}},
		{"label", liveOf(label, ""), target, []string{"web"}, Tracking{TrackLabel, DefaultLabelKey, "", "web", true}},
		{"label, which the chart sets, too", liveOf(label, ""), charted, []string{"web"}, Tracking{TrackLabel, DefaultLabelKey, "", "web", true}},
		{"label, other key", liveOf("argo/app: web", ""), target, []string{"web"}, Tracking{TrackLabel, "argo/app", "", "web", true}},
		{"some label of the app's own", liveOf("team: web", ""), charted, []string{"web"}, Tracking{Method: TrackAnnotation, LabelKey: DefaultLabelKey, App: "web"}},
		{"another namespace", liveOf("", "argocd.argoproj.io/tracking-id: \"team_web:/ConfigMap:shop/c\""), target, []string{"web", "team_web"}, Tracking{TrackAnnotation, DefaultLabelKey, "", "team_web", true}},
		{"installation", liveOf("", id+", argocd.argoproj.io/installation-id: prod"), target, []string{"web"}, Tracking{TrackAnnotation, DefaultLabelKey, "prod", "web", true}},
		{"somebody else's", liveOf("", "argocd.argoproj.io/tracking-id: \"other:/ConfigMap:shop/c\""), target, []string{"web"}, Tracking{Method: TrackAnnotation, LabelKey: DefaultLabelKey, App: "web"}},
		{"no name known", liveOf("", id), target, nil, Tracking{TrackAnnotation, DefaultLabelKey, "", "web", true}},
		{"the more frequent name", liveOf("", "argocd.argoproj.io/tracking-id: \"shared:/ConfigMap:shop/c\"") + "---\n" + strings.ReplaceAll(liveOf("", id), "name: c", "name: d") + "---\n" + strings.ReplaceAll(liveOf("", id), "name: c", "name: e"),
			target, nil, Tracking{TrackAnnotation, DefaultLabelKey, "", "web", true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Detect(tt.names, objectsOf(t, tt.live), objectsOf(t, tt.target)); got != tt.want {
				t.Errorf("%+v\nwant %+v", got, tt.want)
			}
		})
	}
}

const (
	kesObject = "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: db, namespace: shop, annotations: {argocd.argoproj.io/tracking-id: \"web:kubernetes-client.io/ExternalSecret:shop/db\"NOTES}}\nspec: {backendType: vaultSPEC}\n"
	esoObject = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db, namespace: shop, annotations: {argocd.argoproj.io/tracking-id: \"web:external-secrets.io/ExternalSecret:shop/db\"NOTES}}\nspec: {target: {name: otherSPEC}}\n"
)

// TestFates: facts/cutover.md, E1, E2, E6, E13 and E8.
func TestFates(t *testing.T) {
	const maker = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: new, namespace: shop}\nspec: {target: {name: db}}\n"
	foreground, orphan := NewPolicy(nil, ""), NewPolicy([]string{"PrunePropagationPolicy=orphan"}, "")
	for _, tt := range []struct {
		name, object, notes, spec, target string
		policy                            Policy
		want, not                         string
	}{
		{"foreground", kesObject, "", "", "", foreground, "Secret shop/db goes with it: under prune propagation foreground (Argo CD's default) the garbage collector deletes what the object owns (nothing in the render makes it again); PrunePropagationPolicy=orphan in the Application's syncOptions would leave the Secret, but only after mode freeze", "PruneLast"},
		{"a file tells no policy", kesObject, "", "", "", Policy{}, "foreground (Argo CD's default) or background the", ""},
		{"background, last", kesObject, "", "", "", NewPolicy([]string{"PruneLast=true", "PrunePropagationPolicy=background"}, ""), "under prune propagation background the", ""},
		{"background, last: stuck", kesObject, "", "", "", NewPolicy([]string{"PruneLast=true", "PrunePropagationPolicy=background"}, ""), "with PruneLast=true the sync waits", ""},
		{"frozen", kesObject, "", ", controllerId: kesbridge-frozen", "", foreground, "leaves the Secret: KES no longer serves the object", "mode freeze"},
		{"orphan", kesObject, "", "", "", orphan, "Secret shop/db is at risk though PrunePropagationPolicy=orphan", " stays"},
		{"orphan, frozen", kesObject, "", ", controllerId: x", "", orphan, "Secret shop/db stays: PrunePropagationPolicy=orphan", "risk"},
		{"orphan, another KES's own", kesObject, "", ", controllerId: x", "", NewPolicy([]string{"PrunePropagationPolicy=orphan"}, "x"), "is at risk", ""},
		{"made again", kesObject, "", "", maker, foreground, "external-secrets.io/ExternalSecret shop/new makes it again: a gap", "nothing in the render"},
		{"kept", kesObject, ", argocd.argoproj.io/sync-options: \"X=y, Prune=false\", argocd.argoproj.io/compare-options: IgnoreExtraneous", "", "", foreground, "stays, and with it Secret shop/db: Prune=false on the live object", "OutOfSync"},
		{"kept, out of sync", kesObject, ", argocd.argoproj.io/sync-options: Prune=false", "", "", foreground, "stays OutOfSync", "pruned"},
		{"to be confirmed", kesObject, ", argocd.argoproj.io/sync-options: Prune=confirm", "", "", foreground, "pruned once somebody confirms it", ""},
		{"ESO", esoObject, "", "", "", foreground, "Secret shop/other goes with it", ""},
		{"ESO, orphan", esoObject, "", "", "", orphan, "Secret shop/other stays: PrunePropagationPolicy=orphan", ""},
		{"ESO, orphan, Delete", esoObject, "", ", deletionPolicy: Delete", "", orphan, "is at risk", ""},
		{"ESO, orphan, label tracking", esoObject, "", "", "", Policy{Propagation: "orphan", ByLabel: true}, "is at risk though PrunePropagationPolicy=orphan: without spec.target.template", ""},
		{"ESO, orphan, label tracking, template", esoObject, "", ", template: {engineVersion: v2}", "", Policy{Propagation: "orphan", ByLabel: true}, "Secret shop/other stays", ""},
		{"ESO, not the owner", esoObject, "", ", creationPolicy: Merge", "", foreground, "stays: creationPolicy is Merge", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.NewReplacer("NOTES", tt.notes, "SPEC", tt.spec).Replace(tt.object)
			liveObjects := objectsOf(t, text)
			rendered := objectsOf(t, tt.target)
			s := Settings{Namespace: "shop", Tracking: Detect([]string{"web"}, liveObjects, rendered), Scopes: NewScopes(liveObjects, rendered)}
			targets, err := Normalize(rendered, s)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Compare(targets, liveObjects, Options{Settings: s})
			if err != nil {
				t.Fatal(err)
			}
			got := c.Fates(tt.policy)
			if len(got) != 1 || !strings.Contains(got[0], tt.want) || tt.not != "" && strings.Contains(got[0], tt.not) {
				t.Errorf("%q\nwant %q, not %q", got, tt.want, tt.not)
			}
			if !c.Differs() {
				t.Error("no difference")
			}
		})
	}
}

// TestSecrets: what is masked isn't compared, and nothing real is shown.
func TestSecrets(t *testing.T) {
	const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop, annotations: {argocd.argoproj.io/tracking-id: \"web:/Secret:shop/s\"LAST}}\n"
	last := `, kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"REAL1","gone":"REAL2"}}'`
	for _, tt := range []struct {
		name, live, target string
		state              State
		hidden             int
		shown              string
	}{
		{"masked", head + "data: {a: ++++++++}\n", "stringData: {a: REAL3}\n", Same, 1, ""},
		{"masked with more", head + "data: {a: ++++++++++++}\n", "data: {a: UkVBTDM=}\n", Same, 1, ""},
		{"key added", head + "data: {a: ++++++++}\n", "stringData: {a: REAL3, b: REAL4}\n", Changed, 1, "b: ++++++++"},
		{"key taken away", strings.Replace(head, "LAST", last, 1) + "data: {a: ++++++++, gone: ++++++++}\n", "stringData: {a: REAL3}\n", Changed, 1, "-gone"},
		{"real and equal", head + "data: {a: UkVBTDM=}\n", "stringData: {a: REAL3}\n", Same, 0, ""},
		{"real and different", head + "data: {a: UkVBTDQ=}\n", "stringData: {a: REAL3}\n", Changed, 0, "a: ++++++++++++"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			liveObjects := objectsOf(t, strings.Replace(tt.live, "LAST", "", 1))
			rendered := objectsOf(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"+tt.target)
			s := Settings{Namespace: "shop", Tracking: Detect([]string{"web"}, liveObjects, rendered), Scopes: NewScopes(liveObjects, rendered)}
			targets, err := Normalize(rendered, s)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Compare(targets, liveObjects, Options{Settings: s})
			if err != nil || len(c.Items) != 1 {
				t.Fatal(err, c.Items)
			}
			item := c.Items[0]
			if item.State != tt.state || item.Diff.Hidden != tt.hidden {
				t.Errorf("%s, %d hidden; want %s, %d", item.State, item.Diff.Hidden, tt.state, tt.hidden)
			}
			before, after := text(item.Before), text(item.After)
			if strings.Contains(before+after, "REAL") || strings.Contains(before+after, "UkVB") {
				t.Errorf("shown\n%s\n%s", before, after)
			}
			switch {
			case tt.shown == "-gone":
				if !strings.Contains(before, "gone") || strings.Contains(after, "gone") {
					t.Errorf("shown\n%s\n%s", before, after)
				}
			case tt.shown != "":
				if k, v, _ := strings.Cut(tt.shown, ": "); nested(item.After.Object, []string{"data"})[k] != v {
					t.Errorf("shown\n%s\nwant %s", after, tt.shown)
				}
			}
		})
	}
	// Created and pruned Secrets, and exported ones in Git.
	o := objectsOf(t, strings.Replace(head, "LAST", last, 1)+"data: {a: UkVBTDM=}\nstringData: {b: REAL4}\n")[0]
	hide(nil, o)
	if s := text(o); strings.Contains(s, "REAL") || strings.Contains(s, "UkVB") {
		t.Error(s)
	}
}

func TestRest(t *testing.T) {
	const in = `
{kind: ConfigMap, metadata: {name: owned, namespace: shop, ownerReferences: [{kind: X, name: x, uid: "1", apiVersion: v1}], annotations: {argocd.argoproj.io/tracking-id: "web:/ConfigMap:shop/owned"}}}
---
{kind: ConfigMap, metadata: {name: unmarked, namespace: shop}}
---
{kind: Namespace, metadata: {name: shop, annotations: {argocd.argoproj.io/tracking-id: "web:/Namespace:shop/shop"}}}
---
{kind: ConfigMap, metadata: {name: mine, namespace: shop, uid: "7", annotations: {argocd.argoproj.io/tracking-id: "web:/ConfigMap:shop/mine"}}}
`
	liveObjects := objectsOf(t, in)
	s := Settings{Namespace: "shop", Tracking: Detect(nil, liveObjects, nil), Scopes: NewScopes(liveObjects, nil)}
	for _, own := range []bool{false, true} {
		c, err := Compare(Targets{}, liveObjects, Options{Settings: s, OwnNamespace: own})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range c.Items {
			got = append(got, string(i.State)+" "+i.Key.Name)
		}
		want := []string{"pruned mine", "pruned shop"}
		if own {
			want = want[:1]
		}
		if !reflect.DeepEqual(got, want) || c.Owned != 1 || c.Foreign != 1 {
			t.Errorf("%q, %d owned, %d foreign", got, c.Owned, c.Foreign)
		}
	}
}

func TestEqual(t *testing.T) {
	const a, b = "{kind: ConfigMap, metadata: {name: a}, data: {x: y}}\n", "{kind: Job, metadata: {name: b, annotations: {argocd.argoproj.io/hook: Sync}}}\n"
	const status = "{kind: ConfigMap, metadata: {name: a}, data: {x: y}, status: {}}\n"
	for _, tt := range []struct {
		name, ours, theirs string
		whole              bool
		same, different    int
		moved              bool
	}{
		{"equal", a + "---\n" + b, a + "---\n" + b, true, 2, 0, false},
		{"another order", a + "---\n" + b, b + "---\n" + a, true, 2, 0, true},
		{"no hooks listed", a + "---\n" + b, a, false, 1, 0, false},
		{"a hook is missing", a + "---\n" + b, a, true, 1, 1, false},
		{"one more", a, a + "---\n" + b, true, 1, 1, false},
		{"even status counts", a, status, false, 0, 1, false},
		{"twice", a + "---\n" + a, a, false, 1, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Settings{Namespace: "shop", Tracking: Tracking{Method: TrackAnnotation, App: "web"}}
			mine, err := Normalize(objectsOf(t, tt.ours), s)
			if err != nil {
				t.Fatal(err)
			}
			his, err := Normalize(objectsOf(t, tt.theirs), s)
			if err != nil {
				t.Fatal(err)
			}
			g := Equal(mine, his, tt.whole)
			if g.Same != tt.same || len(g.Different) != tt.different || (g.Moved != "") != tt.moved || g.Differs() != (tt.different > 0 || tt.moved) {
				t.Errorf("%+v", g)
			}
		})
	}
}

// TestDefaults: what only ESO's defaults make is no difference, though Argo CD
// shows it until the next sync.
func TestDefaults(t *testing.T) {
	const marks = "argocd.argoproj.io/tracking-id: \"web:external-secrets.io/ExternalSecret:shop/db\""
	liveObjects := objectsOf(t, `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: db
  namespace: shop
  annotations:
    `+marks+`
    kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"name":"db"},"spec":{"data":[{"secretKey":"a","remoteRef":{"key":"a","conversionStrategy":"Default"}}]}}'
spec:
  data: [{secretKey: a, remoteRef: {key: a, conversionStrategy: Default}}]
`)
	rendered := objectsOf(t, "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {data: [{secretKey: a, remoteRef: {key: a}}]}\n")
	s := Settings{Namespace: "shop", Tracking: Detect(nil, liveObjects, rendered), Scopes: NewScopes(liveObjects, rendered)}
	targets, err := Normalize(rendered, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []bool{true, false} {
		o := Options{Settings: s}
		if known {
			o.Default = func(predicted, _ map[string]any) {
				fill(predicted, []string{"spec", "data[]", "remoteRef", "conversionStrategy"}, defaultValue{value: "Default"})
			}
		}
		c, err := Compare(targets, liveObjects, o)
		if err != nil {
			t.Fatal(err)
		}
		if d := c.Items[0].Diff; !d.OutOfSync || d.Changed == known {
			t.Errorf("defaults known %v: %+v", known, d)
		}
	}
}
