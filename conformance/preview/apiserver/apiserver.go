// Package apiserver starts a real kube-apiserver with its etcd for the tests
// of other packages: nothing else runs, so no controller touches what they
// apply. For Linux.
package apiserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"kesbridge/conformance/preview/tool"
)

// patience is how long anything may take to come up.
const patience = 2 * time.Minute

// Server is a running kube-apiserver. Everybody may do everything.
type Server struct {
	// URL is without a slash at its end; Token is an administrator's.
	URL, Token string

	dir   string
	http  *http.Client
	procs []*exec.Cmd
}

// Start builds both programs, if that wasn't done before, and starts them;
// home is the directory conformance/preview. The caller ends them with Stop,
// or they end with the process.
func Start(ctx context.Context, home string) (*Server, error) {
	cache, err := tool.Dir()
	if err != nil {
		return nil, err
	}
	etcd, _, err := tool.Etcd.Build(ctx, home, cache)
	if err != nil {
		return nil, err
	}
	api, _, err := tool.APIServer.Build(ctx, home, cache)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "apiserver-")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Token: rand.Text(), dir: dir,
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}},
	}
	if err := s.start(etcd, api); err != nil {
		said := s.Log()
		s.Stop()
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return s, nil
}

func (s *Server) start(etcd, api string) error {
	addresses, err := free(3)
	if err != nil {
		return err
	}
	client, peer := "http://"+addresses[0], "http://"+addresses[1]
	_, port, err := net.SplitHostPort(addresses[2])
	if err != nil {
		return err
	}
	s.URL = "https://" + addresses[2]
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	keyFile, tokens := filepath.Join(s.dir, "sa.key"), filepath.Join(s.dir, "tokens.csv")
	for file, data := range map[string][]byte{
		keyFile: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		tokens:  []byte(s.Token + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
	}
	if err := s.run("etcd", etcd, "--data-dir", filepath.Join(s.dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer); err != nil {
		return err
	}
	if err := s.run("kube-apiserver", api, "--etcd-servers", client, "--bind-address", "127.0.0.1", "--secure-port", port,
		"--cert-dir", filepath.Join(s.dir, "certs"), "--service-account-key-file", keyFile, "--service-account-signing-key-file", keyFile,
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.0.0.0/24",
		"--token-auth-file", tokens, "--authorization-mode", "AlwaysAllow", "--disable-admission-plugins", "ServiceAccount"); err != nil {
		return err
	}
	return s.Until("kube-apiserver", func() error { _, err := s.Call("GET", "/readyz", "", nil); return err })
}

// free finds addresses that nobody listens at.
func free(n int) (addresses []string, err error) {
	for range n {
		a, err := tool.Address()
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, a)
	}
	return addresses, nil
}

// run starts a program in a group of its own that ends with this process.
func (s *Server) run(name, path string, args ...string) error {
	log, err := os.Create(filepath.Join(s.dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir, "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.procs = append(s.procs, cmd)
	return nil
}

// Stop ends both and removes their files.
func (s *Server) Stop() {
	for _, cmd := range s.procs {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	}
	os.RemoveAll(s.dir)
}

// Log is the end of what both said, for a test that failed.
func (s *Server) Log() string {
	var b strings.Builder
	for _, name := range []string{"etcd", "kube-apiserver"} {
		said, _ := os.ReadFile(filepath.Join(s.dir, name+".log"))
		fmt.Fprintf(&b, "%s:\n%s\n", name, said[max(0, len(said)-3000):])
	}
	return b.String()
}

// Until asks again and again until there is no error.
func (s *Server) Until(what string, f func() error) error {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("waited for %s: %w", what, err)
}

// StatusError is a refusal.
type StatusError struct {
	Code int
	// Message is the API server's own.
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// Call asks the API and returns what it said; a refusal is a *StatusError.
func (s *Server) Call(method, path, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.Token)
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
		var status struct{ Message string }
		if json.Unmarshal(out, &status) != nil || status.Message == "" {
			status.Message = string(out[:min(500, len(out))])
		}
		err = &StatusError{resp.StatusCode, status.Message}
	}
	return out, err
}

// Create creates an object of YAML or JSON. The API server refuses a field
// that it doesn't know, so nothing is pruned unseen.
func (s *Server) Create(collection string, object []byte) ([]byte, error) {
	return s.Call("POST", collection+"?fieldValidation=Strict&fieldManager=test", "application/yaml", object)
}

// Apply is a server-side apply of YAML or JSON.
func (s *Server) Apply(path string, object []byte) ([]byte, error) {
	return s.Call("PATCH", path+"?fieldManager=test&force=true", "application/apply-patch+yaml", object)
}

// Namespace makes a namespace, or leaves it as it is.
func (s *Server) Namespace(name string) error {
	_, err := s.Apply("/api/v1/namespaces/"+name, fmt.Appendf(nil, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %q}\n", name))
	return err
}

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"

// Install applies CustomResourceDefinitions, in YAML of one document each, and
// waits until each is served as this text says.
func (s *Server) Install(texts ...[]byte) error {
	for _, text := range texts {
		name := crdName(text)
		if _, err := s.Apply(crds+name, text); err != nil {
			return fmt.Errorf("install %s: %w", name, err)
		}
	}
	for _, text := range texts {
		name := crdName(text)
		if err := s.Until(name, func() error { return s.established(name) }); err != nil {
			return err
		}
	}
	return nil
}

// Uninstall deletes CRDs with all their objects and waits until they are gone.
func (s *Server) Uninstall(texts ...[]byte) error {
	for _, text := range texts {
		name := crdName(text)
		if _, err := s.Call("DELETE", crds+name, "", nil); err != nil {
			return fmt.Errorf("uninstall %s: %w", name, err)
		}
		err := s.Until(name+" to go", func() error {
			if _, err := s.Call("GET", crds+name, "", nil); err == nil {
				return fmt.Errorf("%s is still there", name)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) established(name string) error {
	out, err := s.Call("GET", crds+name, "", nil)
	if err != nil {
		return err
	}
	var crd struct {
		Spec struct {
			Group string
			Names struct{ Plural string }

			Versions []struct {
				Name   string
				Served bool
			}
		}
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
	if err := json.Unmarshal(out, &crd); err != nil {
		return err
	}
	ready := false
	for _, c := range crd.Status.Conditions {
		ready = ready || c.Type == "Established" && c.Status == "True"
	}
	if !ready {
		return fmt.Errorf("%s isn't established", name)
	}
	// The endpoint may come a moment later.
	for _, v := range crd.Spec.Versions {
		if v.Served {
			if _, err := s.Call("GET", "/apis/"+crd.Spec.Group+"/"+v.Name+"/"+crd.Spec.Names.Plural, "", nil); err != nil {
				return err
			}
		}
	}
	return nil
}

var dotted = regexp.MustCompile(`[\s{,]name: *"?([a-z0-9-]+(\.[a-z0-9-]+)+)`)

// crdName is metadata.name, the first name below metadata that has dots as
// every CRD's has, in block or flow style.
func crdName(text []byte) string {
	_, after, _ := strings.Cut("\n"+string(text), "\nmetadata:")
	if m := dotted.FindStringSubmatch(after); m != nil {
		return m[1]
	}
	return ""
}
