package proof

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// list prints a data map in order: "a=1 b=2".
func list(m map[string][]byte) string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+string(v))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func listed(r result) string {
	switch {
	case r.unsure != "":
		return "unsure"
	case r.err != nil:
		return "fail"
	case r.secret == nil:
		return "nothing"
	}
	return list(r.secret.data)
}

func simulated(be kes.Backend, r release, out *eso.ExternalSecret) *esoSim {
	return &esoSim{out: out, spec: &kes.Spec{Backend: be}, release: r, behave: behaviourOf(r, be, true, true), templates: newTemplateSet(r)}
}

// TestExtract is eso-providers-aws-azure-gcp.md section 2 and akeyless 3.2,
// [run]: the document, what KES's dataFrom writes, what ESO's extract does.
func TestExtract(t *testing.T) {
	for _, c := range []struct{ doc, kes, eso, akeylessOld string }{
		{`{"a":"text","b":42,"c":true,"d":1e-7}`, "a=text b=42 c=true d=1e-7", "a=text b=42 c=true d=1e-7", "fail"},
		{`{"a":1.0,"b":1.50,"c":1E2,"d":1e21}`, "a=1 b=1.5 c=100 d=1e+21", "a=1.0 b=1.50 c=1E2 d=1e21", "fail"},
		{`{"a":12345678901234567890,"b":-0,"c":1e400}`, "a=12345678901234567000 b=0 c=Infinity", "a=12345678901234567890 b=-0 c=1e400", "fail"},
		{`{"a":null,"b":"x"}`, "a=null b=x", "a= b=x", "a= b=x"},
		{`{"a":{"y":1, "x":"<"}}`, `a={"y":1,"x":"<"}`, `a={"y":1, "x":"<"}`, "fail"},
		{`{"a":"1","a":"2"}`, "a=2", "a=2", "a=2"},
		{`not json`, "", "fail", "fail"}, {`{"a":"1"} x`, "", "fail", "fail"},
		{`["a","b"]`, "0=a 1=b", "fail", "fail"}, {`"abc"`, "0=a 1=b 2=c", "fail", "fail"},
		{`5`, "", "fail", "fail"}, {`true`, "", "fail", "fail"}, {`{}`, "", "nothing", "nothing"},
		{`{"a b":"1"}`, "fail", "a_b=1", "a_b=1"}, {`{"a b":"1","a/b":"2"}`, "fail", "fail", "fail"},
		{`{"":"x","a":"1"}`, "fail", "a=1", "fail"},
	} {
		in := &kes.ExternalSecret{Spec: kes.Spec{Backend: kes.SystemManager, DataFrom: []kes.Text{{Value: "k"}}}}
		store := &backend{values: map[address]string{{"k", ""}: c.doc, {"k", "latest"}: c.doc}}
		if got := listed(newKESSim(in).sync(store)); got != c.kes {
			t.Errorf("KES %s: %s, want %s", c.doc, got, c.kes)
		}
		out := &eso.ExternalSecret{DataFrom: []eso.DataFrom{{Extract: &eso.RemoteRef{Key: "k"}}}}
		for _, be := range []kes.Backend{kes.SystemManager, kes.AzureKeyVault, kes.GCPSecretsManager, kes.Akeyless} {
			if got := listed(simulated(be, v29, out).sync(store)); got != c.eso {
				t.Errorf("ESO %s %s: %s, want %s", be, c.doc, got, c.eso)
			}
		}
		// Akeyless before 2.8 wants strings, 0.14 refuses the key "".
		if got := listed(simulated(kes.Akeyless, release{0, 14, 4}, out).sync(store)); got != c.akeylessOld {
			t.Errorf("Akeyless of ESO 0.14.4 %s: %s, want %s", c.doc, got, c.akeylessOld)
		}
	}
}

