package release

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	esapi "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"

	// Providers make themselves known.
	_ "github.com/external-secrets/external-secrets/pkg/provider/akeyless"
	_ "github.com/external-secrets/external-secrets/pkg/provider/alibaba"
	_ "github.com/external-secrets/external-secrets/pkg/provider/aws"
	_ "github.com/external-secrets/external-secrets/pkg/provider/azure/keyvault"
	_ "github.com/external-secrets/external-secrets/pkg/provider/gcp/secretmanager"
	_ "github.com/external-secrets/external-secrets/pkg/provider/ibm"
	_ "github.com/external-secrets/external-secrets/pkg/provider/vault"
)

// TestGeneratedStores: ESO's own validation, which its webhook asks, accepts
// every store that kesbridge generates for this release.
func TestGeneratedStores(t *testing.T) {
	release := strings.TrimPrefix(Version, "v")
	cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/store/storetest/print")
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	n := 0
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p struct{ ESO, Case, Scope, Kind, JSON string }
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.ESO != release {
			continue
		}
		n++
		var store esapi.GenericStore = &esapi.SecretStore{}
		if p.Kind == "ClusterSecretStore" {
			store = &esapi.ClusterSecretStore{}
		}
		strict := json.NewDecoder(strings.NewReader(p.JSON))
		strict.DisallowUnknownFields()
		if err := strict.Decode(store); err != nil {
			t.Errorf("%s, %s: %v", p.Case, p.Scope, err)
			continue
		}
		provider, err := esapi.GetProvider(store)
		if err != nil {
			t.Errorf("%s, %s: %v", p.Case, p.Scope, err)
			continue
		}
		_, err = provider.ValidateStore(store)
		// ESO looks for the token in its own pod, as the grants say.
		if err != nil && !(strings.HasPrefix(p.Case, "ibm profile") && strings.HasPrefix(err.Error(), "cannot read container auth token")) {
			t.Errorf("%s, %s: %v\n%s", p.Case, p.Scope, err, p.JSON)
		}
	}
	if n < 200 {
		t.Errorf("%d stores", n)
	}
}
