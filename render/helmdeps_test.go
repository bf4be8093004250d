package render

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
)

// archives keeps what packed made: an archive holds the second in which it was
// made, so that of two calls each would have a digest of its own.
var archives sync.Map

// packed is the archive of a chart that says its name and version, always the
// same.
func packed(t *testing.T, name, version string) []byte {
	t.Helper()
	if data, ok := archives.Load(name + " " + version); ok {
		return bytes.Clone(data.([]byte))
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"c/Chart.yaml":       "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n",
		"c/templates/a.yaml": "kind: A\napiVersion: v1\nmetadata: {name: {{ .Chart.Name }}-{{ .Chart.Version }}}\n",
		"c/values.yaml":      "x: 1\n",
	})
	c, err := loader.LoadDir(dir + "/c")
	if err != nil {
		t.Fatal(err)
	}
	p, err := chartutil.Save(c, dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := archives.LoadOrStore(name+" "+version, data)
	return bytes.Clone(kept.([]byte))
}

// chartServer is a repository over TLS that counts its requests.
type chartServer struct {
	*httptest.Server
	mu    sync.Mutex
	seen  []string // "path user"
	files map[string][]byte
	user  string // needed for all but /open/

	entries map[string][]string // of the index
}

func newChartServer(t *testing.T) *chartServer {
	s := &chartServer{files: map[string][]byte{}, entries: map[string][]string{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		s.mu.Lock()
		s.seen = append(s.seen, strings.TrimSpace(r.URL.Path+" "+user))
		data, ok := s.files[r.URL.Path]
		s.mu.Unlock()
		if to, isLink := strings.CutPrefix(string(data), "-> "); isLink {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		if s.user != "" && user != s.user && !strings.HasPrefix(r.URL.Path, "/open/") {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	s.Config.ErrorLog = discardLog
	t.Cleanup(s.Close)
	return s
}

// requests gives, and forgets, what was asked for.
func (s *chartServer) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.seen = nil }()
	return strings.Join(s.seen, ", ")
}

// add puts a chart into the repository's index at /index.yaml.
func (s *chartServer) add(t *testing.T, name, version, url, digest string) {
	t.Helper()
	data := packed(t, name, version)
	if digest == "" {
		digest = digestOf(data)
	}
	s.files["/"+name+"-"+version+".tgz"] = data
	if url == "" {
		url = name + "-" + version + ".tgz"
	}
	s.entries[name] = append(s.entries[name], fmt.Sprintf("  - {apiVersion: v2, name: %s, version: %s, digest: '%s', urls: ['%s']}\n", name, version, digest, url))
	index := "apiVersion: v1\nentries:\n"
	for _, n := range slices.Sorted(maps.Keys(s.entries)) {
		index += "  " + n + ":\n" + strings.Join(s.entries[n], "")
	}
	s.files["/index.yaml"] = []byte(index)
}

// config is an administrator's directory that knows the server.
func (s *chartServer) config(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	write(t, dir, map[string]string{
		"ca.pem":            string(ca),
		"repositories.yaml": "apiVersion: ''\nrepositories:\n- {name: charts, url: '" + s.URL + "/', caFile: ca.pem" + more + "}\n",
	})
	return dir
}

// parent is an application that needs a chart.
func parent(t *testing.T, files map[string]string, deps string) Source {
	t.Helper()
	all := map[string]string{
		"app/Chart.yaml":       "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n" + deps,
		"app/templates/a.yaml": "kind: A\napiVersion: v1\nmetadata: {name: web}\n",
	}
	for n, data := range files {
		all[n] = data
	}
	root := repo(t, all)
	return Source{Dir: filepath.Join(root, "app"), Root: root, Kind: Helm}
}

// names are those of the objects in an output.
func names(t *testing.T, src Source) string {
	t.Helper()
	out, err := Render(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out.Streams[0].Data)) {
		if n, ok := strings.CutPrefix(line, "metadata: {name: "); ok {
			got = append(got, strings.TrimSuffix(n, "}\n"))
		}
	}
	return strings.Join(got, " ")
}

func TestHelmDependencies(t *testing.T) {
	s := newChartServer(t)
	for _, v := range []string{"1.2.0", "1.10.0", "2.0.0", "1.11.0-rc1", "1.3.0+b1"} {
		s.add(t, "db", v, "", "")
	}
	s.add(t, "mq", "0.1.0", "", "")
	config := s.config(t, "")
	for _, c := range []struct{ deps, want string }{
		{"- {name: db, version: ^1.0.0, repository: '" + s.URL + "'}", "db-1.10.0 web"},
		{"- {name: db, version: 1.2.0, repository: '" + s.URL + "/'}", "db-1.2.0 web"},
		{"- {name: db, version: '*', repository: '@charts'}", "db-2.0.0 web"},
		{"- {name: db, version: '>=1.0.0-0 <2', repository: 'alias:charts'}", "db-1.11.0-rc1 web"},
		{"- {name: db, version: 1.3.0, repository: '@charts'}", "db-1.3.0+b1 web"},
		{"- {name: db, version: 1.2.0, repository: '@charts'}\n- {name: db, alias: two, version: 2.0.0, repository: '@charts'}\n- {name: mq, version: '*', repository: '@charts'}", "db-1.2.0 mq-0.1.0 two-2.0.0 web"},
	} {
		src := parent(t, nil, c.deps)
		var de *DependencyError
		if _, err := Render(context.Background(), src); !errors.As(err, &de) || len(de.Missing) == 0 || !strings.Contains(err.Error(), "have the administrator allow the network") {
			t.Errorf("%s: %v", c.deps, err)
		}
		if r := s.requests(); r != "" {
			t.Errorf("%s: without the network it asked for %s", c.deps, r)
		}
		src.Network = Network{Allow: true, HelmConfigDir: config}
		if got := names(t, src); got != c.want {
			t.Errorf("%s: got %s", c.deps, got)
		}
		if _, err := os.Stat(src.Dir + "/charts"); err == nil {
			t.Error("the checkout was changed")
		}
		s.requests()
	}
	for _, c := range []struct{ deps, want string }{
		{"- {name: db, version: 3.x, repository: '@charts'}", `no version satisfies "3.x"`},
		{"- {name: no, version: 1.x, repository: '@charts'}", "not in the index"},
		{"- {name: db, version: 1.x, repository: '@other'}", `no repository is named "other"`},
		{"- {name: db, version: 1.x, repository: 'http://127.0.0.1:1'}", "neither https nor oci"},
		{"- {name: db, version: 1.x, repository: 'ftp://127.0.0.1:1'}", "neither https nor oci"},
		{"- {name: db, version: 1.x, repository: stable}", "neither https nor oci"},
		{"- {name: db, version: 1.x, repository: '" + s.URL + "/sub'}", "certificate"}, // the CA is for the other URL
		{"- {name: db, version: 1.x}", "dependencies missing in charts/: db"},
		{"- {name: db, version: '>>', repository: '@charts'}", `version ">>"`},
	} {
		src := parent(t, nil, c.deps)
		src.Network = Network{Allow: true, HelmConfigDir: config}
		if _, err := Render(context.Background(), src); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "app/Chart.yaml: ") {
			t.Errorf("%s: %v", c.deps, err)
		}
	}
}

