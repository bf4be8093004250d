package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// A run plans every stream before anything is written: what can't be
// converted is known by then.
func Example() {
	run := pipeline.New()
	out := run.Output(pipeline.Options{Stores: &store.Resolver{Store: "aws"}})
	plan, err := out.Plan(context.Background(), pipeline.Stream{Input: manifest.Input{Name: "app.yaml", R: strings.NewReader(`# kept
apiVersion:   v1
kind: ConfigMap
---
apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: db}
spec: {backendType: secretsManager, data: [{key: db, name: password}, {key: db}]}
`)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer plan.Close()
	if err := out.Close(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	findings, counts := run.Finish()
	fmt.Printf("%d of %d converted\n", counts.Converted, counts.KES)
	for _, f := range findings {
		fmt.Println(f.Severity, f.Pos, f.Message)
	}
	if findings.Worst() < manifest.Error {
		_, _ = plan.WriteTo(os.Stdout)
	}
	// Output:
	// 0 of 1 converted
	// error app.yaml:8:71 spec.data[1].name is missing
}
