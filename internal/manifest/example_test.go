package manifest_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"kesbridge/internal/manifest"
)

// A visitor sees the objects of the groups it asks for, wherever they stand,
// and everything else comes out as it went in.
func Example() {
	in := `# Source: shop/templates/web.yaml
apiVersion: v1
kind:   ConfigMap   # odd spacing stays
---
# Source: shop/templates/secret.yaml
apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: web
---
{"kind": "List", "items": [{"kind": "Service"}]}
`
	t := manifest.Transformer{
		Groups: []string{"kubernetes-client.io"},
		Visit: func(o *manifest.Object) (manifest.Result, error) {
			fmt.Println("found", o.Ref, "at", o.Pos)
			return manifest.Result{Action: manifest.Replace, Objects: []manifest.Map{{
				{Key: "apiVersion", Value: "external-secrets.io/v1"},
				{Key: "kind", Value: "ExternalSecret"},
				{Key: "metadata", Value: manifest.Map{{Key: "name", Value: o.Ref.Name}}},
			}}}, nil
		},
	}
	plan, err := t.Plan(context.Background(), manifest.Input{Name: "app.yaml", R: strings.NewReader(in)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer plan.Close()
	if _, err := plan.WriteTo(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// found ExternalSecret/web at app.yaml:6:1 (from shop/templates/secret.yaml)
	// # Source: shop/templates/web.yaml
	// apiVersion: v1
	// kind:   ConfigMap   # odd spacing stays
	// ---
	// # Source: shop/templates/secret.yaml
	// apiVersion: external-secrets.io/v1
	// kind: ExternalSecret
	// metadata:
	//   name: web
	// ---
	// {"kind": "List", "items": [{"kind": "Service"}]}
}
