package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// onlyReader can't be read twice, as a pipe can't.
type onlyReader struct{ io.Reader }

// outputOf plans streams as one output and gives what is printed, stream by
// stream, and the findings as "RULE severity place: message".
func outputOf(t *testing.T, opts pipeline.Options, streams ...string) (out []string, findings []string, counts pipeline.Counts) {
	t.Helper()
	run := pipeline.New()
	o := run.Output(opts)
	var in []pipeline.Stream
	for i, s := range streams {
		in = append(in, pipeline.Stream{Input: manifest.Input{Name: fmt.Sprintf("%c.yaml", 'a'+i), R: onlyReader{strings.NewReader(s)}}})
	}
	plans, err := o.PlanAll(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		var b bytes.Buffer
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		out = append(out, b.String())
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	fs, counts := run.Finish()
	for _, f := range fs {
		if f.Rule == "KES303" {
			continue
		}
		findings = append(findings, fmt.Sprintf("%s %s %s: %s", f.Rule, f.Severity, f.Pos, f.Message))
	}
	return out, findings, counts
}

func settings(t *testing.T, text string) pipeline.Options {
	t.Helper()
	c, err := config.Parse("kesbridge.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.For("")
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Options{Settings: s, PresetMode: config.Replace, Stores: &store.Resolver{Store: "aws"}}
}

func mode(t *testing.T, m string) pipeline.Options {
	return settings(t, "defaults: {mode: "+m+", refreshInterval: 1m}\n")
}

func kesObject(meta string) string {
	return "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {" + meta + "}\nspec: {backendType: secretsManager, data: [{key: k, name: password}]}\n"
}

func reader(meta, secret string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {" + meta + "}\nspec: {template: {spec: {imagePullSecrets: [{name: " + secret + "}]}}}\n"
}

func handwritten(meta, target string) string {
	return "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {" + meta + "}\nspec: {target: {" + target + "}, secretStoreRef: {name: aws}}\n"
}

const yamlSep = "---\n"

// References follow in front of the KES object, behind it, and in other
// streams; what is in another namespace, or reads another Secret, stays.
func TestSwitch(t *testing.T) {
	other := reader("name: other, namespace: else", "db") + yamlSep + reader("name: web, namespace: shop", "db2") + yamlSep + "kind: Text\ntext: db\n"
	out, findings, counts := outputOf(t, mode(t, "switch"),
		reader("name: web, namespace: shop", "db")+yamlSep+other,
		kesObject("name: db, namespace: shop")+yamlSep+reader("name: api, namespace: shop", "'db'"),
	)
	if want := reader("name: web, namespace: shop", "db-eso") + yamlSep + other; out[0] != want {
		t.Errorf("got\n%s\nwant\n%s", out[0], want)
	}
	head, tail, ok := strings.Cut(out[1], "apiVersion: external-secrets.io")
	if !ok || head != kesObject("name: db, namespace: shop")+yamlSep {
		t.Errorf("the KES object: %s", out[1])
	}
	if !strings.HasSuffix(tail, yamlSep+reader("name: api, namespace: shop", "'db-eso'")) || !strings.Contains(tail, "  target:\n    name: db-eso\n") || !strings.Contains(tail, `sync-wave: "-1"`) {
		t.Errorf("behind it: %s", tail)
	}
	if want := []string{"KES511 info b.yaml:1:1: read db-eso: Deployment/shop/web, Deployment/shop/api; restart: Deployment/shop/web, Deployment/shop/api"}; !slices.Equal(findings, want) {
		t.Errorf("%q", findings)
	}
	if counts.KES != 1 || counts.Converted != 1 || counts.Failed != 0 {
		t.Errorf("%+v", counts)
	}
}

// The annotation alone asks for it, and chooses nothing for others.
func TestSwitchAnnotation(t *testing.T) {
	opts := mode(t, "keep")
	a, b := kesObject("name: db, annotations: {kesbridge/mode: switch}"), kesObject("name: cache")
	out, _, _ := outputOf(t, opts, a+yamlSep+b+yamlSep+reader("name: web", "db")+yamlSep+reader("name: api", "cache"))
	if !strings.HasPrefix(out[0], a+yamlSep+"apiVersion: external-secrets.io/") || !strings.HasSuffix(out[0], yamlSep+b+yamlSep+reader("name: web", "db-eso")+yamlSep+reader("name: api", "cache")) {
		t.Error(out[0])
	}
	opts.ForceMode = config.Replace
	if out, _, _ := outputOf(t, opts, a+yamlSep+reader("name: web", "db")); !strings.HasSuffix(out[0], reader("name: web", "db")) {
		t.Errorf("with a forced mode: %s", out[0])
	}
}

// Of workloads only those move that the rule selects; switched moves all.
func TestSwitchWorkloads(t *testing.T) {
	in := kesObject("name: db") + yamlSep + reader("name: web, labels: {tier: web}", "db") + yamlSep + reader("name: api, labels: {tier: api-2}", "db") + yamlSep + reader("name: old", "db")
	rule := "defaults: {refreshInterval: 1m}\nmodes: [{mode: %s, secretName: '{name}-2', workloads: {tier: api*}}]\n"
	out, findings, _ := outputOf(t, settings(t, fmt.Sprintf(rule, "switch")), in)
	if want := yamlSep + reader("name: web, labels: {tier: web}", "db") + yamlSep + reader("name: api, labels: {tier: api-2}", "db-2") + yamlSep + reader("name: old", "db"); !strings.HasSuffix(out[0], want) {
		t.Errorf("got\n%s\nwant\n%s", out[0], want)
	}
	if want := []string{
		"KES511 info a.yaml:1:1: go on reading db, since workloads of the modes rule doesn't select them: Deployment/web, Deployment/old",
		"KES511 info a.yaml:1:1: read db-2: Deployment/api; restart: Deployment/api",
	}; !slices.Equal(findings, want) {
		t.Errorf("%q", findings)
	}
	out, findings, _ = outputOf(t, settings(t, fmt.Sprintf(rule, "switched")), in)
	if strings.Contains(out[0], "kubernetes-client.io/v1\n") || strings.Count(out[0], "imagePullSecrets: [{name: db-2}]") != 3 {
		t.Error(out[0])
	}
	if want := []string{"KES511 info a.yaml:1:1: read db-2: Deployment/web, Deployment/api, Deployment/old"}; !slices.Equal(findings, want) {
		t.Errorf("%q", findings)
	}
}

// What can't be converted stays, and so do its readers.
func TestSwitchNotConverted(t *testing.T) {
	bad := "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {backendType: nothing}\n"
	opts := mode(t, "switch")
	opts.Keep = true
	in := bad + yamlSep + reader("name: web", "db")
	out, findings, counts := outputOf(t, opts, in)
	if out[0] != in || counts.Kept != 1 || slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, "KES511") }) {
		t.Errorf("%+v %q\n%s", counts, findings, out[0])
	}
	opts.Plugin = true
	if _, findings, counts = outputOf(t, opts, in); counts.Failed != 1 || !slices.ContainsFunc(findings, func(f string) bool { return strings.HasPrefix(f, "KES505 error") }) {
		t.Errorf("in the plugin: %+v %q", counts, findings)
	}
}

