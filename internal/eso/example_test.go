package eso_test

import (
	"fmt"

	"kesbridge/internal/eso"
)

func Example() {
	es := eso.ExternalSecret{
		Name:            "web",
		RefreshInterval: "1h0m0s",
		Store:           eso.StoreRef{Name: "aws", Kind: "ClusterSecretStore"},
		Data:            []eso.Data{{SecretKey: "password", RemoteRef: eso.RemoteRef{Key: "shop/web"}}},
	}
	for _, version := range []string{"0.9.20", "2.3", ""} {
		p, err := eso.ProfileFor(version)
		if err != nil {
			fmt.Println(err)
			return
		}
		m := p.Map(es)
		fmt.Println(m.Get("apiVersion"), m.At("spec", "data"))
	}
	_, err := eso.ProfileFor("2.17")
	fmt.Println(err)
	// Output:
	// external-secrets.io/v1beta1 [[{secretKey password} {remoteRef [{key shop/web} {conversionStrategy Default} {decodingStrategy None} {metadataPolicy None}]}]]
	// external-secrets.io/v1 [[{secretKey password} {remoteRef [{key shop/web} {conversionStrategy Default} {decodingStrategy None} {metadataPolicy None} {nullBytePolicy Ignore}]}]]
	// external-secrets.io/v1 [[{secretKey password} {remoteRef [{key shop/web} {conversionStrategy Default} {decodingStrategy None} {metadataPolicy None}]}]]
	// look up ESO version "2.17": known are the minors of 0.9 to 2.9
}
