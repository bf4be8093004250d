package access

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

func ptr(s string) *string { return &s }

func TestSettingsOf(t *testing.T) {
	pos := manifest.Pos{File: "kes.yaml", Line: 3}
	for name, c := range map[string]struct {
		env  map[string]string
		kes  *kes.Controller
		want Settings
	}{
		"nothing": {nil, nil, Settings{}},
		"all": {map[string]string{
			"ENFORCE_NAMESPACE_ANNOTATIONS": "false", "WATCHED_NAMESPACES": " b, a ,,b", "INSTANCE_ID": "x",
			"NAMING_PERMITTED_ANNOTATION": "n", "ROLE_PERMITTED_ANNOTATION": "r",
		}, nil, Settings{Enforce: true, Watched: []string{"a", "b"}, Instance: "x", KeyName: "n", Role: "r"}},
		"only blanks": {map[string]string{"WATCHED_NAMESPACES": " , "}, nil, Settings{}},
		"hidden": {map[string]string{"ROLE_PERMITTED_ANNOTATION": "r"}, &kes.Controller{
			Refs:  map[string]kes.Key{"ENFORCE_NAMESPACE_ANNOTATIONS": {}, "ROLE_PERMITTED_ANNOTATION": {}, "WATCHED_NAMESPACES": {}},
			Plain: []string{"NAMING_PERMITTED_ANNOTATION"}, Places: map[string]manifest.Pos{"WATCHED_NAMESPACES": pos},
		}, Settings{
			Enforce: true, Role: "r", Unknown: []string{"NAMING_PERMITTED_ANNOTATION", "WATCHED_NAMESPACES"},
			Places: map[string]manifest.Pos{"WATCHED_NAMESPACES": pos},
		}},
	} {
		if got := SettingsOf(c.env, c.kes); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	one := Settings{Instance: "x", Watched: []string{"a"}}
	if one.Serves("") || !one.Serves("x") || (Settings{}).Serves("x") || !(Settings{}).Serves("") {
		t.Error("an object is served by the KES of its controllerId alone")
	}
	if !one.Watches("a") || one.Watches("b") || !(Settings{}).Watches("b") || one.Class() != "x" {
		t.Error("watched namespaces or class")
	}
}

func objects(t *testing.T, text string) []*manifest.Object {
	t.Helper()
	var out []*manifest.Object
	plan, err := (&manifest.Transformer{}).Plan(context.Background(), manifest.Input{Name: "ns.yaml", R: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if err := plan.Find(context.Background(), []string{"Namespace"}, []string{""}, func(o *manifest.Object) { out = append(out, o) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNamespacesOf(t *testing.T) {
	got := NamespacesOf(objects(t, `apiVersion: v1
kind: Namespace
metadata:
  name: shop
  annotations:
    externalsecrets.kubernetes-client.io/permitted-key-name: ^shop/
    iam.amazonaws.com/permitted: ""
---
apiVersion: v1
kind: Namespace
metadata: {name: plain, annotations: {iam.amazonaws.com/permitted: null}}
---
apiVersion: example.com/v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: listed, annotations: {iam.amazonaws.com/permitted: "^x$"}}
`), Settings{})
	var said []string
	for _, n := range got {
		said = append(said, fmt.Sprintf("%s %q %s %q %s %t", n.Name, text(n.KeyName), n.KeyNamePos, text(n.Role), n.RolePos, n.Restricted()))
	}
	want := []string{`listed "" "^x$" ns.yaml:22:71 true`, `plain "" "" false`, `shop "^shop/" ns.yaml:6:62 "" ns.yaml:7:34 true`}
	for i := range said {
		said[i] = strings.Join(strings.Fields(said[i]), " ")
	}
	if !slices.Equal(said, want) {
		t.Errorf("%q\nwant\n%q", said, want)
	}
	if got[1].Role != nil || got[2].Role == nil {
		t.Error("an annotation that is null isn't there, an empty one is")
	}
	if n := NamespacesOf(objects(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {n: x, r: y}}\n"), Settings{KeyName: "n", Role: "r"}); text(n[0].KeyName) != "x" || text(n[0].Role) != "y" {
		t.Error("the controller's own annotation names aren't read")
	}
}

func TestConditions(t *testing.T) {
	role := []StoreRole{{Kind: "ClusterSecretStore", Name: "s", Role: "team-a"}}
	plain := []StoreRole{{Kind: "ClusterSecretStore", Name: "s"}}
	limited := []Namespace{{Name: "a", Role: ptr("^team-a$")}, {Name: "b", Role: ptr("^team-b$")}, {Name: "c"}, {Name: "broken", Role: ptr("(")}}
	for name, c := range map[string]struct {
		s      Settings
		ns     []Namespace
		stores []StoreRole
		users  []string
		want   []string
	}{
		"open":             {Settings{}, limited[2:3], role, []string{"x"}, nil},
		"no role":          {Settings{}, limited, plain, []string{"x"}, nil},
		"role":             {Settings{}, limited, role, []string{"b", "x", ""}, []string{"a", "c", "x"}},
		"watched":          {Settings{Watched: []string{"a", "b", "w"}}, limited, role, []string{"x"}, []string{"a", "w"}},
		"watched, no role": {Settings{Watched: []string{"a", "w"}}, nil, plain, nil, []string{"a", "w"}},
		"enforced":         {Settings{Enforce: true}, []Namespace{{Name: "a", KeyName: ptr("x"), Role: ptr("team")}, {Name: "k", KeyName: ptr("x")}, {Name: "r", Role: ptr("team")}}, role, []string{"x"}, []string{"a"}},
		"enforced, none":   {Settings{Enforce: true}, nil, plain, []string{"x"}, []string{}},
	} {
		if got := Conditions(Policy{Settings: c.s, Namespaces: c.ns}, c.stores, c.users); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, want %#v", name, got, c.want)
		}
	}
}

func TestFindings(t *testing.T) {
	pos := func(line int) manifest.Pos { return manifest.Pos{File: "ns.yaml", Line: line} }
	p := Policy{
		Namespaces: []Namespace{
			{Name: "keys", KeyName: ptr("^a/"), KeyNamePos: pos(1)},
			{Name: "roles", Role: ptr("^team-a$"), RolePos: pos(2)},
			{Name: "ahead", KeyName: ptr("(?=a)"), KeyNamePos: pos(3), Role: ptr(`(a)\1`), RolePos: pos(4)},
			{Name: "invalid", KeyName: ptr("("), KeyNamePos: pos(5)},
			{Name: "free", KeyName: ptr(""), Role: ptr("")},
		},
		Stores: []StoreRole{
			{Kind: "ClusterSecretStore", Name: "b", Role: "team-b"}, {Kind: "ClusterSecretStore", Name: "a", Role: "team-a"},
			{Kind: "SecretStore", Namespace: "roles", Name: "own", Role: "team-c"}, {Kind: "SecretStore", Namespace: "x", Name: "own", Role: "team-c"},
		},
	}
	check := func(name string, p Policy, e Emitted, want ...string) {
		t.Helper()
		var got []string
		for _, f := range Findings(p, e) {
			got = append(got, fmt.Sprintf("%s %s %d %s", f.Rule, f.Severity, f.Pos.Line, f.Ref.Name))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	check("nothing printed", p, Emitted{}, "KES208 error 1 keys", "KES208 error 2 roles", "KES208 error 3 ahead", "KES208 error 4 ahead", "KES208 error 5 invalid")
	check("policy", p, Emitted{Policy: true}, "KES209 error 3 ahead", "KES209 error 4 ahead")
	held := map[string][]string{"a": {}, "b": {"keys"}}
	check("conditions, but a store of its own", p, Emitted{Conditions: held}, "KES208 error 1 keys", "KES208 error 2 roles", "KES208 error 3 ahead", "KES208 error 5 invalid")
	p.Stores = p.Stores[:2]
	check("conditions", p, Emitted{Conditions: held}, "KES208 error 1 keys", "KES208 error 3 ahead", "KES208 error 5 invalid")

	p.Namespaces = nil
	p.Settings = Settings{Enforce: true, Watched: []string{"a"}, Unknown: []string{watchedNamespaces}, Places: map[string]manifest.Pos{enforce: pos(7), watchedNamespaces: pos(8)}}
	check("settings", p, Emitted{Conditions: map[string][]string{"a": {}}}, "KES208 error 7 ", "KES208 error 8 ", "KES208 error 8 ")
	check("settings, conditions", p, Emitted{Conditions: held}, "KES208 error 8 ")
	check("settings, policy", p, Emitted{Policy: true}, "KES208 error 8 ")
}

func TestStoresOf(t *testing.T) {
	got := StoresOf([]store.Served{
		{Needs: []store.Need{{Backend: "vault", VaultRole: "v", RoleArn: "ignored"}, {Backend: "vault", KVVersion: 1}}},
		{Namespace: "n", Needs: []store.Need{{Backend: "secretManager", RoleArn: "r", VaultRole: "ignored"}}},
	})
	want := []StoreRole{
		{Backend: kes.Vault, KVVersion: 2, Role: "v"}, {Backend: kes.Vault, KVVersion: 1}, {Namespace: "n", Backend: kes.SecretsManager, Role: "r"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	// A store that is two at once is taken for neither.
	if b := (Policy{Stores: got[:2]}).tables().backends["SecretStore//"]; b != "" {
		t.Errorf("backend %q", b)
	}
}

func TestPolicyText(t *testing.T) {
	// Whatever an annotation or a name holds is a string of CEL.
	for in, want := range map[string]string{
		`a`: `"a"`, `\d`: `r"\d"`, `a"\d`: `"a\"\\d"`, "a\nb": `"a\U0000000Ab"`, "\u00E9\U0001F600": `"\U000000E9\U0001F600"`, `x\`: `"x\\"`,
	} {
		if got := quote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	var long []Namespace
	for i := range 2000 {
		long = append(long, Namespace{Name: fmt.Sprint(i), KeyName: ptr(fmt.Sprintf("^team-%d/%s", i, strings.Repeat("x", 40)))})
	}
	e := Policy{Namespaces: long}.expressions()
	if _, err := AdmissionPolicy(e.p); err != nil || len(e.patterns.parts) < 3 {
		t.Errorf("%d parts: %v", len(e.patterns.parts), err)
	}
	if got := e.patterns.has("x"); !strings.HasPrefix(got, "(x in variables.patterns || x in variables.patterns2 || ") {
		t.Errorf("%s", got)
	}
	var many []string
	for i := range 20000 {
		many = append(many, fmt.Sprint("namespace-", i))
	}
	if _, err := AdmissionPolicy(Policy{Settings: Settings{Watched: many}}); err == nil || !strings.Contains(err.Error(), "validation") {
		t.Errorf("an expression that is too long: %v", err)
	}
	a, err := AdmissionPolicy(Policy{Namespaces: long[:5], Stores: []StoreRole{{Name: "x", Role: "b"}, {Name: "x", Role: "a"}, {Name: "w"}}})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(long[:5])
	b, err := AdmissionPolicy(Policy{Namespaces: long[:5], Stores: []StoreRole{{Name: "w"}, {Name: "x", Role: "a"}, {Name: "x", Role: "b"}}})
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Error("the order of namespaces and stores shows", err)
	}
}
