package cutover

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
	"kesbridge/conformance/preview/tool"
)

// argo is a fleet with Argo CD 3.1.16: controller, repo-server, redis and
// kesbridge as the plugin in its sidecar. Its Secrets come from a Git
// repository of the test's own.
type argo struct {
	*fleet
	repo    string
	sockets string
}

func newArgo(t *testing.T, each int) *argo {
	dir, err := tool.ModuleDir(t.Context(), "github.com/argoproj/argo-cd/v3", "v3.1.16")
	if err != nil {
		t.Fatal(err)
	}
	var crds []string
	for _, name := range []string{"application", "appproject"} {
		crds = append(crds, filepath.Join(dir, "manifests/crds", name+"-crd.yaml"))
	}
	l := newLabWith(t, releases[2], crds)
	f := &fleet{lab: l, t: t, kes: kes.New(l.Client, l.backend, nil), settings: kes.Settings{Interval: 2 * time.Second}, each: each, kubeconfig: l.Kubeconfig}
	f.deploy(1, f.settings.Interval)
	f.kes.Start(f.settings)
	t.Cleanup(f.kes.Stop)
	a := &argo{fleet: f, repo: t.TempDir()}
	if a.sockets, err = os.MkdirTemp("", "ar-"); err != nil { // short
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(a.sockets) })
	a.configure()
	a.programs()
	a.git("init", "-q", "-b", "main")
	return a
}

