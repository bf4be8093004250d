package fleet_test

import (
	"context"
	"fmt"

	"kesbridge/internal/argocd"
	"kesbridge/internal/fleet"
)

// The first applications of a repository, what keeps others from being synced,
// and what can't be looked at.
func ExampleFind() {
	checkout := &argocd.Checkout{Root: "../../testdata/fleet", URLs: []string{"https://git.shop.example/platform/deploy.git"}}
	found, err := fleet.Find(context.Background(), checkout, nil, fleet.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range found.Apps[:4] {
		fmt.Println(c.From, c.App.Metadata.Name)
	}
	pos, why, _ := found.Forbidden("payments", "external-secrets.io", "ExternalSecret", true)
	fmt.Printf("%s: %s\n", pos, why)
	for _, s := range found.Skipped {
		fmt.Printf("%s: %s: %s\n", s.Pos, s.Ref, s.Reason)
	}
	// Output:
	// argocd/prod/dashboards.yaml:1:1 dashboards
	// argocd/prod/imports.yaml:1:1 imports
	// argocd/prod/ingress.yaml:1:1 ingress-prod
	// argocd/prod/monitoring.yaml:1:1 monitoring-prod
	// argocd/projects.yaml:28:3: AppProject payments: namespaceResourceWhitelist leaves out external-secrets.io/ExternalSecret
	// argocd/services.yaml:2:1: ApplicationSet/argocd/services: generator 1: matrix: second generator: clusters: no clusters are known to select from; list Argo CD's clusters with their servers and labels under clusters: in kesbridge.yaml
}