// The namespace that an object doesn't name is the Application's, or unknown.
func TestSwitchNamespace(t *testing.T) {
	in := kesObject("name: db, namespace: shop") + yamlSep + reader("name: web", "db")
	opts := mode(t, "switch")
	out, findings, _ := outputOf(t, opts, in)
	if !strings.HasSuffix(out[0], reader("name: web", "db")) || len(findings) == 0 || !strings.HasPrefix(findings[1], "KES509 error a.yaml:") {
		t.Errorf("unknown: %q\n%s", findings, out[0])
	}
	opts.Namespace = "shop"
	if out, findings, _ = outputOf(t, opts, in); !strings.HasSuffix(out[0], reader("name: web", "db-eso")) || len(findings) != 1 {
		t.Errorf("shop: %q\n%s", findings, out[0])
	}
	opts.Namespace = "else"
	if out, _, _ = outputOf(t, opts, in); !strings.HasSuffix(out[0], reader("name: web", "db")) {
		t.Errorf("else: %s", out[0])
	}
}

func TestSwitchWave(t *testing.T) {
	wave := func(n, more string) string {
		return "annotations: {argocd.argoproj.io/sync-wave: '" + n + "'" + more + "}"
	}
	for _, c := range []struct{ name, kes, rest, want, rule string }{
		{"none reads", "name: db", reader("name: web", "x"), "", ""},
		{"earliest", "name: db", reader("name: web, "+wave("3", ""), "db") + yamlSep + reader("name: api, "+wave("-2", ""), "db"), `"-3"`, ""},
		{"own is earlier", "name: db, " + wave("-9", ""), reader("name: web", "db"), "-9", ""},
		{"own is too late", "name: db, " + wave("0", ""), reader("name: web", "db"), `"-1"`, ""},
		{"no number", "name: db", reader("name: web, "+wave("soon", ""), "db"), `"-1"`, ""},
		{"hook before", "name: db", reader("name: web, "+wave("-5", ", argocd.argoproj.io/hook: PreSync"), "db"), "", "KES513 warning a.yaml:1:1: run before the sync and read db-eso: Deployment/web"},
		{"helm's hook before", "name: db", reader("name: web, annotations: {helm.sh/hook: 'pre-install,pre-upgrade'}", "db"), "", "KES513 warning"},
		{"hook after", "name: db", reader("name: web, "+wave("-5", ", argocd.argoproj.io/hook: PostSync"), "db"), "", ""},
		{"hook in the sync", "name: db", reader("name: web, "+wave("-5", ", argocd.argoproj.io/hook: Sync"), "db"), `"-6"`, ""},
		{"its store comes later", "name: db", reader("name: web", "db") + yamlSep + "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: aws}\n", `"-1"`, "KES513 warning a.yaml:1:1: its ESO resource gets sync wave -1, before its readers, and the ClusterSecretStore aws has 0"},
		{"its store comes first", "name: db", reader("name: web", "db") + yamlSep + "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: aws, " + wave("-2", "") + "}\n", `"-1"`, ""},
		{"a job", "name: db", strings.NewReplacer("apps/v1", "batch/v1", "Deployment", "Job").Replace(reader("name: mig", "db")), `"-1"`, "KES514 warning a.yaml:1:1: read db-eso, and can't be changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, findings, _ := outputOf(t, mode(t, "switch"), kesObject(c.kes)+yamlSep+c.rest)
			_, after, _ := strings.Cut(out[0], "apiVersion: external-secrets.io/v1\nkind: ExternalSecret")
			made, _, _ := strings.Cut(after, yamlSep)
			if got := strings.Contains(made, "sync-wave"); got != (c.want != "") || c.want != "" && !strings.Contains(made, "argocd.argoproj.io/sync-wave: "+c.want) && !strings.Contains(made, "argocd.argoproj.io/sync-wave: \""+c.want) {
				t.Errorf("want wave %q:\n%s", c.want, made)
			}
			if got := slices.ContainsFunc(findings, func(f string) bool { return strings.HasPrefix(f, "KES513") || strings.HasPrefix(f, "KES514") }); got != (c.rule != "") {
				t.Errorf("%q", findings)
			}
			if c.rule != "" && !slices.ContainsFunc(findings, func(f string) bool { return strings.HasPrefix(f, c.rule) }) {
				t.Errorf("want %q in %q", c.rule, findings)
			}
		})
	}
}

