package render

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// touches says whether a file that was changed, added or removed is among the
// inputs, by their documented meaning.
func (in Inputs) touches(name string) bool {
	for _, f := range slices.Concat(in.Files, in.Missing) {
		if f == name || strings.HasPrefix(f, name+"/") || strings.HasPrefix(name, f+"/") {
			return true
		}
	}
	for p := name; p != "."; p = path.Dir(p) {
		// A new directory is a new name in the one that holds it.
		if slices.Contains(in.Dirs, path.Dir(p)) {
			return true
		}
	}
	return false
}

// fingerprint is all that a render says.
func fingerprint(src Source) (string, Inputs) {
	out, err := Render(context.Background(), src)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v\n%v %q %v\n", err, out.Kind, out.Warnings, out.Skipped)
	for _, s := range out.Streams {
		fmt.Fprintf(&b, "%s %v\n%s", s.Name, s.Origins, s.Data)
	}
	return b.String(), out.Inputs
}

// filesBelow are the files and directories below root.
func filesBelow(t *testing.T, root string) (files, dirs []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		r, _ := filepath.Rel(root, p)
		switch r = filepath.ToSlash(r); {
		case err != nil:
			return err
		case d.IsDir():
			dirs = append(dirs, r)
		default:
			files = append(files, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, dirs
}

// mutate changes, removes and adds every file of a repository, one at a time,
// and fails if the output changes though the inputs don't have the file.
func mutate(t *testing.T, root string, src Source) {
	t.Helper()
	want, in := fingerprint(src)
	if again, _ := fingerprint(src); again != want {
		t.Skip("the output is another each time")
	}
	check := func(what, name string) {
		t.Helper()
		if got, _ := fingerprint(src); got != want && !in.touches(name) {
			t.Errorf("%s %s: the output changed, and the inputs are %+v:\n%s\nbefore:\n%s", what, name, in, got, want)
		}
	}
	files, dirs := filesBelow(t, root)
	// Directories at the top that the application has nothing in cost time only.
	tops := map[string]bool{".": true}
	for _, name := range slices.Concat(in.Files, in.Dirs, in.Missing) {
		top, _, _ := strings.Cut(name, "/")
		tops[top] = true
	}
	other := func(name string) bool { top, _, _ := strings.Cut(name, "/"); return !tops[top] }
	files, dirs = slices.DeleteFunc(files, other), slices.DeleteFunc(dirs, other)
	for _, name := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		target, lerr := os.Readlink(p)
		data, _ := os.ReadFile(p)
		for what, text := range map[string]string{"garble": "]: [", "extend": string(data) + "\n---\n" + cm + "---\nq: 1\n"} {
			must(t, os.Remove(p), os.WriteFile(p, []byte(text), 0o644))
			check(what, name)
		}
		must(t, os.Remove(p))
		check("remove", name)
		if lerr == nil {
			must(t, os.Symlink(target, p))
		} else {
			must(t, os.WriteFile(p, data, 0o644))
		}
	}
	names := []string{"zz.yaml", "a.jsonnet", "kustomization.yaml", "aChart.yaml"}
	for _, m := range in.Missing {
		if !slices.Contains(names, path.Base(m)) {
			names = append(names, path.Base(m))
		}
	}
	for _, d := range dirs {
		for _, n := range names {
			for _, name := range []string{path.Join(d, n), path.Join(d, "new", n)} {
				if strings.Contains(name, "new/") && (d == "." || n != "kustomization.yaml" && n != "zz.yaml") {
					continue
				}
				p := filepath.Join(root, filepath.FromSlash(name))
				if _, err := os.Lstat(p); err == nil {
					continue
				}
				must(t, os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(cm), 0o644))
				check("add", name)
				must(t, os.Remove(p))
				if strings.Contains(name, "new/") {
					must(t, os.Remove(filepath.Dir(p)))
				}
			}
		}
	}
	if got, _ := fingerprint(src); got != want {
		t.Error("the test doesn't put the repository back")
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every file that can change an output, or an error, is in the inputs.
func TestInputsMutated(t *testing.T) {
	if testing.Short() {
		t.Skip("renders some thousand times")
	}
	for _, dir := range []string{"helm", "kustomize", "kustedit"} {
		t.Run(dir, func(t *testing.T) {
			eachCase(t, dir, func(t *testing.T, c *testCase) {
				name := path.Base(t.Name())
				if dir == "kustedit" && !strings.HasPrefix(name, "components") && !strings.HasPrefix(name, "restrictor") {
					return // the other options are about no files
				}
				src := Source{Dir: c.app(), Root: c.root, OriginsOf: []string{"kubernetes-client.io"}}
				switch dir {
				case "helm":
					src, _ = c.helmSource(t)
				case "kustedit":
					must(t, json.Unmarshal([]byte(c.set["options"]), &src.Kustomize))
				}
				mutate(t, c.root, src)
			})
		})
	}
	for _, app := range []string{"overlays/production", "chart", "base/web"} {
		t.Run("shop/"+app, func(t *testing.T) {
			root := t.TempDir()
			must(t, os.CopyFS(root, os.DirFS("../examples/shop")))
			mutate(t, root, Source{Dir: filepath.Join(root, app), Root: root})
		})
	}
}

// inputsRepo has applications that reach into other directories.
func inputsRepo(t *testing.T) string {
	return repo(t, map[string]string{
		"kust/overlay/kustomization.yaml": "resources: [../base, ../linked]\ncomponents: [../component]\npatches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: g, files: [../../kust/overlay/data.txt]}]\n",
		"kust/overlay/patch.yaml":         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n",
		"kust/overlay/data.txt":           "text",
		"kust/overlay/README.md":          "text",
		"kust/base/kustomization.yml":     "resources: [a.yaml]\n",
		"kust/base/a.yaml":                cm,
		"kust/linked":                     "-> real",
		"kust/real/kustomization.yaml":    "namePrefix: r-\nresources: [a.yaml]\n",
		"kust/real/a.yaml":                strings.ReplaceAll(cm, "name: a", "name: r"),
		"kust/component/Kustomization":    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {c: d}\n",
		"chart/Chart.yaml":                "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0, repository: \"file://../sub\"}]\n",
		"chart/templates/a.yaml":          "kind: A\napiVersion: v1\nlast: {{ toJson .Values }}\nf: {{ .Files.Get \"f.txt\" }}\n",
		"chart/f.txt":                     "text",
		"chart/.helmignore":               "ignored.md\n",
		"chart/ignored.md":                "text",
		"sub/Chart.yaml":                  "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"sub/templates/s.yaml":            "kind: S\napiVersion: v1\n",
		"env/link.yaml":                   "-> prod/b.yaml",
		"env/prod/a.yaml":                 "a: 1\n",
		"env/prod/b.yaml":                 "b: 1\n",
		"env/key.txt":                     "key",
		"ref/values.yaml":                 "r: 1\n",
		"manifests/a.yaml":                cm,
		"manifests/sub/b.yaml":            cm,
		"manifests/j.jsonnet":             "local l = import 'l.libsonnet'; local s = importstr '../env/key.txt'; l.object(s)\n",
		"lib/one/l.libsonnet":             "(import 'm.libsonnet')\n",
		"lib/two/m.libsonnet":             "{object(s):: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: s}}}\n",
		"other/kustomization.yaml":        "resources: [a.yaml]\n",
		"other/a.yaml":                    cm,
		"inflate/kustomization.yaml":      "helmGlobals: {chartHome: ../sub-home}\nhelmCharts: [{name: sub, releaseName: r, valuesFile: v.yaml, additionalValuesFiles: [w.yaml]}]\n",
		"inflate/v.yaml":                  "a: 1\n",
		"inflate/w.yaml":                  "b: 1\n",
		"sub-home/sub/Chart.yaml":         "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"sub-home/sub/templates/s.yaml":   "kind: S\napiVersion: v1\nmetadata: {name: s}\nv: {{ toJson .Values }}\n",
		"generate/kustomization.yaml":     "generators: [gen.yaml]\n",
		"generate/gen.yaml":               "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: [g.txt]\n",
		"generate/g.txt":                  "text",
		"linkedapp":                       "-> kust/base",
	})
}

// The inputs are what is documented, and nothing of other applications.
func TestInputs(t *testing.T) {
	root := inputsRepo(t)
	command := helmLink(t)
	for _, c := range []struct {
		name string
		src  Source
		want Inputs
	}{
		{"kustomize", Source{Dir: "kust/overlay"}, Inputs{
			Files:   words("kust/base/a.yaml kust/base/kustomization.yml kust/component/Kustomization kust/linked kust/overlay/data.txt kust/overlay/kustomization.yaml kust/overlay/patch.yaml kust/real/a.yaml kust/real/kustomization.yaml"),
			Dirs:    words("kust/base kust/component kust/overlay kust/real"),
			Missing: words("kust/base/Kustomization kust/base/kustomization.yaml kust/component/kustomization.yaml kust/component/kustomization.yml kust/overlay/Kustomization kust/overlay/kustomization.yml kust/real/Kustomization kust/real/kustomization.yml"),
		}},
		{"helm", Source{Dir: "chart", Helm: HelmOptions{
			ValueFiles:              []string{"../env/link.yaml", "../env/prod/*.yaml", "gone.yaml", "/env/none/x.yaml", "$r/values.yaml", "$r/gone.yaml"},
			IgnoreMissingValueFiles: true,
			FileParameters:          []HelmFileParameter{{Name: "key", Path: "../env/key.txt"}},
			Refs:                    map[string]string{"r": filepath.Join(root, "ref")},
		}}, Inputs{
			Files:   words("chart/.helmignore chart/Chart.yaml chart/f.txt chart/templates/a.yaml env/key.txt env/link.yaml env/prod/a.yaml env/prod/b.yaml ref/values.yaml sub/Chart.yaml sub/templates/s.yaml"),
			Dirs:    words("chart chart/templates env/prod sub sub/templates"),
			Missing: words("chart/gone.yaml env/none/x.yaml ref/gone.yaml sub/.helmignore"),
		}},
		{"helm failing", Source{Dir: "chart", Helm: HelmOptions{ValueFiles: []string{"/env/none.yaml"}}}, Inputs{
			Files:   words("chart/.helmignore chart/Chart.yaml chart/f.txt chart/templates/a.yaml sub/Chart.yaml sub/templates/s.yaml"),
			Dirs:    words("chart chart/templates sub sub/templates"),
			Missing: words("env/none.yaml sub/.helmignore"),
		}},
		{"directory", Source{Dir: "manifests", Directory: DirectoryOptions{Jsonnet: JsonnetOptions{Libs: []string{"lib/one", "/lib/two"}}}}, Inputs{
			Files:   words("env/key.txt lib/one/l.libsonnet lib/two/m.libsonnet manifests/a.yaml manifests/j.jsonnet"),
			Dirs:    words("lib/one lib/two manifests"),
			Missing: words("lib/one/m.libsonnet lib/two/l.libsonnet manifests/l.libsonnet"),
		}},
		{"recurse", Source{Dir: "manifests", Directory: DirectoryOptions{Recurse: true, Exclude: "*.jsonnet"}}, Inputs{
			Files: words("manifests/a.yaml manifests/sub/b.yaml"), Dirs: words("manifests manifests/sub"),
		}},
		{"components", Source{Dir: "other", Kustomize: KustomizeOptions{Components: []string{"../kust/component", "../nothing"}, IgnoreMissingComponents: true}}, Inputs{
			Files:   words("kust/component/Kustomization other/a.yaml other/kustomization.yaml"),
			Dirs:    words("kust/component other"),
			Missing: words("kust/component/kustomization.yaml kust/component/kustomization.yml nothing/Kustomization nothing/kustomization.yaml nothing/kustomization.yml other/Kustomization other/kustomization.yml"),
		}},
		{"components' glob", Source{Dir: "other", Kustomize: KustomizeOptions{Components: []string{"../kust/comp*"}}}, Inputs{
			Files:   words("kust/component/Kustomization other/a.yaml other/kustomization.yaml"),
			Dirs:    words("kust kust/component other"),
			Missing: words("kust/component/kustomization.yaml kust/component/kustomization.yml other/Kustomization other/kustomization.yml"),
		}},
		{"generators", Source{Dir: "generate"}, Inputs{
			Files:   words("generate/g.txt generate/gen.yaml generate/kustomization.yaml"),
			Dirs:    words("generate"),
			Missing: words("generate/Kustomization generate/kustomization.yml"),
		}},
		{"charts of a kustomization", Source{Dir: "inflate", Kustomize: KustomizeOptions{BuildOptions: []string{"--enable-helm"}, HelmCommand: command}}, Inputs{
			Files:   words("inflate/kustomization.yaml inflate/v.yaml inflate/w.yaml sub-home/sub/Chart.yaml sub-home/sub/templates/s.yaml"),
			Dirs:    words("inflate sub-home/sub sub-home/sub/templates"),
			Missing: words("inflate/Kustomization inflate/kustomization.yml"),
		}},
		{"linked application", Source{Dir: "linkedapp"}, Inputs{
			Files: words("kust/base/a.yaml kust/base/kustomization.yml linkedapp"), Dirs: words("kust/base"),
			Missing: words("kust/base/Kustomization kust/base/kustomization.yaml"),
		}},
		{"no application", Source{Dir: "nowhere/app"}, Inputs{Missing: words("nowhere/app")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.src.Root, c.src.Dir = root, filepath.Join(root, c.src.Dir)
			out, err := Render(context.Background(), c.src)
			if !reflect.DeepEqual(out.Inputs, c.want) {
				t.Errorf("got %+v\nwant %+v\nerror %v", out.Inputs, c.want, err)
			}
			if !testing.Short() {
				mutate(t, root, c.src)
			}
		})
	}
}

func words(s string) []string { return strings.Fields(s) }

// Files that others read are given with the links on the way.
func TestInputsOf(t *testing.T) {
	root := repo(t, map[string]string{"real/x.yaml": cm, "a": "-> b", "b": "-> real", "loop": "-> loop", "out": "-> ../secret.yaml"})
	got, err := InputsOf(root, "a/x.yaml", "a/gone/y.yaml", "real", "loop/z", "out", "real/x.yaml/w")
	want := Inputs{
		Files: words("a b loop out real/x.yaml"), Dirs: words("real"),
		Missing: words("real/gone/y.yaml real/x.yaml/w"),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := InputsOf(root, "../secret.yaml"); err == nil {
		t.Error("no error for a path outside")
	}
}
