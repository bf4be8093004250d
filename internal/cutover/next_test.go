package cutover_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/cutover"
)

const (
	kesTwo    = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {backendType: vault, data: [{key: a, name: user}, {key: a, name: password}], template: {metadata: {labels: {app.kubernetes.io/instance: web}}}}}`
	kesLone   = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, secretDescriptor: {backendType: vault, data: [{key: a, name: user}]}}`
	kesForced = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: "Replace=true, Force=true"}}, spec: {data: [{key: a, name: user}]}}`
	kesLast   = `{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns, annotations: {argocd.argoproj.io/sync-options: "PruneLast=true"}}, spec: {data: [{key: a, name: user}]}}`
	esoTwo    = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: ns}, spec: {target: {template: {type: Opaque}}, data: [{secretKey: user}, {secretKey: password}]}}`
	esoOne    = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: by-hand, namespace: ns}, spec: {target: {name: s}, data: [{secretKey: user}]}}`
	esoFrom   = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: by-hand, namespace: ns}, spec: {target: {name: s}, dataFrom: [{extract: {key: a}}]}}`
	esoGoes   = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: by-hand, namespace: ns}, spec: {target: {name: s, deletionPolicy: Delete, template: {data: {user: x, password: y}}}}}`
	esoMerge  = `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: by-hand, namespace: ns}, spec: {target: {name: s, creationPolicy: Merge}, data: [{secretKey: user}]}}`
)

// app is an Application that stands in nobody's way.
func app(change func(*cutover.Application)) *cutover.Application {
	a := &cutover.Application{Name: "web", Plugin: true, SyncOptions: []string{"PrunePropagationPolicy=orphan"}, Automated: true, Prune: true, SelfHeal: true}
	if change != nil {
		change(a)
	}
	return a
}

func resource(t *testing.T, mode, kes, eso string) *cutover.Resource {
	r := &cutover.Resource{Mode: mode, KES: makers(t, []string{kes})[0], Asked: true, Poll: time.Minute}
	if eso != "" {
		r.ESO = &makers(t, []string{eso})[0]
	}
	return r
}

// TestNext: every reason for which the next step isn't safe.
func TestNext(t *testing.T) {
	reader := cutover.Reader{Ref: cutover.RefOf(map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "ns"}})}
	for _, c := range []struct {
		name string
		app  *cutover.Application
		r    *cutover.Resource
		want string // step, then the codes against it; later ones in brackets
	}{
		{"keep", app(nil), resource(t, "keep", kesTwo, esoTwo), "freeze"},
		{"freeze", app(nil), resource(t, "freeze", kesTwo, esoTwo), "replace"},
		{"protect", app(nil), resource(t, "protect", kesTwo, esoTwo), "replace"},
		{"replace", app(nil), resource(t, "replace", kesTwo, esoTwo), "final"},
		{"side-by-side", app(nil), resource(t, "side-by-side", kesTwo, esoTwo), "switch"},
		{"switch", app(nil), resource(t, "switch", kesTwo, esoTwo), "switched"},
		{"switched", app(nil), resource(t, "switched", kesTwo, esoTwo), "final"},
		{"superseded", app(nil), resource(t, "superseded", kesTwo, esoTwo), ""},
		{"it can't be read", app(nil), resource(t, "", kesTwo, ""), " not-converted"},
		{"it can't be converted", app(nil), resource(t, "freeze", kesTwo, ""), "replace not-converted"},
		{"no spec to freeze", app(nil), resource(t, "keep", kesLone, esoTwo), "freeze cannot-freeze"},
		{"of another KES", app(nil), resource(t, "keep", kesForeign, esoTwo), "freeze controller"},

		{"no Application", nil, resource(t, "freeze", kesTwo, esoTwo), "replace no-application"},
		{"no Application, protected", nil, resource(t, "protect", kesTwo, esoTwo), "replace"},
		{"not the plugin's yet", app(func(a *cutover.Application) { a.Plugin, a.SyncOptions = false, nil }), resource(t, "keep", kesTwo, esoTwo), "keep (propagation)"},
		{"no option", app(func(a *cutover.Application) { a.SyncOptions = nil }), resource(t, "freeze", kesTwo, esoTwo), "replace propagation"},
		{"background wins", app(func(a *cutover.Application) {
			a.SyncOptions = append(a.SyncOptions, "PrunePropagationPolicy=background")
		}), resource(t, "freeze", kesTwo, esoTwo), "replace propagation"},
		{"protected, no option needed", app(func(a *cutover.Application) { a.SyncOptions = nil }), resource(t, "protect", kesTwo, esoTwo), "replace"},
		{"prune last", app(func(a *cutover.Application) { a.SyncOptions = append(a.SyncOptions, "PruneLast=true") }), resource(t, "freeze", kesTwo, esoTwo), "replace sync-option"},
		{"prune last on the object", app(nil), resource(t, "freeze", kesLast, esoTwo), "replace sync-option"},
		{"no prune at all (3.4)", app(func(a *cutover.Application) { a.SyncOptions = append(a.SyncOptions, "Prune=false") }), resource(t, "freeze", kesTwo, esoTwo), "replace sync-option"},
		{"label tracking", app(func(a *cutover.Application) { a.Tracking.Method = "label" }), resource(t, "freeze", kesTwo, esoTwo), "replace label-tracking"},
		{"label tracking, guarded (E8l)", app(func(a *cutover.Application) { a.Tracking.Method = "label" }), resource(t, "protect", kesTwo, esoTwo), "replace"},
		{"annotation and label", app(func(a *cutover.Application) { a.Tracking.Method = "annotation+label" }), resource(t, "freeze", kesTwo, esoTwo), "replace"},
		{"made anew by each sync", app(nil), resource(t, "protect", kesForced, esoTwo), "replace recreated"},
		{"made anew by each sync of the app", app(func(a *cutover.Application) { a.SyncOptions = append(a.SyncOptions, "Replace=true", "Force=true") }), resource(t, "freeze", kesTwo, esoTwo), "replace recreated"},
		{"the freeze is hidden", app(func(a *cutover.Application) {
			a.Ignored = []cutover.Ignored{{Group: "*.io", Kind: "ExternalSecret", Pointers: []string{"/spec"}}}
		}), resource(t, "freeze", kesTwo, esoTwo), "replace hidden"},
		{"the guard is hidden", app(func(a *cutover.Application) {
			a.Ignored = []cutover.Ignored{{Group: "kubernetes-client.io", Kind: "*", Pointers: []string{"/metadata/annotations"}}}
		}), resource(t, "protect", kesTwo, esoTwo), "replace hidden"},
		{"an annotation is no matter to a freeze", app(func(a *cutover.Application) {
			a.Ignored = []cutover.Ignored{{Group: "kubernetes-client.io", Kind: "*", Pointers: []string{"/metadata/annotations"}}}
		}), resource(t, "freeze", kesTwo, esoTwo), "replace"},
		{"a jq expression may hide it", app(func(a *cutover.Application) {
			a.Ignored = []cutover.Ignored{{Group: "kubernetes-client.io", Kind: "ExternalSecret", Name: "s", Others: []string{".spec.controllerId"}}}
		}), resource(t, "freeze", kesTwo, esoTwo), "replace hidden"},
		{"of another object", app(func(a *cutover.Application) {
			a.Ignored = []cutover.Ignored{{Group: "kubernetes-client.io", Kind: "ExternalSecret", Name: "other", Pointers: []string{"/spec"}}, {Group: "apps", Kind: "Deployment", Pointers: []string{"/spec"}}, {Group: "kubernetes-client.io", Kind: "ExternalSecret", Namespace: "other", Pointers: []string{"/spec"}}}
		}), resource(t, "freeze", kesTwo, esoTwo), "replace"},

		{"a key goes", app(nil), resource(t, "freeze", kesTwo, esoOne), "replace keys"},
		{"a key goes, guarded", app(nil), resource(t, "protect", kesTwo, esoOne), "replace keys"},
		{"keys that the backend decides about", app(nil), resource(t, "freeze", kesTwo, esoFrom), "replace keys"},
		{"deletionPolicy Delete", app(nil), resource(t, "freeze", kesTwo, esoGoes), "replace deletion-policy"},
		{"creationPolicy Merge", app(nil), resource(t, "freeze", kesTwo, esoMerge), "replace creation-policy"},
		{"another maker", app(nil), func() *cutover.Resource {
			r := resource(t, "freeze", kesTwo, esoTwo)
			r.Others = makers(t, []string{esoTwo})
			return r
		}(), "replace owner"},

		{"still read", app(nil), func() *cutover.Resource {
			r := resource(t, "switch", kesTwo, esoTwo)
			r.Readers = []cutover.Reader{reader}
			return r
		}(), "switched readers"},
		{"nobody looked", app(nil), func() *cutover.Resource {
			r := resource(t, "switch", kesTwo, esoTwo)
			r.Asked = false
			return r
		}(), "switched readers-not-seen"},
	} {
		n := c.app.Next(c.r)
		got := []string{n.Step}
		for _, b := range n.Blockers {
			got = append(got, b.Code)
			if b.Message == "" {
				t.Errorf("%s: %s without a message", c.name, b.Code)
			}
		}
		for _, b := range n.Later {
			got = append(got, "("+b.Code+")")
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
		if n.Safe != (len(n.Blockers) == 0) {
			t.Errorf("%s: safe %v with %d reasons against it", c.name, n.Safe, len(n.Blockers))
		}
	}
	for _, c := range []struct {
		app  *cutover.Application
		r    *cutover.Resource
		want string
	}{
		{app(nil), resource(t, "keep", kesTwo, esoTwo), ""},
		{app(func(a *cutover.Application) { a.SyncOptions = nil }), resource(t, "keep", kesTwo, esoTwo), "protect"},
		{app(func(a *cutover.Application) { a.Tracking.Method = "label" }), resource(t, "freeze", kesTwo, esoTwo), "protect"},
		{nil, resource(t, "freeze", kesTwo, esoTwo), "protect"},
		{app(nil), resource(t, "freeze", kesTwo, esoOne), ""},
		{app(func(a *cutover.Application) { a.Plugin, a.SyncOptions = false, nil }), resource(t, "keep", kesTwo, esoTwo), ""},
	} {
		if n := c.app.Next(c.r); n.Or != c.want {
			t.Errorf("%s: or %q, want %q", c.r.Mode, n.Or, c.want)
		}
	}
	done := resource(t, "replace", kesTwo, esoTwo)
	done.Final = true
	if n := app(nil).Next(done); n.Step != "" || !n.Safe {
		t.Errorf("final: %+v", n)
	}
}

// TestNeeds: what no manifest can tell or do.
func TestNeeds(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		app        *cutover.Application
		want       []string // in the order of the needs
	}{
		{"freeze", "freeze", app(nil), []string{"one poll interval of KES (1m0s)"}},
		{"protect", "protect", app(nil), []string{"one poll interval", "kesbridge cutover run"}},
		{"automated sync is off", "freeze", app(func(a *cutover.Application) { a.Automated = false }), []string{"one poll", "argocd app sync web --prune: automated sync is off"}},
		{"automated sync doesn't prune", "freeze", app(func(a *cutover.Application) { a.Prune = false }), []string{"one poll", "argocd app sync web --prune: automated sync doesn't prune"}},
		{"nothing is pruned", "keep", app(func(a *cutover.Application) { a.Prune = false }), nil},
		{"nothing is pruned, by hand", "keep", app(func(a *cutover.Application) { a.Automated = false }), []string{"argocd app sync web: automated sync is off"}},
		{"final", "replace", app(nil), []string{"kesbridge cutover status"}},
		{"hidden from automated sync", "switch", app(nil), []string{"restarted", "argocd app sync web --prune: IgnoreExtraneous"}},
	} {
		r := resource(t, c.mode, kesTwo, esoTwo)
		r.KES.Extraneous = c.mode == "switch"
		got := c.app.Next(r).Needs
		if !slices.EqualFunc(got, c.want, strings.Contains) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestSettings: what an Application says is said where it matters, and once.
func TestSettings(t *testing.T) {
	with := func(options ...string) *cutover.Application {
		return app(func(a *cutover.Application) { a.SyncOptions = options })
	}
	const orphan = "PrunePropagationPolicy=orphan"
	cascade := app(func(a *cutover.Application) { a.Cascade = true })
	for _, c := range []struct {
		name  string
		app   *cutover.Application
		mode  string
		guard string
		want  string
	}{
		{"nothing", app(nil), "freeze", "prune", ""},
		{"no Application", nil, "freeze", "prune", ""},
		{"frozen without the option", with(), "freeze", "prune", "warning KES708"},
		{"kept without the option: not yet", with(), "keep", "prune", ""},
		{"protected: not needed", with(), "protect", "prune", ""},
		{"prune last", with(orphan, "PruneLast=true"), "freeze", "prune", "warning KES709"},
		{"prune last, protected: nothing is pruned", with(orphan, "PruneLast=true"), "protect", "prune", ""},
		{"prune last, replaced", with(orphan, "PruneLast=true"), "replace", "prune", ""},
		{"no shared resources", with(orphan, "FailOnSharedResource=true"), "freeze", "prune", "info KES709"},
		{"replace", with(orphan, "Replace=true"), "replace", "prune", "warning KES713"},
		{"replace by force", with(orphan, "Replace=true", "Force=true"), "keep", "prune", "error KES713"},
		{"server-side apply", with(orphan, "ServerSideApply=true"), "freeze", "prune", ""},
		{"label tracking", app(func(a *cutover.Application) { a.Tracking.Method = "label" }), "freeze", "prune", "warning KES711"},
		{"cascade", cascade, "replace", "prune", "info KES712"},
		{"cascade, guarded against it", cascade, "replace", "delete", ""},
		{"hidden", app(func(a *cutover.Application) {
			a.Ignored = []cutover.Ignored{{Group: "kubernetes-client.io", Kind: "ExternalSecret", Pointers: []string{"/spec/controllerId"}}}
		}), "freeze", "prune", "error KES714"},
	} {
		r := []cutover.Resource{*resource(t, c.mode, kesTwo, esoTwo), *resource(t, c.mode, kesKeep, esoTwo)}
		var got []string
		for _, f := range c.app.Findings(r, c.guard) {
			got = append(got, f.Severity.String()+" "+f.Rule)
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
}

// TestKeysOfConversions: no conversion that kesbridge makes is thought to lose a
// key.
func TestKeysOfConversions(t *testing.T) {
	ins, err := filepath.Glob("../../testdata/convert/*/in.*")
	if err != nil || len(ins) < 20 {
		t.Fatalf("%d cases: %v", len(ins), err)
	}
	seen := 0
	for _, in := range ins {
		before, after := objectsOf(t, in), objectsOf(t, strings.Replace(in, "/in.", "/out.", 1))
		for key, kes := range before {
			eso, ok := after[strings.Replace(key, "kubernetes-client.io", "external-secrets.io", 1)]
			if !ok {
				continue
			}
			seen++
			r := &cutover.Resource{Mode: "freeze", KES: kes, ESO: &eso}
			for _, b := range app(nil).Next(r).Blockers {
				if b.Code == "keys" {
					t.Errorf("%s: %s: %s", in, key, b.Message)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d conversions", seen)
	}
}

func objectsOf(t *testing.T, file string) map[string]cutover.Maker {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	out := map[string]cutover.Maker{}
	for doc := range strings.SplitSeq("\n"+string(data), "\n---") {
		var o map[string]any
		if yaml.Unmarshal([]byte(doc), &o) != nil || o == nil {
			continue
		}
		if m, ok := cutover.MakerOf(o, ""); ok {
			out[m.Ref.Group+"/"+m.Ref.Namespace+"/"+m.Ref.Name] = m
		}
	}
	return out
}
