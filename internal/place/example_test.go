package place_test

import (
	"fmt"
	"testing/fstest"

	"kesbridge/internal/manifest"
	"kesbridge/internal/place"
	"kesbridge/render"
)

func Example() {
	sources := fstest.MapFS{"apps/web/secret.yaml": {Data: []byte(`# the web's secret
apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: web}
spec: {backendType: vault}
`)}}
	stream := render.Stream{Name: "apps/web", Data: []byte(`apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: prod-web
spec:
  backendType: vault
`)}
	index := place.New(sources).Stream(render.Kustomize, stream)
	p := manifest.Pos{File: "apps/web", Line: 6, Column: 16, Origin: "apps/web/secret.yaml"}
	ref := manifest.Ref{Group: "kubernetes-client.io", Version: "v1", Kind: "ExternalSecret", Name: "prod-web"}
	fmt.Println(index.Source(p, ref))
	// Output: apps/web/secret.yaml:5:21
}
