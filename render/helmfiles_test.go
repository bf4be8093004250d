package render

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// orderRepo is a repository with value files, a chart "chart" that prints what
// the last one says, and a directory "app" that no chart could be in.
func orderRepo(t *testing.T) (dir, root string) {
	t.Helper()
	files := map[string]string{
		"chart/Chart.yaml":       "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"chart/templates/a.yaml": "kind: A\napiVersion: v1\nlast: {{ toJson .Values.last }}\n",
		"app/c.yaml":             "-> b.yaml",
		"app/linked":             "-> ../env/prod",
		"app/gone.yaml":          "-> nowhere.yaml",
		"app/out.yaml":           "-> ../../secret.yaml",
		"app/around.yaml":        "-> ../../around",
		"app/outside":            "-> ../../other",
		"app/self":               "-> .",
		"app/d.json":             "{\"last\": \"d.json\"}",
	}
	for _, f := range []string{"app/a.yaml", "app/b.yaml", "app/sub/a.yaml", "app/sub/deep/z.yaml", "env/prod/a.yaml", "env/prod/b.yaml", "env/test/a.yaml", "top.yaml", "app/[x].yaml"} {
		files[f] = "last: " + f + "\n"
	}
	root = repo(t, files)
	write(t, filepath.Dir(root), map[string]string{
		"ref/values/a.yaml": "last: ref a", "ref/values/b.yaml": "last: ref b", "ref/top.yaml": "last: ref top",
	})
	for name, target := range map[string]string{"ref/out.yaml": "../secret.yaml", "ref/back.yaml": "../repo/top.yaml", "around": "repo/top.yaml"} {
		if err := os.Symlink(target, filepath.Join(filepath.Dir(root), name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, "app"), root
}

// The order is that of Argo CD's getResolvedValueFiles (3.6).
func TestHelmValueFiles(t *testing.T) {
	dir, root := orderRepo(t)
	ref := filepath.Join(filepath.Dir(root), "ref")
	for _, c := range []struct {
		in     string
		ignore bool
		want   string // relative to the root's parent; "" is an error
	}{
		{in: "a.yaml", want: "repo/app/a.yaml"},
		{in: "./a.yaml sub/../a.yaml a.yaml", want: "repo/app/a.yaml"},
		{in: "b.yaml a.yaml b.yaml", want: "repo/app/b.yaml repo/app/a.yaml"},
		{in: "c.yaml b.yaml", want: "repo/app/b.yaml"},
		{in: "/top.yaml ../top.yaml /app/a.yaml", want: "repo/top.yaml repo/app/a.yaml"},
		{in: "/../top.yaml"},
		{in: "linked/a.yaml ../env/prod/a.yaml", want: "repo/app/linked/a.yaml repo/env/prod/a.yaml"},
		{in: "../env/*/a.yaml", want: "repo/env/prod/a.yaml repo/env/test/a.yaml"},
		{in: "/env/**/*.yaml /env/prod/a.yaml", want: "repo/env/prod/b.yaml repo/env/test/a.yaml repo/env/prod/a.yaml"},
		{in: "/env/prod/a.yaml /env/**/*.yaml", want: "repo/env/prod/a.yaml repo/env/prod/b.yaml repo/env/test/a.yaml"},
		{in: "/env/{test,prod}/a*.yaml", want: "repo/env/prod/a.yaml repo/env/test/a.yaml"},
		{in: "sub/**/*.yaml", want: "repo/app/sub/a.yaml repo/app/sub/deep/z.yaml"},
		{in: "sub/*.yaml sub/**/?.yaml", want: "repo/app/sub/a.yaml repo/app/sub/deep/z.yaml"},
		{in: "[ab].yaml", want: "repo/app/a.yaml repo/app/b.yaml"},
		{in: "[bc].yaml b.yaml", want: "repo/app/c.yaml repo/app/b.yaml"},
		{in: "[bc].yaml c.yaml", want: "repo/app/c.yaml repo/app/b.yaml"},
		{in: `\[x\].yaml`, want: "repo/app/[x].yaml"},
		{in: "linked/*", want: "repo/app/linked/a.yaml repo/app/linked/b.yaml"},
		{in: "none/*.yaml"}, {in: "none/*.yaml a.yaml", ignore: true, want: "repo/app/a.yaml"},
		{in: "none.yaml", want: "repo/app/none.yaml"}, {in: "none.yaml a.yaml gone.yaml", ignore: true, want: "repo/app/a.yaml"},
		{in: "[", want: ""},
		{in: "around.yaml"}, {in: "out.yaml"}, {in: "out.yaml", ignore: true}, {in: "out*"}, {in: "out*", ignore: true},
		{in: "../../secret.yaml", ignore: true}, {in: "../../*.yaml", ignore: true}, {in: "/"}, {in: ".."}, {in: ".", want: "repo/app"},
		{in: "outside/*.yaml"},
		{in: "$r/top.yaml /top.yaml", want: "ref/top.yaml repo/top.yaml"},
		{in: "$r/values/*.yaml $r/values/a.yaml", want: "ref/values/b.yaml ref/values/a.yaml"},
		{in: "$r/../repo/top.yaml"}, {in: "$r/out.yaml"}, {in: "$r/back.yaml"}, {in: "$r"}, {in: "$r/"},
		{in: "$other/top.yaml"}, {in: "$r/none.yaml a.yaml", ignore: true, want: "repo/app/a.yaml"}, {in: "$gone/x.yaml"},
		{in: "s3:x"}, // Argo CD takes it for a URL
	} {
		a, err := open(Source{Dir: dir, Root: root, Kind: Helm, Helm: HelmOptions{
			ValueFiles: strings.Fields(c.in), IgnoreMissingValueFiles: c.ignore, Refs: map[string]string{"r": ref, "gone": ref + "/none"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		h := a.helmFiles(context.Background())
		files, err := h.valueFiles()
		if c.in == "s3:x" && err == nil {
			_, err = h.read(files[0])
		}
		var got []string
		for _, f := range files {
			r, _ := filepath.Rel(filepath.Dir(root), f.path)
			got = append(got, r)
		}
		if (err != nil) != (c.want == "") || err == nil && strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, error %v", c.in, got, err)
		}
		if err != nil && strings.Contains(err.Error(), filepath.Dir(root)) {
			t.Errorf("%s: the error names the machine's directory: %v", c.in, err)
		}
		h.close()
		a.tree.close()
	}
}

// What a glob looks at is bounded: links that lead to one another make a tree
// without end.
func TestHelmGlobEnds(t *testing.T) {
	files := map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "v/a.yaml": "a: b"}
	for _, n := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		files["v/"+n] = "-> ."
	}
	root := repo(t, files)
	start := time.Now()
	_, err := Render(context.Background(), Source{Dir: root + "/app", Root: root, Helm: HelmOptions{ValueFiles: []string{"/v/**/x.yaml"}}})
	if err == nil || !strings.Contains(err.Error(), "too many files") {
		t.Error(err)
	}
	if d := time.Since(start); d > 2*time.Minute {
		t.Errorf("it took %v", d)
	}
}

// No option reads anything but regular files of the repository.
func TestHelmFilesConfined(t *testing.T) {
	dir, root := orderRepo(t)
	if err := syscall.Mkfifo(dir+"/fifo.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, l := range [][2]string{{"/proc/self/environ", "environ"}, {"/dev/zero", "zero"}, {"/dev/stdin", "stdin"}, {"/etc", "etc"}} {
		if err := os.Symlink(l[0], filepath.Join(dir, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	out := func(path string) HelmFileParameter { return HelmFileParameter{Name: "last", Path: path} }
	for _, opt := range []HelmOptions{
		{ValueFiles: []string{"../app/fifo.yaml"}}, {ValueFiles: []string{"../app/fifo*"}}, {ValueFiles: []string{"../app/environ"}}, {ValueFiles: []string{"../app/zero"}},
		{ValueFiles: []string{"/proc/self/environ"}}, {ValueFiles: []string{"../app/sub"}}, {ValueFiles: []string{"../app/etc/passwd"}}, {ValueFiles: []string{"../app/etc/pass*"}},
		{ValueFiles: []string{"-"}}, {ValueFiles: []string{"../app/stdin"}}, {ValueFiles: []string{"file:///etc/passwd"}}, {ValueFiles: []string{"FILE:/etc/passwd"}},
		{FileParameters: []HelmFileParameter{out("../../secret.yaml")}}, {FileParameters: []HelmFileParameter{out("/../secret.yaml")}},
		{FileParameters: []HelmFileParameter{out("../app/out.yaml")}}, {FileParameters: []HelmFileParameter{out("../app/fifo.yaml")}}, {FileParameters: []HelmFileParameter{out("../app/environ")}},
		{FileParameters: []HelmFileParameter{out("../app/etc/passwd")}}, {FileParameters: []HelmFileParameter{out("file:///etc/passwd")}}, {FileParameters: []HelmFileParameter{out("../app/sub")}},
		{FileParameters: []HelmFileParameter{{Name: "last=/etc/passwd,b", Path: "../app/a.yaml"}}},
		{FileParameters: []HelmFileParameter{{Name: "last={/etc/passwd},b", Path: "../app/a.yaml"}}},
		{FileParameters: []HelmFileParameter{{Name: "last=../../secret.yaml,b", Path: "../app/a.yaml"}}},
		{FileParameters: []HelmFileParameter{{Name: "last=../app/out.yaml,b", Path: "../app/a.yaml"}}},
		{FileParameters: []HelmFileParameter{{Name: "last=/proc/self/environ,b", Path: "../app/a.yaml"}}},
		{Refs: map[string]string{"r": root + "/env"}, ValueFiles: []string{"$r/../top.yaml"}},
		{Refs: map[string]string{"r": root + "/env"}, FileParameters: []HelmFileParameter{out("$r/../top.yaml")}},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		o, err := Render(ctx, Source{Dir: root + "/chart", Root: root, Helm: opt})
		cancel()
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v: error %v, got %+v", opt, err, o)
		}
		if err != nil && (strings.Contains(err.Error(), "top secret") || strings.Contains(err.Error(), filepath.Dir(root))) {
			t.Errorf("%+v: %v", opt, err)
		}
	}
	_, err := Render(context.Background(), Source{Dir: root + "/chart", Root: root, Helm: HelmOptions{FileParameters: []HelmFileParameter{out("none.txt")}}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// URLs are read where the administrator allows the network, and only then.
func TestHelmValueURL(t *testing.T) {
	hits := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		switch r.URL.Path {
		case "/v.yaml":
			_, _ = w.Write([]byte("last: url"))
		case "/big":
			_, _ = w.Write(make([]byte, maxValueFile+1))
		case "/away":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	_, root := orderRepo(t)
	src := Source{Dir: root + "/chart", Root: root, Helm: HelmOptions{ValueFiles: []string{"../app/a.yaml", s.URL + "/v.yaml"}}}
	var ne *NetworkError
	if _, err := Render(context.Background(), src); !errors.As(err, &ne) || hits > 0 {
		t.Errorf("%v, %d requests", err, hits)
	}
	file := src
	file.Helm = HelmOptions{FileParameters: []HelmFileParameter{{Name: "last", Path: s.URL + "/v.yaml"}}}
	if _, err := Render(context.Background(), file); !errors.As(err, &ne) || hits > 0 {
		t.Errorf("%v, %d requests", err, hits)
	}
	src.Network.Allow, file.Network.Allow = true, true
	if out, err := Render(context.Background(), src); err != nil || !strings.Contains(string(out.Streams[0].Data), "last: \"url\"\n") {
		t.Error(err, out)
	}
	if out, err := Render(context.Background(), file); err != nil || !strings.Contains(string(out.Streams[0].Data), "last: \"last: url\"\n") {
		t.Error(err, out)
	}
	for _, u := range []string{s.URL + "/none", s.URL + "/big", s.URL + "/away", s.URL + "/loop", "s3://b/v.yaml", "ftp://127.0.0.1/x", "file:///etc/passwd"} {
		src.Helm.ValueFiles = []string{u}
		if out, err := Render(context.Background(), src); err == nil {
			t.Errorf("%s: %s", u, out.Streams[0].Data)
		}
	}
}
