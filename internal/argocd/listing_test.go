package argocd_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"kesbridge/internal/argocd"
)

// TestListing: with a listing that is kept, an ApplicationSet makes the same;
// what comes later isn't seen.
func TestListing(t *testing.T) {
	root := t.TempDir()
	set := []byte("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set}\nspec:\n  generators: [{git: {repoURL: x, directories: [{path: '*'}]}}]\n  template: {metadata: {name: '{{path}}'}, spec: {}}\n")
	names := func(o argocd.Options) (out []string) {
		t.Helper()
		apps, err := argocd.Parse("set.yaml", set, &argocd.Checkout{Root: root}, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range apps {
			out = append(out, a.Metadata.Name)
		}
		return out
	}
	mkdir := func(name string) {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mkdir("a")
	kept := argocd.Options{Listing: &argocd.Listing{}}
	if got := names(kept); !reflect.DeepEqual(got, names(argocd.Options{})) || len(got) != 1 {
		t.Errorf("%v", got)
	}
	mkdir("b")
	if got := names(kept); len(got) != 1 {
		t.Errorf("listed again: %v", got)
	}
	if got := names(argocd.Options{}); len(got) != 2 {
		t.Errorf("not listed: %v", got)
	}
}
