package render

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/downloader"
	"helm.sh/helm/v4/pkg/getter"
)

// manager is `helm dependency` for a chart, with the server as a repository.
func manager(t *testing.T, dir, config string) *downloader.Manager {
	t.Helper()
	return &downloader.Manager{
		Out: io.Discard, ChartPath: dir, Getters: getter.Getters(),
		RepositoryConfig: filepath.Join(config, "repositories.yaml"), RepositoryCache: t.TempDir(), ContentCache: t.TempDir(),
	}
}

// absoluteCA gives Helm the CA where it looks for it.
func absoluteCA(t *testing.T, config string) {
	t.Helper()
	p := filepath.Join(config, "repositories.yaml")
	data, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, map[string]string{"repositories.yaml": strings.ReplaceAll(string(data), "caFile: ", "caFile: "+config+"/")})
}

// A lock that Helm wrote gives what `helm dependency build` and `helm
// template` give, whatever has been published since.
func TestHelmLock(t *testing.T) {
	for name, c := range map[string]struct {
		deps string
		v1   bool
	}{
		"range":       {deps: "- {name: db, version: ^1.0.0, repository: URL}\n"},
		"alias":       {deps: "- {name: db, version: 1.x, repository: '@charts', alias: a, condition: a.on}\n- {name: db, version: ~1.1, repository: 'alias:charts', alias: b}\n"},
		"file":        {deps: "- {name: near, version: '*', repository: 'file://../near'}\n- {name: db, version: '*', repository: URL/, tags: [t]}\n"},
		"unpacked":    {deps: "- {name: own, version: '>=0.1'}\n- {name: db, version: '*', repository: URL}\n"},
		"v1":          {deps: "- {name: db, version: ^1.0.0, repository: '@charts', import-values: [data]}\n", v1: true},
		"prerelease":  {deps: "- {name: db, version: ^1.0.0-0, repository: URL}\n"},
		"two charts":  {deps: "- {name: mq, version: '*', repository: URL}\n- {name: db, version: 1.1.0, repository: URL}\n"},
		"build label": {deps: "- {name: lab, version: '*', repository: URL}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newChartServer(t)
			for _, v := range []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0-rc1", "0.9.0"} {
				s.add(t, "db", v, "", "")
			}
			s.add(t, "mq", "3.0.0", "", "")
			s.add(t, "lab", "1.0.0+x.1", "", "")
			config := s.config(t, "")
			absoluteCA(t, config)
			src := parent(t, map[string]string{
				"near/Chart.yaml": "apiVersion: v2\nname: near\nversion: 0.2.0\n", "near/templates/x.yaml": "kind: N\napiVersion: v1\nmetadata: {name: near}\n",
				"app/charts/own/Chart.yaml": "apiVersion: v2\nname: own\nversion: 0.2.0\n",
			}, "")
			deps := "dependencies:\n" + strings.ReplaceAll(c.deps, "URL", s.URL)
			if c.v1 {
				write(t, src.Dir, map[string]string{"Chart.yaml": "name: web\nversion: 1.0.0\n", "requirements.yaml": deps})
			} else {
				write(t, src.Dir, map[string]string{"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n" + deps})
			}
			if err := manager(t, src.Dir, config).Update(); err != nil {
				t.Fatal(err)
			}
			s.add(t, "db", "1.4.0", "", "")
			s.add(t, "mq", "4.0.0", "", "")
			archives, _ := filepath.Glob(src.Dir + "/charts/*.tgz")
			for _, p := range archives {
				if err := os.Remove(p); err != nil {
					t.Fatal(err)
				}
			}
			src.Network = Network{Allow: true, HelmConfigDir: config}
			out, err := Render(context.Background(), src)
			if err != nil {
				t.Fatal(err)
			}
			if err := manager(t, src.Dir, config).Build(); err != nil {
				t.Fatal(err)
			}
			// Where two charts have one name, Helm takes one that fits by
			// chance: the order of a Go map. Ours must be one of its
			// answers, and always the one of the lock.
			var want []byte
			for range 50 {
				want, err = helmTemplate(src.Dir, withDefaults(src), &values.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if name != "alias" || bytes.Equal(out.Streams[0].Data, want) {
					break
				}
			}
			if !bytes.Equal(out.Streams[0].Data, want) {
				t.Errorf("got\n%s\nwant\n%s", out.Streams[0].Data, want)
			}
			if s := string(want); name == "alias" && (!strings.Contains(s, "a-1.2.0") || !strings.Contains(s, "b-1.1.0")) {
				t.Errorf("not the versions of the lock: %s", s)
			}
			if len(archives) == 0 || strings.Contains(string(want), "db-1.4.0") {
				t.Errorf("it says nothing: %s", want)
			}
		})
	}
}

// A lock of other dependencies is an error, as in Helm.
func TestHelmLockStale(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "", "")
	s.add(t, "db", "1.1.0", "", "")
	config := s.config(t, "")
	absoluteCA(t, config)
	src := parent(t, nil, "- {name: db, version: 1.0.x, repository: '"+s.URL+"'}")
	if err := manager(t, src.Dir, config).Update(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(src.Dir + "/charts"); err != nil {
		t.Fatal(err)
	}
	write(t, src.Dir, map[string]string{"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: db, version: 1.1.x, repository: '" + s.URL + "'}]\n"})
	if err := manager(t, src.Dir, config).Build(); err == nil {
		t.Error("Helm takes it")
	}
	src.Network = Network{Allow: true, HelmConfigDir: config}
	if _, err := Render(context.Background(), src); err == nil || !strings.Contains(err.Error(), "the lock file isn't of these dependencies") {
		t.Error(err)
	}
	for _, lock := range []string{"dependencies: [null]\ndigest: x\n", "null\n", "{}\n"} {
		write(t, src.Dir, map[string]string{"Chart.lock": lock})
		if out, err := Render(context.Background(), src); err == nil {
			t.Logf("%q: %s", lock, out.Streams[0].Data)
		} else if strings.Contains(err.Error(), "panic") {
			t.Errorf("%q: %v", lock, err)
		}
	}
}
