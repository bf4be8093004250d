package login

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/tool"
)

const home = ".."

var releases = []struct {
	version string
	program tool.Program
}{
	{"0.9.20", tool.ESO09}, {"0.16.2", tool.ESO016}, {"0.20.4", tool.ESO020},
}

const (
	kesRole = "arn:aws:iam::123456789012:role/kes"
	account = "system:serviceaccount:kes:kes-sa"
)

// repository is one, the Secrets that come of it, and who asked for what.
type repository struct {
	dir     string
	flags   [2][]string       // of stores and of render
	secrets map[string]string // name: value
	asked   []string
}

var cases = []repository{
	{
		"irsa", [2][]string{}, map[string]string{"aws": "shop/aws", "chain": "shop/chain", "vault": "secret/data/shop/vault"},
		[]string{
			"AssumeRole arn:aws:iam::123456789012:role/shop as hop",
			"AssumeRole arn:aws:iam::210987654321:role/hop as kes",
			"AssumeRoleWithWebIdentity " + kesRole + " as " + account,
			"secretsmanager.GetSecretValue shop/aws in eu-west-1 as kes",
			"secretsmanager.GetSecretValue shop/chain in us-east-1 as shop",
			`vault reads secret/data/shop/vault in "team" with token of shop`,
			`vault shop at auth/k8s/prod/login in "team" as ` + account,
		},
	},
	{
		"keys", [2][]string{}, map[string]string{"aws-keys": "shop/aws-keys", "vault-keys": "secret/data/shop/vault-keys", "static": "/shop/static"},
		[]string{
			"akeyless logs in as p-1234, access_key param-of-kes",
			"akeyless reads /shop/static",
			"secretsmanager.GetSecretValue shop/aws-keys in eu-west-1 as AKIDOFKES",
			`vault reads secret/data/shop/vault-keys in "" with token token-of-kes`,
		},
	},
	{
		"keys", [2][]string{{"--scope", "namespace"}, {"--store-kind", "SecretStore"}},
		map[string]string{"aws-keys": "shop/aws-keys", "vault-keys": "secret/data/shop/vault-keys", "static": "/shop/static"},
		[]string{
			"akeyless logs in as p-1234, access_key param-of-shop",
			"akeyless reads /shop/static",
			"secretsmanager.GetSecretValue shop/aws-keys in eu-west-1 as AKIDOFSHOP",
			`vault reads secret/data/shop/vault-keys in "" with token token-of-shop`,
		},
	},
}

