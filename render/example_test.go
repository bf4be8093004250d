package render_test

import (
	"context"
	"fmt"
	"log"

	"kesbridge/render"
)

func Example() {
	out, err := render.Render(context.Background(), render.Source{Dir: "testdata/example/overlay", Root: "testdata/example"})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range out.Streams {
		fmt.Printf("# %s, by %s\n%s", s.Name, out.Kind, s.Data)
		for _, o := range s.Origins {
			fmt.Printf("# %s/%s is in %s\n", o.Kind, o.Name, o.Path)
		}
	}
	// Output:
	// # overlay, by kustomize
	// apiVersion: kubernetes-client.io/v1
	// kind: ExternalSecret
	// metadata:
	//   name: prod-db
	// spec:
	//   backendType: secretsManager
	//   data:
	//   - key: shop/db
	//     name: password
	// # ExternalSecret/prod-db is in base/secret.yaml
}
