//go:build linux

package cmp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"kesbridge/conformance/argocd/oracle"
)

// generation is an app, and the same for kesbridge render.
type generation struct {
	name, repo, path string
	parameters, env  string // YAML, as in an Application
	flags            []string
	// holds must be in the output: the parameters count.
	holds []string
}

var generations = []generation{
	{name: "directory", path: "apps/dir", parameters: `[{name: mode, string: replace}]`, flags: []string{"--mode", "replace"},
		holds: []string{`"name": "aws-from-file"`, `"argocd.argoproj.io/sync-options": "Validate=false"`}},
	{name: "kustomize", path: "apps/kust", parameters: `[{name: mode, string: replace}]`, flags: []string{"--mode", "replace"},
		holds: []string{`"image": "web:v1"`, `"name": "aws-from-file"`}},
	{name: "helm", path: "apps/chart", parameters: `[{name: mode, string: replace}]`, flags: []string{"--mode", "replace"},
		holds: []string{`"name": "web-db"`, `"kube": "v1.33.4"`, `"eso": "true"`}},
	{name: "root", repo: "single", path: ".", parameters: `[{name: mode, string: replace}, {name: store, string: aws}]`,
		flags: []string{"--mode", "replace", "--store", "aws"}, holds: []string{`"kesbridge/origin": "secret.yaml: `}},
	{name: "root recursive", repo: "single", path: ".", parameters: `[{name: mode, string: replace}, {name: store, string: aws}, {name: directory-recurse, string: "true"}]`,
		flags: []string{"--mode", "replace", "--store", "aws", "--directory-recurse", "true"}, holds: []string{`"name": "below"`}},
	{name: "source helm", path: "apps/chart", parameters: `[{name: mode, string: side-by-side}, {name: source, string: "helm:\n  releaseName: r\n  valueFiles: [prod.yaml]\n"}]`,
		flags: []string{"--mode", "side-by-side", "--source", "helm: {releaseName: r, valueFiles: [prod.yaml]}"}, holds: []string{`"replicas": "3"`, `"name": "r"`}},
	{name: "source kustomize", path: "apps/kust", parameters: `[{name: mode, string: keep}, {name: source, string: "kustomize: {namePrefix: x-, images: [web:v2]}"}]`,
		flags: []string{"--mode", "keep", "--source", "kustomize: {namePrefix: x-, images: [web:v2]}"}, holds: []string{`"image": "web:v2"`, `"name": "x-web"`}},
	{name: "source directory", path: "apps/dir", parameters: `[{name: mode, string: freeze}, {name: source, string: "directory: {exclude: web.yaml}"}]`,
		flags: []string{"--mode", "freeze", "--source", "directory: {exclude: web.yaml}"}, holds: []string{`"controllerId": "kesbridge-frozen"`}},
	{name: "strings", path: "apps/chart", parameters: `[{name: mode, string: replace}, {name: store, string: s}, {name: store-kind, string: SecretStore}, {name: helm-release-name, string: r2}, {name: helm-values, string: "extra: \"a,b\\nc\"\n"}]`,
		flags: []string{"--mode", "replace", "--store", "s", "--store-kind", "SecretStore", "--helm-release-name", "r2", "--helm-values", "extra: \"a,b\\nc\"\n"},
		holds: []string{`"extra": "a,b\nc"`, `"name": "r2"`, `"kind": "SecretStore"`}},
	{name: "array", path: "apps/chart", parameters: `[{name: mode, string: keep}, {name: helm-value-files, array: [prod.yaml, west.yaml]}]`,
		flags: []string{"--mode", "keep", "--helm-value-files", "prod.yaml", "--helm-value-files", "west.yaml"}, holds: []string{`"replicas": "3"`, `"zone": "west"`}},
	{name: "maps", path: "apps/chart",
		parameters: `[{name: mode, string: keep}, {name: helm-parameters, map: {image.tag: v7, "list[0]": z}}, {name: helm-string-parameters, map: {zip: "007"}}, {name: helm-file-parameters, map: {motd: motd.txt}}]`,
		flags:      []string{"--mode", "keep", "--helm-parameters", "image.tag=v7", "--helm-parameters", "list[0]=z", "--helm-string-parameters", "zip=007", "--helm-file-parameters", "motd=motd.txt"},
		holds:      []string{`"tag": "v7"`, `"zip": "\"007\""`, `"motd": "two\nlines\n"`, `"list": "z"`}},
	{name: "kustomize parameters", path: "apps/kust",
		parameters: `[{name: mode, string: replace}, {name: images, array: [web=other:v3]}, {name: common-labels, map: {team: a}}, {name: replicas, map: {web: "4"}}, {name: namespace, string: ns}, {name: name-suffix, string: -x}]`,
		flags:      []string{"--mode", "replace", "--images", "web=other:v3", "--common-labels", "team=a", "--replicas", "web=4", "--namespace", "ns", "--name-suffix=-x"},
		holds:      []string{`"image": "other:v3"`, `"team": "a"`, `"replicas": 4`, `"namespace": "ns"`}},
	{name: "plugin.env", path: "apps/dir", env: `[{name: KESBRIDGE_MODE, value: replace}, {name: KESBRIDGE_STORE, value: from-env}, {name: KESBRIDGE_ESO_VERSION, value: "0.20"}]`,
		flags: []string{"--mode", "replace", "--store", "from-env", "--eso-version", "0.20"}, holds: []string{`"name": "from-env"`}},
	{name: "parameter over plugin.env", path: "apps/dir", parameters: `[{name: store, string: p}]`, env: `[{name: KESBRIDGE_MODE, value: replace}, {name: KESBRIDGE_STORE, value: from-env}]`,
		flags: []string{"--mode", "replace", "--store", "p"}, holds: []string{`"name": "p"`}},
	{name: "empty values", path: "apps/chart", parameters: `[{name: mode, string: keep}, {name: helm-values, string: ""}, {name: helm-value-files, array: []}, {name: helm-parameters, map: {}}]`,
		env: `[{name: KESBRIDGE_STORE, value: ""}]`, flags: []string{"--mode", "keep"}, holds: []string{`"tag": "v0"`}},
}

