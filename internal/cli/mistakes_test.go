package cli

import (
	"strings"
	"testing"
)

// mistakes are what the official kes-to-eso tool gets wrong and what people
// get wrong when they convert by hand (facts: kes.md, end), each with what
// must be in the output and what must not.
var mistakes = []struct {
	name string
	args []string
	in   string
	want []string // in the output
	not  []string
	code int
}{
	{
		name: "kes-to-eso loses the second document of a file",
		in:   simple("one", "") + "---\n" + simple("two", ""),
		want: []string{"name: one\n", "name: two\n"},
	},
	{
		name: "kes-to-eso overwrites one name in two namespaces",
		in:   simple("same", "  namespace: a\n") + "---\n" + simple("same", "  namespace: b\n"),
		want: []string{"namespace: a\n", "namespace: b\n"},
	},
	{
		name: "kes-to-eso drops isBinary, versionStage and versionId",
		in: object("x", "", `
  backendType: secretsManager
  data:
  - {key: a, name: a, property: p, isBinary: true}
  - {key: a, name: b, versionStage: AWSPREVIOUS}
  - {key: a, name: c, versionId: 11111111-2222-3333-4444-555555555555}
`),
		want: []string{"decodingStrategy: Base64", "version: AWSPREVIOUS", "version: uuid/11111111-2222-3333-4444-555555555555"},
	},
	{
		name: "kes-to-eso drops dataFromWithOptions",
		in: object("x", "", `
  backendType: secretsManager
  dataFromWithOptions:
  - {key: all, versionStage: AWSPREVIOUS, isBinary: true}
`),
		want: []string{"- extract:\n      key: all\n      version: AWSPREVIOUS"},
		not:  []string{"Base64"},
	},
	{
		name: "kes-to-eso takes the secret's key for a missing Vault property",
		in: object("x", "", `
  backendType: vault
  data:
  - {key: secret/data/a, name: whole}
`),
		want: []string{"secretKey: whole\n    remoteRef:\n      key: secret/data/a\n      conversionStrategy"},
		not:  []string{"property:"},
	},
	{
		name: "kes-to-eso takes kvVersion 1 for the default",
		in: object("x", "", `
  backendType: vault
  vaultRole: r
  data:
  - {key: secret/data/a, name: a, property: a}
`),
		want: []string{"key: secret/data/a\n", "name: vault-kv2-"},
	},
	{
		name: "kes-to-eso panics on a flat kv 2 key",
		in: object("x", "", `
  backendType: vault
  data:
  - {key: flat, name: a, property: a}
`),
		code: 1,
	},
	{
		name: "kes-to-eso makes random store names and puts a namespace on cluster stores",
		in:   simple("one", "  namespace: a\n") + "---\n" + simple("two", "  namespace: b\n"),
		want: []string{"secretStoreRef:\n    name: aws-sm-a2de46db\n    kind: ClusterSecretStore\n  target"},
	},
	{
		name: "kes-to-eso exits 0 after it skipped a resource",
		in:   simple("fine", "") + "---\n" + object("x", "", "\n  backendType: nothing\n  dataFrom: [a]\n"),
		code: 1,
	},
	{
		name: "kes-to-eso refuses templates",
		in: object("x", "", `
  backendType: secretsManager
  template:
    type: kubernetes.io/tls
    metadata: {labels: {a: b}, annotations: {c: d}}
    stringData: {note: text}
  dataFrom: [tls]
`),
		want: []string{"type: kubernetes.io/tls\n      metadata:\n        labels:\n          a: b\n        annotations:\n          c: d\n      data:\n        note: text", "mergePolicy: Merge"},
	},
	{
		name: "kes-to-eso refuses paths",
		in: object("x", "", `
  backendType: systemManager
  data:
  - {path: /a/b/}
`),
		want: []string{"find:\n      path: /a/b\n      name:\n        regexp: \"^/a/b/[^/]+$\"", "rewrite:\n    - regexp:\n        source: \"^.*/\"\n        target: \"\""},
	},
	{
		name: "by hand: template stands outside target, storeRef is forgotten",
		in:   object("x", "", "\n  backendType: secretsManager\n  template: {type: kubernetes.io/tls}\n  dataFrom: [a]\n"),
		want: []string{"  secretStoreRef:\n    name: ", "  target:\n    creationPolicy: Owner\n    deletionPolicy: Retain\n    template:\n      engineVersion: v2\n      mergePolicy: Replace\n      type: kubernetes.io/tls\n"},
	},
	{
		name: "by hand: the Secret's labels end on the ExternalSecret, and the other way round",
		in:   object("x", "  labels: {mine: only}\n", "\n  backendType: secretsManager\n  template: {metadata: {labels: {secret: only}}}\n  dataFrom: [a]\n"),
		want: []string{"metadata:\n  name: x\n  labels:\n    mine: only\n", "      metadata:\n        labels:\n          secret: only\n"},
	},
	{
		name: "by hand: without a template ESO copies labels, Argo CD's tracking id among them",
		in:   simple("x", ""),
		want: []string{"    template:\n      engineVersion: v2\n"},
	},
	{
		name: "by hand: the Secret is renamed",
		in:   simple("keeps-its-name", ""),
		want: []string{"  name: keeps-its-name\n", "  target:\n    creationPolicy"},
	},
	{
		name: "by hand: base64 is encoded twice",
		in:   object("x", "", "\n  backendType: secretsManager\n  template: {data: {k: aGVsbG8=}}\n  data: [{key: a, name: a}]\n"),
		want: []string{"        k: hello\n"},
	},
	{
		name: "by hand: four keys of one JSON value become an extract of all",
		in: object("x", "", `
  backendType: secretsManager
  data:
  - {key: j, name: a, property: a}
  - {key: j, name: b, property: b}
`),
		want: []string{"secretKey: a", "property: b"},
		not:  []string{"extract"},
	},
	{
		name: "by hand: deletionPolicy Delete",
		in:   simple("x", ""),
		want: []string{"deletionPolicy: Retain"},
	},
	{
		name: "by hand: only the apiVersion is changed",
		in:   strings.Replace(simple("x", ""), "kubernetes-client.io/v1", "external-secrets.io/v1", 1),
		want: []string{"backendType: secretsManager"}, // not ours: left as it is
	},
}

