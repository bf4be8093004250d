package store_test

import (
	"fmt"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

func Example() {
	need := store.Need{Backend: "vault", VaultMountPoint: "kubernetes", VaultRole: "shop"}
	var r store.Resolver // no flags, no rules
	choice, err := r.Resolve(need, store.Subject{Namespace: "shop", Name: "web"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(choice.Ref.Kind, choice.Ref.Name)
	fmt.Println(strings.Join(need.Requirements(map[string]string{"VAULT_ADDR": "https://vault.example"}), "\n"))
	// Output:
	// ClusterSecretStore vault-kv2-shop-396c12f9
	// provider vault, version v2, no path
	// server https://vault.example (VAULT_ADDR of KES)
	// auth.kubernetes.mountPath kubernetes
	// auth.kubernetes.role shop
}

func ExampleGenerate() {
	need := store.Need{Backend: "secretsManager", RoleArn: "arn:aws:iam::123456789012:role/shop"}
	profile, err := eso.ProfileFor("0.20")
	if err != nil {
		fmt.Println(err)
		return
	}
	g := store.Generate(store.Request{
		Need: need, Profile: profile, Ref: eso.StoreRef{Kind: "ClusterSecretStore", Name: need.Name()},
		KES: &kes.Controller{
			Namespace: "kes", Pos: manifest.Pos{File: "kes.yaml", Line: 1, Column: 1},
			Env:  map[string]string{"AWS_REGION": "eu-west-1"},
			Refs: map[string]kes.Key{"AWS_ACCESS_KEY_ID": {Kind: "Secret", Name: "aws", Key: "id"}, "AWS_SECRET_ACCESS_KEY": {Kind: "Secret", Name: "aws", Key: "key"}},
		},
	})
	fmt.Print(string(manifest.PrintYAML(g.Object)))
	fmt.Println(g.Grants[0])
	// Output:
	// apiVersion: external-secrets.io/v1
	// kind: ClusterSecretStore
	// metadata:
	//   name: aws-sm-shop-00566dbf
	// spec:
	//   provider:
	//     aws:
	//       service: SecretsManager
	//       region: eu-west-1
	//       role: "arn:aws:iam::123456789012:role/shop"
	//       auth:
	//         secretRef:
	//           accessKeyIDSecretRef:
	//             name: aws
	//             key: id
	//             namespace: kes
	//           secretAccessKeySecretRef:
	//             name: aws
	//             key: key
	//             namespace: kes
	// keep Secret aws in namespace kes when KES is removed: the store needs it
}
