package cli

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/access"
	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
	"kesbridge/render"
)

// gitNamespace is a namespace that something in Git makes.
type gitNamespace struct {
	cluster string
	access.Namespace
}

// admission is the API group of admission policies.
const admission = "admissionregistration.k8s.io"

// gitPolicy is an admission policy in Git, of the name that kesbridge gives.
type gitPolicy struct {
	pos  manifest.Pos
	spec any
}

// policy notes one.
func (l *looking) policy(o *manifest.Object) {
	p := gitPolicy{pos: l.at(o)}
	if n := manifest.Lookup(o.Node, "spec"); n == nil || n.Decode(&p.spec) != nil {
		return // the API server refuses it
	}
	if old, ok := l.g.policiesInGit[l.cluster()]; !ok || lessPos(p.pos, old.pos) {
		l.g.policiesInGit[l.cluster()] = p
	}
}

// namespaceObject notes a Namespace object.
func (l *looking) namespaceObject(o *manifest.Object) {
	for _, n := range access.NamespacesOf([]*manifest.Object{o}, l.access()) {
		n.Pos = l.at(o)
		if n.KeyName != nil {
			n.KeyNamePos = l.placeOf(o, n.KeyNamePos)
		}
		if n.Role != nil {
			n.RolePos = l.placeOf(o, n.RolePos)
		}
		l.g.namespaces = append(l.g.namespaces, gitNamespace{l.cluster(), n})
	}
}

// managedNamespace notes the one that Argo CD makes for an Application
// (syncPolicy.managedNamespaceMetadata).
func (l *looking) managedNamespace(app *argocd.Application, pos manifest.Pos) {
	p := app.Spec.SyncPolicy
	if p == nil || p.ManagedNamespaceMetadata == nil || app.Spec.Destination.Namespace == "" {
		return
	}
	n := access.Namespace{Name: app.Spec.Destination.Namespace, Pos: pos, KeyNamePos: pos, RolePos: pos}
	s := l.access()
	if v, ok := p.ManagedNamespaceMetadata.Annotations[or(s.KeyName, access.DefaultKeyName)]; ok {
		n.KeyName = &v
	}
	if v, ok := p.ManagedNamespaceMetadata.Annotations[or(s.Role, access.DefaultRole)]; ok {
		n.Role = &v
	}
	l.g.namespaces = append(l.g.namespaces, gitNamespace{l.cluster(), n})
}

func (l *looking) access() access.Settings {
	return access.SettingsOf(l.opts.Settings.Controller, l.opts.KES)
}

// guard is KES's access control in one cluster.
type guard struct {
	policy access.Policy
	// conditions are those of the ClusterSecretStores that are generated or
	// stand in Git.
	conditions map[string][]string
}

// guards finds KES's access control in each cluster.
func (g *gathering) guards(served []store.Served) map[string]*guard {
	out := map[string]*guard{}
	for _, cluster := range g.clusters() {
		opts := g.options[cluster]
		one := &guard{policy: access.Policy{Settings: access.SettingsOf(opts.Settings.Controller, opts.KES)}, conditions: map[string][]string{}}
		var own []store.Served
		for _, s := range served {
			if s.Cluster == cluster {
				own = append(own, s)
			}
		}
		one.policy.Stores = access.StoresOf(own)
		for _, n := range g.namespaces {
			if n.cluster == cluster && !slices.ContainsFunc(one.policy.Namespaces, func(o access.Namespace) bool { return sameNamespace(o, n.Namespace) }) {
				one.policy.Namespaces = append(one.policy.Namespaces, n.Namespace)
			}
		}
		slices.SortStableFunc(one.policy.Namespaces, compareNamespaces)
		out[cluster] = one
	}
	return out
}

func sameNamespace(a, b access.Namespace) bool {
	return a.Name == b.Name && sameText(a.KeyName, b.KeyName) && sameText(a.Role, b.Role)
}

func sameText(a, b *string) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}

func compareNamespaces(a, b access.Namespace) int {
	switch {
	case a.Name != b.Name:
		return compareText(a.Name, b.Name)
	case lessPos(a.Pos, b.Pos):
		return -1
	case lessPos(b.Pos, a.Pos):
		return 1
	}
	return 0
}

