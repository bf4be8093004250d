//go:build linux

package cmp

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	cmpplugin "github.com/argoproj/argo-cd/v3/cmpserver/plugin"
	repoclient "github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"sigs.k8s.io/yaml"
)

// TestPluginFile: every field of plugin.yaml is one of Argo CD's. Its server
// passes over others, so a wrong name would go unnoticed.
func TestPluginFile(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "plugin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c cmpplugin.PluginConfig
	if err := yaml.UnmarshalStrict(b, &c); err != nil {
		t.Fatal(err)
	}
	if err := cmpplugin.ValidatePluginConfig(c); err != nil {
		t.Error(err)
	}
	if got := c.Metadata.Name + "-" + c.Spec.Version; got != pluginName {
		t.Errorf("Applications name %s, not %s", got, pluginName)
	}
	if c.Spec.Discover.IsDefined() {
		t.Error("it has a discover: where one fails, Argo CD renders natively and prunes every ESO resource")
	}
	for what, command := range map[string]cmpplugin.Command{"generate": c.Spec.Generate, "parameters.dynamic": c.Spec.Parameters.Dynamic} {
		if argv := append(command.Command, command.Args...); len(argv) != 3 || argv[0] != "kesbridge" {
			t.Errorf("%s is %q", what, argv)
		}
	}
}

// TestAnnouncementFields: every field of an announcement is one of Argo CD's,
// which passes over others, too; and a default stands in the field of its type.
func TestAnnouncementFields(t *testing.T) {
	root := checkout(t, "shop")
	for _, dir := range []string{"apps/chart", "apps/kust", "apps/dir", "apps/empty"} {
		cmd := exec.CommandContext(t.Context(), builds.kesbridge, "plugin", "parameters")
		cmd.Dir = filepath.Join(root, dir)
		cmd.Env = []string{"PATH=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "ARGOCD_APP_NAME=web", "ARGOCD_APP_SOURCE_PATH=" + dir}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		d := json.NewDecoder(bytes.NewReader(out))
		d.DisallowUnknownFields()
		var list []*repoclient.ParameterAnnouncement
		if err := d.Decode(&list); err != nil {
			t.Fatalf("%s: %v in\n%s", dir, err, out)
		}
		if d.More() || len(list) == 0 {
			t.Errorf("%s: more than the list, or nothing in it:\n%s", dir, out)
		}
		for _, a := range list {
			other := map[string]bool{"": len(a.Array)+len(a.Map) > 0, "string": len(a.Array)+len(a.Map) > 0, "array": a.String_ != "" || len(a.Map) > 0, "map": a.String_ != "" || len(a.Array) > 0}
			if wrong, ok := other[a.CollectionType]; !ok || wrong {
				t.Errorf("%s: announced %v", dir, a)
			}
		}
	}
}

// TestFinal: with final set the plugin prints what kesbridge render prints,
// but for the ids of warnings: the guard against pruning is gone.
func TestFinal(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			root := checkout(t, "shop")
			manifests, err := sc.send(t.Context(), root, application(t, "apps/dir", plugin("[{name: mode, string: replace}, {name: final, string: \"true\"}]", "")), root)
			if err != nil {
				t.Fatal(err)
			}
			got := parse(t, manifests)
			warned := 0
			for _, o := range got {
				a, _ := o["metadata"].(map[string]any)["annotations"].(map[string]any)
				if _, ok := a["kesbridge/warnings"]; ok {
					warned++
					delete(a, "kesbridge/warnings")
				}
			}
			if warned != 1 {
				t.Errorf("%d objects with the ids of warnings, want that of KES006", warned)
			}
			out, err := render(t, root, "apps/dir", "--mode", "replace", "--app-name", "team_web", "--app-namespace", "shop",
				"--kube-version", kubeVersion, "--api-versions", strings.Join(apiVersions, ","))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "against render", got, split(t, out))
		})
	}
}
