package argocd

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the expected Applications of testdata/appset")

// testClusters are those of the ApplicationSets in testdata.
var testClusters = []Cluster{
	{Name: "b_Prod", Server: "https://b.example", Labels: map[string]string{"env": "prod", "region": "eu"}, KubeVersion: "1.33"},
	{Name: "a", Server: "https://a.example", Labels: map[string]string{"env": "dev"}},
	{Name: "us", Server: "https://us.example", Labels: map[string]string{"env": "prod", "region": "us"}},
}

func testCheckout() *Checkout {
	return &Checkout{Root: filepath.Join("testdata", "repo"), URLs: []string{"git@git.example:apps.git"}}
}

// Argo CD 3.1.16's own code, with the generators of 3.6 put into it, made the
// same Applications of these sets, without tpl, which came with 3.6.1; 3.1.16
// itself did but for clusters-go (its selectors don't see labels under Go
// templates).
func TestApplicationSets(t *testing.T) {
	sets, err := filepath.Glob("testdata/appset/*.yaml")
	if err != nil || len(sets) == 0 {
		t.Fatal("no ApplicationSets", err)
	}
	for _, file := range sets {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			apps, err := Load(file, testCheckout(), Options{Clusters: testClusters})
			if err != nil {
				t.Fatal(err)
			}
			got, err := yaml.Marshal(apps)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "appset", name+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			// The output is what `argocd appset generate -o yaml` prints: a bare
			// list, which is read again.
			again, err := Parse("generated.yaml", got, testCheckout(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if back, _ := yaml.Marshal(again); string(back) != string(got) {
				t.Errorf("read back:\n%s", back)
			}
		})
	}
}
