package preview

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kesbridge/conformance/preview/tool"
)

// system is a whole Argo CD on this machine.
type system struct {
	t                         *testing.T
	dir                       string
	kube, kubeToken           string // API server's URL and an administrator's token
	argocd, repo, redis       string // host:port
	home, kubeconfig, sockets string
	admin                     string // a token of Argo CD's admin
	http                      *http.Client
}

const ready = time.Minute

// start starts everything; it all ends with the test.
func start(t *testing.T) *system {
	dir, err := os.MkdirTemp("", "pv-") // short: sockets go there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &system{
		t: t, dir: dir, kubeToken: random(), home: filepath.Join(dir, "home"), sockets: filepath.Join(dir, "s"),
		argocd: address(t), repo: address(t), redis: address(t),
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}},
	}
	for _, d := range []string{s.home, s.sockets, filepath.Join(dir, "tmp"), filepath.Join(dir, "assets")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.kubernetes()
	s.configure()
	s.argoCD()
	return s
}

func random() string { return rand.Text() }

func address(t *testing.T) string {
	a, err := tool.Address()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// run starts a program that ends with the test, and shows the end of its log
// where the test failed.
func (s *system) run(name string, env []string, path string, args ...string) {
	s.t.Helper()
	log, err := os.Create(filepath.Join(s.dir, name+".log"))
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = append(s.env(), env...)
	// Its own group, and not longer than the test binary.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		log.Close()
		if s.t.Failed() {
			said, _ := os.ReadFile(log.Name())
			s.t.Logf("%s:\n%s", name, said[max(0, len(said)-3000):])
		}
	})
}

// env is a small environment without the user's settings.
func (s *system) env() []string {
	return []string{"PATH=" + filepath.Dir(programs.kesbridge) + ":" + os.Getenv("PATH"), "HOME=" + s.home, "TMPDIR=" + filepath.Join(s.dir, "tmp"), "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null"}
}

func (s *system) until(what string, f func() error) {
	s.t.Helper()
	var err error
	for end := time.Now().Add(ready); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	s.t.Fatalf("waited for %s: %v", what, err)
}

