package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

// cutoverLab is a cluster with Secrets s0 and s1 of Application web: both have
// ESO objects, KES serves s1.
func cutoverLab(t *testing.T) (s *Server, call func(args ...string) (stdout, stderr string, code int)) {
	t.Helper()
	s = New()
	t.Cleanup(s.Close)
	values := func(Object) map[string]any {
		return map[string]any{"password": base64.StdEncoding.EncodeToString([]byte("hunter2"))}
	}
	kes, eso := &Poller{Values: values}, &Operator{Deaf: true, Values: values}
	s.AddController(eso.Reconcile)
	s.Add(
		Object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": Object{"name": "kes", "namespace": "kes"}, "spec": Object{"replicas": 1, "template": Object{"spec": Object{"containers": []any{Object{
			"name": "kes", "image": "ghcr.io/external-secrets/kubernetes-external-secrets:8.5.5", "env": []any{Object{"name": "POLLER_INTERVAL_MILLISECONDS", "value": "10"}},
		}}}}}},
		Object{"apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore", "metadata": Object{"name": "fake"}, "status": Object{"conditions": []any{Object{"type": "Ready", "status": "True"}}}},
		Object{"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "web", "namespace": "shop"}, "spec": Object{"volumes": []any{Object{"secret": Object{"secretName": "s0"}}}}},
		Object{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": Object{"name": "web", "namespace": "argocd"}, "spec": Object{"syncPolicy": Object{"automated": Object{"selfHeal": true}}}},
	)
	for _, name := range []string{"s0", "s1"} {
		s.Add(Object{"apiVersion": "kubernetes-client.io/v1", "kind": "ExternalSecret", "metadata": Object{"name": name, "namespace": "shop", "annotations": Object{"argocd.argoproj.io/tracking-id": "web:kubernetes-client.io/ExternalSecret:shop/" + name}}, "spec": Object{"backendType": "secretsManager", "data": []any{Object{"key": "a", "name": "password"}}}})
	}
	kes.Poll(s)
	for _, name := range []string{"s0", "s1"} {
		s.Add(Object{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": Object{"name": name, "namespace": "shop"}, "spec": Object{"secretStoreRef": Object{"kind": "ClusterSecretStore", "name": "fake"}, "data": []any{Object{"secretKey": "password"}}}})
	}
	s.Settle()
	kes.Poll(s)
	s.Change(KESResource, "shop", "s0", func(o Object) {
		o["spec"].(Object)["controllerId"] = "kesbridge-frozen"
		o["status"] = Object{"lastSync": "2020-01-01T00:00:00Z", "status": "SUCCESS"}
	})
	home := t.TempDir()
	config := filepath.Join(home, "config")
	if err := os.WriteFile(config, []byte(s.Kubeconfig("shop")), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, func(args ...string) (string, string, int) {
		t.Helper()
		var out, errw bytes.Buffer
		code := Run(context.Background(), append([]string{"cutover"}, args...), []string{"KUBECONFIG=" + config, "HOME=" + home, "USER=jane"}, strings.NewReader(""), &out, &errw)
		return strings.ReplaceAll(out.String(), s.URL, "https://api"), strings.ReplaceAll(errw.String(), s.URL, "https://api"), code
	}
}

// contains reports what of some texts is missing.
func contains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in:\n%s", w, text)
		}
	}
	if strings.Contains(text, "hunter2") || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("hunter2"))) {
		t.Errorf("a value of a Secret is printed:\n%s", text)
	}
}

// TestCutover goes through the commands as a person would.
func TestCutover(t *testing.T) {
	s, call := cutoverLab(t)
	out, errs, code := call("status")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	contains(t, out, "NAMESPACE  SECRET  STATE", "shop       s0      both   KES    frozen  s0", "served", "Pod/web")
	contains(t, errs, "KES: Deployment kes/kes", "2 Secrets, 2 both")
	if _, errs, code = call("status", "-A", "--exit-code"); code != 1 {
		t.Errorf("--exit-code gives %d: %s", code, errs)
	}
	var st struct {
		Secrets []struct{ Name, State, App string }
	}
	if out, _, _ = call("status", "-o", "json", "s0"); json.Unmarshal([]byte(out), &st) != nil || len(st.Secrets) != 1 || st.Secrets[0].State != "both" || st.Secrets[0].App != "web" {
		t.Errorf("status -o json: %s", out)
	}
	before := len(s.Log())
	out, _, code = call("plan", "-A")
	contains(t, out, "app web, namespace shop: 2 Secrets", "guarded: Application web prunes with propagation foreground", "kubectl patch externalsecrets.kubernetes-client.io -n shop --type merge", " s1",
		"kesbridge cutover run -n shop --yes s0 s1", `"resourceVersion"`, "--cascade=orphan", "argocd app delete-resource web --group kubernetes-client.io --kind ExternalSecret --namespace shop --resource-name s0 --orphan", "kesbridge cutover status -A --exit-code")
	if code != 0 {
		t.Errorf("plan: exit code %d", code)
	}
	_, errs, code = call("run")
	contains(t, errs, "shop/s0: ready", "shop/s1: refused", "Deployment kes/kes runs and serves it", "nothing was changed")
	if code != 1 || len(s.Log()) != before {
		t.Errorf("dry run: exit code %d, changes %v", code, s.Log()[before:])
	}
	_, errs, code = call("run", "--yes", "-v", "s0")
	contains(t, errs, "shop/s0: handed over", "owner moved", "KES resource removed", "1 handed over")
	if code != 0 {
		t.Fatalf("run: exit code %d: %s", code, errs)
	}
	if _, errs, code = call("run", "--yes", "s0"); code != 0 {
		t.Errorf("second run: exit code %d: %s", code, errs)
	}
	_, errs, code = call("rollback", "s0")
	contains(t, errs, "shop/s0: ready", "create the KES resource from the journal")
	if code != 0 {
		t.Errorf("rollback: exit code %d: %s", code, errs)
	}
}

