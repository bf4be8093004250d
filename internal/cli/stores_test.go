package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// run gives what a command prints.
func runStores(t *testing.T, args ...string) (out, said string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(context.Background(), append([]string{"stores"}, args...), nil, strings.NewReader(""), &o, &e)
	return o.String(), e.String(), code
}

// TestStoresCorpus: the order in which files are listed, and who comes first,
// decide nothing.
func TestStoresCorpus(t *testing.T) {
	files, err := filepath.Glob("../../../shared/corpus/manifests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("../shared/corpus is absent: the stores of real manifests weren't compared in two orders")
	}
	for _, more := range [][]string{nil, {"--scope", "namespace"}, {"--output", "json"}, {"--eso-version", "0.9"}} {
		want, _, _ := runStores(t, append(slices.Clone(more), files...)...)
		if len(want) == 0 && !slices.Contains(more, "namespace") {
			t.Errorf("%v: nothing was printed", more)
		}
		backwards := slices.Clone(files)
		slices.Reverse(backwards)
		// And a third one, in which neighbours are apart.
		mixed := slices.SortedFunc(slices.Values(files), func(a, b string) int { return strings.Compare(reversed(a), reversed(b)) })
		for _, order := range [][]string{backwards, mixed} {
			if got, _, _ := runStores(t, append(slices.Clone(more), order...)...); got != want {
				t.Errorf("%v: another order of the files gives other stores", more)
			}
		}
	}
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// TestUnion: each store once, whoever is first.
func TestUnion(t *testing.T) {
	use := func(backend, region, kind, name, ns string, line int) store.Use {
		u := store.Use{Need: store.Need{Backend: backend, Region: region}, Ref: manifest.Ref{Namespace: ns, Name: "es"}, Pos: manifest.Pos{File: "f", Line: line}, App: ns}
		u.Choice.Ref.Kind, u.Choice.Ref.Name = kind, name
		return u
	}
	uses := []store.Use{
		use("secretsManager", "a", "ClusterSecretStore", "x", "one", 1),
		use("secretsManager", "b", "ClusterSecretStore", "x", "two", 2),
		use("secretManager", "a", "ClusterSecretStore", "x", "three", 3), // the old spelling is no other need
		use("vault", "a", "SecretStore", "x", "one", 4),
		use("vault", "b", "SecretStore", "x", "two", 5),
	}
	render := func(uses []store.Use) string {
		var b strings.Builder
		for _, s := range store.Union(uses) {
			b.WriteString(s.Ref.Kind + " " + s.Namespace + " " + strings.Join(s.Apps(), "+") + " " + strings.Join(s.Namespaces(), "+") + ":")
			for _, n := range s.Needs {
				b.WriteString(" " + n.Backend + "/" + n.Region)
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	want := "ClusterSecretStore  one+three+two one+three+two: secretsManager/a secretsManager/b\nSecretStore one one one: vault/\nSecretStore two two two: vault/\n"
	for range 5 {
		if got := render(uses); got != want {
			t.Fatalf("got\n%swant\n%s", got, want)
		}
		uses = append(uses[1:], uses[0])
	}
}

// TestEmitStores: what an app holds comes before what needs it, in every order.
func TestEmitStores(t *testing.T) {
	dir := t.TempDir()
	resource := func(name, wave string) string {
		return "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: " + name + ", namespace: shop, annotations: {argocd.argoproj.io/sync-wave: '" + wave + "'}}\nspec: {backendType: gcpSecretsManager, projectId: p, data: [{key: k, name: pw}]}\n"
	}
	for name, text := range map[string]string{"a.yaml": resource("a", "5"), "b.yaml": resource("b", "-2") + "---\n" + resource("c", "x")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, said bytes.Buffer
	if code := Run(context.Background(), []string{"render", "--emit-stores=namespaced", dir}, nil, strings.NewReader(""), &out, &said); code != 0 {
		t.Fatal(said.String())
	}
	docs := strings.Split(out.String(), "---\n")
	if len(docs) != 4 || !strings.Contains(docs[0], "kind: SecretStore\n") || !strings.Contains(docs[0], `sync-wave: "-3"`) || !strings.Contains(docs[0], "namespace: shop\n") {
		t.Errorf("%d documents:\n%s", len(docs), out.String())
	}
	for _, d := range docs[1:] {
		if !strings.Contains(d, "    kind: SecretStore\n") {
			t.Errorf("a resource refers to another store:\n%s", d)
		}
	}
	if strings.Contains(said.String(), "KES201") {
		t.Errorf("the store is said to be missing:\n%s", said.String())
	}
	out.Reset()
	if code := Run(context.Background(), []string{"render", "--emit-stores=none", dir}, nil, strings.NewReader(""), &out, &said); code != 0 || strings.Contains(out.String(), "kind: SecretStore\n") {
		t.Errorf("emitted without being asked:\n%s", out.String())
	}
}

// TestEmitStoresHooks: a store can't come before a hook of the phase before the
// sync; of the other phases it can, and their waves say nothing of the sync's.
func TestEmitStoresHooks(t *testing.T) {
	for annotations, want := range map[string]string{
		"argocd.argoproj.io/hook: PreSync":                                      "KES212",
		"helm.sh/hook: 'pre-install,post-install'":                              "KES212",
		"argocd.argoproj.io/hook: PostSync, argocd.argoproj.io/sync-wave: '-7'": `sync-wave: "-1"`,
		"argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: '-7'":     `sync-wave: "-8"`,
		"helm.sh/hook: crd-install, helm.sh/hook-weight: '-4'":                  `sync-wave: "-5"`,
		"example.com/hook: PreSync":                                             `sync-wave: "-1"`,
	} {
		file := filepath.Join(t.TempDir(), "a.yaml")
		text := "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: a, namespace: shop, annotations: {" + annotations + "}}\nspec: {backendType: gcpSecretsManager, projectId: p, data: [{key: k, name: pw}]}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, said bytes.Buffer
		if code := Run(context.Background(), []string{"render", "--emit-stores=namespaced", filepath.Dir(file)}, nil, strings.NewReader(""), &out, &said); code != 0 {
			t.Fatal(said.String())
		}
		store, _, _ := strings.Cut(out.String(), "---\n")
		if early := want == "KES212"; early != strings.Contains(said.String(), "KES212") || !early && !strings.Contains(store, want) {
			t.Errorf("%s: want %s\n%s\n%s", annotations, want, store, said.String())
		}
	}
}

// TestWave reads waves as gitops-engine does.
func TestWave(t *testing.T) {
	for text, want := range map[string]int{"": 0, "5": 5, "-5": -5, "x": 0, "1.5": 0, " 1": 0} {
		if got := pipeline.Wave(manifest.Map{{Key: "argocd.argoproj.io/sync-wave", Value: text}}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
