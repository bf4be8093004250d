package convert_test

import (
	"context"
	"fmt"
	"strings"

	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

// Convert is pure: a decoded KES object and options give an ESO object, which
// a profile prints as one ESO version stores it.
func Example() {
	profile, _ := eso.ProfileFor("0.20")
	t := manifest.Transformer{
		Groups: []string{kes.Group},
		Visit: func(o *manifest.Object) (manifest.Result, error) {
			es, _ := kes.Decode(o)
			res := convert.Convert(es, convert.Options{Profile: profile, Stores: &store.Resolver{Store: "vault"}, Origin: "apps/db.yaml"})
			fmt.Print(string(manifest.PrintYAML(profile.Map(*res.ESO))))
			return manifest.Result{}, nil
		},
	}
	plan, err := t.Plan(context.Background(), manifest.Input{Name: "db.yaml", R: strings.NewReader(`apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: db}
spec:
  backendType: vault
  data: [{key: secret/data/db, name: password, property: "users[0].password"}]
`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer plan.Close()
	// Output:
	// apiVersion: external-secrets.io/v1
	// kind: ExternalSecret
	// metadata:
	//   name: db
	//   annotations:
	//     kesbridge/origin: "apps/db.yaml: kubernetes-client.io/v1 ExternalSecret db"
	// spec:
	//   refreshInterval: 1h0m0s
	//   secretStoreRef:
	//     name: vault
	//     kind: ClusterSecretStore
	//   target:
	//     creationPolicy: Owner
	//     deletionPolicy: Retain
	//     template:
	//       engineVersion: v2
	//       mergePolicy: Replace
	//       type: Opaque
	//   data:
	//   - secretKey: password
	//     remoteRef:
	//       key: secret/data/db
	//       property: users.0.password
	//       conversionStrategy: Default
	//       decodingStrategy: None
	//       metadataPolicy: None
}
