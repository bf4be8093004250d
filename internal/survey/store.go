package survey

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/config"
	"kesbridge/internal/store"
)

// Store is a SecretStore or ClusterSecretStore.
type Store struct {
	Kind, Namespace, Name string
	Backend               string
	// Path and KV are a Vault store's path and version.
	Path  string
	KV    int
	Place Place
	// Doubt is why no rule may name the store before somebody looked at it.
	Doubt string

	// keys tell its resources from others, beside backend and namespace.
	keys [][2]string
	// takes counts the KES resources here that its rule takes.
	takes int
}

// store notes a store with what KES resources must have to be served by it as
// KES served them. A rule that took more would give a resource another
// secret.
func (r *Report) store(name, kind string, n *yaml.Node) {
	s := Store{Kind: kind, Name: text(at(n, "metadata", "name")), Place: Place{name, n.Line, kind}}
	if !config.IsObjectName(s.Name) {
		return
	}
	if kind == "SecretStore" {
		if s.Namespace = text(at(n, "metadata", "namespace")); s.Namespace == "" {
			s.Doubt = "its namespace, outside of which nothing can use it"
		}
	}
	p := at(n, "spec", "provider")
	switch {
	case at(p, "aws") != nil:
		s.aws(at(p, "aws"))
	case at(p, "vault") != nil:
		s.vault(at(p, "vault"))
	case at(p, "gcpsm") != nil:
		s.Backend = "gcpSecretsManager"
		s.need("projectId", text(at(p, "gcpsm", "projectID")), "its project")
	case at(p, "azurekv") != nil:
		s.Backend = "azureKeyVault"
		vault := ""
		if u, err := url.Parse(text(at(p, "azurekv", "vaultUrl"))); err == nil {
			vault, _, _ = strings.Cut(u.Host, ".")
		}
		s.need("keyVaultName", vault, "its key vault")
	case at(p, "ibm") != nil:
		s.Backend = "ibmcloudSecretsManager"
	case at(p, "akeyless") != nil:
		s.Backend = "akeyless"
	case at(p, "alibaba") != nil:
		s.Backend = "alicloudSecretsManager"
		s.keys = [][2]string{{"roleArn", text(at(p, "alibaba", "auth", "rrsa", "roleArn"))}}
	default:
		return
	}
	if at(n, "spec", "conditions") != nil && s.Doubt == "" {
		s.Doubt = "which namespaces may use it (its spec.conditions)"
	}
	r.Stores = append(r.Stores, s)
}

func (s *Store) aws(p *yaml.Node) {
	s.Backend = "secretsManager"
	if text(at(p, "service")) == "ParameterStore" {
		s.Backend = "systemManager"
	}
	s.need("region", text(at(p, "region")), "its region")
	// "" takes resources without a role alone: one with a role read as another
	// identity than this store's.
	s.keys = append(s.keys, [2]string{"roleArn", text(at(p, "role"))})
}

func (s *Store) vault(p *yaml.Node) {
	s.Backend, s.Path, s.KV = "vault", strings.Trim(text(at(p, "path")), "/"), 2
	if text(at(p, "version")) == "v1" {
		s.KV = 1
	}
	auth := at(p, "auth", "kubernetes")
	mount := text(at(auth, "mountPath"))
	if mount == "" && auth != nil {
		mount = "kubernetes" // the CRD's default
	}
	s.need("vaultMountPoint", mount, "which resources it is for: it logs in another way than KES")
	s.need("vaultRole", text(at(auth, "role")), "which resources it is for: it logs in another way than KES")
}

// need adds a key that has to be known.
func (s *Store) need(key, value, what string) {
	if value == "" {
		if s.Doubt == "" {
			s.Doubt = what
		}
		return
	}
	s.keys = append(s.keys, [2]string{key, value})
}

func (s *Store) match() string {
	parts := []string{"backend: " + s.Backend}
	for _, k := range s.keys {
		parts = append(parts, k[0]+": "+scalar(glob(k[1])))
	}
	if s.Namespace != "" {
		parts = append(parts, "namespace: "+scalar(glob(s.Namespace)))
	}
	return strings.Join(parts, ", ")
}

