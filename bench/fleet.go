package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fleetSize are the bytes of the generated repository for 1,000 applications.
const fleetSize = 200_000_000

// fleetApp is an application of the generated repository.
type fleetApp struct {
	dir  string
	helm bool
	kes  int // KES resources in it
}

// writeFleet writes a repository of n applications, in turn an overlay over a
// base of its own and a chart with a subchart; one in ten has two KES
// resources. Each has ten objects and a dashboard; what else there is of its
// 200 kB is read, but not rendered (a chart's notes), or isn't read (a
// kustomization's).
func writeFleet(root string, n int) ([]fleetApp, error) {
	if err := os.MkdirAll(filepath.Join(root, ".git"), 0o777); err != nil {
		return nil, err
	}
	var apps []fleetApp
	for i := range n {
		app := fleetApp{dir: filepath.Join("apps", fmt.Sprintf("app-%04d", i)), helm: i%2 == 1}
		if i%20 < 2 {
			app.kes = 2
		}
		files, dir := kustomizeApp(i, app.kes), app.dir
		if app.helm {
			files = helmApp(i, app.kes)
		} else {
			app.dir = filepath.Join(app.dir, "overlays", "production")
		}
		size := 0
		for _, text := range files {
			size += len(text)
		}
		files["NOTES.md"] = prose(i, fleetSize/1000-size)
		if err := writeFiles(filepath.Join(root, dir), files); err != nil {
			return nil, err
		}
		apps = append(apps, app)
	}
	return apps, nil
}

// fleetObjects are ten objects by the names of their files, and KES resources.
func fleetObjects(i, kes int) map[string]string {
	files := map[string]string{}
	for j := range 10 {
		files[fmt.Sprintf("object-%d.yaml", j)] = fmt.Sprintf([]string{deployment, configMap, service}[j%3], i*100+j, 0)
	}
	for j := range kes {
		files[fmt.Sprintf("secret-%d.yaml", j)] = fmt.Sprintf(kesSecret, i*100+j, 0)
	}
	return files
}

func kustomizeApp(i, kes int) map[string]string {
	out := map[string]string{"base/dashboard.json": dashboard(i)}
	list := "resources:\n"
	for name, text := range fleetObjects(i, kes) {
		out["base/"+name] = text
		list += "  - " + name + "\n"
	}
	out["base/kustomization.yaml"] = list + "configMapGenerator:\n  - {name: dashboard, files: [dashboard.json]}\n"
	out["overlays/production/kustomization.yaml"] = fmt.Sprintf("namespace: team-%d\nnamePrefix: prod-\nresources: [../../base]\nlabels:\n  - pairs: {env: production}\n"+
		"patches:\n  - path: replicas.yaml\nimages:\n  - {name: registry.shop.example/service-%d, newTag: 2.0.0}\n", i%20, i*100)
	out["overlays/production/replicas.yaml"] = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: service-%d, namespace: shop-0}\nspec: {replicas: 5}\n", i*100)
	return out
}

func helmApp(i, kes int) map[string]string {
	out := map[string]string{
		"Chart.yaml":                "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n  - {name: common, version: 1.0.0}\n",
		"values.yaml":               fmt.Sprintf("team: team-%d\nreplicas: 5\ncommon: {enabled: true}\n", i%20),
		"dashboard.json":            dashboard(i),
		"templates/_helpers.tpl":    "{{- define \"app.labels\" -}}\nenv: production\nteam: {{ .Values.team }}\n{{- end }}\n",
		"templates/dashboard.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: dashboard\n  labels: {{- include \"app.labels\" . | nindent 4 }}\ndata:\n  dashboard.json: |\n{{ .Files.Get \"dashboard.json\" | indent 4 }}\n",
		"charts/common/Chart.yaml":  "apiVersion: v2\nname: common\nversion: 1.0.0\n",
		"charts/common/values.yaml": "enabled: false\n",
		"charts/common/templates/role.yaml": "{{- if .Values.enabled }}\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n" +
			"  name: {{ .Release.Name }}\n{{- end }}\n",
	}
	for name, text := range fleetObjects(i, kes) {
		text = strings.Replace(text, "replicas: 3", "replicas: {{ .Values.replicas }}", 1)
		out["templates/"+name] = strings.Replace(text, "metadata:\n", "metadata:\n  annotations: {team: {{ .Values.team }}}\n", 1)
	}
	return out
}

// dashboard is JSON as Grafana writes it, about 20 kB.
func dashboard(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{\n  \"title\": \"Service %d\",\n  \"panels\": [\n", i)
	for p := range 64 {
		if p > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "    {\"id\": %d, \"type\": \"timeseries\", \"title\": \"Requests by code %d\",\n     \"gridPos\": {\"h\": 8, \"w\": 12, \"x\": 0, \"y\": %d},\n"+
			"     \"targets\": [{\"expr\": \"sum by (code) (rate(http_requests_total{app=\\\"service-%d\\\"}[5m]))\", \"refId\": \"A\"}]}", p, p, p*8, i)
	}
	b.WriteString("\n  ]\n}\n")
	return b.String()
}

// prose is size bytes of text.
func prose(i, size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "%d. Service %d answers requests; see the runbook of step %d before restarting it.\n", n, i, n)
	}
	return b.String()[:max(size, 0)]
}
