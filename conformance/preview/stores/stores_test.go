package stores

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/apiserver"
	"kesbridge/conformance/preview/tool"
)

// versions are ESO's releases, and the CRDs of stores of each: from ESO's
// module, which exists up to 1.x, else from a folder named shared beside the
// repository.
var versions = []struct {
	eso    string
	module bool
}{
	{"0.9.20", true}, {"0.14.4", true}, {"0.16.2", true}, {"0.20.4", true}, {"1.3.2", true}, {"2.3.0", false}, {"2.9.0", false},
}

// backends are KES's; Alibaba's has no ESO from 2.0 on.
var backends = []string{"akeyless", "alicloudSecretsManager", "azureKeyVault", "gcpSecretsManager", "ibmcloudSecretsManager", "secretsManager", "systemManager", "vault"}

// printed is a generated store.
type printed struct {
	ESO, Case, Backend, Scope, Kind, Namespace, YAML, JSON string
}

// server is the one of all tests.
var server *apiserver.Server

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
	var err error
	if server, err = apiserver.Start(ctx, ".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Stop()
	for _, ns := range []string{"default", "kes", "shop"} {
		if err := server.Namespace(ns); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// generated asks the product for all its stores.
func generated(t *testing.T) (all []printed) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/store/storetest/print")
	cmd.Dir, cmd.Env = "../../..", append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p printed
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// definitions are the CRDs of stores of a release.
func definitions(t *testing.T, eso string, module bool) [][]byte {
	t.Helper()
	dir, pattern := "../../../../shared/eso-crds/v"+eso, "%s.yaml"
	if module {
		root, err := tool.ModuleDir(t.Context(), "github.com/external-secrets/external-secrets", "v"+eso)
		if err != nil {
			t.Fatal(err)
		}
		dir, pattern = filepath.Join(root, "config/crds/bases"), "external-secrets.io_%s.yaml"
	}
	var texts [][]byte
	for _, plural := range []string{"secretstores", "clustersecretstores"} {
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf(pattern, plural)))
		if errors.Is(err, fs.ErrNotExist) && !module {
			t.Skipf("skipped, since the CRDs of ESO %s are in no module, and ../shared/eso-crds isn't beside the repository", eso)
		}
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// TestStores: with the CRDs of each release, every store is accepted with
// strict validation, as a create and as a server-side apply, and stored as it
// is printed: nothing is pruned, and no default is added.
func TestStores(t *testing.T) {
	all := generated(t)
	for _, v := range versions {
		t.Run("ESO "+v.eso, func(t *testing.T) {
			crds := definitions(t, v.eso, v.module)
			if err := server.Install(crds...); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := server.Uninstall(crds...); err != nil {
					t.Error(err)
				}
			}()
			var have []string
			n := 0
			for _, p := range all {
				if p.ESO != v.eso {
					continue
				}
				n++
				have = append(have, p.Backend)
				if err := same(p); err != nil {
					t.Errorf("%s, %s: %v\n%s", p.Case, p.Scope, err, p.YAML)
				}
			}
			want := slices.Clone(backends)
			if strings.HasPrefix(v.eso, "2.") {
				want = slices.DeleteFunc(want, func(b string) bool { return b == "alicloudSecretsManager" })
			}
			slices.Sort(have)
			if have = slices.Compact(have); !slices.Equal(have, want) {
				t.Errorf("stores of %q, want %q", have, want)
			}
			t.Logf("%d stores", n)
		})
	}
}

// collection is where stores of a kind and namespace are.
func collection(p printed) string {
	apiVersion, _, _ := strings.Cut(strings.TrimPrefix(p.YAML, "apiVersion: "), "\n")
	if p.Kind == "ClusterSecretStore" {
		return "/apis/" + apiVersion + "/clustersecretstores"
	}
	ns := p.Namespace
	if ns == "" {
		ns = "default" // Argo CD takes the destination's
	}
	return "/apis/" + apiVersion + "/namespaces/" + ns + "/secretstores"
}

// same creates a store, compares it, does the same with a server-side apply,
// and takes it away.
func same(p printed) error {
	at := collection(p)
	dry, err := server.Call("POST", at+"?dryRun=All&fieldValidation=Strict&fieldManager=test", "application/yaml", []byte(p.YAML))
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := differs(p, dry); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	var o struct{ Metadata struct{ Name string } }
	if err := json.Unmarshal(dry, &o); err != nil {
		return err
	}
	at += "/" + o.Metadata.Name
	if _, err := server.Apply(at, []byte(p.YAML)); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	stored, err := server.Call("GET", at, "", nil)
	if err != nil {
		return err
	}
	if err := differs(p, stored); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	_, err = server.Call("DELETE", at, "", nil)
	return err
}

// differs compares an object of the API server's with what was printed.
func differs(p printed, object []byte) error {
	var got, want map[string]any
	if err := json.Unmarshal(object, &got); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(p.JSON), &want); err != nil {
		return err
	}
	meta, _ := got["metadata"].(map[string]any)
	for _, k := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
		delete(meta, k)
	}
	if p.Kind == "SecretStore" && p.Namespace == "" {
		delete(meta, "namespace")
	}
	if !reflect.DeepEqual(got, want) {
		text, _ := json.Marshal(got)
		return fmt.Errorf("stored is %s", text)
	}
	return nil
}

// TestNotices: the comparison sees a default left out, and the API server an
// unknown field and a wrong value.
func TestNotices(t *testing.T) {
	const eso = "0.20.4"
	all := generated(t)
	i := slices.IndexFunc(all, func(p printed) bool { return p.ESO == eso && p.Case == "vault" })
	if i < 0 {
		t.Fatal("no store of Vault")
	}
	crds := definitions(t, eso, true)
	if err := server.Install(crds...); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Uninstall(crds...); err != nil {
			t.Error(err)
		}
	}()
	for _, tt := range []struct{ yaml, json, with, want string }{
		{"", "", "", ""},
		{"      version: v2\n", `"version":"v2",`, "", "stored is"},
		{"      version: v2\n", `"version":"v2",`, "      version: v3\n", "Unsupported value"},
		{"      version: v2\n", `"version":"v2",`, "      version: v2\n      verbose: true\n", "unknown field"},
	} {
		p := all[i]
		if !strings.Contains(p.YAML, tt.yaml) || !strings.Contains(p.JSON, tt.json) {
			t.Fatalf("no %q and %q in\n%s%s", tt.yaml, tt.json, p.YAML, p.JSON)
		}
		p.YAML, p.JSON = strings.Replace(p.YAML, tt.yaml, tt.with, 1), strings.Replace(p.JSON, tt.json, "", 1)
		err := same(p)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q for %q: %v, want %q", tt.with, tt.yaml, err, tt.want)
		}
	}
}
