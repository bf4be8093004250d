package render

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeGit puts a git onto PATH that notes what it is called with, one argument
// to a line, and whose checkout brings the files of a directory.
func fakeGit(t *testing.T, files map[string]string) (calls func() string) {
	t.Helper()
	dir := t.TempDir()
	log, content := filepath.Join(dir, "log"), filepath.Join(dir, "content")
	for n, data := range files {
		p := filepath.Join(content, n)
		if to, ok := strings.CutPrefix(data, "-> "); ok {
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, p); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, content, map[string]string{n: data})
	}
	write(t, dir, map[string]string{"bin/git": "#!/bin/sh\nfor a; do echo \"$a\" >>" + log + "; done\n[ \"$1\" != checkout ] || cp -R " + content + "/. .\n"})
	if err := os.Chmod(filepath.Join(dir, "bin", "git"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", t.TempDir())
	return func() string {
		data, _ := os.ReadFile(log)
		return string(data)
	}
}

func renderRemote(t *testing.T, files map[string]string, opt KustomizeOptions) (*Output, error) {
	t.Helper()
	root := repo(t, files)
	before := tempNames(t)
	out, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: opt, Network: Network{Allow: true}})
	if after := tempNames(t); after != before {
		t.Errorf("left behind: %s, was %s", after, before)
	}
	return out, err
}

// What git could take for an option, a transport or a local repository is
// refused before git runs (GHSA-9v9p-x54c-58gc), wherever it stands.
func TestRemoteRefused(t *testing.T) {
	calls := fakeGit(t, nil)
	for _, url := range []string{
		"https://example.invalid/o/r?ref=--upload-pack=touch%20x",
		"https://example.invalid/o/r?ref=-x",
		"https://example.invalid/o/r?ref=%2D-upload-pack=x",
		"https://example.invalid/o/r?version=--upload-pack=x",
		"https://example.invalid/o/r?ref=main&version=--upload-pack=x",
		"https://example.invalid/o/r?ref=&version=--upload-pack=x",
		"https://example.invalid/o/r?ref=main&ref=--upload-pack=x",
		"https://example.invalid/o/r//deploy?timeout=1&ref=--upload-pack=x&submodules=false",
		"https://example.invalid/o/r?a=;&ref=--upload-pack=x&b=%zz",
		"https://example.invalid/o/r?ref=a%20b",
		"https://example.invalid/o/r?ref=a%0a--upload-pack",
		"github.com/o/r?ref=--upload-pack=x",
		"git@github.com:o/r?ref=--upload-pack=x",
		"git::https://example.invalid/o/r?ref=--upload-pack=x",
		"ssh://git@example.invalid/o/r?ref=--upload-pack=x",
		"ssh://-oProxyCommand=touch/o/r",
		"ssh://git@-oProxyCommand=touch/o/r",
		"git@-oProxyCommand=touch:o/r",
		"git@example.invalid:-o/r",
		"ext@ext::sh -c touch/o/r",
		"git::git@ext::sh/o/r",
		"file:///etc/o/r",
		"FILE:///etc/o/r",
		"file://localhost/etc/o/r",
		"git::file:///etc/o/r",
	} {
		for name, files := range map[string]map[string]string{
			"resource":  {"app/kustomization.yaml": "resources:\n- '" + url + "'\n"},
			"base":      {"app/kustomization.yaml": "bases:\n- '" + url + "'\n"},
			"component": {"app/kustomization.yaml": "components:\n- '" + url + "'\n"},
			"below":     {"app/kustomization.yaml": "resources: [b]\n", "app/b/kustomization.yml": "resources:\n- '" + url + "'\n"},
			"option":    {"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": cm},
		} {
			opt := KustomizeOptions{}
			if name == "option" {
				opt.Components = []string{url}
			}
			out, err := renderRemote(t, files, opt)
			var re *RemoteError
			var oe *OutsideError
			if !errors.As(err, &re) && !errors.As(err, &oe) {
				t.Errorf("%s %s: %+v %v", name, url, out, err)
			}
			var e *Error
			if !errors.As(err, &e) || name != "option" && e.Line == 0 {
				t.Errorf("%s %s: the error has no place: %v", name, url, err)
			}
		}
	}
	// Nobody looks over what plugins are, were they fetched.
	for _, list := range []string{"generators", "transformers", "validators"} {
		var ne *NetworkError
		if _, err := renderRemote(t, map[string]string{"app/kustomization.yaml": list + ": ['https://example.invalid/o/r']\n"}, KustomizeOptions{}); !errors.As(err, &ne) {
			t.Errorf("%s: %v", list, err)
		}
	}
	if got := calls(); got != "" {
		t.Errorf("git ran with\n%s", got)
	}
}

