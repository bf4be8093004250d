//go:build linux

package cmp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var modes = []string{"keep", "freeze", "protect", "replace", "side-by-side"}

// TestModes: the objects that Argo CD gets for one app in each mode.
func TestModes(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			seen := map[string]string{}
			for _, mode := range modes {
				root := checkout(t, "shop")
				manifests, err := sc.send(t.Context(), root, application(t, "apps/dir", plugin("[{name: mode, string: "+mode+"}]", "")), root)
				if err != nil {
					t.Errorf("%s: %v", mode, err)
					continue
				}
				got := readable(t, manifests)
				if other, ok := seen[got]; ok {
					t.Errorf("%s gives the same as %s", mode, other)
				}
				seen[got] = mode
				file := filepath.Join("testdata", "modes", mode+".yaml")
				if *update {
					write(t, file, got)
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s: the sidecar returned\n%s\nwant (-update rewrites it)\n%s", mode, got, want)
				}
			}
			runs := sc.generated()
			if len(runs) != len(modes) {
				t.Fatalf("%d lines for %d runs", len(runs), len(modes))
			}
			for i, r := range runs {
				if r.Modes[modes[i]] != 2 || r.KES != 2 || r.App != "team_web" || r.Revision != revision {
					t.Errorf("%s was logged as %+v", modes[i], r)
				}
			}
		})
	}
}

// readable spells what the server returns, JSON, as YAML.
func readable(t *testing.T, manifests []string) string {
	t.Helper()
	var docs []string
	for _, m := range manifests {
		y, err := yaml.JSONToYAML([]byte(m))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, string(y))
	}
	return strings.Join(docs, "---\n")
}

// native are apps without our plugin, and with it in mode keep.
var native = []struct{ name, repo, path, source, parameters string }{
	{"directory", "shop", "apps/dir", `directory: {}`, ``},
	{"directory exclude", "shop", "apps/dir", `directory: {exclude: web.yaml}`, `, {name: directory-exclude, string: web.yaml}`},
	{"recursive", "single", ".", `directory: {recurse: true}`, `, {name: directory-recurse, string: "true"}`},
	{"kustomize", "shop", "apps/kust", ``, ``},
	{"kustomize images", "shop", "apps/kust", `kustomize: {images: [web:v2], namePrefix: a-}`, `, {name: source, string: "kustomize: {images: [web:v2], namePrefix: a-}"}`},
	{"helm", "shop", "apps/chart", ``, ``},
	{"helm values", "shop", "apps/chart", `helm: {releaseName: r, valueFiles: [prod.yaml], parameters: [{name: image.tag, value: v7}]}`,
		`, {name: source, string: "helm: {releaseName: r, valueFiles: [prod.yaml], parameters: [{name: image.tag, value: v7}]}"}`},
}

// TestKeepIsNative: in mode keep an app's objects are, byte for byte and in
// order, those that the repo-server makes without a plugin, KES resources
// included: so adopting the plugin changes nothing.
func TestKeepIsNative(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			sc.use(t)
			for _, n := range native {
				t.Run(n.name, func(t *testing.T) {
					want, err := argocd(t.Context(), checkout(t, n.repo), application(t, n.path, n.source))
					if err != nil {
						t.Fatal(err)
					}
					app := application(t, n.path, plugin("[{name: mode, string: keep}"+n.parameters+"]", ""))
					got, err := argocd(t.Context(), checkout(t, n.repo), app)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) {
						t.Errorf("with the plugin:\n%s\nwithout:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
					if text := strings.Join(want, ""); !strings.Contains(text, "kubernetes-client.io/v1") {
						t.Errorf("no KES resource in\n%s", text)
					}
				})
			}
		})
	}
}
