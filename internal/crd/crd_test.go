package crd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/eso/esotest"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// objects reads the objects of ESO's group in a text.
func objects(t *testing.T, text string) (out []*manifest.Object) {
	t.Helper()
	tr := manifest.Transformer{Groups: []string{"external-secrets.io"}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		out = append(out, o)
		return manifest.Result{}, nil
	}}
	plan, err := tr.Plan(context.Background(), manifest.Input{Name: "in.yaml", R: strings.NewReader(text)})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	plan.Close()
	return out
}

const good = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: web
spec:
  refreshInterval: 1h0m0s
  secretStoreRef: {name: aws, kind: ClusterSecretStore}
  target:
    template:
      data: {a: "1"}
  data:
  - secretKey: password
    remoteRef: {key: shop/web}
`

func TestCheck(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"", "", ""},
		{"external-secrets.io/v1", "external-secrets.io/v1beta1", "1:13 apiVersion: external-secrets.io/v1beta1 isn't served for ExternalSecret, only external-secrets.io/v1"},
		{"kind: ExternalSecret", "kind: PushSecret", ""},
		{"  name: web\n", "  namespace: web\n", "4:3 metadata.name: is required"},
		{"name: web", "name: true", "4:9 metadata.name: must be a string"},
		{"name: web", "name: web\n  annotations: {a: yes}", "5:20 metadata.annotations.a: must be a string"},
		{"name: web", "name: web\n  labels: {a: null}", ""},
		{"name: web", "name: web\n  lables: {a: b}", "5:3 metadata.lables: is an unknown field, which the API server takes away"},
		{"1h0m0s", "1", "6:20 spec.refreshInterval: must be a string, not the number 1"},
		{"1h0m0s", "null", ""}, // falls away, then the default
		{"kind: ClusterSecretStore", "kind: Store", "7:37 spec.secretStoreRef.kind: must be one of SecretStore, ClusterSecretStore, not \"Store\""},
		{"{name: aws,", "{name: AWS,", `7:26 spec.secretStoreRef.name: "AWS" doesn't match ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`},
		{`{a: "1"}`, `{a: on}`, "10:17 spec.target.template.data.a: must be a string, not the boolean true"},
		{`{a: "1"}`, `{a: null}`, ""},
		{`{a: "1"}`, `[a]`, "10:13 spec.target.template.data: must be a mapping, not a list"},
		{"    template:", "    immutable: yes\n    template:", ""},
		{"    template:", "    immutable: 'yes'\n    template:", "9:16 spec.target.immutable: must be true or false, not a string"},
		{"secretKey: password", "secretKey: " + strings.Repeat("a", 254), "12:16 spec.data[0].secretKey: must have at most 253 characters, not 254"},
		{"secretKey: password", "secretkey: password", "12:5 spec.data[0].secretkey: is an unknown field, which the API server takes away; 12:5 spec.data[0].secretKey: is required"},
		{"{key: shop/web}", "null", "12:5 spec.data[0].remoteRef: is required"},
		{"{key: shop/web}", "{<<: {key: a, x: b}}", "13:30 spec.data[0].remoteRef.x: is an unknown field, which the API server takes away"},
		{"{key: shop/web}", "&r {key: a}\n  - {secretKey: b, remoteRef: *r}", ""},
		{"  data:\n", "  dataFrom: [{rewrite: [{}]}]\n  data:\n", "11:25 spec.dataFrom[0].rewrite[0]: must have at least 1 fields"},
		{"  data:\n", "  dataFrom: [{rewrite: [{merge: {}, transform: {template: a}}]}]\n  data:\n", "11:25 spec.dataFrom[0].rewrite[0]: must have at most 1 fields, not 2"},
		// sourceRef's object has a default in it.
		{"  data:\n", "  dataFrom: [{sourceRef: {generatorRef: {kind: UUID, name: a}}}]\n  data:\n", ""},
		{"spec:", "status: 1\nspec:", ""},
	} {
		set, note := For("2.9")
		if note != "" {
			t.Fatal(note)
		}
		var got []string
		for _, o := range objects(t, strings.Replace(good, tt.old, tt.new, 1)) {
			for _, p := range set.Check(o) {
				got = append(got, strings.TrimPrefix(o.PosOf(p.Node).String(), "in.yaml:")+" "+p.String())
			}
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%q -> %q:\n%s\nwant\n%s", tt.old, tt.new, s, tt.want)
		}
	}
}

func TestStores(t *testing.T) {
	const store = "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: a}\nspec: {refreshInterval: 1h, provider: {PROVIDER}}\n"
	for _, tt := range []struct{ provider, want string }{
		{"aws: {service: SecretsManager, region: eu, customSessionTags: {a: b}}", ""},
		{"aws: {service: SecretsManager, region: eu, customSessionTags: {esoNamespace: b}}", "spec.provider.aws.customSessionTags.esoNamespace: is a key that ESO sets itself"},
		{"aws: {service: SecretsManager, region: eu}, fake: {data: []}", "spec.provider: must have at most 1 fields, not 2"},
		{"vault: {server: a, caBundle: '***'}", "spec.provider.vault.caBundle: must be base64"},
		{"fake: {data: []}}, retrySettings: {maxRetries: 3000000000", "spec.retrySettings.maxRetries: must fit in 32 bits, not 3000000000"},
		{"fake: {data: []}}, refreshInterval: 1.5, retrySettings: {maxRetries: 1.5", "spec.refreshInterval: must be an integer or a string, not the number 1.5; spec.retrySettings.maxRetries: must be an integer, not the number 1.5"},
	} {
		set, _ := For("2.9.0")
		var got []string
		for _, o := range objects(t, strings.Replace(store, "PROVIDER", tt.provider, 1)) {
			for _, p := range set.Check(o) {
				got = append(got, p.String())
			}
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.provider, s, tt.want)
		}
	}
}

