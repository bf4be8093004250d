// Package cluster starts a Kubernetes control plane for tests: etcd,
// kube-apiserver and, where garbage is to be collected, kube-controller-manager.
package cluster

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/tool"
)

// Options are of a control plane.
type Options struct {
	// Home is the directory conformance/preview, as seen from the test.
	Home string
	// CRDs are files with one CustomResourceDefinition each.
	CRDs []string
	// GarbageCollector starts kube-controller-manager with the garbage
	// collector and the controllers of namespaces and service accounts.
	GarbageCollector bool
	// Args are further arguments of kube-apiserver.
	Args []string
	// Tokens are further users, as lines of --token-auth-file: token,user,uid.
	Tokens []string
}

// Cluster is a control plane; its Client is an administrator's.
type Cluster struct {
	*Client
	// Dir is the test's, and Kubeconfig an administrator's.
	Dir, Kubeconfig string
	t               testing.TB
}

// Ready bounds what a start waits for.
const Ready = time.Minute

// Start starts one that ends with the test. Programs that aren't there are
// built, which takes minutes.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "cl-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{"home", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c := &Cluster{Dir: dir, t: t}
	c.etcdAndServer(o)
	c.crds(o.CRDs)
	if o.GarbageCollector {
		// After the CRDs: it looks for new kinds every 30 seconds.
		c.Run("kube-controller-manager", nil, Program(t, o.Home, tool.ControllerManager), "--kubeconfig", c.Kubeconfig, "--leader-elect=false",
			"--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller", "--secure-port=0",
			"--kube-api-qps=200", "--kube-api-burst=400")
	}
	return c
}

// Program is the path of a program that is built where it isn't there.
func Program(t testing.TB, home string, p tool.Program) string {
	t.Helper()
	cache, err := tool.Dir()
	if err != nil {
		t.Fatal(err)
	}
	path, took, err := p.Build(context.Background(), home, cache)
	if err != nil {
		t.Fatal(err)
	}
	if took > 0 {
		t.Logf("%s: built in %s", p.Name, took.Round(time.Second))
	}
	return path
}

// Address is a free one of this machine.
func Address(t testing.TB) string {
	t.Helper()
	a, err := tool.Address()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// env is a small environment without the user's settings.
func (c *Cluster) env() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(c.Dir, "home"), "TMPDIR=" + filepath.Join(c.Dir, "tmp"), "LC_ALL=C", "KUBECONFIG=" + c.Kubeconfig}
}

func (c *Cluster) write(name string, data []byte) string {
	c.t.Helper()
	path := filepath.Join(c.Dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// KubeconfigFor writes a kubeconfig with another user's token.
func (c *Cluster) KubeconfigFor(user, token string) string {
	return c.write("kubeconfig-"+user, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: %[2]q}}]
clusters: [{name: here, cluster: {server: %[1]q, insecure-skip-tls-verify: true}}]
users: [{name: %[2]q, user: {token: %[3]q}}]
`, c.URL, user, token))
}

func (c *Cluster) etcdAndServer(o Options) {
	t := c.t
	client, peer, api := "http://"+Address(t), "http://"+Address(t), Address(t)
	c.Client = NewClient("https://"+api, rand.Text())
	c.Run("etcd", nil, Program(t, o.Home, tool.Etcd), "--data-dir", filepath.Join(c.Dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := c.write("sa.key", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	tokens := strings.Join(append([]string{c.Token + `,admin,admin,system:masters`}, o.Tokens...), "\n")
	args := []string{
		"--etcd-servers", client, "--bind-address", "127.0.0.1", "--secure-port", port(api),
		"--cert-dir", filepath.Join(c.Dir, "certs"), "--service-account-key-file", keyFile, "--service-account-signing-key-file", keyFile,
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.0.0.0/24",
		"--token-auth-file", c.write("tokens.csv", []byte(tokens+"\n")), "--disable-admission-plugins", "ServiceAccount",
	}
	if !strings.Contains(strings.Join(o.Args, " "), "--authorization-mode") {
		args = append(args, "--authorization-mode", "AlwaysAllow")
	}
	c.Run("kube-apiserver", nil, Program(t, o.Home, tool.APIServer), append(args, o.Args...)...)
	c.Kubeconfig = c.KubeconfigFor("admin", c.Token)
	c.Until("kube-apiserver", Ready, func() error { return c.Do(t.Context(), "GET", "/readyz", "", nil, nil) })
}

// Until tries until it works.
func (c *Cluster) Until(what string, bound time.Duration, f func() error) {
	c.t.Helper()
	if err := Until(c.t.Context(), bound, f); err != nil {
		c.t.Fatalf("waited for %s: %v", what, err)
	}
}

// Until tries every 100 ms until it works, and returns the last error when it
// didn't within bound.
func Until(ctx context.Context, bound time.Duration, f func() error) error {
	for end := time.Now().Add(bound); ; {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *Cluster) crds(files []string) {
	t := c.t
	const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
	var names []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := crdName(data)
		names = append(names, name)
		if err := c.Apply(t.Context(), path+name, data); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		c.Until(name, Ready, func() error {
			var crd struct {
				Status struct {
					Conditions []struct{ Type, Status string }
				}
			}
			if err := c.Get(t.Context(), path+name, &crd); err != nil {
				return err
			}
			for _, cond := range crd.Status.Conditions {
				if cond.Type == "Established" && cond.Status == "True" {
					return nil
				}
			}
			return fmt.Errorf("not established: %v", crd.Status.Conditions)
		})
	}
}

// crdName is metadata.name, which in these files stands two blanks deep.
func crdName(data []byte) string {
	_, after, _ := strings.Cut("\n"+string(data), "\nmetadata:")
	_, after, _ = strings.Cut(after, "\n  name: ")
	name, _, _ := strings.Cut(after, "\n")
	return name
}

// Namespace makes one.
func (c *Cluster) Namespace(name string) {
	c.t.Helper()
	if err := c.Apply(c.t.Context(), "/api/v1/namespaces/"+name, M{"apiVersion": "v1", "kind": "Namespace", "metadata": M{"name": name}}); err != nil {
		c.t.Fatal(err)
	}
}