// A chart that is in charts/ is never fetched, and a present one of the right
// version stays where another is missing.
func TestHelmDependencyPresent(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.5.0", "", "")
	s.add(t, "mq", "0.1.0", "", "")
	files := map[string]string{
		"app/charts/db/Chart.yaml":       "apiVersion: v2\nname: db\nversion: 1.2.0\n",
		"app/charts/db/templates/a.yaml": "kind: A\napiVersion: v1\nmetadata: {name: mine}\n",
	}
	src := parent(t, files, "- {name: db, version: 1.x, repository: '@charts'}")
	src.Network = Network{Allow: true, HelmConfigDir: s.config(t, "")}
	if got := names(t, src); got != "mine web" {
		t.Error(got)
	}
	if r := s.requests(); r != "" {
		t.Error(r)
	}
	network := src.Network
	src = parent(t, files, "- {name: db, version: 1.x, repository: '@charts'}\n- {name: mq, version: '*', repository: '@charts'}")
	src.Network = network
	if got := names(t, src); got != "mine mq-0.1.0 web" {
		t.Error(got)
	}
	src = parent(t, files, "- {name: db, version: '>1.4', repository: '@charts'}\n- {name: mq, version: '*', repository: '@charts'}")
	src.Network = network
	if got := names(t, src); got != "db-1.5.0 mq-0.1.0 web" {
		t.Error(got)
	}
}

// Charts next door need no network, and can't be outside.
func TestHelmFileDependency(t *testing.T) {
	files := map[string]string{
		"lib/db/Chart.yaml":       "apiVersion: v2\nname: db\nversion: 1.2.0\n",
		"lib/db/templates/a.yaml": "kind: A\napiVersion: v1\nmetadata: {name: '{{ .Chart.Name }}-{{ .Files.Get \"f\" }}-{{ .Files.Get \"g\" }}'}\n",
		"lib/db/f":                "file", "lib/db/g": "ignored", "lib/db/.helmignore": "g\n",
		"lib/out": "-> ../../other", "lib/evil/Chart.yaml": "apiVersion: v2\nname: evil\nversion: 1.0.0\n", "lib/evil/x": "-> ../../../secret.yaml",
	}
	src := parent(t, files, "- {name: db, version: 1.x, repository: 'file://../lib/db'}")
	if got := names(t, src); got != "'db-file-' web" {
		t.Error(got)
	}
	for _, deps := range []string{
		"- {name: db, version: 2.x, repository: 'file://../lib/db'}", "- {name: other, version: 1.x, repository: 'file://../lib/db'}",
		"- {name: db, version: 1.x, repository: 'file://../../other'}", "- {name: db, version: 1.x, repository: 'file:///etc'}",
		"- {name: db, version: 1.x, repository: 'file://../lib/out'}", "- {name: evil, version: 1.x, repository: 'file://../lib/evil'}",
		"- {name: db, version: 1.x, repository: 'file://../lib/none'}", "- {name: db, version: 1.x, repository: 'file:///proc/self/cwd'}",
	} {
		src := parent(t, files, deps)
		out, err := Render(context.Background(), src)
		if err == nil || strings.Contains(err.Error(), src.Root) {
			t.Errorf("%s: %v %+v", deps, err, out)
		}
	}
	abs := parent(t, files, "")
	write(t, abs.Dir, map[string]string{"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: db, version: '*', repository: 'file://" + abs.Root + "/lib/db'}]\n"})
	if got := names(t, abs); got != "'db-file-' web" {
		t.Error(got)
	}
}
