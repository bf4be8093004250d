package config

import (
	"errors"
	"slices"
	"testing"
)

func parsed(t *testing.T, name, in string) *Config {
	t.Helper()
	c, err := Parse(name, []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The table of design.md, kesbridge.yaml: precedence.
func TestMode(t *testing.T) {
	const own = "defaults: {mode: keep}\nmodes: [{match: {name: web}, mode: freeze, secretName: '{name}-2', final: true}]\nclusters: {prod: {modes: [{match: {name: prod-*}, mode: protect}]}}\n"
	for _, tt := range []struct {
		name, admin, own          string
		object, annotation, given string
		want                      Choice
	}{
		{name: "nobody", want: Choice{SecretName: DefaultSecretName}},
		{name: "default", own: own, object: "db", want: Choice{Mode: Keep, From: "own: defaults.mode", SecretName: DefaultSecretName}},
		{name: "rule", own: own, object: "web", want: Choice{Mode: Freeze, From: "own:2:9", SecretName: "{name}-2", Final: true}},
		{name: "cluster's rule", own: own, object: "prod-web", want: Choice{Mode: Protect, From: "own:3:27", SecretName: DefaultSecretName}},
		{name: "flag", own: own, object: "web", given: Replace, want: Choice{Mode: Replace, From: "--mode", SecretName: "{name}-2", Final: true}},
		{name: "annotation", own: own, object: "web", annotation: SideBySide, given: Replace, want: Choice{Mode: SideBySide, From: "annotation kesbridge/mode", SecretName: "{name}-2", Final: true}},
		{name: "administrator's default", admin: "defaults: {mode: replace, final: false}", own: own, object: "web", annotation: Keep,
			want: Choice{Mode: Replace, From: "admin: defaults.mode", Ignored: "annotation kesbridge/mode", SecretName: DefaultSecretName}},
		{name: "administrator's rule", admin: "modes: [{match: {name: web}, mode: protect}]", own: own, object: "web", given: Keep,
			want: Choice{Mode: Protect, From: "admin:1:9", Ignored: "--mode", SecretName: DefaultSecretName}},
		{name: "administrator's rule for others", admin: "modes: [{match: {name: db}, mode: protect}]", own: own, object: "web",
			want: Choice{Mode: Freeze, From: "own:2:9", SecretName: "{name}-2", Final: true}},
		{name: "locked without a value", admin: "locked: [mode]", own: own, object: "web", annotation: Replace,
			want: Choice{Ignored: "annotation kesbridge/mode", SecretName: DefaultSecretName}},
		{name: "final fixed", admin: "defaults: {final: false}", own: own, object: "web", want: Choice{Mode: Freeze, From: "own:2:9", SecretName: "{name}-2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster := ""
			if tt.own != "" {
				cluster = "prod"
			}
			s, err := Settle(parsed(t, "admin", tt.admin), parsed(t, "own", tt.own), cluster)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Mode(Facts{Name: tt.object}, tt.annotation, tt.given, "--mode"); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// What the administrator sets or locks is not for app authors.
func TestSettle(t *testing.T) {
	admin := parsed(t, "admin", "defaults: {esoVersion: '0.16', unmatched: fail}\nlocked: [stores, fidelity, controller]\nstores: [{store: {name: a}}]\ncontroller: {env: {AWS_REGION: eu}}\nclusters: {prod: {kubeVersion: '1.30', final: true}}\n")
	own := parsed(t, "own", "defaults: {esoVersion: '0.20', fidelity: exact, refreshInterval: 5m, guard: delete}\nstores: [{store: {name: b}}]\ncontroller: {env: {VAULT_ADDR: x}}\nclusters: {prod: {esoVersion: '1.0', server: https://x, final: false}, dev: {}}\n")
	s, err := Settle(admin, own, "prod")
	if err != nil {
		t.Fatal(err)
	}
	if s.EsoVersion != "0.16" || s.Fidelity != Natural || s.RefreshInterval != "5m0s" || s.Guard != GuardDelete || s.Unmatched != "fail" ||
		s.KubeVersion != "1.30" || s.ClusterServer != "https://x" || !s.Final {
		t.Errorf("got %+v", s)
	}
	if len(s.Stores) != 1 || s.Stores[0].Store.Name != "a" || !s.Stores[0].Admin || len(s.Controller) != 1 {
		t.Errorf("stores %+v, controller %v", s.Stores, s.Controller)
	}
	for key, want := range map[string]bool{"esoVersion": true, "fidelity": true, "stores": true, "final": true, "guard": false, "mode": false, "onUnsupported": false} {
		if s.Fixed(key) != want {
			t.Errorf("fixed %s: %v", key, !want)
		}
	}
	if _, err := Settle(admin, own, "dev"); err != nil {
		t.Errorf("a cluster of one file only: %v", err)
	}
	if _, err := Settle(nil, admin, "prod"); !errors.As(err, new(*LockedError)) {
		t.Errorf("app authors lock keys: %v", err)
	}
}

func TestSecretName(t *testing.T) {
	for in, want := range map[string]string{"": "is empty", "{name}-eso": "", "eso": "gives every resource", "{namespace}-x": "gives every", "{Name}": "makes no name", "{name}_x": "makes no name", "x-{name}.{namespace}": ""} {
		_, err := Parse("k", []byte("modes: [{mode: side-by-side, secretName: \""+in+"\"}]"))
		if (err != nil) != (want != "") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// Workloads of a rule select by labels, whoever chose the mode.
func TestWorkloads(t *testing.T) {
	s, err := parsed(t, "own", "modes: [{match: {name: web}, mode: switch, workloads: {tier: api, team: 's*'}}, {mode: switch}]\n").For("")
	if err != nil {
		t.Fatal(err)
	}
	c := s.Mode(Facts{Name: "web"}, "", "", "")
	for _, tt := range []struct {
		labels map[string]string
		want   bool
	}{
		{map[string]string{"tier": "api", "team": "shop"}, true},
		{map[string]string{"tier": "api"}, false},
		{map[string]string{"tier": "web", "team": "shop"}, false},
		{nil, false},
	} {
		if got := c.Workloads.Holds(tt.labels); got != tt.want {
			t.Errorf("%v: %v", tt.labels, got)
		}
	}
	if c := s.Mode(Facts{Name: "db"}, "", "", ""); c.Workloads != nil || !c.Workloads.Holds(nil) {
		t.Errorf("without labels: %+v", c)
	}
}

// References are what the administrator's file locks, too.
func TestReferences(t *testing.T) {
	one := "references: [{group: a.io, kind: A, path: 'spec.x[].name'}]\n"
	s, err := Settle(parsed(t, "admin", "locked: [references]\n"+one), parsed(t, "own", "references: [{kind: B, path: data.name}]\n"), "")
	if err != nil || len(s.References) != 1 || s.References[0].Kind != "A" || s.References[0].Pos.String() != "admin:2:14" || !s.Fixed("references") {
		t.Errorf("%+v %v", s, err)
	}
	s, err = Settle(parsed(t, "admin", one), parsed(t, "own", "references: [{kind: B, path: data.name}]\n"), "")
	if err != nil || len(s.References) != 2 || s.References[1].Group != "" {
		t.Errorf("%+v %v", s, err)
	}
	for _, bad := range []string{"path: ''", "path: a..b", "path: .a", "path: 'a[0]'", "path: 'a.**'", "path: 'a['", "path: a b"} {
		if _, err := Parse("f", []byte("references: [{kind: A, "+bad+"}]")); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestParsePath(t *testing.T) {
	for path, want := range map[string][]string{
		"a": {"a"}, "a.b[].c": {"a", "b", "[]", "c"}, `a["x.y/z"].b[]`: {"a", "x.y/z", "b", "[]"}, "a.**.*Ref.name": {"a", "**", "*Ref", "name"},
	} {
		if got, ok := ParsePath(path); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v", path, got, ok)
		}
	}
}