// What may be a reference and isn't known to be one is named with its place,
// and stays.
func TestUntyped(t *testing.T) {
	in := kesObject("name: db") + yamlSep + `apiVersion: v1
kind: ConfigMap
metadata: {name: db, labels: {app: db}}
data:
  name: db
  config: |
    secret = db
    host = db.example
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec: {servers: [{tls: {credentialName: db}}]}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: db, annotations: {example.com/tls-secret: shop/db}}
spec: {existingSecret: db, database: db, name: db}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules: [{resources: [secrets], resourceNames: [db]}, {resources: [configmaps], resourceNames: [db]}]
`
	out, findings, _ := outputOf(t, mode(t, "switch"), in)
	if !strings.HasSuffix(out[0], in[strings.Index(in, yamlSep):]) {
		t.Error(out[0])
	}
	var got []string
	for _, f := range findings {
		if strings.HasPrefix(f, "KES508 warning ") {
			got = append(got, strings.Join(strings.Fields(f)[2:4], " "))
		}
	}
	want := []string{
		"a.yaml:10:9: data.name", "a.yaml:11:11: data.config", "a.yaml:18:41: spec.servers[0].tls.credentialName",
		`a.yaml:22:60: metadata.annotations["example.com/tls-secret"]`, "a.yaml:23:24: spec.existingSecret", "a.yaml:28:48: rules[0].resourceNames[0]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A reference that others share can't follow, and nothing is printed of it.
func TestNotFollowed(t *testing.T) {
	in := kesObject("name: db") + yamlSep + "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: &n db}\nspec: {template: {spec: {imagePullSecrets: [{name: *n}]}}}\n"
	out, findings, _ := outputOf(t, mode(t, "switch"), in)
	if !strings.HasSuffix(out[0], in[strings.Index(in, yamlSep):]) {
		t.Error(out[0])
	}
	if !slices.ContainsFunc(findings, func(f string) bool {
		return strings.HasPrefix(f, "KES509 error a.yaml:8:18: spec.template.spec.imagePullSecrets[0].name can't be changed where it stands")
	}) {
		t.Errorf("%q", findings)
	}
}

func TestSuperseded(t *testing.T) {
	k := kesObject("name: db, namespace: shop")
	web := reader("name: web, namespace: shop", "db")
	for _, c := range []struct{ name, in, want, rule string }{
		{"its own name", k + yamlSep + web + yamlSep + handwritten("name: db, namespace: shop", ""), yamlSep + web + yamlSep + handwritten("name: db, namespace: shop", ""),
			"KES512 info a.yaml:1:1: is taken out: the ESO ExternalSecret db (a.yaml:11:1) makes its Secret"},
		{"target, in front", handwritten("name: x, namespace: shop", "name: db") + yamlSep + k, handwritten("name: x, namespace: shop", "name: db"), "KES512 info"},
		{"orphan", handwritten("name: db, namespace: shop", "creationPolicy: Orphan") + yamlSep + k, handwritten("name: db, namespace: shop", "creationPolicy: Orphan"), "KES512 info"},
		{"list", "kind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSuffix(k, "\n"), "\n", "\n  ") + "\n- a: b\n" + yamlSep + handwritten("name: db, namespace: shop", ""), "kind: List\nitems:\n- a: b\n" + yamlSep + handwritten("name: db, namespace: shop", ""), "KES512 info"},
		{"none", k + yamlSep + web, "", "KES512 error a.yaml:1:1: the output holds no ESO ExternalSecret for the Secret db"},
		{"another target", k + yamlSep + handwritten("name: db, namespace: shop", "name: db2"), "", "KES512 error a.yaml:1:1: the ESO ExternalSecret of its name (a.yaml:6:1) makes the Secret db2, not db"},
		{"another namespace", k + yamlSep + handwritten("name: db, namespace: else", ""), "", "KES512 error a.yaml:1:1: ESO ExternalSecrets make a Secret db only in else"},
		{"no namespace", k + yamlSep + handwritten("name: db", ""), "", "KES512 error a.yaml:1:1: whether the ESO ExternalSecret db"},
		{"merge", k + yamlSep + handwritten("name: db, namespace: shop", "creationPolicy: Merge"), "", "KES512 error a.yaml:1:1: the ESO ExternalSecret db (a.yaml:6:1) has creationPolicy Merge"},
		{"none policy", k + yamlSep + handwritten("name: db, namespace: shop", "creationPolicy: None"), "", "KES512 error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, findings, counts := outputOf(t, mode(t, "superseded"), c.in)
			want := c.want
			if want == "" {
				want = c.in
			}
			if strings.TrimPrefix(out[0], yamlSep) != strings.TrimPrefix(want, yamlSep) {
				t.Errorf("got\n%s\nwant\n%s", out[0], want)
			}
			if len(findings) != 1 || !strings.HasPrefix(findings[0], c.rule) {
				t.Errorf("%q", findings)
			}
			if dropped := c.want != ""; counts.Dropped == 1 != dropped || counts.Failed == 1 == dropped {
				t.Errorf("%+v", counts)
			}
		})
	}
}

// Keys that another ESO object puts into the first Secret don't move.
func TestSwitchMerge(t *testing.T) {
	_, findings, _ := outputOf(t, mode(t, "switch"), kesObject("name: db")+yamlSep+reader("name: web", "db")+yamlSep+handwritten("name: more", "name: db, creationPolicy: Merge"))
	if len(findings) != 2 || !strings.HasPrefix(findings[0], "KES509 error a.yaml:1:1: the ESO ExternalSecret more (a.yaml:11:1) puts keys into its Secret (creationPolicy Merge), which db-eso would not have") {
		t.Errorf("%q", findings)
	}
}

// KES objects and their readers in one List, in every form.
func TestSwitchList(t *testing.T) {
	item := func(s string) string {
		return "- " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n  ") + "\n"
	}
	flow := func(name string) string {
		return "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {imagePullSecrets: [{name: " + name + "}]}}}}"
	}
	k := "{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, metadata: {name: db}, spec: {backendType: secretsManager, data: [{key: k, name: password}]}}"
	for _, c := range []struct{ name, in, before, after string }{
		{"block", "kind: List\nitems:\n" + item(reader("name: a", "db")) + item(kesObject("name: db")) + item(reader("name: b", "db")),
			"kind: List\nitems:\n" + item(reader("name: a", "db-eso")) + item(kesObject("name: db")), item(reader("name: b", "db-eso"))},
		{"flow", "kind: List\nitems: [" + flow("db") + ", " + k + ", " + flow("db") + "]\n",
			"kind: List\nitems: [" + flow("db-eso") + ", " + k + ", ", ", " + flow("db-eso") + "]\n"},
		{"JSON", `{"kind":"List","items":[{"apiVersion":"v1","kind":"ServiceAccount","secrets":[{"name":"db"}]},{"apiVersion":"kubernetes-client.io/v1","kind":"ExternalSecret","metadata":{"name":"db"},"spec":{"backendType":"secretsManager","data":[{"key":"k","name":"password"}]}},{"apiVersion":"v1","kind":"ServiceAccount","secrets":[{"name":"db"}]}]}`,
			`{"kind":"List","items":[{"apiVersion":"v1","kind":"ServiceAccount","secrets":[{"name":"db-eso"}]},{"apiVersion":"kubernetes-client.io/v1"`, `,{"apiVersion":"v1","kind":"ServiceAccount","secrets":[{"name":"db-eso"}]}]}`},
	} {
		for _, m := range []string{"switch", "switched"} {
			out, findings, _ := outputOf(t, mode(t, m), c.in)
			if m == "switch" && !strings.HasPrefix(out[0], c.before) || !strings.HasSuffix(out[0], c.after) || strings.Contains(out[0], "kubernetes-client.io/v1,") && m == "switched" || !strings.Contains(out[0], "refreshInterval") {
				t.Errorf("%s, %s: %q\n%s", c.name, m, findings, out[0])
			}
		}
	}
}

// A second Secret has another name.
func TestSecondName(t *testing.T) {
	for _, m := range []string{"side-by-side", "switch", "switched"} {
		in := kesObject("name: db") + yamlSep + reader("name: web", "db")
		out, findings, counts := outputOf(t, settings(t, "modes: [{mode: "+m+", secretName: '{name}'}]\n"), in)
		if out[0] != in || counts.Failed != 1 || len(findings) != 1 || findings[0] != `KES504 error a.yaml:1:1: "db" is the name of the first one` {
			t.Errorf("%s: %q\n%s", m, findings, out[0])
		}
	}
}

// All that restarts is listed, each once.
func TestSwitchListsAll(t *testing.T) {
	in := kesObject("name: db")
	var want []string
	for i := range 7 {
		name := fmt.Sprintf("web-%d", i)
		in += yamlSep + strings.Replace(reader("name: "+name, "db"), "[{name: db}]", "[{name: db}, {name: db}]", 1)
		want = append(want, "Deployment/"+name)
	}
	_, findings, _ := outputOf(t, mode(t, "switch"), in)
	list := strings.Join(want, ", ")
	if len(findings) != 1 || findings[0] != "KES511 info a.yaml:1:1: read db-eso: "+list+"; restart: "+list {
		t.Errorf("%q", findings)
	}
}

// A Secret that nobody is known to read may be read elsewhere; one that is
// read under its new name by Git's own manifests needs no warning.
func TestSwitchUnread(t *testing.T) {
	const text = "nothing in the output reads db or db-eso by a reference that kesbridge knows"
	for _, c := range []struct{ mode, more, want string }{
		{"switch", "", "KES511 info a.yaml:1:1: " + text},
		{"switched", "", "KES508 warning a.yaml:1:1: " + text + ": who reads db elsewhere, such as in other files, loses it"},
		{"switched", reader("name: web", "db-eso"), ""},
		{"switched", reader("name: web, namespace: else", "db-eso"), "KES508"},
		{"switch", reader("name: web", "db-eso"), ""},
	} {
		opts := mode(t, c.mode)
		opts.Namespace = "shop"
		_, findings, _ := outputOf(t, opts, kesObject("name: db")+yamlSep+c.more)
		if got := strings.Join(findings, "; "); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s %q: %q", c.mode, c.more, findings)
		}
	}
}
