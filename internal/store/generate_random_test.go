package store_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/crd"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
	"kesbridge/internal/store/storetest"
)

// TestRandom: whatever Git says of KES, a store that is printed is one that
// the CRDs take, reads no Secret that isn't told, and has no secret in it.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	sets := map[string]*crd.Set{}
	for _, v := range storetest.Versions {
		sets[v], _ = crd.For(v)
	}
	printed := map[string]int{}
	for i := range 3000 {
		version := pick(r, storetest.Versions...)
		q := request(r, profile(t, version))
		g := store.Generate(q)
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("run %d, ESO %s: %s\n%+v\n%+v", i, version, fmt.Sprintf(format, args...), q, q.KES)
		}
		if !reflect.DeepEqual(g, store.Generate(q)) {
			fail("two runs differ")
		}
		if strings.Contains(fmt.Sprint(g), storetest.Secret) {
			fail("a secret is told: %v", g)
		}
		required := slices.ContainsFunc(g.Unknown, func(u store.Unknown) bool { return u.Required })
		if required == (g.Object != nil) {
			fail("required unknowns %t, object %v", required, g.Object)
		}
		if g.Object == nil {
			continue
		}
		printed[g.Need.Backend]++
		for _, p := range sets[version].Check(object(t, g.Object)) {
			fail("%s", p)
		}
		read := selectors(g.Object, nil)
		for _, s := range g.Secrets {
			read = slices.DeleteFunc(read, func(k store.SecretKey) bool { return k.Name == s.Name && k.Key == s.Key })
		}
		if len(read) > 0 {
			fail("reads what isn't told: %v", read)
		}
	}
	for _, b := range []string{"secretsManager", "systemManager", "vault", "azureKeyVault", "gcpSecretsManager", "alicloudSecretsManager", "ibmcloudSecretsManager", "akeyless"} {
		if printed[b] < 2 {
			t.Errorf("%d stores of %s were printed", printed[b], b)
		}
	}
	t.Logf("printed: %v", printed)
}

// selectors are all references to keys of Secrets. A CA isn't one: it has a
// type.
func selectors(v any, out []store.SecretKey) []store.SecretKey {
	m, ok := v.(manifest.Map)
	if !ok {
		return out
	}
	name, _ := m.Get("name").(string)
	if key, ok := m.Get("key").(string); ok && m.Get("type") == nil {
		out = append(out, store.SecretKey{Name: name, Key: key})
	}
	for _, f := range m {
		out = selectors(f.Value, out)
	}
	return out
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func request(r *rand.Rand, p eso.Profile) store.Request {
	scope := pick(r, storetest.Scopes()...)
	n := store.Need{
		Backend: pick(r, "secretsManager", "systemManager", "vault", "azureKeyVault", "gcpSecretsManager", "alicloudSecretsManager", "alicloudSecretsManager", "alicloudSecretsManager",
			"ibmcloudSecretsManager", "akeyless", "other"),
		Region: pick(r, "", "eu-west-1"), RoleArn: pick(r, "", "arn:aws:iam::1:role/a"), VaultMountPoint: pick(r, "", "k8s"), VaultRole: pick(r, "", "shop"),
		KVVersion: r.IntN(3), KeyVaultName: pick(r, "", "kv"), ProjectID: pick(r, "", "p"),
	}
	return storetest.Case{Need: n, KES: randomKES(r)}.Request(scope, p)
}

// values that a variable may well have.
var values = map[string][]string{
	"IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE": {"iam", "container", "basic"},
	"AKEYLESS_ACCESS_TYPE":                    {"access_key", "aws_iam", "gcp"},
	"ALICLOUD_ENDPOINT":                       {"kms.cn-hangzhou.aliyuncs.com", "https://kms-vpc.cn-hangzhou.aliyuncs.com/", "https://elsewhere"},
	"VAULT_ADDR":                              {"https://vault", "http://localhost:8200", "::", "https://a:" + storetest.Secret + "@b"},
	"AZURE_ENVIRONMENT":                       {"AzureCloud", "AzureChinaCloud", "Mars"},
	"GOOGLE_APPLICATION_CREDENTIALS":          {"/files/key.json", "/other/key.json"},
	"NODE_EXTRA_CA_CERTS":                     {"/files/ca.pem", "/other/ca.pem", "ca.pem"},
}

func randomKES(r *rand.Rand) *kes.Controller {
	if r.IntN(10) == 0 {
		return nil
	}
	c := &kes.Controller{
		Namespace: pick(r, "kes", "kes", ""), Env: map[string]string{}, Refs: map[string]kes.Key{}, Places: map[string]manifest.Pos{},
		ServiceAccount: kes.ServiceAccount{Name: pick(r, "", "kes"), Derived: r.IntN(4) == 0, Annotations: map[string]string{}},
		PodLabels:      map[string]string{"aadpodidbinding": pick(r, "", "kes")}, PodAnnotations: map[string]string{"iam.amazonaws.com/role": pick(r, "", "kes")},
	}
	if r.IntN(4) > 0 {
		c.Pos = manifest.Pos{File: "kes.yaml", Line: 1, Column: 1}
	}
	for _, a := range []string{"eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id", "azure.workload.identity/tenant-id"} {
		c.ServiceAccount.Annotations[a] = pick(r, "", "kes")
	}
	if r.IntN(2) == 0 {
		c.Mounts = []kes.Mount{{Path: "/files", Kind: pick(r, "Secret", "ConfigMap"), Name: pick(r, "files", "Not_A_Name")}}
	}
	if r.IntN(4) == 0 {
		c.Open = []kes.Open{{What: "more variables come from the Secret kes-env (envFrom)"}}
	}
	for _, name := range kes.Variables() {
		text := "text"
		if v := values[name]; v != nil {
			text = pick(r, v...)
		}
		switch r.IntN(10) {
		case 0, 1, 2, 9:
			if !kes.IsSecret(name, text) || name == "VAULT_ADDR" { // as somebody may give it by hand
				c.Env[name] = text
			}
		case 3:
			c.Env[name] = ""
		case 4:
			c.Refs[name] = kes.Key{Kind: pick(r, "Secret", "ConfigMap"), Name: pick(r, "kes-env", "Not_A_Name"), Key: "k"}
		case 5:
			c.Plain = append(c.Plain, name)
			c.Env[name] = storetest.Secret // which no reader leaves there
		case 6:
			c.Open = append(c.Open, kes.Open{Variable: name, What: name + ": it is put together"})
		}
	}
	return c
}