func (s *Store) rule(indent string) string {
	where := ""
	if s.Path != "" {
		where = ", path: " + scalar(s.Path)
	}
	return fmt.Sprintf("%s- match: {%s}\n%s  store: {kind: %s, name: %s%s}\n", indent, s.match(), indent, s.Kind, scalar(s.Name), where)
}

// assign tries the rules on what was found, as a conversion would, and counts
// what each takes; it gives what none does, by need.
func (r *Report) assign() (left []int) {
	matches := map[string]int{}
	for _, s := range r.Stores {
		matches[s.match()]++
	}
	for i := range r.Stores {
		if s := &r.Stores[i]; s.Doubt == "" && matches[s.match()] > 1 {
			s.Doubt = fmt.Sprintf("which of the %d stores that fit the same resources is meant", matches[s.match()])
		}
	}
	for {
		left = make([]int, len(r.Needs))
		var rules strings.Builder
		var active []*Store
		for i := range r.Stores {
			if s := &r.Stores[i]; s.Doubt == "" {
				s.takes = 0
				active = append(active, s)
				rules.WriteString(s.rule(""))
			}
		}
		c, err := config.Parse("rules", []byte("stores:\n"+rules.String()))
		if err != nil {
			return left // init says it: it parses all of it
		}
		resolver := store.Resolver{Rules: c.Stores, Controller: r.Env, Unmatched: "fail"}
		again := false
		for i, n := range r.Needs {
			for namespace, count := range n.Namespaces {
				choice, err := resolver.Resolve(n.Need, store.Subject{Namespace: namespace})
				if err != nil {
					left[i] += count
					continue
				}
				for j := range c.Stores {
					if choice.Rule != &c.Stores[j] {
						continue
					}
					active[j].takes += count
					if n.KVVersion != active[j].KV {
						active[j].Doubt = "what its resources with another kvVersion than " + strconv.Itoa(active[j].KV) + " use"
						again = true
					}
				}
			}
		}
		if !again {
			return left
		}
	}
}

// stores writes the rules.
func (r *Report) stores(w *writer) {
	left := r.assign()
	w.line(0, "")
	w.line(0, "# Which store serves which resource; the first match wins. What the KES resources here need:")
	for _, n := range r.Needs {
		if n.Backend == "" {
			w.line(0, "#   %d x no backendType: patches of a kustomization, or broken; first %s", n.Count, n.First)
			continue
		}
		w.line(0, "#   %d x %s, first %s", n.Count, strings.Join(n.Requirements(r.Env), "; "), n.First)
	}
	if len(r.Needs) == 0 {
		w.line(0, "#   nothing in plain manifests")
	}
	w.line(0, "stores:")
	for _, s := range r.Stores {
		if s.Doubt != "" {
			w.line(2, "# %s", s.Place)
			w.line(2, "# not known: %s", s.Doubt)
			w.WriteString(s.rule("  # "))
			continue
		}
		w.line(2, "# %s; takes %d of the resources above", s.Place, s.takes)
		w.WriteString(s.rule("  "))
	}
	for i, n := range r.Needs {
		if left[i] == 0 || n.Backend == "" {
			continue
		}
		w.line(2, "# not known: the store for %d of %s; this name is what kesbridge would derive", left[i], n.Backend)
		w.line(2, "# - match: {%s}", r.match(n.Need))
		w.line(2, "#   store: {kind: ClusterSecretStore, name: %s}", scalar(n.Need.Name()))
	}
}

// match is what tells the resources of a need from others.
func (r *Report) match(n store.Need) string {
	f := store.Facts(n, store.Subject{}, r.Env)
	parts := []string{"backend: " + scalar(glob(f.Backend))}
	for _, p := range [][2]string{
		{"region", f.Region}, {"roleArn", f.RoleArn}, {"vaultMountPoint", f.VaultMountPoint}, {"vaultRole", f.VaultRole},
		{"keyVaultName", f.KeyVaultName}, {"projectId", f.ProjectID},
	} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+scalar(glob(p[1])))
		}
	}
	return strings.Join(parts, ", ")
}

// glob writes a text so that it matches itself alone.
func glob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`).Replace(s)
}
