package proof_test

import (
	"fmt"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/proof"
)

func ExampleVerify() {
	property := "user"
	in := &kes.ExternalSecret{Spec: kes.Spec{
		Backend: kes.SecretsManager,
		Data:    []kes.Item{{Key: "shop/db", Name: "user", Property: &property}},
	}}
	out := &eso.ExternalSecret{
		Data: []eso.Data{{SecretKey: "user", RemoteRef: eso.RemoteRef{Key: "shop/db", Property: "user"}}},
	}
	right := proof.Verify(in, out, proof.Options{})
	out.Data[0].RemoteRef.Property = "username"
	wrong := proof.Verify(in, out, proof.Options{})
	fmt.Println(right.Outcome)
	fmt.Println(wrong.Outcome)
	fmt.Println(wrong.Differences[0])
	// Output:
	// equal except
	// different
	// everyday values: secret: the background of all cases: KES writes the Secret, ESO error: key username does not exist in secret shop/db
}
