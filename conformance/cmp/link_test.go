//go:build linux

package cmp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinks: cmp-server unpacks a link of the repository as one with the
// absolute path of what it leads to (util/io/files/tar.go), which changes from
// call to call. Neither the objects nor their origins may show it.
func TestLinks(t *testing.T) {
	linked := func(t *testing.T) string {
		root := checkout(t, "shop")
		for at, to := range map[string]string{
			"apps/dir/more.yaml":        "../../shared/more.yaml",
			"apps/kust/linked.yaml":     "secret.yaml", // kustomize follows none out of its directory
			"apps/kust/base":            "../../shared/base",
			"apps/chart/linked.yaml":    "../../shared/values.yaml",
			"apps/chart/templates/more": "../../../shared/templates",
		} {
			if err := os.Symlink(to, filepath.Join(root, at)); err != nil {
				t.Fatal(err)
			}
		}
		secret := func(name string) string {
			return "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: " + name + ", namespace: shop}\nspec: {backendType: secretsManager, data: [{key: a, name: b}]}\n"
		}
		write(t, filepath.Join(root, "shared/more.yaml"), secret("more"))
		write(t, filepath.Join(root, "shared/templates/more.yaml"), secret("templated"))
		write(t, filepath.Join(root, "shared/values.yaml"), "zone: linked\n")
		write(t, filepath.Join(root, "shared/base/kustomization.yaml"), "resources: [base.yaml]\n")
		write(t, filepath.Join(root, "shared/base/base.yaml"), secret("based"))
		write(t, filepath.Join(root, "apps/kust/kustomization.yaml"), "resources: [web.yaml, linked.yaml, base]\n")
		return root
	}
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			sc.use(t)
			for _, c := range []struct{ path, source, parameters, holds string }{
				{"apps/dir", "directory: {}", "", `"name":"more"`},
				{"apps/kust", "", "", `"name":"based"`},
				{"apps/chart", "helm: {valueFiles: [linked.yaml]}", `, {name: helm-value-files, array: [linked.yaml]}`, `"zone":"linked"`},
			} {
				t.Run(c.path, func(t *testing.T) { sc.links(t, linked, c.path, c.source, c.parameters, c.holds) })
			}
		})
	}
}

func (s *sidecar) links(t *testing.T, linked func(*testing.T) string, path, source, parameters, holds string) {
	want, err := argocd(t.Context(), linked(t), application(t, path, source))
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(want, ""); !strings.Contains(text, holds) {
		t.Fatalf("%s isn't in the native\n%s", holds, text)
	}
	keep, err := argocd(t.Context(), linked(t), application(t, path, plugin("[{name: mode, string: keep}"+parameters+"]", "")))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(keep, want) {
		t.Errorf("with the plugin:\n%s\nwithout:\n%s", strings.Join(keep, "\n"), strings.Join(want, "\n"))
	}
	replace := application(t, path, plugin("[{name: mode, string: replace}"+parameters+"]", ""))
	first, err := argocd(t.Context(), linked(t), replace)
	if err != nil {
		t.Fatal(err)
	}
	second, err := argocd(t.Context(), linked(t), replace)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first, second) || strings.Contains(strings.Join(first, ""), "_cmp_server") {
		t.Errorf("one call:\n%s\nand another:\n%s", strings.Join(first, "\n"), strings.Join(second, "\n"))
	}
	root := linked(t)
	args := []string{path, "--mode", "replace", "--app-name", "team_web", "--app-namespace", "shop", "--kube-version", kubeVersion, "--api-versions", strings.Join(apiVersions, ",")}
	if parameters != "" {
		args = append(args, "--helm-value-files", "linked.yaml")
	}
	out, err := render(t, root, args...)
	if err != nil {
		t.Fatal(err)
	}
	got := parse(t, first)
	unguard(t, got)
	same(t, "against render", got, split(t, out))
}
