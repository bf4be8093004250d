package access

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Stores of the group "plain", as they are derived.
const (
	awsStore   = "secretStoreRef: {kind: ClusterSecretStore, name: aws-sm-a2de46db}"
	ssmStore   = "secretStoreRef: {kind: ClusterSecretStore, name: aws-ssm-162022fc}"
	vaultStore = "secretStoreRef: {kind: ClusterSecretStore, name: vault-kv2-team-a-b190a2b9}"
	teamAStore = "{kind: ClusterSecretStore, name: aws-sm-team-a-db-2100d05c}"
	teamBStore = "{kind: ClusterSecretStore, name: aws-sm-team-b-db-2798e67d}"
)

// written are ExternalSecrets that people write, not kesbridge: what KES had
// no words for.
var written = []struct {
	name, namespace, spec string
	permitted             bool
}{
	{"find in a path", "plain-match", ssmStore + ", dataFrom: [{find: {path: team-a/x, name: {regexp: .*}}}]", true},
	{"find in a path with a slash", "plain-match", ssmStore + ", dataFrom: [{find: {path: team-a, name: {regexp: .*}}}]", true},
	{"find in another path", "plain-match", ssmStore + ", dataFrom: [{find: {path: team-b/x, name: {regexp: .*}}}]", false},
	{"find anywhere", "plain-match", ssmStore + ", dataFrom: [{find: {name: {regexp: ^team-a/}}}]", false},
	{"find by tags", "plain-match", ssmStore + ", dataFrom: [{find: {path: team-a/x, tags: {a: b}}}]", false},
	{"find where a path is only a prefix", "plain-match", awsStore + ", dataFrom: [{find: {path: team-a/x, name: {regexp: .*}}}]", false},
	{"find in another store", "plain-match", "dataFrom: [{find: {path: team-a/x, name: {regexp: .*}}, sourceRef: {storeRef: {name: own}}}]", false},
	{"find without annotations", "plain-nothing", awsStore + ", dataFrom: [{find: {name: {regexp: .*}}}]", true},
	{"generator", "plain-match", "dataFrom: [{sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: x}}}]", false},
	{"generator under a role", "plain-role", "dataFrom: [{sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: x}}}]", false},
	{"generator without annotations", "plain-nothing", "dataFrom: [{sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: x}}}]", true},
	{"another store, key permitted", "plain-match", "secretStoreRef: {name: own}, data: [{secretKey: x, remoteRef: {key: team-a/x}}]", true},
	{"another store, key not permitted", "plain-match", "secretStoreRef: {name: own}, data: [{secretKey: x, remoteRef: {key: x}}]", false},
	{"another store, dots", "plain-match", "secretStoreRef: {name: own}, data: [{secretKey: x, remoteRef: {key: team-a/../x}}]", false},
	{"store with the role", "plain-role", "secretStoreRef: " + teamAStore + ", data: [{secretKey: x, remoteRef: {key: x}}]", true},
	{"store with another role", "plain-role", "secretStoreRef: " + teamBStore + ", data: [{secretKey: x, remoteRef: {key: x}}]", false},
	{"store with another role for one key", "plain-role", "secretStoreRef: " + teamAStore + ", data: [{secretKey: x, remoteRef: {key: x}, sourceRef: {storeRef: " + teamBStore + "}}]", false},
	{"store with another role for one extract", "plain-role", "secretStoreRef: " + teamAStore + ", dataFrom: [{extract: {key: x}, sourceRef: {storeRef: " + teamBStore + "}}]", false},
	{"only stores of keys", "plain-role", "data: [{secretKey: x, remoteRef: {key: x}, sourceRef: {storeRef: " + teamAStore + "}}]", true},
	{"store of unknown role", "plain-role", "secretStoreRef: {name: aws-sm-team-a-db-2100d05c}, data: [{secretKey: x, remoteRef: {key: x}}]", false},
	{"cluster store of unknown role", "plain-role", "secretStoreRef: {kind: ClusterSecretStore, name: own}, data: [{secretKey: x, remoteRef: {key: x}}]", false},
	{"vault", "plain-anywhere", vaultStore + ", data: [{secretKey: x, remoteRef: {key: secret/data/team-a/x}}]", true},
	{"vault, data/ left to ESO", "plain-anywhere", vaultStore + ", data: [{secretKey: x, remoteRef: {key: secret/team-a/x}}]", false},
	{"vault, the text only in the version", "plain-anywhere", vaultStore + ", data: [{secretKey: x, remoteRef: {key: secret/data/x, property: team-a}}]", false},
	{"extract", "plain-match", awsStore + ", dataFrom: [{extract: {key: team-b/x}}]", false},
}

func object(apiVersion, name, spec string) string {
	return fmt.Sprintf("apiVersion: external-secrets.io/%s\nkind: ExternalSecret\nmetadata: {name: %s}\nspec: {%s}\n", apiVersion, name, spec)
}

