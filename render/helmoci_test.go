package render

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	helmregistry "helm.sh/helm/v4/pkg/registry"
)

// registry is a chartServer that speaks as an OCI registry does.
type registry struct {
	*chartServer
	t    *testing.T
	tags map[string][]string
}

func newRegistry(t *testing.T) *registry {
	r := &registry{chartServer: newChartServer(t), t: t, tags: map[string][]string{}}
	files := r.Config.Handler
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if user, _, _ := req.BasicAuth(); r.user != "" && user != r.user {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.Contains(req.URL.Path, "/manifests/") {
			r.mu.Lock()
			data := r.files[req.URL.Path]
			r.mu.Unlock()
			var m struct{ MediaType string }
			if json.Unmarshal(data, &m) == nil {
				w.Header().Set("Content-Type", m.MediaType)
				w.Header().Set("Docker-Content-Digest", "sha256:"+digestOf(data))
			}
		}
		files.ServeHTTP(w, req)
	})
	return r
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// push puts a chart into the registry and gives its manifest.
func (r *registry) push(repo, tag, layerType string, data []byte) (manifest string) {
	config := []byte(`{"name": "db"}`)
	blob := func(mediaType string, data []byte) string {
		r.files["/v2/"+repo+"/blobs/sha256:"+digestOf(data)] = data
		return fmt.Sprintf(`{"mediaType": %q, "digest": "sha256:%s", "size": %d}`, mediaType, digestOf(data), len(data))
	}
	manifest = fmt.Sprintf(`{"schemaVersion": 2, "mediaType": %q, "config": %s, "layers": [%s, %s]}`, manifestType,
		blob(chartConfigType, config), blob("application/vnd.cncf.helm.chart.provenance.v1.prov", []byte("prov")), blob(layerType, data))
	r.manifest(repo, tag, manifest)
	return manifest
}

func (r *registry) manifest(repo, tag, manifest string) {
	for _, ref := range []string{tag, "sha256:" + digestOf([]byte(manifest))} {
		r.files["/v2/"+repo+"/manifests/"+ref] = []byte(manifest)
	}
	r.tags[repo] = append(r.tags[repo], tag)
	data, _ := json.Marshal(map[string]any{"name": repo, "tags": r.tags[repo]})
	r.files["/v2/"+repo+"/tags/list"] = data
}

func (r *registry) host() string { return strings.TrimPrefix(r.URL, "https://") }

// config knows the registry's certificate.
func (r *registry) config(more string) string {
	dir := r.chartServer.config(r.t, "")
	write(r.t, dir, map[string]string{"repositories.yaml": "repositories: [{name: reg, url: 'oci://" + r.host() + "', caFile: ca.pem" + more + "}]"})
	return dir
}

// helmTakes: Helm's own client takes the server for a registry.
func helmTakes(t *testing.T, r *registry) {
	client, err := helmregistry.NewClient(helmregistry.ClientOptHTTPClient(r.Client()), helmregistry.ClientOptCredentialsFile(t.TempDir()+"/none"))
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"db:1.3.0+build.1", "old:1.0.0", "multi:1.0.0"} {
		if _, err := client.Pull(r.host() + "/team/" + ref); err != nil {
			t.Error(ref, err)
		}
	}
	for _, ref := range []string{"image:1.0.0", "bad:1.0.0"} {
		if _, err := client.Pull(r.host() + "/team/" + ref); err == nil {
			t.Error("Helm takes", ref)
		}
	}
}

