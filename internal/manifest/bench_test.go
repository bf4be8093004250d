package manifest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// syntheticStream is about size bytes of manifests, of which one in every is
// an object of KES; none if every is 0.
func syntheticStream(size, every int) []byte {
	deployment := "---\n# Source: shop/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels: {app: web, \"app.kubernetes.io/name\": web}\nspec:\n  template:\n    spec:\n      containers:\n" +
		strings.Repeat("      - name: web\n        image: registry.example/shop/web:1.2.3\n        args: [\"--a\\n\", '--b']\n        env:\n        - name: LOG_LEVEL\n          value: \"debug\"\n        resources: {limits: {cpu: 100m}}\n", 8)
	object := "---\n" + kes("x") + "spec:\n  backendType: secretsManager\n  data:\n  - key: a/b\n    name: c\n"
	var b bytes.Buffer
	for i := 1; b.Len() < size; i++ {
		if every > 0 && i%every == 0 {
			b.WriteString(object)
			continue
		}
		b.WriteString(deployment)
	}
	return b.Bytes()
}

func benchmarkPlan(b *testing.B, in []byte) {
	t := Transformer{Groups: testGroups, Visit: byName}
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := t.Plan(context.Background(), Input{Name: "in", R: bytes.NewReader(in)})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlanNoMarker(b *testing.B) { benchmarkPlan(b, syntheticStream(32<<20, 0)) }

// One document in 20 is about one byte in a hundred.
func BenchmarkPlanMarkers(b *testing.B) { benchmarkPlan(b, syntheticStream(32<<20, 20)) }

func BenchmarkPlanJSONLines(b *testing.B) {
	line := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"` + strings.Repeat("text ", 300) + `"}}` + "\n"
	var in bytes.Buffer
	for in.Len() < 16<<20 {
		in.WriteString(strings.Repeat(line, 19) + jsonKES("x") + "\n")
	}
	benchmarkPlan(b, in.Bytes())
}

func BenchmarkCount(b *testing.B) {
	in := syntheticStream(32<<20, 0)
	src := &source{name: "in", r: bytes.NewReader(in), size: int64(len(in))}
	b.SetBytes(src.size)
	for b.Loop() {
		if _, _, err := countDocuments(src); err != nil {
			b.Fatal(err)
		}
	}
}
