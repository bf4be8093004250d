package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The wanted outputs are those of the kustomize command, v5.8.2, after the
// `kustomize edit` commands that Argo CD runs for the options; where it failed,
// the error is ours.
func TestKustomizeOptions(t *testing.T) {
	eachCase(t, "kustedit", func(t *testing.T, c *testCase) {
		src := Source{Dir: c.app(), Root: c.root, Kind: Kustomize}
		if err := json.Unmarshal([]byte(c.set["options"]), &src.Kustomize); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, c.root)
		out, err := Render(context.Background(), src)
		if snapshot(t, c.root) != before {
			t.Error("the checkout was changed")
		}
		if c.wantError(t, err) {
			return
		}
		want := c.wanted("output")
		if want == nil {
			t.Fatalf("got\n%s", out.Streams[0].Data)
		}
		if got := out.Streams[0].Data; !bytes.Equal(got, want.Data) {
			t.Errorf("got\n%s\nwant\n%s", got, want.Data)
		}
	})
}

// snapshot is the names and contents of all files.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			b.WriteString(p + "/\n")
			return err
		}
		if d.Type()&os.ModeSymlink != 0 {
			to, err := os.Readlink(p)
			b.WriteString(p + " -> " + to + "\n")
			return err
		}
		data, err := os.ReadFile(p)
		b.WriteString(p + "\n" + string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Options lead out of the repository as little as files do.
func TestKustomizeOptionsOutside(t *testing.T) {
	for name, o := range map[string]KustomizeOptions{
		"patch":            {Patches: []KustomizePatch{{Path: "../../secret.yaml"}}},
		"linked patch":     {Patches: []KustomizePatch{{Path: "link.yaml"}}},
		"component":        {Components: []string{"../../other"}},
		"linked component": {Components: []string{"other"}},
		"absolute":         {Components: []string{"/etc"}},
		"glob":             {Components: []string{"../../oth*"}},
		"no restrictions":  {BuildOptions: []string{"--load-restrictor LoadRestrictionsNone"}, Patches: []KustomizePatch{{Path: "../../secret.yaml"}}},
		"ignored":          {Components: []string{"other"}, Patches: []KustomizePatch{{Path: "link.yaml"}}, IgnoreMissingComponents: true},
	} {
		root := repo(t, map[string]string{
			"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": cm,
			"app/link.yaml": "-> ../../secret.yaml", "app/other": "-> ../../other",
		})
		out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: o})
		var oe *OutsideError
		if !errors.As(err, &oe) {
			t.Errorf("%s: %+v %v", name, out, err)
		}
	}
	// A glob doesn't see what a link leads to outside.
	root := repo(t, map[string]string{"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": cm, "app/l": "-> ../.."})
	out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: KustomizeOptions{Components: []string{"l/oth*"}}})
	if err == nil || !strings.Contains(err.Error(), "l/oth* has no match") {
		t.Errorf("%+v %v", out, err)
	}
}

// LoadRestrictionsNone is about the kustomization's directory, not about the
// repository.
func TestKustomizeUnrestricted(t *testing.T) {
	none := KustomizeOptions{BuildOptions: []string{"--load-restrictor", "LoadRestrictionsNone"}}
	for _, kust := range []string{
		"resources: [../../secret.yaml]\n", "resources: [link.yaml]\n", "resources: [/etc/passwd]\n",
		"resources: [../../other]\n", "configMapGenerator: [{name: a, files: [/etc/passwd]}]\n",
		"configMapGenerator: [{name: a, envs: [../../secret.yaml]}]\n", "patches: [{path: link.yaml}]\n",
		"openapi: {path: ../../secret.yaml}\n", "transformers: [../../secret.yaml]\n",
	} {
		root := repo(t, map[string]string{"app/kustomization.yaml": kust, "app/link.yaml": "-> ../../secret.yaml"})
		out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: none})
		var oe *OutsideError
		if !errors.As(err, &oe) {
			t.Errorf("%s: %+v %v", kust, out, err)
		}
	}
}

func TestKustomizeBuildOptions(t *testing.T) {
	root := repo(t, map[string]string{"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": cm})
	for _, o := range []string{
		"--enable-alpha-plugins", "--enable-alpha-plugins=true", "--enable-exec", "--enable-star", "--network", "--network-name x",
		"--mount type=bind,src=/,dst=/", "-e X", "--env X=y", "--as-current-user", "--helm-command sh", "--helm-command=sh", "-o /tmp/x", "--output=x",
		"--unknown", "-x", "dir", "--load-restrictor none", "--load-restrictor", "--reorder x", "--enable-helm=maybe", "-- --enable-helm",
	} {
		_, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: KustomizeOptions{BuildOptions: []string{"--enable-helm", o}}})
		var be *BuildOptionError
		if !errors.As(err, &be) {
			t.Errorf("%s: %v", o, err)
		}
	}
}

// Programs don't run, whatever a kustomization says.
func TestKustomizePrograms(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	script := "#!/bin/sh\ntouch " + ran + "\n"
	for name, config := range map[string]string{
		"exec function": "apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n",
		"container":     "apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      container: {image: x}\n",
		"exec plugin":   "apiVersion: x/v1\nkind: X\nmetadata: {name: x}\nargsOneLiner: x\n",
	} {
		for _, list := range []string{"generators", "transformers", "validators"} {
			root := repo(t, map[string]string{
				"app/kustomization.yaml": "resources: [a.yaml]\n" + list + ": [p.yaml]\n", "app/a.yaml": cm, "app/p.yaml": config,
				"app/run.sh": script, "plugin/x/v1/x/X": script,
			})
			for _, f := range []string{"app/run.sh", "plugin/x/v1/x/X"} {
				if err := os.Chmod(filepath.Join(root, f), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("KUSTOMIZE_PLUGIN_HOME", filepath.Join(root, "plugin"))
			out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: KustomizeOptions{BuildOptions: []string{"--enable-helm"}}})
			if err == nil {
				t.Errorf("%s, %s: %s", name, list, out.Streams[0].Data)
			}
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program ran")
	}
}
