package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// environments are KES's of the groups.
var environments = map[string]string{
	"plain": "", "enforce": `ENFORCE_NAMESPACE_ANNOTATIONS: "false"`, "watched": `WATCHED_NAMESPACES: "watched-in-other, watched-in,"`,
	"names": "NAMING_PERMITTED_ANNOTATION: example.com/keys, ROLE_PERMITTED_ANNOTATION: example.com/roles",
}

// TestPrinted: what `kesbridge stores --admission-policy` prints for the table's
// namespaces and KES objects is the policy that the table is judged by.
func TestPrinted(t *testing.T) {
	for _, g := range table(t) {
		if g.Name == large {
			continue // most of its namespaces and stores have no case
		}
		t.Run(g.Name, func(t *testing.T) {
			var in bytes.Buffer
			for _, c := range g.Cases {
				in.WriteString("---\n" + c.KES)
				if len(c.Git) > 0 {
					ns, _ := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": c.Namespace, "annotations": c.Git}})
					in.WriteString("---\n" + string(ns) + "\n")
				}
			}
			cmd := exec.CommandContext(t.Context(), kesbridge, "stores", "--admission-policy", "-")
			cmd.Dir, cmd.Stdin = t.TempDir(), &in
			// The differences of the table are known.
			config := "defaults: {ibmGroup: default}\ncontroller: {env: {" + environments[g.Name] + "}}\nwaivers:\n- {rule: KES209, reason: in the table}\n- {rule: KES213, reason: in the table}\n"
			if err := os.WriteFile(filepath.Join(cmd.Dir, "kesbridge.yaml"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			found := 0
			for doc := range strings.SplitSeq("\n"+string(out), "\n---\n") {
				for i, kind := range []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} {
					if !strings.Contains(doc, "\nkind: "+kind+"\n") {
						continue
					}
					found++
					stored, err := server.Call("PATCH", admission+kinds[i]+"kesbridge-permitted?fieldManager=test&force=true&dryRun=All", "application/apply-patch+yaml", []byte(doc))
					if err != nil {
						t.Fatalf("%v\n%s", err, doc)
					}
					var got, want struct{ Spec map[string]any }
					if err := errors.Join(json.Unmarshal(stored, &got), json.Unmarshal([]byte(g.JSON[i]), &want)); err != nil {
						t.Fatal(err)
					}
					if i == 1 {
						want.Spec["policyName"] = "kesbridge-permitted"
					}
					if !reflect.DeepEqual(got.Spec, want.Spec) {
						t.Errorf("printed\n%s\nthe table is judged by\n%s", doc, g.Objects[i])
					}
				}
			}
			if found != 2 {
				t.Errorf("%d objects of a policy in\n%s", found, out)
			}
		})
	}
}
