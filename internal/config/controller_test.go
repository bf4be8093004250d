package config

import (
	"maps"
	"testing"
)

// TestFrom: whose from counts, and which variables win over it.
func TestFrom(t *testing.T) {
	parse := func(name, text string) *Config {
		t.Helper()
		c, err := Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	known := map[string]string{"AWS_REGION": "from", "VAULT_ADDR": "from", "INSTANCE_ID": "from"}
	for _, c := range []struct {
		name, admin, own, cluster string
		from, file                string
		want                      map[string]string
	}{
		{"own", "", "controller: {from: kes.yaml, env: {AWS_REGION: own}}", "", "kes.yaml", "own.yaml",
			map[string]string{"AWS_REGION": "own", "VAULT_ADDR": "from", "INSTANCE_ID": "from"}},
		{"empty wins", "", "controller: {from: kes.yaml, env: {INSTANCE_ID: }}", "", "kes.yaml", "own.yaml",
			map[string]string{"AWS_REGION": "from", "VAULT_ADDR": "from", "INSTANCE_ID": ""}},
		{"cluster before common", "", "controller: {from: kes.yaml, env: {AWS_REGION: common, VAULT_ADDR: common}}\nclusters: {prod: {controller: {from: prod.yaml, env: {AWS_REGION: prod}}}}", "prod", "prod.yaml", "own.yaml",
			map[string]string{"AWS_REGION": "prod", "VAULT_ADDR": "common", "INSTANCE_ID": "from"}},
		{"common for a cluster without", "", "controller: {from: kes.yaml}\nclusters: {prod: {}}", "prod", "kes.yaml", "own.yaml", known},
		{"administrator's", "controller: {from: admin-kes.yaml, env: {INSTANCE_ID: admin}}", "controller: {from: kes.yaml, env: {AWS_REGION: own, INSTANCE_ID: own, LOG_LEVEL: own, METRICS_PORT: own}}", "", "admin-kes.yaml", "admin.yaml",
			map[string]string{"AWS_REGION": "from", "VAULT_ADDR": "from", "INSTANCE_ID": "admin", "METRICS_PORT": "own"}},
		{"administrator's env over own from", "controller: {env: {AWS_REGION: admin}}", "controller: {from: kes.yaml}", "", "kes.yaml", "own.yaml",
			map[string]string{"AWS_REGION": "admin", "VAULT_ADDR": "from", "INSTANCE_ID": "from"}},
		{"locked", "locked: [controller]", "controller: {from: kes.yaml, env: {AWS_REGION: own}}", "", "", "", nil},
		{"none", "", "controller: {env: {AWS_REGION: own}}", "", "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var admin *Config
			if c.admin != "" {
				admin = parse("admin.yaml", c.admin)
			}
			s, err := Settle(admin, parse("own.yaml", c.own), c.cluster)
			if err != nil {
				t.Fatal(err)
			}
			if s.From.Path != c.from || s.From.Pos.File != c.file || s.From.Admin != (c.file == "admin.yaml") {
				t.Errorf("from: %+v", s.From)
			}
			if c.from == "" {
				return
			}
			if s.From.Pos.Line == 0 {
				t.Error("no place")
			}
			for name := range s.Controller {
				if p := s.ControllerPos[name]; p.Line == 0 || p.Column == 0 || p.File == "" || (s.Controller[name] == "admin") != (p.File == "admin.yaml") {
					t.Errorf("%s is given at %s", name, p)
				}
			}
			before := maps.Clone(s.Controller)
			s.KnowController(known, []string{"LOG_LEVEL"})
			if !maps.Equal(s.Controller, c.want) {
				t.Errorf("got %v, want %v (before %v)", s.Controller, c.want, before)
			}
		})
	}
	s, err := parse("k", "controller: {from: 'infra/kes#kes/a'}").For("")
	if f := s.From; err != nil || f.Path != "infra/kes" || f.Object != "kes/a" || f.String() != "infra/kes#kes/a" {
		t.Errorf("%+v, %v", f, err)
	}
}
