package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"kesbridge/internal/kes"
	"kesbridge/internal/spelling"
)

func TestDefaults(t *testing.T) {
	s, err := (*Config)(nil).For("")
	if err != nil {
		t.Fatal(err)
	}
	if s.RefreshInterval != "1h0m0s" || s.RefreshIntervalSet || s.OnUnsupported != "fail" ||
		s.Unmatched != "generate" || s.UnmatchedSet || !s.Origin || s.Fidelity != "natural" ||
		s.EsoVersion != "" || s.Controller == nil || len(s.Stores) != 0 {
		t.Errorf("built-in settings: %+v", s)
	}
	var unknown *UnknownClusterError
	if _, err := (*Config)(nil).For("prod"); !errors.As(err, &unknown) {
		t.Errorf("a cluster without a configuration: %v", err)
	} else if got := err.Error(); got != `unknown cluster "prod": there is no kesbridge.yaml that defines clusters` {
		t.Error(got)
	}
}

func TestFor(t *testing.T) {
	c, err := parseFile(t, "full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var none *NoClusterError
	if _, err := c.For(""); !errors.As(err, &none) {
		t.Errorf("no cluster chosen: %v", err)
	} else if got := err.Error(); got != "full.yaml defines clusters and none was chosen: use --cluster with one of dev, prod" {
		t.Error(got)
	}
	var unknown *UnknownClusterError
	if _, err := c.For("prdo"); !errors.As(err, &unknown) {
		t.Errorf("unknown cluster: %v", err)
	} else if got := err.Error(); got != `unknown cluster "prdo" in full.yaml: did you mean "prod"?` {
		t.Error(got)
	}
	if _, err := c.For("staging"); err == nil || err.Error() != `unknown cluster "staging": full.yaml defines dev, prod` {
		t.Error(err)
	}

	prod, err := c.For("prod")
	if err != nil {
		t.Fatal(err)
	}
	dev, err := c.For("dev")
	if err != nil {
		t.Fatal(err)
	}
	// 0.20 without quotes stays what it says.
	if prod.EsoVersion != "0.20" || dev.EsoVersion != "1.3" {
		t.Errorf("esoVersion: %q, %q", prod.EsoVersion, dev.EsoVersion)
	}
	if prod.RefreshInterval != "1h0m0s" || !prod.RefreshIntervalSet || prod.OnUnsupported != "keep" || prod.Unmatched != "fail" || prod.Origin {
		t.Errorf("common values: %+v", prod)
	}
	if prod.KubeVersion != "1.33" || !slices.Equal(prod.APIVersions, []string{"external-secrets.io/v1/ExternalSecret", "v1"}) ||
		prod.ClusterServer != "https://k8s.example" || prod.ClusterLabels["example.com/tier"] != "1" {
		t.Errorf("the cluster's values: %+v", prod)
	}
	if prod.Controller["AWS_REGION"] != "us-east-1" || dev.Controller["AWS_REGION"] != "eu-west-1" ||
		prod.Controller["POLLER_INTERVAL_MILLISECONDS"] != "60000" || prod.Controller["USE_HUMAN_READABLE_LOG_LEVELS"] != "true" {
		t.Errorf("environment: %v, %v", prod.Controller, dev.Controller)
	}
	names := func(s *Settings) (names []string) {
		for _, r := range s.Stores {
			names = append(names, r.Store.Kind+"/"+r.Store.Name)
		}
		return names
	}
	common := []string{"ClusterSecretStore/gcp-shop", "SecretStore/vault", "/", "ClusterSecretStore/rest"}
	if got := names(dev); !slices.Equal(got, common) {
		t.Errorf("dev's rules: %v", got)
	}
	if got := names(prod); !slices.Equal(got, append([]string{"ClusterSecretStore/prod-only"}, common...)) {
		t.Errorf("prod's rules: %v", got)
	}
	if prod.Stores[1].RefreshInterval != "15m0s" || prod.Stores[2].Store.Path != "secret" || !prod.Stores[3].SecretBinary {
		t.Errorf("the rules' values: %+v", prod.Stores)
	}

	// Settings belong to their reader.
	maps.DeleteFunc(dev.Controller, func(string, string) bool { return true })
	if again, err := c.For("dev"); err != nil || again.Controller["AWS_REGION"] != "eu-west-1" {
		t.Errorf("settings share their environment: %v, %v", again, err)
	}
}

func TestHolds(t *testing.T) {
	f := Facts{
		Backend: "secretsManager", Region: "eu-west-1", RoleArn: "arn:aws:iam::1:role/team/app",
		Namespace: "shop", Name: "web-1", Labels: map[string]string{"tier": "web", "empty": ""},
	}
	for _, tt := range []struct {
		match string
		want  bool
	}{
		{"{}", true},
		{"{backend: secretsManager}", true},
		{"{backend: [vault, s*]}", true},
		{"{backend: vault}", false},
		{"{region: eu-*, namespace: shop}", true},
		{"{region: eu-*, namespace: web}", false},
		{"{roleArn: 'arn:aws:iam::*:role/*'}", true}, // * takes / and :
		{"{roleArn: 'arn:aws:iam::?:role/team/{app,web}'}", true},
		{"{name: 'web-[0-9]'}", true},
		{"{name: web}", false}, // whole values, no parts
		{"{name: 'Web-1'}", false},
		// Unknown values are empty text.
		{"{projectId: '*'}", true},
		{"{projectId: ''}", true},
		{"{projectId: '?*'}", false},
		{"{projectId: x}", false},
		{"{labels: {tier: 'w*'}}", true},
		{"{labels: {tier: web, zone: '*'}}", false}, // absent label
		{"{labels: {empty: ''}}", true},
		{"{labels: {}}", true},
	} {
		c, err := Parse("k", []byte("stores: [{match: "+tt.match+"}]\n"))
		if err != nil {
			t.Errorf("%s: %v", tt.match, err)
			continue
		}
		if got := c.Stores[0].Match.Holds(f); got != tt.want {
			t.Errorf("%s: %v", tt.match, got)
		}
	}
	var zero Match
	if !zero.Holds(Facts{}) {
		t.Error("the zero match doesn't hold")
	}
}

func TestSuggest(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"regoin", "region"},
		{"REGION", "region"},
		{"reg", ""},
		{"vaultrole", "vaultRole"},
		{"vaultMount", ""},
		{"vault-mount-point", "vaultMountPoint"},
		{"x", ""},
	} {
		if got := spelling.Closest(tt.name, []string{"region", "vaultRole", "vaultMountPoint", "app"}); got != tt.want {
			t.Errorf("Closest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestVariables(t *testing.T) {
	for _, v := range kes.Variables() {
		if msg := checkVariable(v); msg != "" {
			t.Errorf("%s %s", v, msg)
		}
	}
	for _, v := range []string{"SERVER_PORT", "TZ", "MY_TOKEN", "LOG_FORMAT"} {
		if msg := checkVariable(v); msg != "" {
			t.Errorf("%s %s", v, msg)
		}
	}
	for _, v := range []string{"AWS_REGON", "VAULT_ADR", "POLLER_INTERVAL_MILISECONDS", "Aws_Region"} {
		if checkVariable(v) == "" {
			t.Errorf("%s passes", v)
		}
	}
}

// TestHostileGlobs: no pattern that the parser takes may cost seconds.
func TestHostileGlobs(t *testing.T) {
	value := strings.Repeat("a", 253)
	for _, pattern := range []string{
		strings.Repeat("*a", 250) + "b",
		strings.Repeat("{a,aa}", 80) + "b",
		strings.Repeat("{*a,*aa}", 60) + "b",
		strings.Repeat("{a*,", 100) + strings.Repeat("}", 100),
		strings.Repeat("{", 500),
	} {
		start := time.Now()
		c, err := Parse("k", []byte("stores: [{match: {name: '"+pattern+"'}}]\n"))
		if err == nil {
			c.Stores[0].Match.Holds(Facts{Name: value})
		}
		// What grows with the pattern takes hours.
		if d := time.Since(start); d > time.Minute {
			t.Errorf("%.20s... took %v", pattern, d)
		}
	}
}
