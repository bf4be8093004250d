package render

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every way in which a kustomization can reach for the network is refused
// before it does: nothing connects, git isn't run.
func TestNetwork(t *testing.T) {
	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits++
		_, _ = w.Write([]byte(cm))
	}))
	defer server.Close()
	bin := t.TempDir()
	ran := filepath.Join(bin, "ran")
	write(t, bin, map[string]string{"git": "#!/bin/sh\necho \"$@\" >>" + ran + "\nexit 1\n"})
	if err := os.Chmod(filepath.Join(bin, "git"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))

	file := server.URL + "/a.yaml"
	upper := strings.Replace(file, "http:", "HTTP:", 1)
	const plugin = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\n"
	for name, files := range map[string]map[string]string{
		"resource":        {"": "resources:\n- " + file},
		"upper case":      {"": "resources: [" + upper + "]"},
		"bases":           {"": "bases: [" + file + "]"},
		"component":       {"": "components: [" + file + "]"},
		"github":          {"": "resources: [github.com/o/r]"},
		"github path":     {"": "resources: ['github.com/o/r//deploy?ref=v1']", "github.com/o/r/deploy/kustomization.yaml": "namePrefix: a"},
		"git::":           {"": "resources: ['git::https://example.invalid/o/r']"},
		"ssh":             {"": "resources: ['ssh://git@example.invalid/o/r']"},
		"scp":             {"": "resources: ['git@example.invalid:o/r']"},
		"file":            {"": "resources: ['file:///tmp/o/r']"},
		"option":          {"": "resources: ['https://example.invalid/o/r?ref=--upload-pack=touch']"},
		"base's resource": {"": "resources: [b]", "b/kustomization.yaml": "resources: [" + file + "]"},
		"crds":            {"": "crds: [" + file + "]"},
		"openapi":         {"": "openapi: {path: '" + file + "'}"},
		"configurations":  {"": "configurations: [" + file + "]"},
		"patch":           {"": "patches: [{path: '" + file + "'}]"},
		"patch SM":        {"": "patchesStrategicMerge: [" + file + "]"},
		"patch JSON":      {"": "patchesJson6902: [{path: '" + file + "', target: {kind: A, version: v1}}]"},
		"replacement":     {"": "replacements: [{path: '" + file + "'}]"},
		"generator file":  {"": "configMapGenerator: [{name: a, files: ['k=" + file + "']}]"},
		"generator file2": {"": "secretGenerator: [{name: a, files: ['" + file + "']}]"},
		"generator envs":  {"": "configMapGenerator: [{name: a, envs: ['" + file + "']}]"},
		"generator env":   {"": "configMapGenerator: [{name: a, env: '" + file + "'}]"},
		"generators":      {"": "generators: [" + file + "]"},
		"transformers":    {"": "transformers: [" + file + "]"},
		"validators":      {"": "validators: [github.com/o/r]"},
		"inline plugin":   {"": "transformers:\n- |\n  " + strings.ReplaceAll(plugin+"path: "+file, "\n", "\n  ")},
		"plugin":          {"": "transformers: [t.yaml]", "t.yaml": plugin + "path: " + file},
		"plugin's case":   {"": "transformers: [t.yaml]", "t.yaml": plugin + "Path: " + file},
		"plugin's anchor": {"": "transformers: [t.yaml]", "t.yaml": plugin + "x: &a " + file + "\npath: *a"},
		"plugin's merge":  {"": "transformers: [t.yaml]", "t.yaml": plugin + "x: &a {path: '" + file + "'}\n<<: *a"},
		"plugin second":   {"": "generators: [t.yaml]", "t.yaml": "---\n---\napiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: p}\nname: p\nfiles: ['a=" + file + "']"},
		"plugin list":     {"": "generators: [t.yaml]", "t.yaml": "kind: List\napiVersion: v1\nitems:\n- {apiVersion: builtin, kind: ConfigMapGenerator, metadata: {name: p}, name: p, envs: ['" + file + "']}"},
		"plugin dir":      {"": "generators: [d]", "d/kustomization.yaml": "resources: [t.yaml]", "d/t.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: p}\nname: p\nfiles: ['a=" + file + "']"},
		"plugin dirs":     {"": "transformers: [d]", "d/kustomization.yaml": "resources: [../e]", "e/kustomization.yaml": "resources: [t.yaml]", "e/t.yaml": plugin + "path: " + file},
		"helm values":     {"": "helmCharts: [{name: a, valuesFile: '" + file + "'}]"},
		"linked":          {"": "-> real.txt", "real.txt": "resources: [" + file + "]"},
		"linked below":    {"": "-> d/real.txt", "d/real.txt": "resources: [" + file + "]"},
		"linked base":     {"": "resources: [b]", "b/Kustomization": "-> a.yaml", "b/a.yaml": "resources: [" + file + "]"},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{}
			for n, data := range files {
				if n == "" {
					n = "kustomization.yaml"
				}
				in["app/"+n] = data
			}
			root := repo(t, in)
			out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root})
			var ne *NetworkError
			if !errors.As(err, &ne) {
				t.Fatalf("got %+v, error %v", out, err)
			}
			var e *Error
			if !errors.As(err, &e) || e.Line == 0 || !strings.HasPrefix(e.File, "app/") || !strings.Contains(err.Error(), "network not allowed: "+ne.URL) {
				t.Errorf("error %v", err)
			}
		})
	}
	// Patched or generated configurations can't be looked through.
	root := repo(t, map[string]string{
		"app/kustomization.yaml": "transformers: [d]\n", "app/d/t.yaml": plugin + "path: x\n",
		"app/d/kustomization.yaml": "resources: [t.yaml]\npatches: [{target: {kind: PatchTransformer}, patch: '[{\"op\": \"replace\", \"path\": \"/path\", \"value\": \"" + file + "\"}]'}]\n",
	})
	var ue *UnsupportedError
	if _, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root}); !errors.As(err, &ue) {
		t.Error(err)
	}
	if data, _ := os.ReadFile(ran); hits > 0 || len(data) > 0 {
		t.Errorf("%d requests, git ran with %s", hits, data)
	}
}

func TestHelmNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	url := "http://" + l.Addr().String() + "/s.json"
	for name, schema := range map[string]string{
		"ref":      `{"properties": {"a": {"$ref": "` + url + `"}}}`,
		"relative": `{"$id": "` + url + `", "properties": {"a": {"$ref": "t.json"}}}`,
		"schema":   `{"$schema": "` + url + `"}`,
		"file":     `{"$ref": "file:///etc/passwd"}`,
		"file2":    `{"properties": {"a": {"$ref": "other.json#/x"}}}`,
	} {
		root := repo(t, map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "app/values.schema.json": schema, "app/values.yaml": "a: b\n"})
		var ne *NetworkError
		src := Source{Dir: filepath.Join(root, "app"), Root: root}
		if _, err := Render(context.Background(), src); !errors.As(err, &ne) {
			t.Errorf("%s: %v", name, err)
		}
		src.Helm.SkipSchemaValidation = true
		if _, err := Render(context.Background(), src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range []string{url, "https://x/y.yaml", "s3://x/y", "HTTP://x/y"} {
			src.Helm.ValueFiles = []string{f}
			if _, err := Render(context.Background(), src); !errors.As(err, &ne) || ne.URL != f {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
}
