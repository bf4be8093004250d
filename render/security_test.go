package render

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// repo is a repository "repo" with an application "app", and next to it what
// nobody may read.
func repo(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"secret.yaml":             cm + "# top secret\n",
		"other/kustomization.yml": "resources: [secret.yaml]\n",
		"other/secret.yaml":       cm + "# top secret\n",
		"other/templates/x.yaml":  cm + "# top secret\n",
	})
	root = filepath.Join(dir, "repo")
	write(t, root, map[string]string{"app/.keep": ""})
	for name, data := range files {
		target, isLink := strings.CutPrefix(data, "-> ")
		if !isLink {
			write(t, root, map[string]string{name: data})
			continue
		}
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, p); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestOutside(t *testing.T) {
	const chart = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
	for name, c := range map[string]struct {
		files map[string]string
		opt   Source
		place string // what the error starts with
	}{
		"directory: file": {
			files: map[string]string{"app/a.yaml": "-> ../../secret.yaml"}, place: "app/a.yaml: ",
		},
		"directory: absolute": {
			files: map[string]string{"app/a.yaml": "-> /etc/passwd"}, place: "app/a.yaml: ",
		},
		"directory: chain": {
			files: map[string]string{"app/a.yaml": "-> ../b", "b": "-> ../secret.yaml"}, place: "app/a.yaml: ",
		},
		"directory: through a directory": {
			files: map[string]string{"app/a.yaml": "-> d/secret.yaml", "app/d": "-> ../../other"}, place: "app/a.yaml: ",
		},
		"kustomize: resource": {
			files: map[string]string{"app/kustomization.yaml": "resources:\n- a.yaml\n", "app/a.yaml": "-> ../../secret.yaml"},
			place: "app/kustomization.yaml:2:3: ",
		},
		"kustomize: base": {
			files: map[string]string{"app/kustomization.yaml": "resources: [b]\n", "app/b": "-> ../../other"},
			place: "app/kustomization.yaml:1:13: ",
		},
		"kustomize: base by path": {
			files: map[string]string{"app/kustomization.yaml": "resources: [../../other]\n"},
			place: "app/kustomization.yaml:1:13: ",
		},
		"kustomize: base's base": {
			files: map[string]string{"app/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources:\n- ../../other\n"},
			place: "b/kustomization.yaml:2:3: ",
		},
		"kustomize: component": {
			files: map[string]string{"app/kustomization.yaml": "components: [../../other]\n"},
			place: "app/kustomization.yaml:1:14: ",
		},
		"kustomize: patch": {
			files: map[string]string{"app/kustomization.yaml": "patches:\n- path: p.yaml\n", "app/p.yaml": "-> ../../secret.yaml"},
			place: "app/kustomization.yaml:2:9: ",
		},
		"kustomize: generator": {
			files: map[string]string{"app/kustomization.yaml": "configMapGenerator:\n- name: a\n  files: [p.txt]\n", "app/p.txt": "-> /etc/passwd"},
			place: "app/kustomization.yaml:3:11: ",
		},
		"kustomize: plugin configuration": {
			files: map[string]string{"app/kustomization.yaml": "transformers: [p.yaml]\n", "app/p.yaml": "-> ../../secret.yaml"},
			place: "app/kustomization.yaml:1:16: ",
		},
		"kustomize: itself": {
			files: map[string]string{"app/kustomization.yaml": "-> ../../other/kustomization.yml"},
		},
		"helm: template": {
			files: map[string]string{"app/Chart.yaml": chart, "app/templates/a.yaml": "-> ../../../secret.yaml"},
			place: "app/templates/a.yaml: ",
		},
		"helm: directory": {
			files: map[string]string{"app/Chart.yaml": chart, "app/templates": "-> ../../other/templates"},
			place: "app/templates: ",
		},
		"helm: subchart": {
			files: map[string]string{"app/Chart.yaml": chart, "app/charts/x": "-> ../../../other"},
			place: "app/charts/x: ",
		},
		"helm: .helmignore": {
			files: map[string]string{"app/Chart.yaml": chart, "app/.helmignore": "-> ../../secret.yaml"},
		},
		"helm: value file": {
			files: map[string]string{"app/Chart.yaml": chart},
			opt:   Source{Helm: HelmOptions{ValueFiles: []string{"../../secret.yaml"}}},
		},
		"helm: value file from the root": {
			files: map[string]string{"app/Chart.yaml": chart},
			opt:   Source{Helm: HelmOptions{ValueFiles: []string{"/../secret.yaml"}}},
		},
		"helm: absolute value file": {
			files: map[string]string{"app/Chart.yaml": chart, "etc": "-> /etc"},
			opt:   Source{Helm: HelmOptions{ValueFiles: []string{"/etc/passwd"}}},
		},
		"helm: linked value file": {
			files: map[string]string{"app/Chart.yaml": chart, "app/v.yaml": "-> ../../secret.yaml"},
			opt:   Source{Helm: HelmOptions{ValueFiles: []string{"v.yaml"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := repo(t, c.files)
			c.opt.Dir, c.opt.Root = filepath.Join(root, "app"), root
			out, err := Render(context.Background(), c.opt)
			var oe *OutsideError
			if !errors.As(err, &oe) {
				t.Fatalf("got %+v, error %v", out, err)
			}
			if !strings.HasPrefix(err.Error(), c.place) {
				t.Errorf("error %v, want it at %s", err, c.place)
			}
			if strings.Contains(err.Error(), "top secret") || strings.Contains(err.Error(), filepath.Dir(root)) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestDirOutsideRoot(t *testing.T) {
	root := repo(t, map[string]string{"link": "-> ../other"})
	for _, dir := range []string{filepath.Join(root, "link"), filepath.Join(root, "..", "other"), "/"} {
		var oe *OutsideError
		if _, err := Render(context.Background(), Source{Dir: dir, Root: root}); !errors.As(err, &oe) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// Links inside the repository are good.
func TestInside(t *testing.T) {
	root := repo(t, map[string]string{
		"shared/a.yaml":             cm,
		"dir/a.yaml":                "-> ../shared/a.yaml",
		"dir/sub":                   "-> ../shared",
		"dir/gone.yaml":             "-> nothing",
		"dir/d.yaml":                "-> ../shared",
		"kust/kustomization.yaml":   "-> real.txt",
		"kust/real.txt":             "resources: [base]\n",
		"kust/base":                 "-> ../kbase",
		"kbase/kustomization.yaml":  "resources: [a.yaml]\n",
		"kbase/a.yaml":              "-> b.yaml",
		"kbase/b.yaml":              cm,
		"chart/Chart.yaml":          "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"chart/templates":           "-> ../shared",
		"chart/templates2":          "-> ../shared",
		"chart/values.yaml":         "-> ../shared/values.yaml",
		"shared/values.yaml":        "a: b\n",
		"linked-app":                "-> chart",
		"shared/.git":               "",
		"elsewhere/Chart.yaml":      "-> ../chart/Chart.yaml",
		"elsewhere/templates/x.tpl": "",
	})
	for dir, want := range map[string]string{
		"dir": cm, "kust": cm, "chart": "---\n# Source: c/templates/a.yaml\n" + cm + "\n", "elsewhere": "\n", "linked-app": "---\n# Source: c/templates/a.yaml\n" + cm + "\n",
	} {
		if dir == "chart" || dir == "linked-app" {
			// values.yaml has no kind; as a template it would be a document.
			want += "---\n# Source: c/templates/values.yaml\na: b\n"
		}
		out, err := Render(context.Background(), Source{Dir: filepath.Join(root, dir), Root: root})
		if err != nil || len(out.Streams) != 1 || string(out.Streams[0].Data) != want {
			t.Errorf("%s: %v %+v", dir, err, out)
		}
		if dir == "dir" && len(out.Skipped) != 2 {
			t.Errorf("skipped %+v", out.Skipped)
		}
	}
}

func TestIrregular(t *testing.T) {
	const chart = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
	for name, files := range map[string]map[string]string{
		"directory": {"app/a.yaml": "fifo"},
		"kustomize": {"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": "fifo"},
		"generator": {"app/kustomization.yaml": "secretGenerator: [{name: a, files: [a.yaml]}]\n", "app/a.yaml": "fifo"},
		"itself":    {"app/kustomization.yaml": "fifo"},
		"helm":      {"app/Chart.yaml": chart, "app/templates/a.yaml": "fifo"},
	} {
		t.Run(name, func(t *testing.T) {
			root := repo(t, nil)
			for n, data := range files {
				if data != "fifo" {
					write(t, root, map[string]string{n: data})
					continue
				}
				p := filepath.Join(root, n)
				os.MkdirAll(filepath.Dir(p), 0o755)
				if err := syscall.Mkfifo(p, 0o644); err != nil {
					t.Skip(err)
				}
			}
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			var ie *IrregularError
			if _, err := Render(ctx, Source{Dir: filepath.Join(root, "app"), Root: root}); !errors.As(err, &ie) {
				t.Errorf("got %v", err)
			}
		})
	}
	// With "/" as the root all files are inside.
	for _, target := range []string{"/proc/self/environ", "/dev/null", "/dev/zero"} {
		if _, err := os.Stat(target); err != nil {
			continue
		}
		root := repo(t, map[string]string{"app/a.yaml": "-> " + target})
		var ie *IrregularError
		if _, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: "/"}); !errors.As(err, &ie) {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// A chart that leads to itself would be read without end.
func TestLinkLoops(t *testing.T) {
	const chart = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
	for _, files := range []map[string]string{
		{"app/Chart.yaml": chart, "app/files/up": "-> .."},
		{"app/Chart.yaml": chart, "app/files/self": "-> ."},
		{"app/Chart.yaml": chart, "app/files/a": "-> b", "app/files/b": "-> a"},
		{"app/Chart.yaml": chart, "app/x": "-> ../d", "d/x/1": "-> ../../e", "d/x/2": "-> ../../e", "e/3": "-> ../d", "e/4": "-> ../d"},
	} {
		root := repo(t, files)
		if out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root}); err == nil {
			t.Errorf("%v: got %s", files, out.Streams[0].Data)
		}
	}
}