func object(name, meta, spec string) string {
	return "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: " + name + "\n" + meta + "spec:" + spec
}

func simple(name, meta string) string {
	return object(name, meta, "\n  backendType: secretsManager\n  data:\n  - {key: a, name: a}\n")
}

func TestKnownMistakes(t *testing.T) {
	dir := t.TempDir()
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			out, stderr, code := invokeStdin(t, dir, m.in, append([]string{"convert", "-v"}, m.args...))
			if code != m.code {
				t.Fatalf("exit code %d, want %d:\n%s", code, m.code, stderr)
			}
			if code != 0 && out != "" {
				t.Errorf("printed although it failed:\n%s", out)
			}
			for _, w := range m.want {
				if !strings.Contains(out, w) {
					t.Errorf("the output lacks %q:\n%s", w, out)
				}
			}
			for _, n := range m.not {
				if strings.Contains(out, n) {
					t.Errorf("the output has %q:\n%s", n, out)
				}
			}
		})
	}
}

// TestPollInterval: by hand the poll interval is lost in silence; here it is
// a warning with its price, or a setting.
func TestPollInterval(t *testing.T) {
	dir := t.TempDir()
	_, stderr, _ := invokeStdin(t, dir, simple("x", ""), []string{"convert"})
	if want := "24 backend calls a day instead of 8,640"; !strings.Contains(stderr, want) || !strings.Contains(stderr, "KES303") {
		t.Errorf("no word of %q:\n%s", want, stderr)
	}
}
