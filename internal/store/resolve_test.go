package store

import (
	"errors"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
)

// rules parses the stores of a kesbridge.yaml.
func rules(t *testing.T, yaml string) []config.StoreRule {
	t.Helper()
	c, err := config.Parse("kesbridge.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return c.Stores
}

func TestResolve(t *testing.T) {
	rs := rules(t, `
stores:
  - match: {backend: vault, vaultRole: team, vaultMountPoint: kubernetes}
    store: {kind: SecretStore, name: vault-team, path: secret}
  - match: {region: eu-west-1, namespace: shop}
    store: {name: aws-shop}
    refreshInterval: 15m
  - match: {region: eu-west-1}
    store: {name: aws-eu}
  - match: {backend: systemManager}
    secretBinary: true
`)
	eu := map[string]string{"AWS_REGION": "eu-west-1"}
	shop := Subject{Namespace: "shop", Name: "web"}
	sm := Need{Backend: "secretsManager"}
	derived := sm.Name()
	for _, tt := range []struct {
		name    string
		r       Resolver
		need    Need
		subject Subject
		want    Choice
		rule    int // from 1, 0 is none
	}{
		{"zero resolver", Resolver{}, sm, shop, Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: derived}, Derived: true}, 0},
		{"--store-kind", Resolver{Kind: "SecretStore"}, sm, shop, Choice{Ref: eso.StoreRef{Kind: "SecretStore", Name: derived}, Derived: true}, 0},
		{"--store", Resolver{Store: "s"}, sm, shop, Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: "s"}, Named: true}, 0},
		{"--store wins, the rule's other settings hold", Resolver{Store: "s", Kind: "SecretStore", Rules: rs}, Need{Backend: "secretsManager", Region: "eu-west-1"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "SecretStore", Name: "s"}, Named: true}, 2},
		{"--store needs no rule", Resolver{Store: "s", Unmatched: "fail"}, sm, shop, Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: "s"}, Named: true}, 0},
		{"first match wins", Resolver{Rules: rs}, Need{Backend: "secretsManager", Region: "eu-west-1"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: "aws-shop"}}, 2},
		{"second match", Resolver{Rules: rs, Kind: "SecretStore"}, Need{Backend: "secretsManager", Region: "eu-west-1"}, Subject{Namespace: "web"},
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: "aws-eu"}}, 3},
		{"the controller's region", Resolver{Rules: rs, Controller: eu}, sm, shop, Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: "aws-shop"}}, 2},
		{"the manifest's region wins", Resolver{Rules: rs, Controller: eu}, Need{Backend: "secretsManager", Region: "us-east-1"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: Need{Backend: "secretsManager", Region: "us-east-1"}.Name()}, Derived: true}, 0},
		{"the old variable", Resolver{Rules: rs, Controller: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}}, sm, shop,
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: "aws-shop"}}, 2},
		{"settings rename nothing", Resolver{Controller: eu}, sm, shop, Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: derived}, Derived: true}, 0},
		{"a region on Vault is none", Resolver{Rules: rs[1:]}, Need{Backend: "vault", Region: "eu-west-1"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: Need{Backend: "vault"}.Name()}, Derived: true}, 0},
		{"vault, KES's default mount", Resolver{Rules: rs}, Need{Backend: "vault", VaultRole: "team"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "SecretStore", Name: "vault-team"}, Path: "secret"}, 1},
		{"vault, the controller's role", Resolver{Rules: rs, Controller: map[string]string{"DEFAULT_VAULT_ROLE": "team"}}, Need{Backend: "vault"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "SecretStore", Name: "vault-team"}, Path: "secret"}, 1},
		{"vault, the controller's mount", Resolver{Rules: rs, Controller: map[string]string{"DEFAULT_VAULT_MOUNT_POINT": "other"}}, Need{Backend: "vault", VaultRole: "team"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: Need{Backend: "vault", VaultRole: "team"}.Name()}, Derived: true}, 0},
		{"a rule without a store", Resolver{Rules: rs}, Need{Backend: "systemManager"}, shop,
			Choice{Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: Need{Backend: "systemManager"}.Name()}, Derived: true}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.rule > 0 {
				tt.want.Rule = &tt.r.Rules[tt.rule-1]
			}
			got, err := tt.r.Resolve(tt.need, tt.subject)
			if err != nil || got != tt.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestUnmatched(t *testing.T) {
	r := Resolver{Unmatched: "fail", Controller: map[string]string{"AWS_REGION": "eu-west-1"}, Rules: rules(t, "stores: [{match: {backend: systemManager}, secretBinary: true}]")}
	for backend, want := range map[string]string{
		"secretsManager": "no stores rule matches backend secretsManager, region eu-west-1, namespace shop",
		"systemManager":  "the stores rule at kesbridge.yaml:1:10 matches backend systemManager, region eu-west-1, namespace shop but names no store",
	} {
		n := Need{Backend: backend}
		_, err := r.Resolve(n, Subject{Namespace: "shop", Name: "web"})
		var unmatched *UnmatchedError
		if !errors.As(err, &unmatched) {
			t.Errorf("%s: %v", backend, err)
			continue
		}
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		if fix := unmatched.Fix(); !strings.Contains(fix, n.Name()) {
			t.Errorf("the fix doesn't name the derived store: %s", fix)
		}
	}
}

