//go:build linux

package cmp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	cmputil "github.com/argoproj/argo-cd/v3/util/cmp"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"kesbridge/conformance/argocd/oracle"
)

const (
	revision    = "0123456789abcdef0123456789abcdef01234567"
	kubeVersion = "1.33.4"
	repoURL     = "https://git.example/shop"
	// deadline is Argo CD's default for a caller.
	deadline = time.Minute
)

var apiVersions = []string{"v1", "apps/v1", "apps/v1/Deployment", "external-secrets.io/v1", "external-secrets.io/v1/ExternalSecret"}

// checkout copies a repository of testdata, as a clone.
func checkout(t *testing.T, repo string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "repo")
	if err := os.CopyFS(root, os.DirFS(filepath.Join("testdata", repo))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, ".git", "HEAD"), revision+"\n")
	write(t, filepath.Join(root, ".git", "config"), "[remote \"origin\"]\n\turl = "+repoURL+"\n")
	return root
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// application is team/web, with a source in YAML.
func application(t *testing.T, path, source string) *v1alpha1.Application {
	t.Helper()
	app := &v1alpha1.Application{}
	app.APIVersion, app.Kind = "argoproj.io/v1alpha1", "Application"
	app.Name, app.Namespace = "web", "team"
	app.Spec.Project = "shop"
	app.Spec.Destination = v1alpha1.ApplicationDestination{Namespace: "shop", Server: "https://k8s.example"}
	s := &v1alpha1.ApplicationSource{}
	if err := yaml.UnmarshalStrict([]byte(source), s); err != nil {
		t.Fatal(err)
	}
	s.RepoURL, s.Path, s.TargetRevision = repoURL, path, "main"
	app.Spec.Source = s
	return app
}

// plugin is the source of an app that names our plugin.
func plugin(parameters, env string) string {
	s := "plugin:\n  name: " + pluginName + "\n"
	if parameters != "" {
		s += "  parameters: " + parameters + "\n"
	}
	if env != "" {
		s += "  env: " + env + "\n"
	}
	return s
}

// argocd renders with the repo-server's own code, which for a plugin sends the
// repository to the sidecar, as the environment says.
func argocd(ctx context.Context, root string, app *v1alpha1.Application) ([]string, error) {
	ctx, stop := context.WithTimeout(ctx, deadline)
	defer stop()
	return oracle.Generate(ctx, oracle.Request{Root: root, Revision: revision, App: app.DeepCopy(), KubeVersion: kubeVersion, APIVersions: apiVersions})
}

// use makes a sidecar the one that argocd finds.
func (s *sidecar) use(t *testing.T) { t.Setenv("ARGOCD_PLUGINSOCKFILEPATH", s.sockets) }

// environment is what the repo-server gives with an app (newEnv, getPluginEnvs):
// for calls that it doesn't make itself, with 2.14 without the project.
func (s *sidecar) environment(app *v1alpha1.Application) []string {
	src := app.Spec.Source
	env := []string{
		"ARGOCD_APP_NAME=" + app.InstanceName(oracle.ControlPlane), "ARGOCD_APP_NAMESPACE=" + app.Spec.Destination.Namespace,
		"ARGOCD_APP_REVISION=" + revision, "ARGOCD_APP_REVISION_SHORT=" + revision[:7], "ARGOCD_APP_REVISION_SHORT_8=" + revision[:8],
		"ARGOCD_APP_SOURCE_REPO_URL=" + src.RepoURL, "ARGOCD_APP_SOURCE_PATH=" + src.Path, "ARGOCD_APP_SOURCE_TARGET_REVISION=" + src.TargetRevision,
		"KUBE_VERSION=" + kubeVersion, "KUBE_API_VERSIONS=" + strings.Join(apiVersions, ","),
	}
	if strings.HasPrefix(s.version, "v2.") {
		env[8] = "KUBE_VERSION=1.33" // as it is spelled there
	} else {
		env = append(env, "ARGOCD_APP_PROJECT_NAME="+app.Spec.Project)
	}
	parameters, err := src.Plugin.Parameters.Environ()
	if err != nil {
		panic(err) // only what isn't JSON
	}
	env = append(env, parameters...)
	for _, e := range src.Plugin.Env {
		env = append(env, "ARGOCD_ENV_"+e.Name+"="+e.Value)
	}
	return env
}

