package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/apiserver"
	"kesbridge/conformance/preview/tool"
)

// versions are ESO's releases whose ExternalSecrets are judged: one with
// v1beta1 alone, one with both, one with v1 alone.
var versions = []struct{ eso, apiVersion string }{{"0.9.20", "v1beta1"}, {"0.16.2", "v1"}, {"0.20.4", "v1"}}

var (
	server    *apiserver.Server
	kesbridge string
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if runtime.GOOS != "linux" {
		fmt.Fprintln(os.Stderr, "skipped: kube-apiserver is started as on Linux")
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "access-")
	if err == nil {
		defer os.RemoveAll(dir)
		kesbridge = filepath.Join(dir, "kesbridge")
		err = tool.GoBuild(ctx, "../../..", kesbridge, "./cmd/kesbridge", "")
	}
	if err == nil {
		server, err = apiserver.Start(ctx, "..")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Stop()
	return m.Run()
}

// group and oneCase are what internal/access/accesstest/print writes.
type group struct {
	Name          string
	Objects, JSON []string
	Cases         []oneCase
}

type oneCase struct {
	Name, Namespace, KES string
	Annotations, Git     map[string]string
	Permits, Policy      bool
	Why                  string
}

func table(t *testing.T) (groups []group) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/access/accesstest/print")
	cmd.Dir, cmd.Env = "../../..", append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var g group
		if err := d.Decode(&g); err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g)
	}
	return groups
}

// large is a policy for the stores and annotations of 2,000 teams.
const large = "large"