// TestLogin: with KES's settings in Git, the stores and the resources that
// kesbridge prints are all that ESO needs to read the same as KES did, as who
// KES was. Nothing in Vault or AWS changes.
func TestLogin(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the programs are started as Linux has it")
	}
	kesbridge := os.Getenv("KESBRIDGE_CONFORMANCE_BINARY")
	if kesbridge == "" {
		kesbridge = filepath.Join(t.TempDir(), "kesbridge")
		if err := tool.GoBuild(t.Context(), "../../..", kesbridge, "./cmd/kesbridge", ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range releases {
		t.Run("ESO "+r.version, func(t *testing.T) {
			b := newBackend()
			t.Cleanup(b.Close)
			c := start(t, r.version, r.program, b.URL)
			for _, one := range cases {
				dir := checkout(t, one.dir, b.URL)
				var applied []string
				for i, args := range [][]string{{"stores", "app"}, {"render", "app", "--mode", "replace"}} {
					args = slices.Concat(args, one.flags[i], []string{"--config", "kesbridge.yaml", "--eso-version", r.version, "-q"})
					cmd := exec.CommandContext(t.Context(), kesbridge, args...)
					cmd.Dir = dir
					cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_GLOBAL=/dev/null"}
					out, err := cmd.Output()
					if err != nil {
						t.Fatalf("%s: %v", args, err)
					}
					applied = append(applied, apply(t, c, string(out))...)
				}
				for name, value := range one.secrets {
					c.Until("Secret "+name, cluster.Ready, func() error { return arrived(t.Context(), c, name, value) })
				}
				// A request of the case before may come late.
				c.Until("requests", cluster.Ready, func() error { return b.saw(one.asked) })
				if extra := b.beyond(); extra != nil {
					t.Errorf("%s: asked, too:\n%s", one.dir, strings.Join(extra, "\n"))
				}
				for _, path := range slices.Backward(applied) {
					if err := c.Delete(t.Context(), path, "Background"); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// checkout copies a repository. ESO itself dials Akeyless before it asks, so
// that is the stand-in's own address.
func checkout(t *testing.T, name, akeyless string) string {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "kes/kes.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, bytes.ReplaceAll(text, []byte("http://akeyless.example.com"), []byte(akeyless)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts ESO's controllers, and makes what KES has in its namespace.
func start(t *testing.T, version string, program tool.Program, proxy string) *cluster.Cluster {
	module, err := tool.ModuleDir(t.Context(), "github.com/external-secrets/external-secrets", "v"+version)
	if err != nil {
		t.Fatal(err)
	}
	var crds []string
	for _, name := range []string{"external-secrets.io_externalsecrets", "external-secrets.io_clustersecretstores", "external-secrets.io_secretstores", "generators.external-secrets.io_generatorstates"} {
		if file := filepath.Join(module, "config/crds/bases", name+".yaml"); exists(file) {
			crds = append(crds, file)
		}
	}
	c := cluster.Start(t, cluster.Options{Home: home, CRDs: crds})
	c.Namespace("kes")
	c.Namespace("shop")
	object := func(namespace, resource, kind, name, field string, value cluster.M) {
		o := cluster.M{"apiVersion": "v1", "kind": kind, "metadata": cluster.M{"name": name}}
		if field == "annotations" {
			o["metadata"] = cluster.M{"name": name, field: value}
		} else {
			o[field] = value
		}
		if err := c.Apply(t.Context(), cluster.Namespaced("v1", namespace, resource, name), o); err != nil {
			t.Fatal(err)
		}
	}
	object("kes", "serviceaccounts", "ServiceAccount", "kes-sa", "annotations", cluster.M{"eks.amazonaws.com/role-arn": kesRole})
	// Those in shop are the copies that a SecretStore needs.
	for ns, of := range map[string]string{"kes": "KES", "shop": "SHOP"} {
		object(ns, "secrets", "Secret", "aws-credentials", "stringData", cluster.M{"id": "AKIDOF" + of, "key": "x"})
		object(ns, "secrets", "Secret", "vault-token", "stringData", cluster.M{"token": "token-of-" + ns})
		object(ns, "secrets", "Secret", "akeyless", "stringData", cluster.M{"param": "param-of-" + ns})
		// KES206 says to make it: ESO takes these from a Secret only.
		object(ns, "secrets", "Secret", "kes-akeyless", "stringData", cluster.M{"AKEYLESS_ACCESS_ID": "p-1234", "AKEYLESS_ACCESS_TYPE": "access_key"})
	}
	args := []string{"--metrics-addr", "127.0.0.1:0", "--enable-cluster-external-secret-reconciler=false", "--enable-push-secret-reconciler=false"}
	if version != "0.9.20" {
		args = append(args, "--enable-cluster-push-secret-reconciler=false")
	}
	if version == "0.20.4" {
		args = append(args, "--live-addr", "127.0.0.1:0", "--enable-generator-state=false")
	}
	// Its own identity is none.
	c.Run("external-secrets", []string{
		"HTTP_PROXY=" + proxy, "NO_PROXY=127.0.0.1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_SECRETSMANAGER_ENDPOINT=http://aws.example.com", "AWS_STS_ENDPOINT=http://aws.example.com",
	}, cluster.Program(t, home, program), args...)
	return c
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// first finds a field of what kesbridge prints.
var first = map[string]*regexp.Regexp{
	"apiVersion": regexp.MustCompile(`(?m)^apiVersion: (.*)$`),
	"kind":       regexp.MustCompile(`(?m)^kind: (.*)$`),
	"name":       regexp.MustCompile(`(?m)^metadata:\n  name: (.*)$`),
	"namespace":  regexp.MustCompile(`(?m)^  namespace: (.*)$`),
}

// apply applies manifests and returns their paths.
func apply(t *testing.T, c *cluster.Cluster, stream string) (paths []string) {
	t.Helper()
	for _, text := range strings.Split(stream, "\n---\n") {
		field := func(name string) string {
			if m := first[name].FindStringSubmatch(text); m != nil {
				return m[1]
			}
			return ""
		}
		path := "/apis/" + field("apiVersion")
		if ns := field("namespace"); ns != "" {
			path += "/namespaces/" + ns
		}
		path += "/" + strings.ToLower(field("kind")) + "s/" + field("name")
		if err := c.Apply(t.Context(), path, []byte(text)); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		paths = append(paths, path)
	}
	if len(paths) < 2 {
		t.Fatalf("%d objects in\n%s", len(paths), stream)
	}
	return paths
}

// arrived: the Secret has its value.
func arrived(ctx context.Context, c *cluster.Cluster, name, value string) error {
	var s cluster.Secret
	if err := c.Get(ctx, cluster.Namespaced("v1", "shop", "secrets", name), &s); err != nil {
		return err
	}
	if got, _ := base64.StdEncoding.DecodeString(s.Data["value"]); string(got) != value {
		return fmt.Errorf("it holds %q, want %q", got, value)
	}
	return nil
}
