package store

import (
	"fmt"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
)

// Subject is the KES resource that rules look at, beside its Need.
type Subject struct {
	Namespace string
	Name      string
	App       string
	Project   string
	Cluster   string
	Labels    map[string]string
	// Store is the text of Annotation on the resource, or empty.
	Store string
}

// Choice is the store for one KES resource.
type Choice struct {
	Ref eso.StoreRef
	// Path is the `path` that a rule says the chosen Vault store has; empty
	// for a store without one. See VaultKeyFits.
	Path string
	// Rule is the rule that matched, or nil. It gives refreshInterval and
	// secretBinary even where it didn't choose the store (Named, Derived).
	Rule *config.StoreRule
	// Named: --store chose the store. Annotated: the resource's own annotation.
	Named, Annotated bool
	// Overruled: the annotation asks for another store than the
	// administrator's file gives.
	Overruled bool
	// Derived: the name comes from the need, so somebody has to create it.
	Derived bool
}

// Resolver chooses stores. The zero value derives a ClusterSecretStore for
// everything.
type Resolver struct {
	// Store is --store: this store for everything, whatever the rules say.
	Store string
	// Kind is --store-kind: the kind of Store and of derived stores; empty is
	// ClusterSecretStore. Rules give their own.
	Kind string
	// Rules are tried in order.
	Rules []config.StoreRule
	// Controller is KES's environment, which rules see where the manifest
	// is silent.
	Controller map[string]string
	// Unmatched is "fail" or "generate"; empty is generate.
	Unmatched string
	// Locked: only the administrator's rules count, not Store and Kind.
	Locked bool
}

// Resolve chooses: a rule of the administrator's, the resource's annotation,
// --store, else the first rule that matches, else a derived name; where
// Unmatched is "fail" it is an *UnmatchedError instead. An annotation that
// names no store is a *RefError.
func (r *Resolver) Resolve(n Need, s Subject) (Choice, error) {
	kind := r.Kind
	if kind == "" || r.Locked {
		kind = config.DefaultStoreKind
	}
	var asked eso.StoreRef
	if s.Store != "" {
		var err error
		if asked, err = ParseRef(s.Store, kind); err != nil {
			return Choice{}, err
		}
	}
	c, err := r.choose(n, s, kind, asked)
	c.Overruled = err == nil && s.Store != "" && c.Ref != asked
	return c, err
}

func (r *Resolver) choose(n Need, s Subject, kind string, asked eso.StoreRef) (Choice, error) {
	rule := r.match(n, s)
	mine := !r.Locked && (rule == nil || !rule.Admin || rule.Store.Name == "")
	switch {
	case s.Store != "" && mine:
		return Choice{Ref: asked, Path: r.pathOf(asked), Rule: rule, Annotated: true}, nil
	case r.Store != "" && mine:
		return Choice{Ref: eso.StoreRef{Name: r.Store, Kind: kind}, Rule: rule, Named: true}, nil
	case rule != nil && rule.Store.Name != "":
		ref := eso.StoreRef{Name: rule.Store.Name, Kind: rule.Store.Kind}
		if ref.Kind == "" {
			ref.Kind = config.DefaultStoreKind
		}
		return Choice{Ref: ref, Path: rule.Store.Path, Rule: rule}, nil
	case r.Unmatched == "fail":
		err := &UnmatchedError{Need: n.Normal(), Facts: Facts(n, s, r.Controller)}
		if rule != nil {
			err.Rule = rule.Pos
		}
		return Choice{}, err
	}
	return Choice{Ref: eso.StoreRef{Name: n.Name(), Kind: kind}, Rule: rule, Derived: true}, nil
}

func (r *Resolver) match(n Need, s Subject) *config.StoreRule {
	f := Facts(n, s, r.Controller)
	for i := range r.Rules {
		if r.Rules[i].Match.Holds(f) {
			return &r.Rules[i]
		}
	}
	return nil
}

// Facts are what rules see: the manifest's settings, and the controller's
// where KES would take those. What only the running KES knows (the project of
// its own credentials) stays empty.
func Facts(n Need, s Subject, controller map[string]string) config.Facts {
	n = n.Normal()
	f := config.Facts{
		Backend:      n.Backend,
		Region:       n.Region,
		RoleArn:      n.RoleArn,
		VaultRole:    n.VaultRole,
		KeyVaultName: n.KeyVaultName,
		ProjectID:    n.ProjectID,
		Namespace:    s.Namespace,
		Name:         s.Name,
		App:          s.App,
		Project:      s.Project,
		Cluster:      s.Cluster,
		Labels:       s.Labels,
	}
	switch n.Backend {
	case "secretsManager", "systemManager":
		f.Region = first(n.Region, controller["AWS_REGION"], controller["AWS_DEFAULT_REGION"])
	case "vault":
		f.VaultMountPoint = first(n.VaultMountPoint, controller["DEFAULT_VAULT_MOUNT_POINT"], "kubernetes")
		f.VaultRole = first(n.VaultRole, controller["DEFAULT_VAULT_ROLE"])
	}
	return f
}

// first is the first text that isn't empty, which is how KES falls back.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// UnmatchedError says that no rule gives a resource its store, where deriving
// one is not wanted (unmatched: fail).
type UnmatchedError struct {
	Need Need
	// Facts are the values that the rules were tried on.
	Facts config.Facts
	// Rule is where the rule stands that matched without naming a store; zero
	// where none matched.
	Rule manifest.Pos
}

func (e *UnmatchedError) Error() string {
	if !e.Rule.IsZero() {
		return fmt.Sprintf("the stores rule at %s matches %s but names no store", e.Rule, e.values())
	}
	return "no stores rule matches " + e.values()
}

// Fix says what to do.
func (e *UnmatchedError) Fix() string {
	return "add a rule under stores in kesbridge.yaml, use --store, or set defaults.unmatched: generate to have a store's name derived (here " + e.Need.Name() + ")"
}

func (e *UnmatchedError) values() string {
	f := e.Facts
	var parts []string
	for _, v := range [][2]string{
		{"backend", f.Backend}, {"region", f.Region}, {"roleArn", f.RoleArn},
		{"vaultMountPoint", f.VaultMountPoint}, {"vaultRole", f.VaultRole},
		{"keyVaultName", f.KeyVaultName}, {"projectId", f.ProjectID}, {"namespace", f.Namespace},
		{"app", f.App}, {"project", f.Project}, {"cluster", f.Cluster},
	} {
		if v[1] != "" {
			parts = append(parts, v[0]+" "+v[1])
		}
	}
	return strings.Join(parts, ", ")
}

// VaultKeyFits reports whether a Vault store reads exactly what KES read at a
// key, which for KES is the whole path: mount first and, for kv 2, with
// `data`. A store without path (path is "") takes kv 1 keys and kv 2 keys with
// `/data/` as they are; one with a path strips it only where the key begins
// with it. kv 0 is 2, as in KES.
//
// From buildPath, pkg/provider/vault/client_get.go:276 of ESO v0.20.4
// (providers/v1/vault/client_get.go:289 of v2.9.0), the same from v0.9.20 on.
func VaultKeyFits(path string, kv int, key string) bool {
	prefix := path + "/"
	if kv != 1 {
		prefix += "data/"
	}
	switch {
	case path != "":
		return strings.HasPrefix(key, prefix) && key != prefix
	case kv == 1:
		return true
	}
	return strings.Contains(key, "/data/")
}
