package cmpserver

import (
	"os"
	"reflect"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestPlugin compares with the plugin.yaml of the sidecar: only the command's
// path differs.
func TestPlugin(t *testing.T) {
	sidecar, err := os.ReadFile("../../plugin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	if err := yaml.Unmarshal(sidecar, &want); err != nil {
		t.Fatal(err)
	}
	version := want["spec"].(map[string]any)["version"].(string)
	own, err := Plugin("kesbridge", version, "kesbridge")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(own, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