// send makes one call of the sidecar with Argo CD's client; sent is the part
// of the repository that is sent.
func (s *sidecar) send(ctx context.Context, sent string, app *v1alpha1.Application, root string) ([]string, error) {
	ctx, stop := context.WithTimeout(ctx, deadline)
	defer stop()
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(s.socket()).NewConfigManagementPluginClient()
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		return nil, err
	}
	if err := cmputil.SendRepoStream(ctx, filepath.Join(root, app.Spec.Source.Path), sent, stream, s.environment(app), nil); err != nil {
		return nil, err
	}
	resp, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return resp.Manifests, nil
}

// announcements asks for the parameters of an app.
func (s *sidecar) announcements(ctx context.Context, app *v1alpha1.Application, root string) (*apiclient.ParametersAnnouncementResponse, error) {
	ctx, stop := context.WithTimeout(ctx, deadline)
	defer stop()
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(s.socket()).NewConfigManagementPluginClient()
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	stream, err := client.GetParametersAnnouncement(ctx)
	if err != nil {
		return nil, err
	}
	// populatePluginAppDetails gives less than for a render.
	var env []string
	for _, e := range s.environment(app) {
		for _, p := range []string{"ARGOCD_APP_NAME=", "ARGOCD_APP_SOURCE_", "ARGOCD_APP_PARAMETERS=", "PARAM_", "ARGOCD_ENV_"} {
			if strings.HasPrefix(e, p) {
				env = append(env, e)
			}
		}
	}
	if err := cmputil.SendRepoStream(ctx, filepath.Join(root, app.Spec.Source.Path), root, stream, env, nil); err != nil {
		return nil, err
	}
	return stream.CloseAndRecv()
}

// render runs kesbridge render in a checkout, with nothing on PATH.
func render(t *testing.T, root string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), builds.kesbridge, append([]string{"render"}, args...)...)
	cmd.Dir = root
	cmd.Env = []string{"PATH=" + t.TempDir(), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + t.TempDir()}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// object is one object of an output.
type object map[string]any

func (o object) String() string {
	b, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(b)
}

// parse reads manifests, one object each.
func parse(t *testing.T, manifests []string) []object {
	t.Helper()
	var out []object
	for _, m := range manifests {
		var o object
		if err := yaml.Unmarshal([]byte(m), &o); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// split reads an output as Argo CD does that of a plugin: cut by the
// cmp-server, and by the repo-server again.
func split(t *testing.T, output []byte) []object {
	t.Helper()
	docs, err := kube.SplitYAMLToString(bytes.TrimSuffix(output, []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, docs)
}

// unguard takes from the converted objects what only the plugin adds, and
// nothing else: the guard against pruning and the ids of the warnings. It
// fails where an ESO object had no guard.
func unguard(t *testing.T, all []object) {
	t.Helper()
	for _, o := range all {
		u := unstructured.Unstructured{Object: o}
		if group, _, _ := strings.Cut(u.GetAPIVersion(), "/"); group != "external-secrets.io" {
			continue
		}
		a := u.GetAnnotations()
		for name, item := range map[string]string{"argocd.argoproj.io/sync-options": "Prune=false", "argocd.argoproj.io/compare-options": "IgnoreExtraneous"} {
			rest, ok := without(a[name], item)
			if !ok {
				t.Errorf("%s %s: %s is %q, without %s", u.GetKind(), u.GetName(), name, a[name], item)
			}
			if a[name] = rest; rest == "" {
				delete(a, name)
			}
		}
		delete(a, "kesbridge/warnings")
		u.SetAnnotations(a)
	}
}

// without takes one item out of a list.
func without(list, item string) (string, bool) {
	var rest []string
	found := false
	for s := range strings.SplitSeq(list, ",") {
		if s == item && !found {
			found = true
		} else {
			rest = append(rest, s)
		}
	}
	return strings.Join(rest, ","), found
}

// same compares two outputs in order.
func same(t *testing.T, what string, got, want []object) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d objects, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if g, w := got[i].String(), want[i].String(); g != w {
			t.Errorf("%s: object %d is\n%s\nwant\n%s", what, i+1, g, w)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
