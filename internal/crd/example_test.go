package crd_test

import (
	"context"
	"fmt"
	"strings"

	"kesbridge/internal/crd"
	"kesbridge/internal/manifest"
)

func Example() {
	set, note := crd.For("1.2")
	fmt.Println(note)
	t := manifest.Transformer{Groups: []string{"external-secrets.io"}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		for _, p := range set.Check(o) {
			fmt.Println(o.PosOf(p.Node), p)
		}
		return manifest.Result{}, nil
	}}
	plan, err := t.Plan(context.Background(), manifest.Input{Name: "a.yaml", R: strings.NewReader(`apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: db}
spec:
  secretStoreRef: {name: aws, kind: Store}
  data:
  - secretKey: password
    remoteRef: {property: password, nullBytePolicy: Fail}
`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan.Close()
	// Output:
	// the CRDs of ESO 1.2 are checked against those of 0.20.4, the nearest that kesbridge has
	// a.yaml:5:37 spec.secretStoreRef.kind: must be one of SecretStore, ClusterSecretStore, not "Store"
	// a.yaml:8:37 spec.data[0].remoteRef.nullBytePolicy: is an unknown field, which the API server takes away
	// a.yaml:8:16 spec.data[0].remoteRef.key: is required
}
