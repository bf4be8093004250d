package render

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/cli/values"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// helmCmd makes a command that this test program answers (TestMain).
func helmCmd(t *testing.T, g *HelmGrant) string {
	t.Helper()
	path, err := HelmCommand(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if g != nil {
		if err := g.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// inProcess runs HelmMain as the command at path.
func inProcess(path string, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = HelmMain(context.Background(), append([]string{path}, args...), strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

// template gives what `helm template` gives for each flag that kustomize has.
func TestHelmMainTemplate(t *testing.T) {
	root := t.TempDir()
	write(t, root, optionRepo)
	write(t, root, map[string]string{
		"values,comma.yaml":                "a: comma\n",
		"apps/web/templates/unknown.yaml":  "apiVersion: v1\nkind: Secret\nmetadata: {name: u, annotations: {helm.sh/hook: crd-install}}\n---\nkind: K\napiVersion: v1\nmetadata: {name: k}\n",
		"apps/web/templates/_partial.yaml": "{{ define \"x\" }}# helm.sh/hook: none{{ end }}",
	})
	dir := root + "/apps/web"
	path := helmCmd(t, &HelmGrant{Root: root})
	for _, c := range []struct {
		args  []string
		src   Source
		files []string
		hooks bool
	}{
		{args: []string{"rel", dir}, src: Source{Helm: HelmOptions{ReleaseName: "rel", SkipCRDs: true}}},
		{args: []string{"--generate-name", dir}, src: Source{Helm: HelmOptions{ReleaseName: "release-name", SkipCRDs: true}}},
		{args: []string{"--generate-name", dir, "--namespace", "shop", "--name-template", `{{ printf "%s-%d" "n" 3 | upper | lower }}`}, src: Source{Helm: HelmOptions{ReleaseName: "n-3", Namespace: "shop", SkipCRDs: true}}},
		{args: []string{"rel", dir, "--include-crds", "--skip-tests", "--debug", "--devel"}, src: Source{Helm: HelmOptions{ReleaseName: "rel", SkipTests: true}}},
		{args: []string{"rel", dir, "--api-versions", "x.io/v1/W", "--api-versions", "y/v1,z/v1", "--kube-version", "v1.30.2"}, src: Source{KubeVersion: "v1.30.2", APIVersions: []string{"x.io/v1/W", "y/v1", "z/v1"}, Helm: HelmOptions{ReleaseName: "rel", SkipCRDs: true}}},
		{args: []string{"rel", dir, "-f", dir + "/values-prod.yaml", "-f", dir + "/values-two.yaml", "-f", root + "/common/values.yaml"}, files: []string{dir + "/values-prod.yaml", dir + "/values-two.yaml", root + "/common/values.yaml"}, src: Source{Helm: HelmOptions{ReleaseName: "rel", SkipCRDs: true}}},
		{args: []string{"rel", dir, "-f", dir + "/values-prod.yaml," + root + "/common/values.yaml"}, files: []string{dir + "/values-prod.yaml", root + "/common/values.yaml"}, src: Source{Helm: HelmOptions{ReleaseName: "rel", SkipCRDs: true}}},
		{args: []string{"rel", dir, "--no-hooks"}, hooks: true, src: Source{Helm: HelmOptions{ReleaseName: "rel", SkipCRDs: true}}},
	} {
		c.src.Dir = dir
		want, err := helmTemplate(dir, withDefaults(c.src), &values.Options{ValueFiles: c.files})
		if err != nil {
			t.Fatal(err)
		}
		if c.hooks { // the hooks come last
			want = want[:bytes.Index(want, []byte("---\n# Source: web/templates/test.yaml"))]
		}
		got, errs, code := inProcess(path, append([]string{"template"}, c.args...)...)
		if code != 0 || got != string(want) {
			t.Errorf("%q: code %d, %s\ngot\n%s\nwant\n%s", c.args, code, errs, got, want)
		}
		if !strings.Contains(errs, "Secret u is left out") {
			t.Errorf("%q: warned of %q", c.args, errs)
		}
	}
	if w := HelmWarnings(path); len(w) != 8 || !strings.Contains(w[0], "Secret u is left out") || HelmWarnings(path) != nil {
		t.Errorf("%q", w)
	}
	outside := filepath.Join(t.TempDir(), "kustomize-helm-x", "sub", "values.yaml")
	write(t, filepath.Dir(outside), map[string]string{"values.yaml": "a: outside\n"})
	for _, args := range [][]string{
		{}, {"install", "x", dir}, {"plugin", "list"}, {"template"}, {"template", "a", "b", "c"}, {"template", "a", root + "/none"}, {"template", "--generate-name", "rel", dir},
		{"template", "rel", dir, "--post-renderer", "x"}, {"template", "rel", dir, "--name-template", "x"}, {"template", "rel", dir, "-f", outside}, {"template", "rel", dir, "-f", "-"},
		{"template", "rel", "/etc"}, {"template", strings.Repeat("x", 54), dir}, {"template", "rel", dir, "--kube-version", "x"}, {"template", "--name-template", `{{ env "HOME" }}`, dir},
		{"template", "--name-template", `{{ getHostByName "localhost" }}`, dir}, {"pull", "x"}, {"template", "rel", dir, "--output-dir", root},
	} {
		if out, errs, code := inProcess(path, args...); code != 1 || out != "" || !strings.HasPrefix(errs, "Error: ") {
			t.Errorf("%q: code %d, %q, %q", args, code, out, errs)
		}
	}
	for _, args := range [][]string{{"version", "--short"}, {"version", "-c", "--short"}} {
		if out, errs, code := inProcess(path, args...); code != 0 || !strings.HasPrefix(out, "v4.2") || errs != "" {
			t.Errorf("%q: code %d, %q, %q", args, code, out, errs)
		}
	}
}

// kustomizeHelm is `kustomize build --enable-helm` with our command.
func kustomizeHelm(command, dir string) (string, error) {
	opt := krusty.MakeDefaultOptions()
	opt.Reorder = krusty.ReorderOptionUnspecified
	opt.PluginConfig = types.DisabledPluginConfig()
	opt.PluginConfig.HelmConfig = types.HelmConfig{Enabled: true, Command: command}
	m, err := krusty.MakeKustomizer(opt).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return "", err
	}
	data, err := m.AsYaml()
	return string(data), err
}

// A chart in a kustomization runs no other helm, and none of the plugins of
// helmGlobals.configHome (GHSA-fw5c-w8rc-j7fx).
func TestHelmMainConfigHome(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	script := "#!/bin/sh\ntouch " + ran + "\necho \"$@\" >&2\n"
	plugin := "name: evil\nversion: 1.0.0\nusage: x\ncommand: $HELM_PLUGIN_DIR/run.sh\nhooks: {install: $HELM_PLUGIN_DIR/run.sh}\ndownloaders:\n- command: run.sh\n  protocols: [evil, https, http, oci]\n"
	root := repo(t, map[string]string{
		"app/kustomization.yaml":        "helmGlobals: {chartHome: ch, configHome: home}\nhelmCharts:\n- {name: c, releaseName: rel, namespace: ns, includeCRDs: true, valuesInline: {a: inline}}\n",
		"app/remote/kustomization.yaml": "helmGlobals: {configHome: ../home}\nhelmCharts:\n- {name: c, repo: 'evil://x', version: 1.0.0, releaseName: rel}\n",
		"app/ch/c/Chart.yaml":           "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"app/ch/c/values.yaml":          "a: b\n",
		"app/ch/c/templates/a.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {a: {{ .Values.a }}}\n",
	})
	for _, d := range []string{"app/home/plugins/evil", "app/home/.data/plugins/evil", "app/home/.data/helm/plugins/evil"} {
		write(t, root, map[string]string{d + "/plugin.yaml": plugin, d + "/run.sh": script})
		if err := os.Chmod(filepath.Join(root, d, "run.sh"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	write(t, bin, map[string]string{"helm": script})
	if err := os.Chmod(bin+"/helm", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("HELM_PLUGINS", root+"/app/home/plugins")
	path := helmCmd(t, &HelmGrant{Root: root})
	out, err := kustomizeHelm(path, root+"/app")
	if err != nil || !strings.Contains(out, "a: inline") || !strings.Contains(out, "name: rel") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := kustomizeHelm(path, root+"/app/remote"); err == nil || !strings.Contains(err.Error(), "network not allowed: evil://x") {
		t.Errorf("%v\n%s", err, out)
	}
	path = helmCmd(t, &HelmGrant{Root: root, Network: Network{Allow: true}})
	if out, err := kustomizeHelm(path, root+"/app/remote"); err == nil || !strings.Contains(err.Error(), "neither https nor oci") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a foreign program ran")
	}
}

// What an application's author can set lets nothing through.
func TestHelmMainGrant(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "", "")
	root := repo(t, map[string]string{"app/helm.json": `{"Network": {"Allow": true}}`})
	grant, err := json.Marshal(HelmGrant{Root: root, Network: Network{Allow: true, HelmConfigDir: s.config(t, "")}})
	if err != nil {
		t.Fatal(err)
	}
	path := helmCmd(t, nil)
	args := []string{"pull", "--untar", "--untardir", root + "/app/charts", "--repo", s.URL, "db", "--version", "1.0.0"}
	cmd := exec.Command(path, args...)
	cmd.Dir = root + "/app"
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+root+"/app", "HELM_CACHE_HOME="+root, "HELM_GRANT="+string(grant), "KESBRIDGE_ALLOW_NETWORK=true")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "have the administrator allow the network") {
		t.Errorf("%v %s", err, out)
	}
	if err := os.WriteFile(path+".json", grant, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path+".json", 0o666); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := inProcess(path, args...); code == 0 || !strings.Contains(errs, "isn't private") {
		t.Error(errs)
	}
	if r := s.requests(); r != "" {
		t.Error("it asked for", r)
	}
}

func TestHelmMainPull(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "", "")
	s.add(t, "db", "2.0.0-rc1", "", "")
	root := repo(t, map[string]string{
		"app/kustomization.yaml": "helmCharts:\n- {name: db, repo: '" + s.URL + "', version: 1.0.0, releaseName: rel}\n", "app/link": "-> ../..",
	})
	path := helmCmd(t, &HelmGrant{Root: root, Network: Network{Allow: true, HelmConfigDir: s.config(t, "")}})
	out, err := kustomizeHelm(path, root+"/app")
	if err != nil || !strings.Contains(out, "name: db-1.0.0") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(root + "/app/charts/db-1.0.0/db/templates/a.yaml"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--untardir", root + "/app/charts/db-1.0.0", "--repo", s.URL, "db"}, "already exists"},
		{[]string{"--untardir", filepath.Dir(root) + "/x", "--repo", s.URL, "db"}, "outside the repository"},
		{[]string{"--untardir", root + "/app/link/x", "--repo", s.URL, "db"}, "escapes"},
		{[]string{"--untardir", root + "/app/../../x", "--repo", s.URL, "db"}, "outside the repository"},
		{[]string{"--untardir", root + "/n", "--repo", s.URL, "db", "--version", "3"}, "no version"},
		{[]string{"--untardir", root + "/n", "db"}, "without a repository"},
		{[]string{"--untardir", root + "/n", "--repo", s.URL, "db", "--devel"}, ""},
		{[]string{"--untardir", root + "/m", "--repo", s.URL, "db"}, ""},
	} {
		_, errs, code := inProcess(path, append([]string{"pull", "--untar"}, c.args...)...)
		if (code == 0) != (c.want == "") || !strings.Contains(errs, c.want) {
			t.Errorf("%q: %s", c.args, errs)
		}
	}
	for dir, want := range map[string]string{"n": "2.0.0-rc1", "m": "1.0.0"} {
		if data, _ := os.ReadFile(root + "/" + dir + "/db/Chart.yaml"); !strings.Contains(string(data), "version: "+want) {
			t.Errorf("%s: %s", dir, data)
		}
	}
	if _, err := os.Stat(filepath.Dir(root) + "/x"); err == nil {
		t.Error("it wrote outside the repository")
	}
}