// TestVaultExtract is eso-providers-vault section 1.3, column extract, [run].
func TestVaultExtract(t *testing.T) {
	out := &eso.ExternalSecret{DataFrom: []eso.DataFrom{{Extract: &eso.RemoteRef{Key: "secret/data/k"}}}}
	sim := simulated(kes.Vault, v29, out)
	sim.spec.KVVersion = 1
	store := &backend{values: map[address]string{{"secret/data/k", ""}: `{"big":12345678901234567890,"float":1.50,"exp":1e3,"tiny":1e-7,"huge":1e21,"nul":null,"obj":{"z":1,"a":"<x>","f":1.0}}`}}
	want := `big=12345678901234567000 exp=1000 float=1.5 huge=1000000000000000000000 nul= obj={"a":"\u003cx\u003e","f":1,"z":1} tiny=0.0000001`
	if got := listed(sim.sync(store)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestSSMPath is section 3.3, [run].
func TestSSMPath(t *testing.T) {
	store := &backend{params: []param{{"/a/b/k1", "1"}, {"/a/b/k.2", "2"}, {"/a/b/c/k3", "3"}, {"/a/b/c/d/k4", "4"}, {"/a/bb/x", "5"}}}
	for _, c := range []struct{ regexp, source, target, want string }{
		{"^/a/b/[^/]+$", "^.*/", "", "k.2=2 k1=1"}, {"^/a/b/.+$", "^.*/", "", "k.2=2 k1=1 k3=3 k4=4"},
		{".*", ".*/", "", "k.2=2 k1=1 k3=3 k4=4"}, {".*", "^.*/([^/]+)$", "$1", "k.2=2 k1=1 k3=3 k4=4"},
		{".*", "/a/b/", "", "fail"}, {".*", "^/a/b/([^/]+)$", "$1", "fail"}, {"^/a/b/k1$", "^.*/([^/]+)$", "$1_x", "nothing"},
		{"^/a/b/[^/]+$", "", "", "_a_b_k.2=2 _a_b_k1=1"}, {"(?=a)", "", "", "fail"},
	} {
		d := eso.DataFrom{Find: &eso.Find{Path: "/a/b", Regexp: c.regexp}}
		if c.source != "" {
			d.Rewrite = []eso.Rewrite{{Source: c.source, Target: c.target}}
		}
		got := listed(simulated(kes.SystemManager, v20, &eso.ExternalSecret{DataFrom: []eso.DataFrom{d}}).sync(store))
		if got != c.want {
			t.Errorf("%s, %s -> %q: %s, want %s", c.regexp, c.source, c.target, got, c.want)
		}
	}
	for recursive, want := range map[bool]string{false: "k.2=2 k1=1", true: "k.2=2 k1=1 k3=3 k4=4"} {
		in := &kes.ExternalSecret{Spec: kes.Spec{Backend: kes.SystemManager, Data: []kes.Item{{FromPath: "/a/b", Recursive: recursive}}}}
		if got := listed(newKESSim(in).sync(store)); got != want {
			t.Errorf("KES, recursive %t: %s, want %s", recursive, got, want)
		}
	}
	d := eso.DataFrom{Find: &eso.Find{Path: "/", Regexp: ".*"}, Rewrite: []eso.Rewrite{{Source: "^.*/", Target: ""}}}
	twice := &backend{params: []param{{"/a/x", "1"}, {"/b/x", "2"}}}
	if got := listed(simulated(kes.SystemManager, v20, &eso.ExternalSecret{DataFrom: []eso.DataFrom{d}}).sync(twice)); got != "unsure" {
		t.Errorf("two parameters of one basename: %s", got)
	}
}

// TestRewrite is eso-templates.md A4, [run].
func TestRewrite(t *testing.T) {
	for _, c := range []struct{ source, target, in, want string }{
		{"^.*/", "", "/a/b/c /a/d e", "c d e"}, {".*/([^/]+)$", "$1", "/a/b/c /a/d e", "c d e"}, {".*/(.+)", "$1x", "a/b", ""},
		{"(.+)/(.+)", "$1_$2", "a/b", "b"}, {"(.+)/(.+)", "${1}_${2}", "a/b", "a_b"}, {"a", "b", "aXa", "bXb"}, {"", "-", "ab", "-a-b-"},
		{"^a$", "new", "a b", "b new"}, {"a", "$$x", "a", "$x"},
	} {
		m := map[string][]byte{}
		for _, k := range strings.Fields(c.in) {
			m[k] = nil
		}
		out, err := rewrite([]eso.Rewrite{{Source: c.source, Target: c.target}}, m)
		var keys []string
		for k := range out {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if got := strings.Join(keys, " "); err != nil || got != c.want {
			t.Errorf("%s -> %s on %s: %q %v, want %q", c.source, c.target, c.in, got, err, c.want)
		}
	}
}

// TestAssembly is eso-templates.md B1 and B2, [run]: fetched a=fa b=fb.
func TestAssembly(t *testing.T) {
	for _, c := range []struct {
		tpl  eso.Template
		want string
	}{
		{eso.Template{}, "a=fa b=fb"},
		{eso.Template{Type: "T", Labels: manifest.Map{{Key: "l", Value: "{{ .a }}"}}}, "a=fa b=fb"},
		{eso.Template{Data: manifest.Map{{Key: "x", Value: "y"}}}, "x=y"},
		{eso.Template{Merge: true, Data: manifest.Map{{Key: "x", Value: "{{ .b }}"}, {Key: "a", Value: "D"}}}, "a=D b=fb x=fb"},
		{eso.Template{Data: manifest.Map{{Key: "{{ .a }}", Value: "y"}}}, "fail"},
		{eso.Template{Labels: manifest.Map{{Key: "l", Value: "{{ .nope }}"}}}, "fail"},
	} {
		out := &eso.ExternalSecret{Data: []eso.Data{{SecretKey: "a", RemoteRef: eso.RemoteRef{Key: "a"}}, {SecretKey: "b", RemoteRef: eso.RemoteRef{Key: "b"}}}}
		out.Labels = manifest.Map{{Key: "own", Value: "x"}}
		out.Target.Template = c.tpl
		res := simulated(kes.SystemManager, v29, out).sync(&backend{values: map[address]string{{"a", ""}: "fa", {"b", ""}: "fb"}})
		if got := listed(res); got != c.want {
			t.Errorf("%+v: %s, want %s", c.tpl, got, c.want)
		}
		if res.secret != nil && res.secret.labels["own"] != "" {
			t.Error("the ExternalSecret's labels are on the Secret")
		}
	}
}

// TestKESAssembly is eso-templates.md D5, [run]; it also holds the order of
// precedence (kv-backend.js:195-199) and the shared data object.
func TestKESAssembly(t *testing.T) {
	in := &kes.ExternalSecret{Spec: kes.Spec{
		Backend:             kes.SystemManager,
		DataFrom:            []kes.Text{{Value: "one"}},
		DataFromWithOptions: []kes.Item{{Key: "two", IsBinary: true}},
		Data:                []kes.Item{{Key: "plain", Name: "c"}},
		Template: kes.Template{
			Labels:     []kes.Text{{Key: "10", Value: "<% data.seen = (data.seen || '') + '10' %><%= data.seen %>"}, {Key: "9", Value: "<% data.seen = (data.seen || '') + '9' %><%= data.seen %>"}},
			Data:       []kes.Text{{Key: "a", Value: "bG9zZXM="}, {Key: "d", Value: "a2VwdA=="}},
			StringData: []kes.Text{{Key: "b", Value: "<%= data.c %>!"}},
		},
	}}
	store := &backend{values: map[address]string{{"one", ""}: `{"a":"1","b":"1","c":"1"}`, {"two", ""}: `{"b":"YQ==","c":"2"}`, {"plain", ""}: "3"}}
	res := newKESSim(in).sync(store)
	if got := listed(res); got != "a=1 b=3! c=3 d=kept" {
		t.Error(got)
	}
	if got := fmt.Sprint(res.secret.labels); got != "map[10:910 9:9]" {
		t.Error(got)
	}
	in.Spec.Template.Data[1].Value = "not base64!"
	if got := listed(newKESSim(in).sync(store)); got != "fail" {
		t.Error(got)
	}
}

// TestIBM is eso-providers-vault section 2.1 to 2.3, [run].
func TestIBM(t *testing.T) {
	const id = "b2f1c5d0-4d3e-4f6a-9b8c-7d6e5f4a3b2c"
	for _, c := range []struct{ kind, raw, property, kes, key, esoProperty, eso string }{
		{"username_password", `{"username":"u","password":"p"}`, "password", "p", "username_password/" + id, "password", "p"},
		{"username_password", `{"username":"u","password":"p"}`, "", `{"username":"u","password":"p"}`, "username_password/" + id, "", "fail"},
		{"arbitrary", `{"payload":"text"}`, "payload", "text", "arbitrary/" + id, "payload", "text"},
		{"arbitrary", `{"payload":"{\"a\":1}"}`, "payload.a", "fail", id, "a", `{"a":1}`},
		{"iam_credentials", `KEY`, "", `"KEY"`, "iam_credentials/" + id, "", "KEY"},
		{"iam_credentials", `KEY`, "api_key", "fail", "iam_credentials/" + id, "ignored", "KEY"},
		{"iam_credentials", `KEY`, "length", "3", "iam_credentials/" + id, "", "KEY"},
		{"kv", `{"payload":{"k":"v","x.y":"L","x":{"y":"N"},"o":{"b":"<","a":1}}}`, "payload.k", "v", "kv/" + id, "k", "v"},
		{"kv", `{"payload":{"k":"v","x.y":"L","x":{"y":"N"}}}`, "payload.x.y", "N", "kv/" + id, "x.y", "L"},
		{"kv", `{"payload":{"o":{"b":"<","a":1}}}`, "payload.o", `{"b":"<","a":1}`, "kv/" + id, "o", `{"a":1,"b":"\u003c"}`},
		{"kv", `{"payload":{"n":null}}`, "payload.n", "null", "kv/" + id, "n", ""},
		{"kv", `{"payload":{"a":"1"}}`, "payload.a", "1", "kv/" + id, "payload.a", "fail"},
		{"kv", `{"payload":{"a":"1"}}`, "payload.a", "1", "username_password/" + id, "a", "fail"},
		{"imported_cert", `{"certificate":"c"}`, "private_key", "fail", "imported_cert/" + id, "private_key", ""},
	} {
		it := kes.Item{Key: id, Name: "n", SecretType: c.kind}
		if c.property != "" {
			it.Property = &c.property
		}
		store := &backend{values: map[address]string{{id, c.kind}: c.raw}}
		in := &kes.ExternalSecret{Spec: kes.Spec{Backend: kes.IBMCloudSecretsManager, Data: []kes.Item{it}}}
		if got := outcome(newKESSim(in).sync(store)); got != c.kes {
			t.Errorf("KES %s %s: %q, want %q", c.kind, c.property, got, c.kes)
		}
		out := &eso.ExternalSecret{Data: []eso.Data{{SecretKey: "n", RemoteRef: eso.RemoteRef{Key: c.key, Property: c.esoProperty}}}}
		if got := outcome(simulated(kes.IBMCloudSecretsManager, v29, out).sync(store)); got != c.eso {
			t.Errorf("ESO %s %s: %q, want %q", c.key, c.esoProperty, got, c.eso)
		}
	}
	out := &eso.ExternalSecret{Data: []eso.Data{{SecretKey: "n", RemoteRef: eso.RemoteRef{Key: "kv/name"}}}}
	if got := outcome(simulated(kes.IBMCloudSecretsManager, v29, out).sync(&backend{})); got != "fail" {
		t.Errorf("a name without a group: %s", got)
	}
}

// TestDeterminism: the same seed gives the same report.
func TestDeterminism(t *testing.T) {
	in := one(t, "  backendType: secretsManager\n  dataFrom: [a, b]\n  data: [{key: c, name: k, property: v.w}]\n  template: {stringData: {s: '<%= JSON.parse(data.k).q %>'}}\n")
	out := &eso.ExternalSecret{DataFrom: []eso.DataFrom{{Extract: &eso.RemoteRef{Key: "b"}}}}
	a := fmt.Sprint(Verify(in, out, Options{Seed: 5}))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if b := fmt.Sprint(Verify(in, out, Options{Seed: 5})); a != b {
				t.Errorf("%s\n%s", a, b)
			}
		})
	}
	wg.Wait()
}