// TestGenerate: what comes back from the sidecar is what kesbridge render
// prints for the same parameters, by flags and with --application.
func TestGenerate(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			sc.use(t)
			sc.whoAmI(t)
			for _, g := range generations {
				t.Run(g.name, func(t *testing.T) { g.run(t, sc) })
			}
			if n := len(sc.generated()); n < 2*len(generations) {
				t.Errorf("the server logged %d successful calls of %d", n, 2*len(generations))
			}
		})
	}
}

func (g generation) run(t *testing.T, sc *sidecar) {
	if g.repo == "" {
		g.repo = "shop"
	}
	root := checkout(t, g.repo)
	app := application(t, g.path, plugin(g.parameters, g.env))
	// Twice: as the repo-server does it, and what the server itself returns.
	through, err := argocd(t.Context(), root, app)
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := sc.send(t.Context(), root, app, root)
	if err != nil {
		t.Fatal(err)
	}
	got, raw := parse(t, through), parse(t, manifests)
	if strings.HasPrefix(sc.version, "v3.") || g.path != "apps/chart" { // there the charts see another KUBE_VERSION
		same(t, "what the server returns", raw, got)
	}
	unguard(t, got)
	text := ""
	for _, o := range got {
		text += o.String()
	}
	for _, s := range g.holds {
		if !strings.Contains(text, s) {
			t.Errorf("%s isn't in\n%s", s, text)
		}
	}

	cluster := []string{"--kube-version", kubeVersion, "--api-versions", strings.Join(apiVersions, ",")}
	out, err := render(t, root, slices.Concat([]string{g.path, "--app-name", app.InstanceName("argocd"), "--app-namespace", "shop"}, cluster, g.flags)...)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "against render with flags", got, split(t, out))

	manifest, err := yaml.Marshal(app)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "application") // in the checkout, and no manifest
	write(t, file, string(manifest))
	if out, err = render(t, root, slices.Concat([]string{"--application", file}, cluster)...); err != nil {
		t.Fatal(err)
	}
	same(t, "against render --application", got, split(t, out))
}

// whoAmI holds the server to the image's user.
func (s *sidecar) whoAmI(t *testing.T) {
	t.Helper()
	if !s.isolated {
		return
	}
	b, err := os.ReadFile(filepath.Join("/proc", itoa(s.cmd.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\nUid:\t999\t999\t999\t999\n", "\nGid:\t999\t999\t999\t999\n", "\nGroups:\t \n", "\nCapEff:\t0000000000000000\n"} {
		if !strings.Contains(string(b), line) {
			t.Errorf("%q isn't in the server's status:\n%s", line, b)
		}
	}
	dir, err := os.Readlink(filepath.Join("/proc", itoa(s.cmd.Process.Pid), "root"))
	if err != nil || dir != s.root {
		t.Errorf("the server's root is %q (%v), want %s", dir, err, s.root)
	}
}

// TestInflator: charts of a kustomization, which need a helm that the image
// doesn't have: kesbridge is its own. The chart's object without a namespace
// gets the kustomization's from kustomize 5.7.0 (Argo CD 3.1 and 3.2), not from
// 5.8.1 (3.4, 3.5) and 5.8.2, which kesbridge has; so that one is asked here.
func TestInflator(t *testing.T) {
	const options = "--enable-helm"
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, []string{"KESBRIDGE_KUSTOMIZE_BUILD_OPTIONS=" + options})
			sc.use(t)
			app := application(t, "apps/inflate", plugin("[{name: mode, string: keep}]", ""))
			got, err := argocd(t.Context(), checkout(t, "shop"), app)
			if err != nil {
				t.Fatal(err)
			}
			want, err := oracle.Generate(t.Context(), oracle.Request{Root: checkout(t, "shop"), Revision: revision, App: application(t, "apps/inflate", ""),
				KubeVersion: kubeVersion, APIVersions: apiVersions, BuildOptions: options, Kustomize: builds.kustomize})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) || !strings.Contains(strings.Join(got, ""), `"tag":"v9"`) {
				t.Errorf("with the plugin:\n%s\nwithout:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if _, err := argocd(t.Context(), checkout(t, "shop"), application(t, "apps/kust", plugin("[{name: mode, string: keep}]", ""))); err != nil {
				t.Error(err)
			}
			if left := list(t, filepath.Join(sc.work(), "scratch")); len(left) != 0 {
				t.Errorf("scratch directories left: %q", left)
			}
		})
	}
}