// convert gives the ESO objects of a group, as the product prints them, by
// namespace.
func convert(t *testing.T, g group, eso string) map[string]string {
	t.Helper()
	var in strings.Builder
	for _, c := range g.Cases {
		in.WriteString("---\n" + c.KES)
	}
	cmd := exec.CommandContext(t.Context(), kesbridge, "convert", "--eso-version", eso, "-")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kesbridge.yaml"), []byte("defaults: {ibmGroup: default}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(in.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	objects := map[string]string{}
	for doc := range strings.SplitSeq("\n"+string(out), "\n---\n") {
		if _, after, ok := strings.Cut(doc, "\n  namespace: "); ok {
			ns, _, _ := strings.Cut(after, "\n")
			objects[ns] = doc
		}
	}
	if len(objects) != len(g.Cases) {
		t.Fatalf("%d objects of %d cases\n%s", len(objects), len(g.Cases), out)
	}
	return objects
}

// definition is the CRD of ExternalSecrets of a release.
func definition(t *testing.T, eso string) []byte {
	t.Helper()
	root, err := tool.ModuleDir(t.Context(), "github.com/external-secrets/external-secrets", "v"+eso)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const admission = "/apis/admissionregistration.k8s.io/v1/"

var kinds = []string{"validatingadmissionpolicies/", "validatingadmissionpolicybindings/"}

// install applies a policy and its binding and waits until it is enforced.
func install(t *testing.T, g group, refused func() error) {
	t.Helper()
	for i, o := range g.Objects {
		stored, err := server.Apply(admission+kinds[i]+"permitted-"+g.Name, []byte(o))
		if err != nil {
			t.Fatalf("%v\n%s", err, o)
		}
		sameObject(t, g.JSON[i], stored)
	}
	if err := server.Until("the policy to be enforced", func() error {
		if err := refused(); !isRefusal(err) {
			return fmt.Errorf("nothing is refused: %w", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, g group, accepted func() error) {
	t.Helper()
	for i := range kinds {
		if _, err := server.Call("DELETE", admission+kinds[len(kinds)-1-i]+"permitted-"+g.Name, "", nil); err != nil {
			t.Error(err)
		}
	}
	if err := server.Until("the policy to be gone", accepted); err != nil {
		t.Fatal(err)
	}
}

// sameObject: what is printed is what is stored.
func sameObject(t *testing.T, printed string, stored []byte) {
	t.Helper()
	var a, b struct {
		Kind string
		Spec any
	}
	if err := errors.Join(json.Unmarshal([]byte(printed), &a), json.Unmarshal(stored, &b)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		want, _ := json.MarshalIndent(a, "", " ")
		got, _ := json.MarshalIndent(b, "", " ")
		t.Errorf("printed:\n%s\nstored:\n%s", want, got)
	}
}

// isRefusal reports whether the policy said no, and not an error in it.
func isRefusal(err error) bool {
	var status *apiserver.StatusError
	return errors.As(err, &status) && strings.Contains(status.Message, "ValidatingAdmissionPolicy") &&
		strings.Contains(status.Message, "denied request: ") && !strings.Contains(status.Message, "resulted in error")
}

func namespace(name string, annotations map[string]string) error {
	text, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "annotations": annotations},
	})
	_, err := server.Apply("/api/v1/namespaces/"+name, text)
	return err
}

// try creates an object without keeping it.
func try(namespace, apiVersion, object string) error {
	_, err := server.Call("POST", collection(namespace, apiVersion)+"?dryRun=All&fieldValidation=Strict", "application/yaml", []byte(object))
	return err
}

func collection(namespace, apiVersion string) string {
	return "/apis/external-secrets.io/" + apiVersion + "/namespaces/" + namespace + "/externalsecrets"
}

// probe is an object that a group's policy refuses, whatever else it does.
func probe(apiVersion string) func() error {
	return func() error {
		return try("probe", apiVersion, "apiVersion: external-secrets.io/"+apiVersion+"\nkind: ExternalSecret\nmetadata: {name: probe}\nspec: {secretStoreRef: {name: x}, dataFrom: [{find: {name: {regexp: x}}}]}\n")
	}
}

// TestTable: the API server's verdict about every converted object is the one
// in the table, which is KES's but for the differences that have a reason.
func TestTable(t *testing.T) {
	groups := table(t)
	for _, g := range groups {
		for _, c := range g.Cases {
			if err := namespace(c.Namespace, c.Annotations); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Under every name that a group gives the annotations, one that no policy
	// knows: it refuses what is there.
	if err := namespace("probe", map[string]string{
		"externalsecrets.kubernetes-client.io/permitted-key-name": "probe", "example.com/keys": "probe",
	}); err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		t.Run("ESO "+v.eso, func(t *testing.T) {
			crd := definition(t, v.eso)
			if err := server.Install(crd); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := server.Uninstall(crd); err != nil {
					t.Error(err)
				}
			}()
			for _, g := range groups {
				if g.Name == large && v.eso != "0.20.4" {
					continue // once is enough
				}
				t.Run(g.Name, func(t *testing.T) { judge(t, g, v.eso, v.apiVersion) })
			}
		})
	}
}

func judge(t *testing.T, g group, eso, apiVersion string) {
	objects := convert(t, g, eso)
	for ns, o := range objects { // the CRD takes every one of them
		if err := try(ns, apiVersion, o); err != nil {
			t.Errorf("%s without a policy: %v\n%s", ns, err, o)
		}
	}
	install(t, g, probe(apiVersion))
	defer remove(t, g, probe(apiVersion))
	permitted, refused, differ := 0, 0, 0
	for _, c := range g.Cases {
		err := try(c.Namespace, apiVersion, objects[c.Namespace])
		if err != nil && !isRefusal(err) {
			t.Errorf("%s: %v", c.Namespace, err)
			continue
		}
		if (err == nil) != c.Policy {
			t.Errorf("%s: %v, want permitted: %t, as KES: %t %s\n%s", c.Namespace, err, c.Policy, c.Permits, c.Why, objects[c.Namespace])
		}
		switch {
		case c.Policy != c.Permits:
			differ++
		case err == nil:
			permitted++
		default:
			refused++
		}
	}
	t.Logf("%d permitted and %d refused as by KES, %d with a reason otherwise", permitted, refused, differ)
}