// TestVaultKeyFits follows the table of facts about ESO's buildPath.
func TestVaultKeyFits(t *testing.T) {
	for _, tt := range []struct {
		path string
		kv   int
		key  string
		want bool
	}{
		{"", 2, "secret/data/team/app", true},
		{"", 0, "secret/data/team/app", true},
		{"", 2, "team/secret/data/app", true},
		{"", 2, "secret/team/app", false},
		{"", 2, "data/app", false},
		{"", 2, "secret/data", false},
		{"", 2, "secret/app/data", false},
		{"", 1, "secret/team/app", true},
		{"secret", 2, "secret/data/team/app", true},
		{"secret", 2, "secret/data/secret/app", true},
		{"secret", 2, "secret/data/data/app", true},
		{"secret", 2, "team/app", false},
		{"secret", 2, "secret/team/app", false},
		{"secret", 2, "data/team/app", false},
		{"secret", 2, "/secret/data/team/app", false},
		{"secret", 2, "secrets/data/app", false},
		{"secret", 2, "secret/data/", false},
		{"team/secret", 2, "team/secret/data/app", true},
		{"team", 2, "team/secret/data/app", false},
		{"secret/data", 2, "secret/data/app", false},
		{"/secret", 2, "secret/data/app", false},
		{"secret/", 2, "secret/data/app", false},
		{"secret", 1, "secret/team/app", true},
		{"secret", 1, "secret/secret/app", true},
		{"secret", 1, "team/app", false},
		{"secret", 1, "secret", false},
	} {
		if got := VaultKeyFits(tt.path, tt.kv, tt.key); got != tt.want {
			t.Errorf("VaultKeyFits(%q, %d, %q) = %v", tt.path, tt.kv, tt.key, got)
		}
	}
}

// The administrator's rules win over --store; locked, nothing else counts.
func TestResolveAdmin(t *testing.T) {
	admin := config.StoreRule{Store: config.Store{Kind: "SecretStore", Name: "theirs"}, Admin: true}
	own := config.StoreRule{Store: config.Store{Kind: "SecretStore", Name: "own"}}
	bare := config.StoreRule{Admin: true, RefreshInterval: "1m0s"}
	n := Need{Backend: "secretsManager"}
	for name, tt := range map[string]struct {
		r    Resolver
		want string
	}{
		"administrator's rule":    {Resolver{Store: "flag", Rules: []config.StoreRule{admin, own}}, "SecretStore/theirs"},
		"one that names no store": {Resolver{Store: "flag", Rules: []config.StoreRule{bare, own}}, "ClusterSecretStore/flag"},
		"flag over own rule":      {Resolver{Store: "flag", Rules: []config.StoreRule{own}}, "ClusterSecretStore/flag"},
		"locked, nothing matches": {Resolver{Store: "flag", Kind: "SecretStore", Locked: true}, "ClusterSecretStore/" + n.Name()},
		"locked, rule":            {Resolver{Store: "flag", Locked: true, Rules: []config.StoreRule{admin}}, "SecretStore/theirs"},
	} {
		got, err := tt.r.Resolve(n, Subject{})
		if err != nil || got.Ref.Kind+"/"+got.Ref.Name != tt.want {
			t.Errorf("%s: %+v, %v", name, got.Ref, err)
		}
	}
	r := Resolver{Store: "flag", Locked: true, Unmatched: "fail"}
	if got, err := r.Resolve(n, Subject{}); err == nil {
		t.Errorf("locked and unmatched: %+v", got.Ref)
	}
}
