package argocd_test

import (
	"fmt"

	"kesbridge/internal/argocd"
)

// An ApplicationSet's Applications, and what each of them renders.
func ExampleLoad() {
	checkout := &argocd.Checkout{Root: "testdata/repo"}
	options := argocd.Options{}
	apps, err := argocd.Load("testdata/appset/git-directories.yaml", checkout, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, app := range apps {
		requests, err := checkout.Requests(&app, options)
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, r := range requests {
			s, err := r.RenderSource()
			if err != nil {
				fmt.Println(err)
				continue
			}
			fmt.Println(app.Metadata.Name, s.Dir, s.Helm.ReleaseName, s.Helm.Namespace)
		}
	}
	// Output:
	// api-v2 testdata/repo/apps/api_v2 api-v2 api_v2
	// web testdata/repo/apps/web web web
	// base testdata/repo/apps/web/base base base
}