// configure is what Argo CD's installation holds, as far as the controller and
// the repo-server need it.
func (a *argo) configure() {
	a.Namespace("argocd")
	core := "/api/v1/namespaces/argocd/"
	part := m{"app.kubernetes.io/part-of": "argocd"}
	for _, name := range []string{"argocd-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm", "argocd-gpg-keys-cm"} {
		a.must(a.Apply(a.t.Context(), core+"configmaps/"+name, m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": name, "labels": part}}))
	}
	a.must(a.Apply(a.t.Context(), core+"secrets/argocd-secret", m{
		"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "argocd-secret", "labels": part}, "stringData": m{"server.secretkey": "of the test"},
	}))
	config, err := json.Marshal(m{"bearerToken": a.Token, "tlsClientConfig": m{"insecure": true}})
	a.must(err)
	a.must(a.Apply(a.t.Context(), core+"secrets/cluster-here", m{
		"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "cluster-here", "labels": m{"argocd.argoproj.io/secret-type": "cluster"}},
		"stringData": m{"name": "here", "server": a.URL, "config": string(config)},
	}))
	a.must(a.Apply(a.t.Context(), "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default", m{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": m{"name": "default"},
		"spec": m{"sourceRepos": []string{"*"}, "destinations": []m{{"server": "*", "namespace": "*"}}, "clusterResourceWhitelist": []m{{"group": "*", "kind": "*"}}},
	}))
}

func (a *argo) programs() {
	t := a.t
	path, err := kesbridge()
	a.must(err)
	argocd := cluster.Program(t, home, tool.Argocd)
	server, err := tool.Redis(t.Context())
	a.must(err)
	redis, repo := cluster.Address(t), cluster.Address(t)
	port := func(address string) string { _, p, _ := net.SplitHostPort(address); return p }
	root, err := filepath.Abs("../../..") // plugin.yaml is there
	a.must(err)
	env := func(name string) []string {
		return []string{
			"PATH=" + filepath.Dir(path) + ":" + os.Getenv("PATH"), "ARGOCD_BINARY_NAME=" + name, "ARGOCD_PLUGINSOCKFILEPATH=" + a.sockets, "ARGOCD_GPG_ENABLED=false",
			"ARGOCD_CMP_WORKDIR=" + filepath.Join(a.Dir, "cmp"), "ARGOCD_ASK_PASS_SOCK=" + filepath.Join(a.sockets, "ask.sock"), "GIT_CONFIG_GLOBAL=/dev/null",
		}
	}
	a.Run("redis", nil, server, "--port", port(redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no")
	a.Run("argocd-cmp-server", env("argocd-cmp-server"), argocd, "--config-dir-path", root)
	a.until("the plugin's socket", func() error { _, err := os.Stat(filepath.Join(a.sockets, "kesbridge-v1.sock")); return err })
	a.Run("argocd-repo-server", env("argocd-repo-server"), argocd, "--address", "127.0.0.1", "--port", port(repo),
		"--metrics-address", "127.0.0.1", "--metrics-port", port(cluster.Address(t)), "--redis", redis, "--disable-tls")
	a.until("argocd-repo-server", func() error {
		c, err := net.Dial("tcp", repo)
		if err == nil {
			c.Close()
		}
		return err
	})
	a.Run("argocd-application-controller", env("argocd-application-controller"), argocd, "--kubeconfig", a.Kubeconfig, "--namespace", "argocd",
		"--redis", redis, "--repo-server", repo, "--repo-server-plaintext", "--metrics-port", port(cluster.Address(t)))
}

func (a *argo) git(args ...string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.invalid"}, args...)...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = a.repo, &said, &said
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + a.Dir, "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C"}
	if err := cmd.Run(); err != nil {
		a.t.Fatalf("git %s: %v\n%s", args[0], err, said.String())
	}
}

func (a *argo) file(name, text string) {
	a.t.Helper()
	path := filepath.Join(a.repo, name)
	a.must(os.MkdirAll(filepath.Dir(path), 0o700))
	a.must(os.WriteFile(path, []byte(text), 0o600))
}

// write writes an app's KES objects.
func (a *argo) write(app string) {
	a.t.Helper()
	for i := range a.each {
		a.file(fmt.Sprintf("%s/s-%03d.yaml", app, i), fmt.Sprintf(`apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: s-%03d
spec:
  backendType: secretsManager
  region: eu-west-1
  data:
    - key: %s
      name: a
    - key: %s
      name: b
`, i, key(i), key(i+1)))
	}
}

// mode commits an app's mode, the only thing that changes from step to step.
func (a *argo) mode(app, mode string) {
	a.t.Helper()
	a.file(app+"/kesbridge.yaml", fmt.Sprintf(`defaults: {mode: %s, esoVersion: "0.20"}
stores:
  - match: {backend: secretsManager}
    store: {kind: ClusterSecretStore, name: %s}
`, mode, store))
	a.git("add", ".")
	a.git("commit", "-q", "-m", app+": mode "+mode)
}

// application is an app's Application; options are its sync options.
func (a *argo) application(app string, options ...string) m {
	return m{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": m{"name": app, "namespace": "argocd"},
		"spec": m{
			"project": "default", "destination": m{"server": a.URL, "namespace": app},
			"source":     m{"repoURL": "file://" + a.repo, "path": app, "targetRevision": "main", "plugin": m{"name": "kesbridge-v1"}},
			"syncPolicy": m{"automated": m{"prune": true, "selfHeal": true}, "syncOptions": append([]string{}, options...)},
		},
	}
}

// synced asks Argo CD to look at Git, and waits until the newest commit is what
// runs. healthy: and until all is well.
func (a *argo) synced(app string, healthy bool) {
	a.t.Helper()
	head, err := os.ReadFile(filepath.Join(a.repo, ".git/refs/heads/main"))
	a.must(err)
	path := "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/" + app
	a.must(a.Do(a.t.Context(), "PATCH", path, cluster.Merge, m{"metadata": m{"annotations": m{"argocd.argoproj.io/refresh": "hard"}}}, nil))
	if err := cluster.Until(a.t.Context(), 2*time.Minute, func() error {
		var o struct {
			Metadata cluster.Meta
			Status   struct {
				Sync           struct{ Status, Revision string }
				Health         struct{ Status string }
				Conditions     []struct{ Type, Message string }
				OperationState struct{ Phase, Message string }
			}
		}
		if err := a.Get(a.t.Context(), path, &o); err != nil {
			return err
		}
		s := o.Status
		if o.Metadata.Annotations["argocd.argoproj.io/refresh"] != "" || s.Sync.Status != "Synced" || s.Sync.Revision != strings.TrimSpace(string(head)) ||
			s.OperationState.Phase == "Running" || healthy && s.Health.Status != "Healthy" {
			return fmt.Errorf("%+v", s)
		}
		return nil
	}); err != nil {
		a.t.Fatalf("waited for %s to be synced: %v", app, err)
	}
}

// begin makes an app's namespace, Application and KES objects, natively kept,
// and waits for the Secrets.
func (a *argo) begin(app string, options ...string) map[string]cluster.Secret {
	a.t.Helper()
	a.namespaces = []string{app}
	a.Namespace(app)
	a.write(app)
	manifest, err := json.Marshal(a.application(app, options...))
	a.must(err)
	a.file("argocd/"+app+".yaml", string(manifest))
	a.mode(app, "keep")
	a.must(a.Apply(a.t.Context(), "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/"+app, a.application(app, options...)))
	a.synced(app, false)
	out := map[string]cluster.Secret{}
	a.all(func(ns, name string, _ int) {
		path := cluster.Namespaced("v1", ns, "secrets", name)
		var s cluster.Secret
		a.until(path, func() error { return a.Get(a.t.Context(), path, &s) })
		out[path] = s
	})
	return out
}