func TestFor(t *testing.T) {
	all := "0.16.2 0.20.4 1.3.2 2.3.0 2.9.0"
	for _, tt := range []struct{ version, want, note string }{
		{"", all, ""},
		{"nonsense", all, "can't be read"},
		{"0.9", "0.9.20", ""},
		{"v0.9.20", "0.9.20", ""},
		{"0.9.3", "0.9.20", "ESO 0.9.3 are checked against those of 0.9.20"},
		{"0.5", "0.9.20", "of 0.9.20"},
		{"0.15", "0.14.4", "of 0.14.4"},
		{"1.2.1", "0.20.4", "of 0.20.4"},
		{"2.10", "2.9.0", "of 2.9.0"},
	} {
		set, note := For(tt.version)
		if got := strings.Join(set.Releases(), " "); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.version, got, tt.want)
		}
		if (note == "") != (tt.note == "") || !strings.Contains(note, tt.note) {
			t.Errorf("%q: note %q", tt.version, note)
		}
	}
}

// TestCommon: without a version an object must be right everywhere.
func TestCommon(t *testing.T) {
	set, _ := For("")
	o := objects(t, strings.Replace(good, "{key: shop/web}", "{key: a, nullBytePolicy: Fail}", 1))[0]
	want := []Problem{{"spec.data[0].remoteRef.nullBytePolicy", nil, "is an unknown field, which the API server takes away in ESO 0.16.2, 0.20.4 and 1.3.2"}}
	got := set.Check(o)
	for i := range got {
		got[i].Node = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if set.Knows(manifest.Ref{Group: "external-secrets.io", Kind: "PushSecret"}) || !set.Knows(o.Ref) {
		t.Error("Knows says another thing")
	}
}

// TestBombs: aliases that multiply end.
func TestBombs(t *testing.T) {
	var b strings.Builder
	b.WriteString("  x: &a {k: v}\n")
	for c := 'b'; c < 'y'; c++ {
		fmt.Fprintf(&b, "  x%c: &%c {<<: [*%c, *%c]}\n", c, c, c-1, c-1)
	}
	text := strings.Replace(good, "  refresh", b.String()+"  refresh", 1)
	text = strings.Replace(text, `data: {a: "1"}`, "data: *x", 1)
	set, _ := For("2.9")
	said := ""
	for _, o := range objects(t, text) {
		for _, p := range set.Check(o) {
			said += p.Message
		}
	}
	if strings.Count(said, "too large to be checked") != 1 {
		t.Errorf("said %s", said)
	}
}

// TestAgainstChecker compares with the tests' own checker, on goldens.
func TestAgainstChecker(t *testing.T) {
	crds := esotest.CRDs(t, "externalsecrets")
	files, _ := filepath.Glob("../../testdata/convert/*/out.yaml")
	if len(files) < 10 {
		t.Fatal("no goldens")
	}
	n := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects(t, string(data)) {
			for _, crd := range crds {
				if o.Ref.Kind != "ExternalSecret" {
					continue
				}
				set, _ := For(crd.ESO)
				if m, ok := plain(o.Node).(manifest.Map); ok {
					n++
					if got, want := set.Check(o), crd.Check(m); (len(got) == 0) != (len(want) == 0) {
						t.Errorf("%s, ESO %s: %v, the other checker says %v", f, crd.ESO, got, want)
					}
				}
			}
		}
	}
	t.Logf("%d objects", n)
}

// TestOutput: what kesbridge prints without a version is right for all of
// them, and so are the examples.
func TestOutput(t *testing.T) {
	set, _ := For("")
	n := 0
	var files []string
	for _, glob := range []string{"../../testdata/convert/*/out.yaml", "../../examples/*/expected.yaml", "../../examples/*/*/expected.yaml", "../../examples/*/*/*/expected.yaml"} {
		found, _ := filepath.Glob(glob)
		files = append(files, found...)
	}
	for _, f := range files {
		args, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "args"))
		settings, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "kesbridge.yaml"))
		if strings.Contains(string(args), "eso-version") || strings.Contains(string(settings), "esoVersion") {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects(t, string(data)) {
			n++
			for _, p := range set.Check(o) {
				t.Errorf("%s %s: %s", f, o.Ref, p)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d objects", n)
	}
}

// plain makes the printed form of a node.
func plain(n *yaml.Node) any {
	n = deref(n)
	switch n.Kind {
	case yaml.MappingNode:
		var m manifest.Map
		for i := 0; i < len(n.Content); i += 2 {
			m.Set(n.Content[i].Value, plain(n.Content[i+1]))
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, plain(c))
		}
		return list
	}
	v, _ := kes.Scalar(n)
	return v
}

// TestPossible: what some release takes is possible, in the old version too.
func TestPossible(t *testing.T) {
	for text, want := range map[string]bool{
		good: true,
		strings.Replace(good, "external-secrets.io/v1", "external-secrets.io/v1beta1", 1): true,
		strings.Replace(good, "external-secrets.io/v1", "external-secrets.io/v2", 1):      false,
		strings.Replace(good, "refreshInterval", "refreshIntervall", 1):                   false,
	} {
		if got := Possible(objects(t, text)[0]); got != want {
			t.Errorf("%v, want %v:\n%s", got, want, text)
		}
	}
}
