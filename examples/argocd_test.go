package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/cli"
	"kesbridge/internal/config"
)

// repository is a copy of the examples in a repository of its own, as the
// current directory.
func repository(t *testing.T) (root string) {
	t.Helper()
	src, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if root, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(root, "examples"), os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	return root
}

// kesbridge runs a command that must succeed and returns its standard output.
func kesbridge(t *testing.T, env map[string]string, args ...string) []byte {
	t.Helper()
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	var out, errw bytes.Buffer
	if code := cli.Run(context.Background(), args, list, strings.NewReader(""), &out, &errw); code != 0 {
		t.Fatalf("kesbridge %q: exit code %d\n%s", args, code, errw.String())
	}
	return out.Bytes()
}

// documents decodes a stream of YAML.
func documents[T any](t *testing.T, text []byte, strict bool) (out []T) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(strict)
	for {
		var v T
		switch err := dec.Decode(&v); {
		case err == nil:
			out = append(out, v)
		case err.Error() == "EOF":
			return out
		default:
			t.Fatal(err)
		}
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The fields of Kubernetes that the examples use; others are errors.
type (
	meta struct {
		Name, Namespace     string
		Labels, Annotations map[string]string
	}
	container struct {
		Name, Image     string
		Command, Args   []string
		Env             []struct{ Name, Value string }
		Resources       struct{ Requests, Limits map[string]string }
		SecurityContext struct {
			RunAsNonRoot             bool                    `yaml:"runAsNonRoot"`
			RunAsUser                int                     `yaml:"runAsUser"`
			ReadOnlyRootFilesystem   bool                    `yaml:"readOnlyRootFilesystem"`
			AllowPrivilegeEscalation *bool                   `yaml:"allowPrivilegeEscalation"`
			Capabilities             struct{ Drop []string } `yaml:"capabilities"`
			SeccompProfile           struct{ Type string }   `yaml:"seccompProfile"`
		} `yaml:"securityContext"`
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
	volume struct {
		Name     string
		EmptyDir *struct {
			SizeLimit string `yaml:"sizeLimit"`
		} `yaml:"emptyDir"`
		ConfigMap *struct{ Name string } `yaml:"configMap"`
	}
	object struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   meta
		Data       map[string]string
		Spec       struct {
			Selector any
			Template struct {
				Metadata meta
				Spec     struct {
					AutomountServiceAccountToken *bool `yaml:"automountServiceAccountToken"`
					Containers                   []container
					InitContainers               []container `yaml:"initContainers"`
					Volumes                      []volume
				}
			}
		}
	}
	chartValues struct {
		Configs    struct{ Params map[string]string }
		RepoServer struct {
			ExtraContainers []container `yaml:"extraContainers"`
			Volumes         []volume
		} `yaml:"repoServer"`
		ExtraObjects []object `yaml:"extraObjects"`
	}
)

// TestArgocdInstall: the component makes what installed.yaml shows, and the
// chart's values say the same.
func TestArgocdInstall(t *testing.T) {
	src, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	repository(t)
	out := kesbridge(t, nil, "render", "examples/argocd/install")
	golden := filepath.Join(src, "argocd/install/installed.yaml")
	if *update {
		if err := os.WriteFile(golden, out, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want := file(t, golden); !bytes.Equal(out, want) {
		t.Fatalf("differs from %s (go test ./examples -update rewrites it)\n%s", golden, out)
	}
	var server, params, admin object
	for _, o := range documents[object](t, out, true) {
		switch {
		case o.Kind == "Deployment":
			server = o
		case o.Metadata.Name == "argocd-cmd-params-cm":
			params = o
		default:
			admin = o
		}
	}
	pod := server.Spec.Template.Spec
	sidecar := named(pod.Containers, "kesbridge")
	checkMounts(t, sidecar, pod.Volumes)

	chart := documents[chartValues](t, file(t, "examples/argocd/values.yaml"), true)[0]
	if got := named(chart.RepoServer.ExtraContainers, "kesbridge"); !reflect.DeepEqual(got, sidecar) {
		t.Errorf("values.yaml has the sidecar\n%+v\nrepo-server/ has\n%+v", got, sidecar)
	}
	for _, v := range chart.RepoServer.Volumes {
		if v.ConfigMap != nil {
			v.ConfigMap.Name = admin.Metadata.Name // kustomize appends a hash
		}
		if !slices.ContainsFunc(pod.Volumes, func(w volume) bool { return reflect.DeepEqual(v, w) }) {
			t.Errorf("values.yaml has volume %+v, repo-server/ hasn't", v)
		}
	}
	for k, v := range chart.Configs.Params {
		if params.Data[k] != v {
			t.Errorf("%s is %q in values.yaml, %q in repo-server/", k, v, params.Data[k])
		}
	}
	text := admin.Data["kesbridge.yaml"]
	a, b := parse(t, text), parse(t, chart.ExtraObjects[0].Data["kesbridge.yaml"])
	if !reflect.DeepEqual(a.Locked, b.Locked) || !reflect.DeepEqual(a.Defaults, b.Defaults) || len(a.Locked) == 0 {
		t.Errorf("values.yaml has the administrator's file\n%+v\nrepo-server/ has\n%+v", b, a)
	}
	if _, err := config.Settle(a, nil, ""); err != nil {
		t.Error(err)
	}
	// Both must say how long the caller waits.
	for _, key := range []string{"controller.repo.server.timeout.seconds", "server.repo.server.timeout.seconds"} {
		if got := params.Data[key] + "s"; got != variable(sidecar, "KESBRIDGE_TIMEOUT") {
			t.Errorf("%s is %s, KESBRIDGE_TIMEOUT %s", key, got, variable(sidecar, "KESBRIDGE_TIMEOUT"))
		}
	}
}

func named(list []container, name string) container {
	i := slices.IndexFunc(list, func(c container) bool { return c.Name == name })
	if i < 0 {
		return container{}
	}
	return list[i]
}

func variable(c container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("kesbridge.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkMounts: every mount has its volume, /tmp is the sidecar's alone.
func checkMounts(t *testing.T, c container, volumes []volume) {
	t.Helper()
	at := map[string]string{}
	for _, m := range c.VolumeMounts {
		at[m.MountPath] = m.Name
		if !slices.ContainsFunc(volumes, func(v volume) bool { return v.Name == m.Name }) {
			t.Errorf("%s is mounted, and there is no such volume", m.Name)
		}
	}
	if at["/tmp"] == "tmp" || at["/tmp"] == "" {
		t.Errorf("/tmp is volume %q; it must be one of the sidecar's own", at["/tmp"])
	}
	if dir := filepath.Dir(variable(c, "KESBRIDGE_CONFIG")); at[dir] != "kesbridge-admin" {
		t.Errorf("KESBRIDGE_CONFIG is in %s, where %q is mounted", dir, at[dir])
	}
}

// application is as much of an Application as kesbridge's plugin is told.
type application struct {
	Kind     string
	Metadata meta
	Spec     struct {
		Destination struct{ Namespace string }
		Source      map[string]any
	}
}

func apps(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("examples/argocd/apps/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %d Applications, %v", len(files), err)
	}
	return files
}

func parameter(list []any, name string) map[string]any {
	for _, p := range list {
		if m := p.(map[string]any); m["name"] == name {
			return m
		}
	}
	return nil
}

func parametersOf(source map[string]any) []any {
	plugin, _ := source["plugin"].(map[string]any)
	list, _ := plugin["parameters"].([]any)
	return list
}

// TestArgocdSource: an Application whose block went into the parameter source
// renders what the native Application renders, and the friendly parameters
// say the same as the block.
func TestArgocdSource(t *testing.T) {
	repository(t)
	moved := 0
	for _, name := range apps(t) {
		app := documents[application](t, file(t, name), false)[0]
		list := parametersOf(app.Spec.Source)
		source := parameter(list, "source")
		if source == nil {
			continue
		}
		moved++
		var block map[string]any
		if err := yaml.Unmarshal([]byte(source["string"].(string)), &block); err != nil {
			t.Fatal(err)
		}
		var native map[string]any
		if err := yaml.Unmarshal(file(t, name), &native); err != nil {
			t.Fatal(err)
		}
		inSpec := native["spec"].(map[string]any)["source"].(map[string]any)
		delete(inSpec, "plugin")
		for k, v := range block {
			inSpec[k] = v
		}
		text, err := yaml.Marshal(native)
		if err != nil {
			t.Fatal(err)
		}
		// Beside the Application, so that it finds the same repository.
		file := strings.TrimSuffix(name, ".yaml") + "-native.yml"
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		mode := parameter(list, "mode")["string"].(string)
		got := kesbridge(t, nil, "render", "--application", name)
		if want := kesbridge(t, nil, "render", "--application", file, "--mode", mode); !bytes.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s renders\n%s\nits native form renders\n%s", name, got, want)
		}
		friendly := strings.TrimSuffix(name, ".yaml") + "-parameters.yaml"
		if _, err := os.Stat(friendly); err == nil {
			if want := kesbridge(t, nil, "render", "--application", friendly); !bytes.Equal(got, want) {
				t.Errorf("%s renders\n%s\n%s renders\n%s", name, got, friendly, want)
			}
		}
	}
	if moved != 3 {
		t.Errorf("%d Applications have the parameter source, want 3", moved)
	}
}

// guard is what the plugin adds to converted objects.
var guard = regexp.MustCompile(`(?m)^ *argocd\.argoproj\.io/(compare|sync)-options: "?(IgnoreExtraneous|Prune=false)"?\n`)

// TestArgocdGenerate runs every Application as cmp-server would, with the
// sidecar's environment: apart from the guard it is what a laptop renders.
func TestArgocdGenerate(t *testing.T) {
	root := repository(t)
	tmp := t.TempDir()
	for _, name := range apps(t) {
		app := documents[application](t, file(t, filepath.Join(root, name)), false)[0]
		if app.Kind != "Application" {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Chdir(root)
			t.Setenv("TMPDIR", tmp) // generate sets it
			want := kesbridge(t, nil, "render", "--application", name)
			source := app.Spec.Source
			dir := source["path"].(string)
			if source["plugin"] == nil { // Argo CD merges the file before
				if err := yaml.Unmarshal(file(t, filepath.Join(dir, ".argocd-source.yaml")), &source); err != nil {
					t.Fatal(err)
				}
			}
			list := parametersOf(source)
			given, err := json.Marshal(list)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(filepath.Join(root, dir))
			got := kesbridge(t, map[string]string{
				"ARGOCD_APP_NAME": app.Metadata.Name, "ARGOCD_APP_NAMESPACE": app.Spec.Destination.Namespace,
				"ARGOCD_APP_PROJECT_NAME": "shop", "ARGOCD_APP_SOURCE_PATH": dir, "ARGOCD_APP_PARAMETERS": string(given),
				"KESBRIDGE_CONFIG":   filepath.Join(root, "examples/argocd/repo-server/kesbridge.yaml"),
				"KESBRIDGE_WORK_DIR": filepath.Join(tmp, "work"),
			}, "plugin", "generate")
			guarded := 0
			switch parameter(list, "mode")["string"] {
			case "replace", "side-by-side":
				guarded = 2 * bytes.Count(want, []byte("external-secrets.io/v1\n"))
			}
			if n := len(guard.FindAll(got, -1)); n != guarded {
				t.Errorf("%d annotations guard, want %d", n, guarded)
			}
			if got := guard.ReplaceAll(got, nil); !bytes.Equal(got, want) || len(got) == 0 {
				t.Errorf("the plugin renders\n%s\nrender renders\n%s", got, want)
			}
		})
	}
}

// TestArgocdProject: the project allows all that the Applications render.
func TestArgocdProject(t *testing.T) {
	repository(t)
	type groupKind struct{ Group, Kind string }
	project := documents[struct {
		Spec struct {
			NamespaceResourceWhitelist []groupKind `yaml:"namespaceResourceWhitelist"`
		}
	}](t, file(t, "examples/argocd/project.yaml"), false)[0]
	used := map[groupKind]bool{}
	for _, name := range apps(t) {
		for _, o := range documents[object](t, kesbridge(t, nil, "render", "--application", name), false) {
			group, _, ok := strings.Cut(o.APIVersion, "/")
			if !ok {
				group = ""
			}
			used[groupKind{group, o.Kind}] = true
		}
	}
	for gk := range used {
		if !slices.Contains(project.Spec.NamespaceResourceWhitelist, gk) {
			t.Errorf("the project doesn't allow %+v", gk)
		}
	}
	for _, gk := range project.Spec.NamespaceResourceWhitelist {
		if !used[gk] {
			t.Errorf("no Application renders %+v", gk)
		}
	}
}
