package store_test

import (
	"fmt"
	"strings"

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