func TestHelmOCI(t *testing.T) {
	r := newRegistry(t)
	for _, v := range []string{"1.0.0", "1.2.0", "2.0.0-rc1", "1.3.0_build.1"} {
		r.push("team/db", v, chartLayerType, packed(t, "db", strings.ReplaceAll(v, "_", "+")))
	}
	r.push("team/old", "1.0.0", chartLegacyLayerType, packed(t, "old", "1.0.0"))
	r.push("team/db", "not-a-version", chartLayerType, packed(t, "db", "9.0.0"))
	m := r.push("team/multi", "x", chartLayerType, packed(t, "multi", "1.0.0"))
	r.manifest("team/multi", "1.0.0", fmt.Sprintf(`{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"mediaType": %q, "digest": "sha256:%s", "size": %d}]}`, manifestType, digestOf([]byte(m)), len(m)))
	r.push("team/image", "1.0.0", "application/vnd.oci.image.layer.v1.tar+gzip", packed(t, "image", "1.0.0"))
	r.push("team/bad", "1.0.0", chartLayerType, packed(t, "bad", "1.0.0"))
	for p := range r.files {
		if strings.HasPrefix(p, "/v2/team/bad/blobs/") {
			r.files[p] = append(r.files[p][:len(r.files[p])-1:len(r.files[p])-1], 'x')
		}
	}
	// Last, since requests of a pull that fails may still be under way after it.
	defer helmTakes(t, r)
	r.requests()
	cache := t.TempDir()
	for _, c := range []struct{ name, version, want string }{
		{"db", "1.0.0", "db-1.0.0 web"}, {"db", "1.x", "db-1.3.0+build.1 web"}, {"db", "'*'", "db-1.3.0+build.1 web"},
		{"db", ">=1.0.0-0", "db-2.0.0-rc1 web"}, {"db", "1.3.0+build.1", "db-1.3.0+build.1 web"},
		{"old", "1.0.0", "old-1.0.0 web"}, {"multi", "1.0.0", "multi-1.0.0 web"},
		{"db", "3.x", ""}, {"none", "1.0.0", ""}, {"image", "1.0.0", ""}, {"bad", "1.0.0", ""}, {"db", "7.0.0", ""},
	} {
		src := parent(t, nil, "- {name: "+c.name+", version: "+c.version+", repository: 'oci://"+r.host()+"/team'}")
		if c.version[0] == '>' {
			src = parent(t, nil, "- {name: "+c.name+", version: '"+c.version+"', repository: 'oci://"+r.host()+"/team'}")
		}
		if _, err := Render(context.Background(), src); err == nil || r.requests() != "" {
			t.Errorf("%+v: without the network: %v", c, err)
		}
		src.Network = Network{Allow: true, HelmConfigDir: r.config(""), CacheDir: cache}
		if c.want == "" {
			if out, err := Render(context.Background(), src); err == nil {
				t.Errorf("%+v: %s", c, out.Streams[0].Data)
			}
			r.requests()
			continue
		}
		if got := names(t, src); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
		r.requests()
		if got := names(t, src); got != c.want || strings.Contains(r.requests(), "/blobs/") {
			t.Errorf("%+v: got %s, not from the cache", c, got)
		}
	}
}

// A registry's credentials are those of its host, and stay there.
func TestHelmOCICredentials(t *testing.T) {
	elsewhere := newChartServer(t)
	elsewhere.files["/blob"] = packed(t, "db", "1.0.0")
	r := newRegistry(t)
	r.user = "me"
	r.push("team/db", "1.0.0", chartLayerType, packed(t, "db", "1.0.0"))
	login := func(host string) string {
		dir := r.config(", insecure_skip_tls_verify: true")
		write(t, dir, map[string]string{"registry/config.json": `{"auths": {"` + host + `": {"auth": "bWU6c2VjcmV0LXdvcmQ="}}, "credsStore": "evil", "credHelpers": {"` + r.host() + `": "evil"}}`})
		return dir
	}
	// A credential helper would be a program.
	bin := t.TempDir()
	write(t, bin, map[string]string{"docker-credential-evil": "#!/bin/sh\ntouch " + bin + "/ran\n"})
	if err := os.Chmod(filepath.Join(bin, "docker-credential-evil"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	src := parent(t, nil, "- {name: db, version: 1.0.0, repository: 'oci://"+r.host()+"/team'}")
	for dir, ok := range map[string]bool{
		login(r.host()): true, login("other.invalid"): false, r.config(""): false, r.config(", username: me, password: x"): true, r.config(", username: you, password: x"): false,
	} {
		src.Network = Network{Allow: true, HelmConfigDir: dir}
		if _, err := Render(context.Background(), src); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%v: %v", ok, err)
		}
	}
	for p := range r.files {
		if strings.Contains(p, "/blobs/") {
			r.files[p] = []byte("-> " + elsewhere.URL + "/blob")
		}
	}
	src.Network.HelmConfigDir = login(r.host())
	if got := names(t, src); got != "db-1.0.0 web" || elsewhere.requests() != "/blob" {
		t.Errorf("%s, there it asked for %s", got, elsewhere.requests())
	}
	if _, err := os.Stat(bin + "/ran"); err == nil {
		t.Error("a credential helper ran")
	}
}
