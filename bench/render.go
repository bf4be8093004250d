package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const goalRender = 1.03

// benchRender compares render with the same libraries called bare.
func benchRender(ctx context.Context, s settings, b binaries, t *table) error {
	kustomization, chart := filepath.Join(s.dir, "kustomization"), filepath.Join(s.dir, "chart")
	if err := writeKustomization(kustomization); err != nil {
		return err
	}
	if err := writeChart(chart); err != nil {
		return err
	}
	shop := filepath.Join(s.root, "examples", "shop")
	for _, c := range []struct{ what, tool, dir string }{
		{"kustomization, 300 objects", "kustomize", kustomization},
		{"chart, 300 objects", "helm", chart},
		{"examples/shop/overlays/production", "kustomize", filepath.Join(shop, "overlays", "production")},
		{"examples/shop/chart", "helm", filepath.Join(shop, "chart")},
	} {
		ours := job{argv: []string{b.kesbridge, "render", "-q", c.dir}, sink: "|"}
		peer := job{argv: []string{b.bare, c.tool, c.dir}, sink: "|"}
		x, y, err := alternate(ctx, s.rounds, ours, peer)
		if err != nil {
			return err
		}
		mx, cx := medians(x)
		my, cy := medians(y)
		ratio := mx.Seconds() / my.Seconds()
		t.add(row{
			what: "render, " + c.what + ": time of the bare libraries",
			ours: fmt.Sprintf("%.1f ms (cpu %.1f)", ms(mx), ms(cx)), peer: fmt.Sprintf("%.1f ms (cpu %.1f)", ms(my), ms(cy)),
			ratio: fmt.Sprintf("%.3f (cpu %.3f)", ratio, cx.Seconds()/cy.Seconds()),
			goal:  fmt.Sprintf("<= %.2f", goalRender), met: ratio <= goalRender,
		})
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// writeKustomization writes a base of 20 directories and an overlay's worth of
// transformations on top: 300 objects, 20 of them KES.
func writeKustomization(dir string) error {
	var top strings.Builder
	top.WriteString("namespace: shop\nlabels:\n  - pairs: {part-of: shop}\nimages:\n  - {name: registry.shop.example/service-7, newTag: 2.0.0}\npatches:\n" +
		"  - target: {kind: ExternalSecret}\n    patch: |-\n      - {op: replace, path: /spec/region, value: eu-central-1}\nresources:\n")
	for i := range 20 {
		name := fmt.Sprintf("group-%d", i)
		top.WriteString("  - " + name + "\n")
		files := map[string]string{"secret.yaml": fmt.Sprintf(kesSecret, i*100, 0)}
		for j := range 14 {
			files[fmt.Sprintf("object-%d.yaml", j)] = fmt.Sprintf([]string{deployment, configMap, service}[j%3], i*100+j, 0)
		}
		list := "resources:\n"
		for f := range files {
			list += "  - " + f + "\n"
		}
		files["kustomization.yaml"] = list
		if err := writeFiles(filepath.Join(dir, name), files); err != nil {
			return err
		}
	}
	return writeFiles(dir, map[string]string{"kustomization.yaml": top.String()})
}

// writeChart writes a chart that ranges over its values: 300 objects, 20 of
// them KES.
func writeChart(dir string) error {
	values := "services:\n"
	for i := range 280 {
		values += fmt.Sprintf("  - {id: %d, kind: %d}\n", i, i%3)
	}
	values += "secrets:\n"
	for i := range 20 {
		values += fmt.Sprintf("  - {id: %d}\n", i)
	}
	text := func(s string) string {
		return strings.NewReplacer("%[1]d", "{{ .id }}", "%[2]d", "0").Replace(s)
	}
	return writeFiles(dir, map[string]string{
		"Chart.yaml":  "apiVersion: v2\nname: bench\nversion: 1.0.0\n",
		"values.yaml": values,
		"templates/services.yaml": "{{- range .Values.services }}\n---\n{{- if eq (int .kind) 0 }}\n" + text(deployment) +
			"{{- else if eq (int .kind) 1 }}\n" + text(configMap) + "{{- else }}\n" + text(service) + "{{- end }}\n{{- end }}\n",
		"templates/secrets.yaml": "{{- range .Values.secrets }}\n---\n" + text(kesSecret) + "{{- end }}\n",
	})
}

func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
