package cutover

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
)

// fleet is a lab with one KES for all namespaces, as a Deployment that the
// cluster shows, many Secrets, and kesbridge as its user.
type fleet struct {
	*lab
	t          *testing.T
	kes        *kes.Controller
	settings   kes.Settings
	namespaces []string
	each       int // Secrets of a namespace
	kubeconfig string
	journal    string
}

// auditPolicy records what kesbridge asks for, and nothing else.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, users: [` + user + `]}, {level: None}]
`

// newFleet starts a lab whose requests by kesbridge are counted.
func newFleet(t *testing.T, r release, count, each int, poll time.Duration, args ...string) *fleet {
	dir := t.TempDir()
	policy := filepath.Join(dir, "audit.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, r, append([]string{
		"--audit-policy-file", policy, "--audit-log-path", filepath.Join(dir, "audit.log"), "--audit-log-mode", "blocking-strict",
		"--enable-admission-plugins", "OwnerReferencesPermissionEnforcement",
	}, args...)...)
	f := &fleet{
		lab: l, t: t, kes: kes.New(l.Client, l.backend, nil), settings: kes.Settings{Interval: poll}, each: each,
		kubeconfig: l.KubeconfigFor(user, user+"-token"), journal: filepath.Join(dir, "journal.jsonl"),
	}
	for i := range count {
		f.namespaces = append(f.namespaces, fmt.Sprintf("team-%02d", i))
		f.Namespace(f.namespaces[i])
	}
	f.deploy(1, poll)
	f.kes.Start(f.settings)
	t.Cleanup(f.kes.Stop)
	return f
}

// deploy shows the stand-in as KES's chart would: nobody starts pods here.
func (f *fleet) deploy(replicas int, poll time.Duration) {
	f.t.Helper()
	f.Namespace("kes")
	const pod = "/api/v1/namespaces/kes/pods/kes-1"
	labels := m{"app.kubernetes.io/name": "kubernetes-external-secrets"}
	containers := []m{{
		"name": "kes", "image": "ghcr.io/external-secrets/kubernetes-external-secrets:8.5.5",
		"env": []m{{"name": "POLLER_INTERVAL_MILLISECONDS", "value": fmt.Sprint(poll.Milliseconds())}},
	}}
	for path, o := range map[string]m{
		"/apis/apps/v1/namespaces/kes/deployments/kes": {
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": m{"name": "kes", "namespace": "kes", "labels": labels},
			"spec": m{"replicas": replicas, "selector": m{"matchLabels": labels}, "template": m{"metadata": m{"labels": labels}, "spec": m{"containers": containers}}},
		},
		pod: {
			"apiVersion": "v1", "kind": "Pod", "metadata": m{"name": "kes-1", "namespace": "kes", "labels": labels}, "spec": m{"containers": containers},
		},
	} {
		if path != pod || replicas > 0 {
			f.must(f.Apply(f.t.Context(), path, o))
		} else if err := f.Do(f.t.Context(), http.MethodDelete, pod+"?gracePeriodSeconds=0", "", nil, nil); err != nil && cluster.Code(err) != http.StatusNotFound {
			f.t.Fatal(err)
		}
	}
}

// all calls do for each Secret, with its number.
func (f *fleet) all(do func(ns, name string, i int)) {
	for n, ns := range f.namespaces {
		for i := range f.each {
			do(ns, fmt.Sprintf("s-%03d", i), n*f.each+i)
		}
	}
}

// send is all for requests, a few at a time.
func (f *fleet) send(do func(ns, name string, i int) error) {
	f.t.Helper()
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, 8)
	f.all(func(ns, name string, i int) {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := do(ns, name, i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	})
	wait.Wait()
	f.must(errors.Join(errs...))
}

func (f *fleet) kesPath(ns, name string) string {
	return cluster.Namespaced(kes.Group, ns, kes.Resource, name)
}

func (f *fleet) esoPath(ns, name string) string {
	return cluster.Namespaced("external-secrets.io/"+f.release.version, ns, "externalsecrets", name)
}

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// applyKES makes all KES objects and waits until KES has made every Secret,
// which it returns by path.
func (f *fleet) applyKES() map[string]cluster.Secret {
	f.t.Helper()
	f.send(func(ns, name string, i int) error {
		return f.Apply(f.t.Context(), f.kesPath(ns, name), kesObject(ns, name, i))
	})
	out := map[string]cluster.Secret{}
	f.all(func(ns, name string, _ int) {
		path := cluster.Namespaced("v1", ns, "secrets", name)
		var s cluster.Secret
		f.Until(path, cluster.Ready, func() error { return f.Get(f.t.Context(), path, &s) })
		out[path] = s
	})
	return out
}

func (f *fleet) applyESO() {
	f.t.Helper()
	f.send(func(ns, name string, i int) error {
		return f.Apply(f.t.Context(), f.esoPath(ns, name), esoObjectOf(f.release.version, ns, name, i))
	})
}

// freeze sets the controllerId that mode freeze writes.
func (f *fleet) freeze(id any) {
	f.t.Helper()
	f.send(func(ns, name string, _ int) error {
		return f.Do(f.t.Context(), http.MethodPatch, f.kesPath(ns, name), cluster.Merge, m{"spec": m{"controllerId": id}}, nil)
	})
}

// ran is a call of kesbridge.
type ran struct {
	code     int // -1: killed
	out, err string
	took     time.Duration
}

// run runs kesbridge; kill, if not nil, is closed when it is to be killed.
func (f *fleet) run(kill <-chan struct{}, args ...string) ran {
	f.t.Helper()
	path, err := kesbridge()
	f.must(err)
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"cutover"}, args...)...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = f.Dir, &out, &said
	cmd.Env = []string{"HOME=" + filepath.Join(f.Dir, "home"), "TMPDIR=" + filepath.Join(f.Dir, "tmp"), "LC_ALL=C", "KUBECONFIG=" + f.kubeconfig}
	cmd.WaitDelay = 5 * time.Second
	began := time.Now()
	f.must(cmd.Start())
	ended := make(chan struct{})
	go func() {
		select {
		case <-kill:
			_ = cmd.Process.Kill()
		case <-ended:
		}
	}()
	err = cmd.Wait()
	close(ended)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		f.t.Fatal(err)
	}
	r := ran{cmd.ProcessState.ExitCode(), out.String(), said.String(), time.Since(began)}
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() != syscall.SIGKILL {
		f.t.Fatalf("kesbridge cutover %s: %s\n%s", strings.Join(args, " "), s.Signal(), r.err)
	}
	return r
}

// ok runs kesbridge, which must succeed.
func (f *fleet) ok(args ...string) ran {
	f.t.Helper()
	r := f.run(nil, args...)
	if r.code != 0 {
		f.t.Fatalf("kesbridge cutover %s: exit %d\n%s\n%s", strings.Join(args, " "), r.code, tail(r.out), tail(r.err))
	}
	return r
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// entries is how many lines the journal has.
func (f *fleet) entries() int {
	data, _ := os.ReadFile(f.journal)
	return bytes.Count(data, []byte{'\n'})
}

// requests are what kesbridge asked since the last call, by verb and resource.
func (f *fleet) requests() map[string]int {
	f.t.Helper()
	path := filepath.Join(filepath.Dir(f.journal), "audit.log")
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	f.must(err)
	defer file.Close()
	out := map[string]int{}
	in := bufio.NewScanner(file)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var e struct {
			Verb      string
			ObjectRef struct{ Resource, APIGroup, Subresource string }
		}
		f.must(json.Unmarshal(in.Bytes(), &e))
		r := e.ObjectRef.Resource
		if e.ObjectRef.APIGroup != "" {
			r += "." + e.ObjectRef.APIGroup
		}
		if r == "" {
			r = "(discovery)"
		}
		out[e.Verb+" "+r]++
	}
	f.must(in.Err())
	f.must(os.Truncate(path, 0))
	return out
}

func sum(requests map[string]int) int {
	n := 0
	for _, v := range requests {
		n += v
	}
	return n
}