func compareText(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// adapt gives a store what holds others off it.
func (one *guard) adapt(s *store.Served) func(*store.Request) {
	var namespaces []string
	if s.Ref.Kind == config.DefaultStoreKind {
		namespaces = access.Conditions(one.policy, access.StoresOf([]store.Served{*s}), s.Namespaces())
		one.conditions[s.Ref.Name] = namespaces
	}
	class := one.policy.Settings.Class()
	return func(r *store.Request) { r.Namespaces, r.Class = namespaces, class }
}

// outside names a user that conditions can't let in, since nothing tells where
// it is.
func (one *guard) outside(s *store.Served) manifest.Findings {
	if one.conditions[s.Ref.Name] == nil || s.Ref.Kind != config.DefaultStoreKind {
		return nil
	}
	for _, u := range s.Uses {
		if u.Ref.Namespace == "" {
			return manifest.Findings{rule.StoreUnknown.At(u.Pos, u.Ref, "%s %s: spec.conditions: neither the manifest nor an Application says in which namespace the resource is, so it isn't let in", s.Ref.Kind, s.Ref.Name)}
		}
	}
	return nil
}

// inGit notes what the conditions of a store in Git say of the namespaces that
// are known; nil: it is open, or a selector decides.
func (one *guard) inGit(name string, conditions *yaml.Node, users []string) {
	if conditions == nil || conditions.Kind != yaml.SequenceNode || len(conditions.Content) == 0 {
		one.conditions[name] = nil
		return
	}
	known := slices.Clone(users)
	for _, n := range one.policy.Namespaces {
		known = append(known, n.Name)
	}
	known = append(known, one.policy.Settings.Watched...)
	let := []string{}
	for _, c := range conditions.Content {
		if manifest.Lookup(c, "namespaceSelector") != nil {
			one.conditions[name] = nil
			return
		}
		if list := manifest.Lookup(c, "namespaces"); list != nil {
			for _, n := range list.Content {
				let = append(let, n.Value)
			}
		}
		if list := manifest.Lookup(c, "namespaceRegexes"); list != nil {
			for _, n := range list.Content {
				re, err := regexp.Compile(n.Value)
				if err != nil {
					continue // ESO refuses it
				}
				for _, k := range known {
					if re.MatchString(k) {
						let = append(let, k)
					}
				}
			}
		}
	}
	slices.Sort(let)
	one.conditions[name] = slices.Compact(let)
}

// differs reports whether the policy in Git isn't the one that the namespaces and
// stores need now.
func (p gitPolicy) differs(want access.Policy) bool {
	objects, err := access.AdmissionPolicy(want)
	if err != nil {
		return true
	}
	var body struct {
		Spec any `yaml:"spec"`
	}
	if err := yaml.Unmarshal(manifest.PrintYAML(objects[0]), &body); err != nil {
		return true
	}
	return !reflect.DeepEqual(body.Spec, p.spec)
}

// kept says what of KES's access control Git doesn't keep, for the stores that
// it holds and those that would be generated. A policy in Git keeps it, as long
// as it is the one that is needed; that only all applications show.
func (g *gathering) kept(whole bool) {
	served := store.Union(g.uses)
	guards := g.guards(served)
	for i := range served {
		s := &served[i]
		guard := guards[s.Cluster]
		if there, ok := g.inGit[gitStore{s.Cluster, s.Ref.Kind, s.Namespace, s.Ref.Name}]; ok && s.Ref.Kind == config.DefaultStoreKind {
			guard.inGit(s.Ref.Name, there.conditions, s.Namespaces())
		} else {
			guard.adapt(s)
		}
	}
	for _, cluster := range g.clusters() {
		one := guards[cluster]
		there, ok := g.policiesInGit[cluster]
		if ok && whole && there.differs(one.policy) {
			g.say(g.options[cluster], rule.AccessLost.At(there.pos, manifest.Ref{Group: admission, Version: "v1", Kind: "ValidatingAdmissionPolicy", Name: access.DefaultName},
				"it isn't the policy that the namespaces and stores in Git need now"))
		}
		g.say(g.options[cluster], access.Findings(one.policy, access.Emitted{Policy: ok, Conditions: one.conditions})...)
		if ok {
			g.stricter(cluster, one.policy)
		}
	}
}

// policies are the admission policies of the clusters, if they are asked for.
func (g *gathering) policies(guards map[string]*guard) ([]manifest.Map, error) {
	var out []manifest.Map
	for _, cluster := range g.clusters() {
		one := guards[cluster]
		emitted := access.Emitted{Policy: g.flags.admission, Conditions: one.conditions}
		g.say(g.options[cluster], access.Findings(one.policy, emitted)...)
		if !g.flags.admission {
			continue
		}
		g.stricter(cluster, one.policy)
		objects, err := access.AdmissionPolicy(one.policy)
		if err != nil {
			return nil, fmt.Errorf("stores: %w", err)
		}
		out = append(out, objects...)
	}
	return out, nil
}

// held are the stores that Git holds wherever they are needed.
func (g *gathering) held() []eso.StoreRef {
	missing := map[eso.StoreRef]bool{}
	for _, s := range store.Union(g.uses) {
		if _, ok := g.inGit[gitStore{s.Cluster, s.Ref.Kind, s.Namespace, s.Ref.Name}]; !ok {
			missing[s.Ref] = true
		} else if _, known := missing[s.Ref]; !known {
			missing[s.Ref] = false
		}
	}
	var out []eso.StoreRef
	for ref, is := range missing {
		if !is {
			out = append(out, ref)
		}
	}
	return out
}

// needs notes for check which stores an app needs.
func (c *checking) needs(ctx context.Context, w *work, r *rendering, out *render.Output) error {
	if c.stores == nil {
		return nil
	}
	for n := range out.Streams {
		if err := c.stores.read(ctx, c, w.j, w.r, r, out, n); err != nil {
			return err
		}
	}
	return nil
}

// sayAccess reports what of KES's access control Git doesn't keep. Until
// something is converted in a cluster KES keeps it itself, and it is a warning.
func (c *checking) sayAccess() {
	if c.stores == nil {
		return
	}
	converted := map[string]bool{}
	for _, r := range c.results {
		if r.app.Converted > 0 {
			converted[r.app.Cluster] = true
		}
	}
	for _, ref := range c.stores.held() {
		c.run.Held(ref)
	}
	c.stores.kept(c.run.Whole)
	for _, about := range c.stores.about {
		f, opts := about.finding, about.options
		if f.Rule != rule.AccessLost.ID && f.Rule != rule.PatternRefused.ID && f.Rule != rule.PolicyStricter.ID {
			continue // said where the app is checked
		}
		if f.Severity == manifest.Error && !converted[opts.Settings.Cluster] {
			f.Severity = manifest.Warning
		}
		if f.Rule != rule.PolicyStricter.ID {
			opts.App, opts.Project = "", "" // it is about namespaces
		}
		c.run.AddFor(opts, f)
	}
}
