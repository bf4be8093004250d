package access_test

import (
	"fmt"

	"kesbridge/internal/access"
	"kesbridge/internal/eso"
)

func Example() {
	text := "^shop/"
	p := access.Policy{
		Namespaces: []access.Namespace{{Name: "shop", KeyName: &text}},
		Stores:     []access.StoreRole{{Kind: "ClusterSecretStore", Name: "aws", Backend: "secretsManager"}},
	}
	live := access.Annotations{access.DefaultKeyName: text}
	for _, key := range []string{"shop/db", "pay/db"} {
		ok, why := p.Judge().Verdict("shop", live, &eso.ExternalSecret{
			Store: eso.StoreRef{Kind: "ClusterSecretStore", Name: "aws"},
			Data:  []eso.Data{{SecretKey: "db", RemoteRef: eso.RemoteRef{Key: key}}},
		})
		fmt.Printf("%t %q\n", ok, why)
	}
	for _, f := range access.Findings(p, access.Emitted{}) {
		fmt.Println(f.Rule, f.Ref)
	}
	objects, err := access.AdmissionPolicy(p)
	fmt.Println(len(objects), objects[0].Get("kind"), err)
	// Output:
	// true ""
	// false "key pay/db does not match"
	// KES208 Namespace/shop
	// 2 ValidatingAdmissionPolicy <nil>
}