// TestCutoverApplication: --application says which resources, where, and what
// Argo CD does in another cluster.
func TestCutoverApplication(t *testing.T) {
	s, call := cutoverLab(t)
	s.Delete("applications.argoproj.io", "argocd", "web", "Background")
	file := filepath.Join(t.TempDir(), "web.yaml")
	app := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n  project: default\n  destination: {namespace: shop, server: \"https://x\"}\n" +
		"  source: {repoURL: \"https://git.example/x\", path: .}\n  syncPolicy: {automated: {}, syncOptions: [PrunePropagationPolicy=orphan]}\n"
	if err := os.WriteFile(file, []byte(app), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := call("plan", "--application", file)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	contains(t, out, "Git alone: Application web prunes with propagation orphan", "push mode freeze")
	if out, _, _ = call("plan", "--app", "web"); !strings.Contains(out, "isn't in this cluster") {
		t.Errorf("without the file:\n%s", out)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(app, "name: web", "name: other")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code = call("status", "--application", file); code != 0 || out != "" || !strings.Contains(errs, "0 Secrets") {
		t.Errorf("another app: exit code %d: %s%s", code, out, errs)
	}
}

// TestCutoverUsage: mistakes are told, and nothing is sent.
func TestCutoverUsage(t *testing.T) {
	s, call := cutoverLab(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status", "-A", "-n", "x"}, "give one of them"},
		{[]string{"run", "-A", "name"}, "leave --all-namespaces out"},
		{[]string{"run", "--parallel", "0"}, "--parallel 0"},
		{[]string{"run", "--kes", "x"}, "neither NAMESPACE/NAME nor none"},
		{[]string{"status", "-o", "yaml"}, "none of text, json"},
		{[]string{"run", "A_B"}, "no name of a Secret"},
		{[]string{"status", "-l", "a=b=c"}, "--selector"},
		{[]string{"rbac", "--subject", "jane"}, "none of user:NAME"},
	} {
		if _, errs, code := call(c.args...); code != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit code %d: %s", c.args, code, errs)
		}
	}
	if n := s.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
	if _, errs, code := call("status", "--context", "nowhere"); code != 2 || !strings.Contains(errs, "context") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if _, errs, code := call("run", "-n", "empty"); code != 2 || !strings.Contains(errs, "selected in namespace empty") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// TestCutoverRBAC: a template without applications, names with them.
func TestCutoverRBAC(t *testing.T) {
	s, call := cutoverLab(t)
	out, errs, code := call("rbac", "--subject", "user:jane")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	contains(t, out, "namespace: NAMESPACE", `- "SECRET"`, "externalsecrets/finalizers", `name: "jane"`)
	if strings.Contains(out, "resources: [secrets]\n  verbs") {
		t.Errorf("all Secrets may be read:\n%s", out)
	}
	app := filepath.Join(t.TempDir(), "app") // the examples' Applications may take the others for theirs
	if err := os.CopyFS(app, os.DirFS("../../examples/hello")); err != nil {
		t.Fatal(err)
	}
	out, errs, code = call("rbac", app, "--kes", "kes/kes")
	contains(t, out, "namespace: shop", `- "database"`, "kesbridge-cutover-kes")
	contains(t, errs, "roles for 1 Secret in 1 namespace")
	if code != 0 || strings.Contains(out, "statefulsets, daemonsets]\n  verbs: [get, list]") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if out, _, _ = call("rbac", "--list-secrets"); !strings.Contains(out, "resources: [secrets]\n  verbs: [list]") {
		t.Errorf("--list-secrets:\n%s", out)
	}
	if s.Requests() != 0 {
		t.Error("rbac asked the cluster")
	}
}