// plain installs one release and the policy of the group "plain".
func plain(t *testing.T, eso string, apiVersion string) {
	t.Helper()
	g := table(t)[0]
	for _, c := range g.Cases {
		if err := namespace(c.Namespace, c.Annotations); err != nil {
			t.Fatal(err)
		}
	}
	if err := namespace("probe", map[string]string{"externalsecrets.kubernetes-client.io/permitted-key-name": "probe"}); err != nil {
		t.Fatal(err)
	}
	crd := definition(t, eso)
	if err := server.Install(crd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Uninstall(crd); err != nil {
			t.Error(err)
		}
	})
	install(t, g, probe(apiVersion))
	t.Cleanup(func() { remove(t, g, probe(apiVersion)) })
}

// TestWritten: whatever can be written into an ExternalSecret gets no further
// than KES's objects got. Both versions that 0.16 serves are judged.
func TestWritten(t *testing.T) {
	plain(t, "0.16.2", "v1")
	for _, apiVersion := range []string{"v1", "v1beta1"} {
		for _, w := range written {
			err := try(w.namespace, apiVersion, object(apiVersion, "x", w.spec))
			if err != nil && !isRefusal(err) {
				t.Errorf("%s: %v", w.name, err)
			} else if (err == nil) != w.permitted {
				t.Errorf("%s, %s: %v, want permitted: %t", w.name, apiVersion, err, w.permitted)
			}
		}
	}
}

// TestOldVersion: an apiVersion that the policy doesn't name is judged as well,
// as one that it does (matchPolicy Equivalent).
func TestOldVersion(t *testing.T) {
	plain(t, "0.9.20", "v1beta1")
	for key, permitted := range map[string]bool{"team-a/x": true, "team-b/x": false} {
		err := try("plain-match", "v1alpha1", object("v1alpha1", "x", awsStore+", target: {}, data: [{secretKey: x, remoteRef: {key: "+key+"}}]"))
		if err != nil && !isRefusal(err) || (err == nil) != permitted {
			t.Errorf("%s: %v, want permitted: %t", key, err, permitted)
		}
	}
}

// TestUpdates: an object that was admitted can be labelled, finalized, given a
// status and deleted under an annotation that permits it no more; its spec can't
// change.
func TestUpdates(t *testing.T) {
	plain(t, "0.20.4", "v1")
	const ns = "plain-match"
	at := collection(ns, "v1")
	if _, err := server.Create(at, []byte(object("v1", "live", awsStore+", data: [{secretKey: x, remoteRef: {key: team-a/x}}]"))); err != nil {
		t.Fatal(err)
	}
	patch := func(path, body string) error {
		_, err := server.Call("PATCH", at+"/live"+path, "application/merge-patch+json", []byte(body))
		return err
	}
	if err := patch("", `{"spec":{"refreshInterval":"2h0m0s"}}`); err != nil {
		t.Fatal(err)
	}
	if err := namespace(ns, map[string]string{"externalsecrets.kubernetes-client.io/permitted-key-name": "^team-[bc]/"}); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := server.Until("the annotation to be seen", func() error {
		n++ // another spec each time
		if err := patch("", fmt.Sprintf(`{"spec":{"refreshInterval":"%dh0m0s"}}`, 2+n)); !isRefusal(err) {
			return fmt.Errorf("not refused: %w", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"label":     patch("", `{"metadata":{"labels":{"a":"b"}}}`),
		"finalizer": patch("", `{"metadata":{"finalizers":["external-secrets.io/x"]}}`),
		"status":    patch("/status", `{"status":{"syncedResourceVersion":"1"}}`),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := server.Call("DELETE", at+"/live", "", nil); err != nil {
		t.Error(err)
	}
	// It waits for its finalizer; taking that away is an update too.
	if err := patch("", `{"metadata":{"finalizers":[]}}`); err != nil {
		t.Error(err)
	}
	if err := server.Until("live to go", func() error {
		if _, err := server.Call("GET", at+"/live", "", nil); err == nil {
			return fmt.Errorf("it is there")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := namespace(ns, map[string]string{"externalsecrets.kubernetes-client.io/permitted-key-name": "^team-a/"}); err != nil {
		t.Error(err)
	}
}

// TestCost: a long list stays within what CEL may cost (1,000,000 for an
// expression); beyond that the API server refuses, which nobody takes for a
// permission. An expression of 1,000 characters has room for some hundred keys,
// an everyday one for more than fit into an object.
func TestCost(t *testing.T) {
	plain(t, "0.20.4", "v1")
	many := func(namespace string, n int) error {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "{secretKey: k%d, remoteRef: {key: team-a/a-service-with-a-long-name/%04d/password}}, ", i, i)
		}
		start := time.Now()
		err := try(namespace, "v1", object("v1", "many", awsStore+", data: ["+b.String()+"]"))
		t.Logf("%s, %d keys: %.2f s %.200v", namespace, n, time.Since(start).Seconds(), err)
		return err
	}
	if err := many("plain-either", 2000); err != nil {
		t.Error(err)
	}
	if err := many("plain-long", 300); err != nil {
		t.Error(err)
	}
	if err := many("plain-long", 4000); err == nil || !strings.Contains(err.Error(), "cost limit") {
		t.Errorf("4000 keys under a long expression: %v", err)
	}
}