func TestRemoteBase(t *testing.T) {
	calls := fakeGit(t, map[string]string{
		"deploy/kustomization.yaml": "resources: [../base, a.yaml]\n", "deploy/a.yaml": strings.ReplaceAll(cm, "a\n", "remote\n"),
		"base/kustomization.yaml": "resources: [b.yaml]\nnamePrefix: b-\n", "base/b.yaml": "-> ../deploy/a.yaml", ".git/HEAD": "",
	})
	// base/b.yaml is a link out of its kustomization, which kustomize refuses.
	_, err := renderRemote(t, map[string]string{"app/kustomization.yaml": "resources: ['https://example.invalid/o/r//deploy?ref=v1']\n"}, KustomizeOptions{})
	if err == nil || !strings.Contains(err.Error(), "not in or below") {
		t.Error(err)
	}
	const url = "https://example.invalid/o/r//base?ref=v1&submodules=false"
	for _, files := range []map[string]string{
		{"app/kustomization.yaml": "resources: ['" + url + "']\nnamePrefix: p-\n"},
		{"app/kustomization.yaml": "resources: [b]\n", "app/b/kustomization.yaml": "resources: ['" + url + "']\nnamePrefix: p-\n"},
	} {
		calls := fakeGit(t, map[string]string{"base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": cm})
		out, err := renderRemote(t, files, KustomizeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(out.Streams[0].Data); got != strings.Replace(cm, "name: a", "name: p-a", 1) {
			t.Errorf("got %s", got)
		}
		if got := calls(); !strings.Contains(got, "\nfetch\n--depth=1\nhttps://example.invalid/o/r\nv1\ncheckout\n") {
			t.Errorf("git ran with\n%s", got)
		}
	}
	if calls() == "" {
		t.Error("git didn't run")
	}
}

// A clone is held to the rules, too, and to itself.
func TestRemoteBaseConfined(t *testing.T) {
	for name, content := range map[string]map[string]string{
		"link":                {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "-> /etc/passwd"},
		"relative link":       {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "-> ../../../../../../../../../etc/passwd"},
		"path":                {"kustomization.yaml": "resources: [../../../../../../../etc/passwd]\n"},
		"base":                {"kustomization.yaml": "resources: [../x]\n"},
		"generator":           {"kustomization.yaml": "configMapGenerator: [{name: a, files: [/etc/passwd]}]\n"},
		"option injection":    {"kustomization.yaml": "resources: ['https://example.invalid/p/q?ref=--upload-pack=x']\n"},
		"file":                {"kustomization.yaml": "resources: ['file:///etc/p/q']\n"},
		"chart":               {"kustomization.yaml": "helmCharts: [{name: c}]\n", "charts/c/Chart.yaml": chartYAML},
		"chart elsewhere":     {"kustomization.yaml": "helmGlobals: {chartHome: /}\nhelmCharts: [{name: etc}]\n"},
		"linked kustomzation": {"kustomization.yaml": "-> /etc/passwd"},
	} {
		t.Run(name, func(t *testing.T) {
			calls := fakeGit(t, content)
			opt := KustomizeOptions{BuildOptions: []string{"--enable-helm --load-restrictor LoadRestrictionsNone"}, HelmCommand: helmLink(t)}
			out, err := renderRemote(t, map[string]string{"app/kustomization.yaml": "resources: ['https://example.invalid/o/r']\n"}, opt)
			if err == nil {
				t.Fatalf("got %s", out.Streams[0].Data)
			}
			if strings.Contains(calls(), "upload-pack") || strings.Contains(calls(), "file:") {
				t.Errorf("git ran with\n%s", calls())
			}
			if strings.Contains(err.Error(), "root:") || strings.Contains(err.Error(), os.TempDir()+"/kustomize") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// The directories of other programs' clones aren't open because ours are.
func TestOtherClones(t *testing.T) {
	fakeGit(t, map[string]string{"kustomization.yaml": "resources: [b.yaml]\n", "b.yaml": cm})
	other := filepath.Join(os.TempDir(), "kustomize-123")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, other, map[string]string{"secret.yaml": cm + "# top secret\n"})
	for _, kust := range []string{"resources: ['https://example.invalid/o/r', %s]\n", "resources: ['https://example.invalid/o/r']\nconfigMapGenerator: [{name: g, files: [%s]}]\n"} {
		out, err := renderRemote(t, map[string]string{"app/kustomization.yaml": fmt.Sprintf(kust, filepath.Join(other, "secret.yaml"))},
			KustomizeOptions{BuildOptions: []string{"--load-restrictor=LoadRestrictionsNone"}})
		var oe *OutsideError
		if !errors.As(err, &oe) {
			t.Errorf("%s: %+v %v", kust, out, err)
		}
	}
}

// With the network allowed a file may come from it.
func TestRemoteFile(t *testing.T) {
	calls := fakeGit(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(cm)) }))
	defer server.Close()
	out, err := renderRemote(t, map[string]string{"app/kustomization.yaml": "resources: ['" + server.URL + "/a.yaml']\n"}, KustomizeOptions{})
	if err != nil || string(out.Streams[0].Data) != cm {
		t.Errorf("%+v %v", out, err)
	}
	if calls() != "" {
		t.Error("git ran")
	}
}
