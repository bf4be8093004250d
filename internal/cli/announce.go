package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/argocd"
	"kesbridge/render"
)

// ownValues are what the files of an app say, for the announcements.
type ownValues struct {
	tool   string // "helm", "kustomize", "directory"
	values map[string]argocd.Value
}

// has reports whether a source parameter is for this kind of app.
func (o ownValues) has(name string) bool {
	i := slices.IndexFunc(argocd.SourceParams(), func(p argocd.SourceParam) bool { return p.Name == name })
	tool := argocd.SourceParams()[i].Tool
	return tool == "" || tool == o.tool
}

// ownValues reads a chart's values, flattened as Argo CD's own tab shows them
// (reposerver/repository, populateHelmAppDetails), or a kustomization's images.
func (a *app) ownValues(dir string) ownValues {
	out := ownValues{tool: "directory", values: map[string]argocd.Value{}}
	kind, err := render.Detect(dir)
	if err != nil {
		fmt.Fprintf(a.err, "announce parameters: %v\n", err)
		return out
	}
	switch kind {
	case render.Helm:
		out.tool = "helm"
		var m map[string]any
		if a.readOwn(filepath.Join(dir, "values.yaml"), &m) {
			flat := map[string]string{}
			flattenValues(flat, "", m)
			out.values["helm-parameters"] = argocd.Value{Map: flat}
		}
	case render.Kustomize:
		out.tool = "kustomize"
		var k struct {
			Images []struct{ Name, NewName, NewTag, Digest string }
		}
		for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
			if a.readOwn(filepath.Join(dir, name), &k) {
				break
			}
		}
		var images []string
		for _, i := range k.Images {
			images = append(images, imageOf(i.Name, i.NewName, i.NewTag, i.Digest))
		}
		out.values["images"] = argocd.Value{Array: images}
	}
	return out
}

// imageOf spells an image as `kustomize edit set image` takes it.
func imageOf(name, newName, newTag, digest string) string {
	s := name
	if newName != "" {
		s += "=" + newName
	}
	switch {
	case digest != "":
		return s + "@" + digest
	case newTag != "":
		return s + ":" + newTag
	}
	return s
}

// maxOwn bounds a file that is read for the announcements.
const maxOwn = 1 << 20

func (a *app) readOwn(path string, into any) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxOwn))
	if err == nil {
		err = yaml.Unmarshal(b, into)
	}
	if err != nil {
		fmt.Fprintf(a.err, "announce parameters: read %s: it isn't shown\n", filepath.Base(path))
	}
	return err == nil
}

// flattenValues spells nested values as helm's --set takes them.
func flattenValues(out map[string]string, prefix string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			k = strings.NewReplacer(".", `\.`, ",", `\,`).Replace(k)
			if prefix != "" {
				k = prefix + "." + k
			}
			flattenValues(out, k, e)
		}
	case []any:
		for i, e := range v {
			flattenValues(out, fmt.Sprintf("%s[%d]", prefix, i), e)
		}
	case string:
		out[prefix] = v
	case nil:
		out[prefix] = "null"
	default:
		b, err := json.Marshal(v)
		if err == nil {
			out[prefix] = string(b)
		}
	}
}
