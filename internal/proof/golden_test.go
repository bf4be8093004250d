package proof

import (
	"errors"
	"strings"
	"testing"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// kesValue reads one value with the simulated KES: "drop", "fail" or the bytes.
func kesValue(t *testing.T, be kes.Backend, raw string, it kes.Item, binary bool) string {
	t.Helper()
	it.Name = "n"
	in := &kes.ExternalSecret{Spec: kes.Spec{Backend: be, Data: []kes.Item{it}}}
	sim := newKESSim(in)
	res := sim.sync(&backend{values: map[address]string{sim.data[0].addr: raw}, binary: binary})
	switch {
	case res.unsure != "":
		t.Fatal(res.unsure)
	case res.err != nil:
		return "fail"
	case res.secret.data["n"] == nil:
		return "drop"
	}
	return string(res.secret.data["n"])
}

// esoValue reads one value with the simulated ESO: "fail" or the bytes.
func esoValue(t *testing.T, be kes.Backend, r release, raw string, ref eso.RemoteRef, binary bool) string {
	t.Helper()
	if ref.Key == "" {
		ref.Key = "k"
	}
	spec := &kes.Spec{Backend: be}
	sim := &esoSim{
		out: &eso.ExternalSecret{Data: []eso.Data{{SecretKey: "n", RemoteRef: ref}}}, spec: spec, release: r,
		behave: behaviourOf(r, be, true, true), templates: newTemplateSet(r),
	}
	addr, err := esoAddress(spec, ref, "")
	if err != nil {
		t.Fatal(err)
	}
	res := sim.sync(&backend{values: map[address]string{addr: raw}, binary: binary})
	switch {
	case res.unsure != "":
		t.Fatal(res.unsure)
	case res.err != nil:
		return "fail"
	}
	return string(res.secret.data["n"])
}

func prop(s string) *string { return &s }

var (
	v09 = release{0, 9, 20}
	v20 = release{0, 20, 4}
	v29 = release{2, 9, 0}
)

// TestPropertyLookup is eso-providers-aws-azure-gcp.md section 1.2, [run].
func TestPropertyLookup(t *testing.T) {
	const doc = `{"a.b":"L","a":{"b":"N","c.d":"cd"},".dockerconfigjson":"D","..x":"X",".":"dot","only.dot":"od","l":[{"k":"v0"},{"k":"v1"}],"a[0]":"lit","p":{"q.r":"qr"},"pass":"first","pa*s":"star","qx":"qx","q?":"question","@this":"at","x#":"hash"}`
	aws, gcp, azure := kes.SecretsManager, kes.GCPSecretsManager, kes.AzureKeyVault
	for _, c := range []struct{ property, kes, aws, gcp, azure string }{
		{"a.b", "L", "L", "L", "N"},
		{".dockerconfigjson", "D", "D", "fail", "D"},
		{"..x", "X", "X", "fail", "X"},
		{".", "dot", "dot", "fail", "dot"},
		{"l.0.k", "v0", "v0", "v0", "v0"},
		{"l[0].k", "v0", "fail", "fail", "fail"},
		{`l[1]["k"]`, "v1", "fail", "fail", "fail"},
		{`a["c.d"]`, "cd", "fail", "fail", "fail"},
		{`["only.dot"]`, "od", "[]", "[]", "[]"},
		{"a[0]", "lit", "lit", "lit", "lit"},
		{"p.q.r", "fail", "fail", "fail", "fail"},
		{"pa*s", "star", "first", "first", "first"},
		{"q?", "question", "qx", "qx", "qx"},
		{`pa\*s`, "fail", "star", "star", "star"},
		{`\.dockerconfigjson`, "fail", "D", "D", "D"},
		{`a.c\.d`, "fail", "cd", "cd", "cd"},
		{"l.#", "fail", "2", "2", "2"},
		{"l.#.k", "fail", `["v0","v1"]`, `["v0","v1"]`, `["v0","v1"]`},
		{"constructor", "function Object() { [native code] }", "fail", "fail", "fail"},
		{"nope", "fail", "fail", "fail", "fail"},
	} {
		if got := kesValue(t, aws, doc, kes.Item{Key: "k", Property: prop(c.property)}, false); got != c.kes {
			t.Errorf("KES %s: %q, want %q", c.property, got, c.kes)
		}
		for _, r := range []release{v09, v20, v29} {
			for be, want := range map[kes.Backend]string{aws: c.aws, gcp: c.gcp, azure: c.azure} {
				if got := esoValue(t, be, r, doc, eso.RemoteRef{Property: c.property}, false); got != want {
					t.Errorf("ESO %v %s %s: %q, want %q", r, be, c.property, got, want)
				}
			}
		}
	}
}

// TestPropertyBytes is section 1.3, [run].
func TestPropertyBytes(t *testing.T) {
	for _, c := range []struct{ json, kes, eso string }{
		{`"a\u00e9\/<&>"`, "aé/<&>", "aé/<&>"}, {`"\ud800"`, "\ufffd", "\ufffd"},
		{`42`, "42", "42"}, {`-7`, "-7", "-7"}, {`1.0`, "1", "1"}, {`1.50`, "1.5", "1.5"}, {`1E2`, "100", "100"},
		{`12345678901234567890`, "12345678901234567000", "12345678901234567890"},
		{`9007199254740993`, "9007199254740992", "9007199254740993"},
		{`1e21`, "1e+21", "1000000000000000000000"}, {`1e-7`, "1e-7", "0.0000001"},
		{`-0`, "0", "-0"}, {`-0.0`, "0", "-0"}, {`1e400`, "Infinity", "+Inf"}, {`true`, "true", "true"}, {`null`, "null", ""},
		{`{"a":"<","b":[1,2]}`, `{"a":"<","b":[1,2]}`, `{"a":"<","b":[1,2]}`},
		{`{ "b":1.0, "a":"\u00e9\/", "10":1,"9":2 }`, `{"9":2,"10":1,"b":1,"a":"é/"}`, `{ "b":1.0, "a":"\u00e9\/", "10":1,"9":2 }`},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`, `{"a":1,"b":2,"a":3}`},
		{`{}`, "{}", "{}"}, {`[]`, "[]", "[]"}, {`""`, "", ""},
	} {
		doc := `{"x":` + c.json + `}`
		if got := kesValue(t, kes.SystemManager, doc, kes.Item{Key: "k", Property: prop("x")}, false); got != c.kes {
			t.Errorf("KES %s: %q, want %q", c.json, got, c.kes)
		}
		for _, be := range []kes.Backend{kes.SystemManager, kes.AzureKeyVault, kes.GCPSecretsManager, kes.Akeyless} {
			if got := esoValue(t, be, v29, doc, eso.RemoteRef{Property: "x"}, false); got != c.eso {
				t.Errorf("ESO %s %s: %q, want %q", be, c.json, got, c.eso)
			}
		}
	}
	if got := kesValue(t, kes.SystemManager, `{"x":1,"x":2}`, kes.Item{Key: "k", Property: prop("x")}, false); got != "2" {
		t.Errorf("KES reads %s of repeated keys", got)
	}
	if got := esoValue(t, kes.SystemManager, v29, `{"x":1,"x":2}`, eso.RemoteRef{Property: "x"}, false); got != "1" {
		t.Errorf("ESO reads %s of repeated keys", got)
	}
}

// TestNotJSON is section 1.4, [run].
func TestNotJSON(t *testing.T) {
	gcp, aws := kes.GCPSecretsManager, kes.SecretsManager
	for _, c := range []struct{ doc, kes, aws, gcpOld, gcpNew string }{
		{"hello", "drop", "fail", "fail", "fail"}, {"", "drop", "fail", "fail", "fail"},
		{`{"x":1} tail`, "drop", "1", "1", "fail"}, {`abc {"x":1}`, "drop", "1", "1", "fail"},
		{"\ufeff" + `{"x":1}`, "drop", "1", "1", "fail"}, {`{"x":"1"`, "drop", "1", "1", "fail"}, {`{"x":1,}`, "drop", "1", "1", "fail"},
		{`{"y":1}`, "fail", "fail", "fail", "fail"}, {`null`, "fail", "fail", "fail", "fail"}, {`5`, "fail", "fail", "fail", "fail"},
	} {
		if got := kesValue(t, aws, c.doc, kes.Item{Key: "k", Property: prop("x")}, false); got != c.kes {
			t.Errorf("KES %q: %q, want %q", c.doc, got, c.kes)
		}
		for r, want := range map[release]string{{0, 20, 1}: c.gcpOld, {0, 20, 2}: c.gcpNew, v29: c.gcpNew} {
			if got := esoValue(t, gcp, r, c.doc, eso.RemoteRef{Property: "x"}, false); got != want {
				t.Errorf("GCP %v %q: %q, want %q", r, c.doc, got, want)
			}
		}
		if got := esoValue(t, aws, v29, c.doc, eso.RemoteRef{Property: "x"}, false); got != c.aws {
			t.Errorf("AWS %q: %q, want %q", c.doc, got, c.aws)
		}
	}
	if got := kesValue(t, gcp, "\x00\x01\xff\xfe\x80", kes.Item{Key: "k"}, false); got != "\x00\x01\ufffd\ufffd\ufffd" {
		t.Errorf("KES reads %q from GCP bytes", got)
	}
	if got := kesValue(t, aws, "YQ==", kes.Item{Key: "k", IsBinary: true}, true); got != "YQ==" {
		t.Errorf("KES decodes a SecretBinary: %q", got)
	}
	if got := kesValue(t, aws, `{"x":"YQ=="}`, kes.Item{Key: "k", Property: prop("x"), IsBinary: true}, true); got != "a" {
		t.Errorf("KES reads a property of a SecretBinary: %q", got)
	}
	if got := kesValue(t, kes.SystemManager, "{}", kes.Item{Key: "k", Property: prop("")}, false); got != "fail" {
		t.Errorf(`KES looks up "": %q`, got)
	}
}

// TestDecoding is section 4, [run].
func TestDecoding(t *testing.T) {
	const fail = "fail"
	for _, c := range []struct{ in, kes, base64, auto string }{
		{"aGVsbG8=", "hello", "hello", "hello"}, {"aGVs\nbG8=\r\n", "hello", "hello", "hello"}, {"", "", "", ""}, {"aGVsbG9=", "hello", "hello", "hello"},
		{"aGVsbG8", "hello", fail, "aGVsbG8"}, {"a", "", fail, "a"}, {" aGVs\tbG8=", "hello", fail, " aGVs\tbG8="},
		{"-_-_", "\xfb\xff\xbf", fail, "\xfb\xff\xbf"}, {"-_8", "\xfb\xff", fail, "-_8"},
		{"!!!aGV*sbG8=!!!", "hello", fail, "!!!aGV*sbG8=!!!"}, {"YQ==YQ==", "a", fail, "YQ==YQ=="}, {"aGVsbG8===", "hello", fail, "aGVsbG8==="},
		{"====", "", fail, "===="}, {"1234", "\xd7m\xf8", "\xd7m\xf8", "\xd7m\xf8"},
	} {
		if got := kesValue(t, kes.SystemManager, c.in, kes.Item{Key: "k", IsBinary: true}, false); got != c.kes {
			t.Errorf("KES %q: %q, want %q", c.in, got, c.kes)
		}
		for strategy, want := range map[string]string{"Base64": c.base64, "Auto": c.auto, "None": c.in} {
			if got := esoValue(t, kes.SystemManager, v29, c.in, eso.RemoteRef{Decode: strategy}, false); got != want {
				t.Errorf("ESO %s %q: %q, want %q", strategy, c.in, got, want)
			}
		}
	}
	if got := kesValue(t, kes.SystemManager, `{"x":1234}`, kes.Item{Key: "k", Property: prop("x"), IsBinary: true}, false); got != "1234" {
		t.Errorf("KES decodes a number: %q", got)
	}
}

// TestVaultBytes is eso-providers-vault section 1.3 for kv 1 and kv 2, [run]
// but for what the server does to numbers.
func TestVaultBytes(t *testing.T) {
	const doc = `{"num":8080,"big":12345678901234567890,"float":1.50,"exp":1e3,"tiny":1e-7,"huge":1e21,"nul":null,"b":true,"obj":{"z":1,"a":"<x>","f":1.0},"arr":[1,"two",{"b":2,"a":1.0}],"a.b":"L","a":{"b":"N","g":7.10},"10":1,"9":2,"s":"a<b>&c"}`
	for _, c := range []struct {
		kv                 int
		property, kes, eso string
	}{
		{1, "num", "8080", "8080"}, {1, "big", "12345678901234567000", "12345678901234567890"}, {1, "float", "1.5", "1.50"},
		{1, "exp", "1000", "1e3"}, {1, "tiny", "1e-7", "1e-7"}, {1, "huge", "1e+21", "1e21"}, {1, "nul", "null", ""}, {1, "b", "true", "true"},
		{1, "obj", `{"a":"<x>","f":1,"z":1}`, `{"a":"\u003cx\u003e","f":1.0,"z":1}`}, {1, "s", "a<b>&c", "a<b>&c"},
		{1, "arr", `[1,"two",{"a":1,"b":2}]`, `[1,"two",{"a":1.0,"b":2}]`}, {1, "a.b", "L", "L"}, {1, "a.g", "7.1", "7.1"}, {1, "obj.f", "1", "1"},
		{2, "big", "12345678901234567000", "12345678901234567000"}, {2, "float", "1.5", "1.5"}, {2, "huge", "1e+21", "1e+21"}, {2, "nope", "fail", "fail"},
	} {
		spec := kes.Spec{Backend: kes.Vault, KVVersion: c.kv, Data: []kes.Item{{Key: "secret/data/app", Name: "n", Property: prop(c.property)}}}
		store := &backend{values: map[address]string{{"secret/data/app", ""}: doc}}
		res := newKESSim(&kes.ExternalSecret{Spec: spec}).sync(store)
		if got := outcome(res); got != c.kes {
			t.Errorf("KES kv %d %s: %q, want %q", c.kv, c.property, got, c.kes)
		}
		sim := &esoSim{out: &eso.ExternalSecret{Data: []eso.Data{{SecretKey: "n", RemoteRef: eso.RemoteRef{Key: "secret/data/app", Property: c.property}}}}, spec: &spec}
		if got := outcome(sim.sync(store)); got != c.eso {
			t.Errorf("ESO kv %d %s: %q, want %q", c.kv, c.property, got, c.eso)
		}
	}
}

func outcome(r result) string {
	switch {
	case r.unsure != "":
		return "unsure"
	case r.err != nil:
		return "fail"
	case r.secret == nil:
		return "nothing"
	}
	return string(r.secret.data["n"])
}

// TestVaultPath is eso-providers-vault section 1.2, [run].
func TestVaultPath(t *testing.T) {
	for _, c := range []struct {
		kv              int
		mount, key, url string
	}{
		{2, "", "secret/data/team/app", "secret/data/team/app"}, {2, "", "secret/data/data/app", "secret/data/data/app"},
		{2, "", "secret/team/app", "secret/data/team/app"}, {2, "", "team/secret/app", "team/data/secret/app"},
		{2, "", "/secret/team/app", "/data/secret/team/app"}, {2, "", "data/app", "data/data/app"}, {2, "", "secret/data", "secret/data/data"},
		{2, "secret", "team/app", "secret/data/team/app"}, {2, "secret", "secret/data/team/app", "secret/data/team/app"},
		{2, "secret", "data/team/app", "secret/data/data/team/app"}, {2, "secret", "secret/app", "secret/data/app"},
		{2, "secret", "secret/data/secret/app", "secret/data/secret/app"}, {2, "secret", "secret/secret/app", "secret/data/secret/app"},
		{2, "team/secret", "app", "team/secret/data/app"}, {1, "", "any/thing", "any/thing"}, {1, "secret", "secret/team/app", "secret/team/app"},
		{1, "secret", "secret/secret/app", "secret/secret/app"},
	} {
		if got := vaultBuildPath(c.key, c.mount, c.kv); got != c.url {
			t.Errorf("kv %d, path %q, key %s: %s, want %s", c.kv, c.mount, c.key, got, c.url)
		}
	}
}

// TestFunctionCounts is eso-templates.md C6, [run].
func TestFunctionCounts(t *testing.T) {
	for r, want := range map[release]int{v09: 221, {0, 14, 4}: 222, {0, 16, 2}: 222, v20: 226, {1, 3, 2}: 225, {2, 3, 0}: 226, v29: 227} {
		if got := len(newTemplateSet(r).functions()); got != want {
			t.Errorf("ESO %v: %d functions, want %d", r, got, want)
		}
	}
}

// TestBuildsTooMuch: a template that would take the memory is not provable.
func TestBuildsTooMuch(t *testing.T) {
	for text, want := range map[string]string{
		"{{ repeat 3 .x }}": "ababab", "{{ repeat 9000000 .x }}": "unsure", "{{ repeat 1000000 (repeat 20 .x) }}": "unsure",
		"{{ indent 2 .x }}": "  ab", "{{ indent 1000000 (repeat 20 .x) }}": "unsure", "{{ len (until 2000000) }}": "unsure", "{{ len (until 20) }}": "20",
		`{{ $x := .x }}{{ range until 60 }}{{ $x = quote $x }}{{ end }}{{ len $x }}`: "unsure", `{{ $x := .x }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}`: "unsure",
		`{{ print .x 1 2 "b" }}{{ printf "%s%d" .x 3 }}{{ html "<" }}{{ quote .x nil 1 }}`: "ab1 2b" + `ab3&lt;"ab" "1"`,
	} {
		if got := goTemplate(v20, text, map[string]string{"x": "ab"}); got != want {
			t.Errorf("%s: %.40q", text, got)
		}
	}
}

// TestTextsAsIntegers: what the releases read differently is not provable.
func TestTextsAsIntegers(t *testing.T) {
	for text, want := range map[string]string{
		`{{ add 1 "2" }}`: "3", `{{ add 1 "1.9" }}`: "unsure", `{{ int "1.9" }}`: "unsure", `{{ mul .x 2 }}`: "unsure", `{{ slice (list 1 2) "1.0" }}`: "unsure",
		`{{ max 1.9 2 }}`: "2", `{{ int64 "010" }}`: "8",
	} {
		if got := goTemplate(v20, text, map[string]string{"x": "1e3"}); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func unsureIn(err error) bool {
	u := (*unsureError)(nil)
	return errors.As(err, &u)
}

// goTemplate runs one template of ESO: "fail", "unsure" or the text.
func goTemplate(r release, text string, data map[string]string) string {
	out, err := newTemplateSet(r).execute("k", text, data)
	switch {
	case unsureIn(err):
		return "unsure"
	case err != nil:
		return "fail"
	}
	return out
}

// lodashText runs one template of KES: "fail", "unsure" or the text.
func lodashText(text string, data map[string]string) string {
	in := &kes.ExternalSecret{Spec: kes.Spec{Backend: kes.SystemManager, Template: kes.Template{StringData: []kes.Text{{Key: "out", Value: text}}}}}
	values := map[address]string{}
	for k, v := range data {
		in.Spec.Data = append(in.Spec.Data, kes.Item{Key: k, Name: k})
		values[address{k, ""}] = v
	}
	sim := newKESSim(in)
	if sim.unsure != "" {
		return "unsure"
	}
	res := sim.sync(&backend{values: values})
	switch {
	case res.unsure != "":
		return "unsure"
	case res.err != nil:
		return "fail"
	}
	return string(res.secret.data["out"])
}

func rows(t *testing.T, table string) [][]string {
	t.Helper()
	var out [][]string
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		out = append(out, strings.Split(strings.TrimSpace(line), " ║ "))
	}
	return out
}
