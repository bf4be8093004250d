package apiserver

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.com
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {a: {type: string, default: x}}}}
`

func TestServer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the programs are started as on Linux")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	s, err := Start(ctx, "..")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	defer func() {
		if t.Failed() {
			t.Log(s.Log())
		}
	}()
	for range 2 { // a CRD can come back
		if err := errors.Join(s.Namespace("shop"), s.Install([]byte(crd))); err != nil {
			t.Fatal(err)
		}
		const things = "/apis/example.com/v1/namespaces/shop/things"
		out, err := s.Create(things, []byte("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one}\nspec: {}\n"))
		if err != nil || !strings.Contains(string(out), `"a":"x"`) {
			t.Fatalf("no default in %s: %v", out, err)
		}
		var refusal *StatusError
		if _, err := s.Create(things, []byte("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: two}\nspec: {b: y}\n")); !errors.As(err, &refusal) || refusal.Code != 400 {
			t.Fatalf("an unknown field is no refusal: %v", err)
		}
		if err := s.Uninstall([]byte(crd)); err != nil {
			t.Fatal(err)
		}
	}
}
