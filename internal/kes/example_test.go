package kes_test

import (
	"context"
	"fmt"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// Objects come from a stream; Decode says what is in them and what KES would
// have made of every field.
func Example() {
	t := manifest.Transformer{
		Groups: []string{kes.Group},
		Visit: func(o *manifest.Object) (manifest.Result, error) {
			es, findings := kes.Decode(o)
			fmt.Println(es.Ref, es.Spec.Backend, es.Spec.Data[0].Key)
			for _, f := range findings {
				fmt.Println(f)
			}
			return manifest.Result{}, nil
		},
	}
	plan, err := t.Plan(context.Background(), manifest.Input{Name: "secret.yaml", R: strings.NewReader(`apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: db, namespace: shop}
spec:
  backendType: vault
  data: [{key: secret/data/db, name: password, propery: password}]
`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer plan.Close()
	// Output:
	// ExternalSecret/shop/db vault secret/data/db
	// secret.yaml:6:48: ExternalSecret/shop/db: spec.data[0] has no field propery (did you mean property?): the API server pruned it, so it had no effect (KES001)
	//   remove the field, or, if it was meant to do something, spell it as KES does; that changes the Secret
}
