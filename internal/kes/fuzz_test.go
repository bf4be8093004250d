package kes_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// FuzzDecode: whatever a document holds, decoding ends, and where it reports
// no error the object has what a conversion needs.
func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/convert/*/in.*")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, name := range []string{`""`, "!tagged", "!!str"} {
		f.Add([]byte("apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: " + name + "}\nspec: {backendType: vault, data: [{key: a, name: b}]}\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tr := manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
			if !kes.IsKES(o.Ref) {
				return manifest.Result{}, nil
			}
			es, findings := kes.Decode(o)
			if findings.Worst() == manifest.Error {
				return manifest.Result{}, nil
			}
			s := &es.Spec
			if es.Ref.Name == "" || s.Backend == "" || s.Type == "" {
				t.Errorf("no error, yet something is missing: %+v", es)
			}
			for _, it := range s.Data {
				if it.FromPath == "" && !it.Has("path") && (!it.Has("key") || !it.Has("name")) {
					t.Errorf("no error, yet an item has neither key and name nor path: %+v", it)
				}
			}
			return manifest.Result{}, nil
		}}
		plan, err := tr.Plan(context.Background(), manifest.Input{Name: "fuzz", R: bytes.NewReader(data)})
		if err == nil {
			plan.Close()
		}
	})
}
