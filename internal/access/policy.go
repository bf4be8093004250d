package access

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"kesbridge/internal/access/pattern"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

// Policy is what an admission policy is made of.
type Policy struct {
	// Name of both objects; empty: DefaultName.
	Name       string
	Settings   Settings
	Namespaces []Namespace
	// Stores are those that the policy knows, each once for every role it
	// serves.
	Stores []StoreRole
}

// DefaultName of the policy and its binding.
const DefaultName = "kesbridge-permitted"

// StoreRole is a store and a role that KES took where ESO takes the store.
type StoreRole struct {
	Kind, Namespace, Name string // Namespace of a SecretStore
	Backend               kes.Backend
	KVVersion             int // of a Vault store
	// Role is what KES compared; empty where the objects name none.
	Role string
}

// StoresOf takes the stores of one cluster.
func StoresOf(served []store.Served) []StoreRole {
	var out []StoreRole
	for _, s := range served {
		for _, need := range s.Needs {
			n := need.Normal()
			out = append(out, StoreRole{
				Kind: s.Ref.Kind, Namespace: s.Namespace, Name: s.Ref.Name,
				Backend: kes.Backend(n.Backend), KVVersion: n.KVVersion, Role: or(n.RoleArn, n.VaultRole),
			})
		}
	}
	return out
}

// TooLongError says that an expression of the policy is longer than CEL's
// parser takes (100,000 code points, cel-go parser/options.go).
type TooLongError struct{ Field string }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the admission policy's %s is longer than an API server takes: make one policy for fewer stores and namespaces", e.Field)
}

const maxExpression = 100_000

// AdmissionPolicy makes a ValidatingAdmissionPolicy and its binding, as the
// API server stores them (admissionregistration.k8s.io/v1, Kubernetes 1.30
// and later).
//
// It judges ExternalSecrets of external-secrets.io when they are created and
// when their spec changes; other writes pass, ESO's own finalizers and
// annotations among them, since a refusal there would keep ESO from letting go
// of an object. So an object that was admitted keeps being served when an
// annotation becomes stricter, where KES would have stopped: admission can't
// take anything back. Objects that a ClusterExternalSecret makes are judged
// one by one. PushSecrets aren't judged: they write, which KES never did, and
// what may be written is decided by the rights of the store's identity. Nor
// are SecretStores: who may create one is RBAC's.
//
// The annotations are read from the live namespace, as KES did. The policy
// knows the texts that stand in Git, and refuses under any other: what such a
// text permits isn't known until the policy is made anew. A namespace with
// neither annotation may use everything, unless annotations are enforced.
func AdmissionPolicy(p Policy) ([]manifest.Map, error) {
	name := cmp.Or(p.Name, DefaultName)
	e := p.expressions()
	variables, validations := e.variables(), e.validations()
	for kind, list := range map[string][]any{"variable": variables, "validation": validations} {
		for _, v := range list {
			if m := v.(manifest.Map); len([]rune(m.Get("expression").(string))) > maxExpression {
				what, _ := m.Get("name").(string)
				return nil, &TooLongError{kind + " " + what}
			}
		}
	}
	object := func(kind string, spec manifest.Map) manifest.Map {
		return manifest.Map{
			{Key: "apiVersion", Value: "admissionregistration.k8s.io/v1"},
			{Key: "kind", Value: kind},
			{Key: "metadata", Value: manifest.Map{{Key: "name", Value: name}}},
			{Key: "spec", Value: spec},
		}
	}
	return []manifest.Map{
		object("ValidatingAdmissionPolicy", manifest.Map{
			{Key: "failurePolicy", Value: "Fail"},
			{Key: "matchConstraints", Value: manifest.Map{
				{Key: "matchPolicy", Value: "Equivalent"},
				{Key: "namespaceSelector", Value: manifest.Map{}},
				{Key: "objectSelector", Value: manifest.Map{}},
				{Key: "resourceRules", Value: []any{manifest.Map{
					{Key: "apiGroups", Value: []string{"external-secrets.io"}},
					{Key: "apiVersions", Value: []string{"v1", "v1beta1"}},
					{Key: "operations", Value: []string{"CREATE", "UPDATE"}},
					{Key: "resources", Value: []string{"externalsecrets"}},
					{Key: "scope", Value: "*"},
				}}},
			}},
			{Key: "matchConditions", Value: []any{manifest.Map{
				{Key: "name", Value: "spec-changes"},
				{Key: "expression", Value: `request.operation == "CREATE" || object.spec != oldObject.spec`},
			}}},
			{Key: "variables", Value: variables},
			{Key: "validations", Value: validations},
		}),
		object("ValidatingAdmissionPolicyBinding", manifest.Map{
			{Key: "policyName", Value: name},
			{Key: "validationActions", Value: []string{"Deny"}},
		}),
	}, nil
}

// tables are what the policy knows.
type tables struct {
	// patterns are RE2 by the text of an annotation.
	patterns map[string]string
	// roles are those of each store, backends what it reads from ("" where it
	// is several).
	roles    map[string][]string
	backends map[string]string
}

// Vault's two kinds of mounts, as the policy tells them apart.
const (
	vaultKV1 = "vault1"
	vaultKV2 = "vault2"
)

func (p Policy) tables() tables {
	t := tables{map[string]string{}, map[string][]string{}, map[string]string{}}
	for _, n := range p.Namespaces {
		for _, a := range []*string{n.KeyName, n.Role} {
			if re2, err := pattern.Translate(text(a)); text(a) != "" && err == nil {
				t.patterns[*a] = re2
			}
		}
	}
	for _, s := range p.Stores {
		key := storeKey(s.Kind, s.Namespace, s.Name)
		backend := string(s.Backend)
		if s.Backend == kes.Vault {
			if backend = vaultKV2; s.KVVersion == 1 {
				backend = vaultKV1
			}
		}
		if old, ok := t.backends[key]; ok && old != backend {
			backend = ""
		}
		t.backends[key] = backend
		t.roles[key] = append([]string{}, t.roles[key]...)
		if s.Role != "" && !slices.Contains(t.roles[key], s.Role) {
			t.roles[key] = append(t.roles[key], s.Role)
			slices.Sort(t.roles[key])
		}
	}
	return t
}

func storeKey(kind, namespace, name string) string {
	if kind == "ClusterSecretStore" {
		return kind + "/" + name
	}
	return "SecretStore/" + namespace + "/" + name
}

// untranslated says why an annotation has no equivalent; nil if it has one, or
// if KES permitted nothing under it, which the policy does too.
func untranslated(annotation *string) error {
	_, err := pattern.Translate(text(annotation))
	if syntax := (*pattern.SyntaxError)(nil); errors.As(err, &syntax) {
		return nil
	}
	return err
}
