package cutover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/conformance/preview/cluster"
)

// TestRights does everything with the roles that cutover rbac prints and no
// other right, on an API server that enforces them.
func TestRights(t *testing.T) {
	f := newFleet(t, releases[2], 2, 3, poll, "--authorization-mode", "RBAC")
	secrets := f.applyKES()
	f.frozenESO(len(secrets))

	r := f.run(nil, "status", "-n", f.namespaces[0])
	if r.code == 0 || !strings.Contains(r.err, "cutover rbac") {
		t.Fatalf("without a right: exit %d\n%s\n%s", r.code, r.out, r.err)
	}
	f.requests()
	roles := f.ok(append([]string{"rbac", f.checkout(), "--subject", "user:" + user, "--store", store}, "-q")...)
	if n := sum(f.requests()); n > 0 {
		t.Errorf("cutover rbac asked the cluster %d times", n)
	}
	f.grant(roles.out)

	w := f.watch(secrets)
	for i, ns := range f.namespaces {
		f.ok("status", "-n", ns)
		args := []string{"run", "-n", ns, "--yes", "--journal", f.journal}
		if i > 0 {
			args = append(args, "--prove") // it reads a second Secret
		}
		f.ok(args...)
	}
	w.check("handed over", esoAlone, func(ns, name string) error { return f.absent(f.kesPath(ns, name)) })
	w = f.watch(secrets)
	for _, ns := range f.namespaces {
		f.ok("rollback", "-n", ns, "--yes", "--journal", f.journal)
	}
	w.check("given back", kesAlone, func(ns, name string) error { return f.absent(f.esoPath(ns, name)) })
	// Not more: another Secret, and the list of all.
	for _, path := range []string{cluster.Namespaced("v1", f.namespaces[0], "secrets"), cluster.Namespaced("v1", f.namespaces[0], "secrets", "other")} {
		if err := cluster.NewClient(f.URL, user+"-token").Get(t.Context(), path, nil); cluster.Code(err) != 403 {
			t.Errorf("get %s: %v, want 403", path, err)
		}
	}
}

// checkout writes the KES objects down as an application's manifests.
func (f *fleet) checkout() string {
	f.t.Helper()
	dir := filepath.Join(f.t.TempDir(), "app")
	f.must(os.Mkdir(dir, 0o700))
	f.all(func(ns, name string, i int) {
		text := fmt.Sprintf(`apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: %s, namespace: %s}
spec:
  backendType: secretsManager
  region: eu-west-1
  data:
    - {key: %s, name: a}
    - {key: %s, name: b}
`, name, ns, key(i), key(i+1))
		f.must(os.WriteFile(filepath.Join(dir, ns+"-"+name+".yaml"), []byte(text), 0o600))
	})
	return dir
}

// grant applies roles and bindings.
func (f *fleet) grant(text string) {
	f.t.Helper()
	if strings.Contains(text, "namespace: argocd") {
		f.Namespace("argocd")
	}
	n := 0
	for doc := range strings.SplitSeq(text, "\n---\n") {
		field := func(name string) string {
			_, after, _ := strings.Cut("\n"+doc, "\n"+name+": ")
			value, _, _ := strings.Cut(after, "\n")
			return strings.Trim(value, `"`)
		}
		kind := field("kind")
		if kind == "" {
			continue // the comment at the top
		}
		path := "/apis/rbac.authorization.k8s.io/v1/"
		if ns := field("  namespace"); ns != "" {
			path += "namespaces/" + ns + "/"
		}
		f.must(f.Apply(f.t.Context(), path+strings.ToLower(kind)+"s/"+field("  name"), []byte(doc)))
		n++
	}
	if n < 4 {
		f.t.Fatalf("only %d roles and bindings:\n%s", n, text)
	}
}