// kubernetes starts etcd and kube-apiserver and puts the CRDs in.
func (s *system) kubernetes() {
	t := s.t
	client, peer, api := "http://"+address(t), "http://"+address(t), address(t)
	s.kube = "https://" + api
	s.run("etcd", nil, programs.etcd, "--data-dir", filepath.Join(s.dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := s.write("sa.key", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	tokens := s.write("tokens.csv", []byte(s.kubeToken+",admin,admin,system:masters\n"))
	s.run("kube-apiserver", nil, programs.apiserver, "--etcd-servers", client, "--bind-address", "127.0.0.1", "--secure-port", port(api),
		"--cert-dir", filepath.Join(s.dir, "certs"), "--service-account-key-file", keyFile, "--service-account-signing-key-file", keyFile,
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.0.0.0/24",
		"--token-auth-file", tokens, "--authorization-mode", "AlwaysAllow", "--disable-admission-plugins", "ServiceAccount")
	s.until("kube-apiserver", func() error { _, err := s.call("GET", "/readyz", "", nil); return err })
	for _, file := range programs.crds {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := crdName(data)
		s.apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+name, data)
		s.until(name, func() error {
			out, err := s.call("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+name, "", nil)
			if err == nil && !established(out) {
				err = fmt.Errorf("not established: %s", out[max(0, len(out)-400):])
			}
			return err
		})
	}
}

func established(out []byte) bool {
	var crd struct {
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
	_ = json.Unmarshal(out, &crd)
	for _, c := range crd.Status.Conditions {
		if c.Type == "Established" && c.Status == "True" {
			return true
		}
	}
	return false
}

// crdName is metadata.name, which in these files stands two blanks deep.
func crdName(data []byte) string {
	_, after, _ := strings.Cut("\n"+string(data), "\nmetadata:")
	_, after, _ = strings.Cut(after, "\n  name: ")
	name, _, _ := strings.Cut(after, "\n")
	return name
}

func (s *system) write(name string, data []byte) string {
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// call asks the Kubernetes API.
func (s *system) call(method, path, contentType string, body []byte) ([]byte, error) {
	return s.ask(method, s.kube+path, s.kubeToken, contentType, body)
}

func (s *system) ask(method, url, token, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, out[:min(500, len(out))])
	}
	return out, err
}

// apply is a server-side apply of YAML or JSON.
func (s *system) apply(path string, data []byte) {
	s.t.Helper()
	if _, err := s.call("PATCH", path+"?fieldManager=test&force=true", "application/apply-patch+yaml", data); err != nil {
		s.t.Fatal(err)
	}
}

// object applies an object that is written down as a map.
func (s *system) object(path string, o map[string]any) {
	s.t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.apply(path, b)
}

type m = map[string]any

// configure makes what Argo CD's installation holds: configuration, the
// project, the cluster.
func (s *system) configure() {
	for _, ns := range []string{"argocd", "shop"} {
		s.object("/api/v1/namespaces/"+ns, m{"apiVersion": "v1", "kind": "Namespace", "metadata": m{"name": ns}})
	}
	core := "/api/v1/namespaces/argocd/"
	part := m{"app.kubernetes.io/part-of": "argocd"}
	for _, name := range []string{"argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm", "argocd-gpg-keys-cm"} {
		s.object(core+"configmaps/"+name, m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": name, "labels": part}})
	}
	s.object(core+"configmaps/argocd-cm", m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": "argocd-cm", "labels": part},
		"data": m{"accounts.reader": "apiKey", "accounts.differ": "apiKey"}})
	// What docs/preview.md says that each preview needs, and no more.
	s.object(core+"configmaps/argocd-rbac-cm", m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": "argocd-rbac-cm", "labels": part},
		"data": m{"policy.csv": "p, reader, applications, get, default/shop, allow\n" +
			"p, differ, applications, get, default/shop, allow\np, differ, projects, get, default, allow\np, differ, clusters, get, *, allow\n"}})
	s.object(core+"secrets/argocd-secret", m{"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "argocd-secret", "labels": part}})
	config, err := json.Marshal(m{"bearerToken": s.kubeToken, "tlsClientConfig": m{"insecure": true}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.object(core+"secrets/cluster-here", m{
		"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "cluster-here", "labels": m{"argocd.argoproj.io/secret-type": "cluster"}},
		"stringData": m{"name": "here", "server": s.kube, "config": string(config)},
	})
	s.object("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default", m{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": m{"name": "default"},
		"spec": m{"sourceRepos": []string{"*"}, "destinations": []m{{"server": "*", "namespace": "*"}}, "clusterResourceWhitelist": []m{{"group": "*", "kind": "*"}}},
	})
}

// argoCD starts redis, the plugin's sidecar, repo-server, controller and API
// server, and logs in.
func (s *system) argoCD() {
	t := s.t
	s.kubeconfig = s.write("kubeconfig", fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: admin, namespace: argocd}}]
clusters: [{name: here, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %q}}]
`, s.kube, s.kubeToken))
	_, redisPort, err := net.SplitHostPort(s.redis)
	if err != nil {
		t.Fatal(err)
	}
	s.run("redis", nil, programs.redis, "--port", redisPort, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no")
	plugin, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	env := func(name string) []string {
		return []string{
			"ARGOCD_BINARY_NAME=" + name, "KUBECONFIG=" + s.kubeconfig, "ARGOCD_PLUGINSOCKFILEPATH=" + s.sockets, "ARGOCD_GPG_ENABLED=false",
			"ARGOCD_CMP_WORKDIR=" + filepath.Join(s.dir, "cmp"), "ARGOCD_ASK_PASS_SOCK=" + filepath.Join(s.dir, "ask.sock"),
		}
	}
	// plugin.yaml is in the repository's root, read as in the sidecar.
	s.run("argocd-cmp-server", env("argocd-cmp-server"), programs.argocd, "--config-dir-path", plugin)
	s.until("the plugin's socket", func() error { _, err := os.Stat(filepath.Join(s.sockets, "kesbridge-v1.sock")); return err })
	s.run("argocd-repo-server", env("argocd-repo-server"), programs.argocd, "--address", "127.0.0.1", "--port", port(s.repo),
		"--metrics-address", "127.0.0.1", "--metrics-port", port(address(t)), "--redis", s.redis, "--disable-tls")
	s.until("argocd-repo-server", func() error {
		c, err := net.Dial("tcp", s.repo)
		if err == nil {
			c.Close()
		}
		return err
	})
	common := []string{"--kubeconfig", s.kubeconfig, "--namespace", "argocd", "--redis", s.redis, "--repo-server", s.repo, "--repo-server-plaintext", "--metrics-port", port(address(t))}
	s.run("argocd-application-controller", env("argocd-application-controller"), programs.argocd, common...)
	common[len(common)-1] = port(address(t))
	s.run("argocd-server", env("argocd-server"), programs.argocd, append(common, "--address", "127.0.0.1", "--port", port(s.argocd), "--insecure",
		"--staticassets", filepath.Join(s.dir, "assets"))...)
	s.until("a token of Argo CD's admin", s.login)
}

func (s *system) login() error {
	out, err := s.call("GET", "/api/v1/namespaces/argocd/secrets/argocd-initial-admin-secret", "", nil)
	if err != nil {
		return err
	}
	var secret struct{ Data map[string]string }
	if err := json.Unmarshal(out, &secret); err != nil {
		return err
	}
	password, err := base64.StdEncoding.DecodeString(secret.Data["password"])
	if err != nil {
		return err
	}
	body, err := json.Marshal(m{"username": "admin", "password": string(password)})
	if err != nil {
		return err
	}
	if out, err = s.ask("POST", "http://"+s.argocd+"/api/v1/session", "", "application/json", body); err != nil {
		return err
	}
	var session struct{ Token string }
	err = json.Unmarshal(out, &session)
	if s.admin = session.Token; s.admin == "" && err == nil {
		err = fmt.Errorf("no token in %s", out)
	}
	return err
}

func (s *system) userEnv(token string) []string {
	return append(s.env(), "ARGOCD_SERVER="+s.argocd, "ARGOCD_AUTH_TOKEN="+token, "ARGOCD_OPTS=--plaintext", "KESBRIDGE_ARGOCD="+programs.argocd)
}

// command runs a program of the user's, with a token for Argo CD.
func (s *system) command(token, dir, path string, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &said
	cmd.Env = s.userEnv(token)
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}
