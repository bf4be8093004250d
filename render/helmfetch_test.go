package render

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What has been fetched once is taken from the cache, if it is still whole.
func TestHelmCache(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "", "")
	src := parent(t, nil, "- {name: db, version: 1.x, repository: '@charts'}")
	src.Network = Network{Allow: true, HelmConfigDir: s.config(t, ""), CacheDir: filepath.Join(t.TempDir(), "cache")}
	const all = "/index.yaml, /db-1.0.0.tgz"
	for i, want := range []string{all, "/index.yaml", all, "/index.yaml"} {
		if got := names(t, src); got != "db-1.0.0 web" {
			t.Error(got)
		}
		if r := s.requests(); r != want {
			t.Errorf("%d: it asked for %s", i, r)
		}
		if i != 1 {
			continue
		}
		kept, err := filepath.Glob(src.Network.CacheDir + "/charts/*")
		if err != nil || len(kept) != 1 {
			t.Fatal(kept, err)
		}
		if err := os.WriteFile(kept[0], packed(t, "db", "6.6.6"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A digest of the index is no path.
	write(t, src.Network.CacheDir, map[string]string{"x.tgz": string(packed(t, "db", "6.6.6"))})
	for _, d := range []string{"../../x", strings.Repeat("../", 20) + "etc", strings.Repeat("zz", 32)} {
		if _, ok := chartCache(src.Network.CacheDir).get(d); ok {
			t.Errorf("%s is in the cache", d)
		}
	}
}

func TestHelmDigest(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "", strings.Repeat("0", 64))
	s.add(t, "ok", "1.0.0", "", "sha256:"+strings.ToUpper(digestOf(packed(t, "ok", "1.0.0"))))
	s.add(t, "swapped", "1.0.0", "db-1.0.0.tgz", digestOf(s.files["/db-1.0.0.tgz"]))
	for name, want := range map[string]string{"db": "has the digest", "swapped": `a chart of the name "db"`, "ok": ""} {
		src := parent(t, nil, "- {name: "+name+", version: 1.x, repository: '@charts'}")
		src.Network = Network{Allow: true, HelmConfigDir: s.config(t, "")}
		if _, err := Render(context.Background(), src); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Credentials go to the repository's host and nowhere else.
func TestHelmCredentials(t *testing.T) {
	other := newChartServer(t)
	s := newChartServer(t)
	s.user = "me"
	data := packed(t, "db", "1.0.0")
	other.files["/db.tgz"] = data
	s.files["/moved"] = []byte("-> " + other.URL + "/db.tgz")
	s.add(t, "db", "1.0.0", "", "")
	s.add(t, "away", "1.0.0", other.URL+"/away.tgz", "")
	s.add(t, "moved", "1.0.0", "moved", digestOf(data))
	other.files["/away.tgz"] = packed(t, "away", "1.0.0")
	const login = ", username: me, password: secret-word, insecure_skip_tls_verify: true"
	for _, c := range []struct {
		chart, login string
		pass         bool
		want, there  string // the requests, here and at the other host
		fails        bool
	}{
		{"db", login, false, "/index.yaml me, /db-1.0.0.tgz me", "", false},
		{"db", ", insecure_skip_tls_verify: true", false, "/index.yaml", "", true},
		{"away", login, false, "/index.yaml me", "/away.tgz", false},
		{"away", login, true, "/index.yaml me", "/away.tgz me", false},
		{"away", login + ", pass_credentials_all: true", false, "/index.yaml me", "/away.tgz me", false},
		{"moved", login, false, "/index.yaml me, /moved me", "/db.tgz", true}, // the chart's name is another
	} {
		src := parent(t, nil, "- {name: "+c.chart+", version: 1.x, repository: '@charts'}")
		src.Network = Network{Allow: true, HelmConfigDir: s.config(t, c.login)}
		src.Helm.PassCredentials = c.pass
		_, err := Render(context.Background(), src)
		if (err != nil) != c.fails || err != nil && strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%+v: %v", c, err)
		}
		if here, there := s.requests(), other.requests(); here != c.want || there != c.there {
			t.Errorf("%+v: it asked for %s, and there for %s", c, here, there)
		}
	}
}

// TLS is verified, and not left.
func TestHelmTLS(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "", "")
	src := parent(t, nil, "- {name: db, version: 1.x, repository: '"+s.URL+"'}")
	src.Network.Allow = true
	if _, err := Render(context.Background(), src); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
	src.Network.HelmConfigDir = s.config(t, "")
	s.files["/index.yaml"] = []byte("-> " + plain.URL)
	if _, err := Render(context.Background(), src); err == nil || !strings.Contains(err.Error(), "redirected from https to http") {
		t.Error(err)
	}
}

// hostile makes an archive with one file more than a chart has.
func hostile(t *testing.T, name string, size int64, kind byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range []struct {
		name, data string
		size       int64
		kind       byte
	}{{"db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n", 0, tar.TypeReg}, {name, "", size, kind}} {
		h := &tar.Header{Name: f.name, Typeflag: f.kind, Mode: 0o644, Size: int64(len(f.data)) + f.size, Linkname: "/etc/passwd"}
		if f.kind != tar.TypeReg {
			h.Size = 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		data := []byte(f.data)
		if h.Size > 0 && len(data) == 0 {
			data = make([]byte, h.Size)
		}
		if h.Size > 0 {
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Archives that unpack to too much or to elsewhere are refused.
func TestHelmArchives(t *testing.T) {
	s := newChartServer(t)
	s.add(t, "db", "1.0.0", "x.tgz", "sha256:")
	for name, data := range map[string][]byte{
		"large file": hostile(t, "db/large", 6<<20, tar.TypeReg),
		"parent":     hostile(t, "db/../../x", 1, tar.TypeReg),
		"absolute":   hostile(t, "db//etc/x", 1, tar.TypeReg),
		"drive":      hostile(t, `db\c:/x`, 1, tar.TypeReg),
		"not gzip":   []byte("hello"),
		"empty":      {},
		"no chart":   hostile(t, "other/x", 1, tar.TypeReg)[:20],
	} {
		s.files["/x.tgz"] = data
		src := parent(t, nil, "- {name: db, version: 1.x, repository: '@charts'}")
		src.Network = Network{Allow: true, HelmConfigDir: s.config(t, "")}
		if out, err := Render(context.Background(), src); err == nil {
			t.Errorf("%s: %s", name, out.Streams[0].Data)
		}
	}
}

// A server that says too much, or nothing, is left.
func TestHelmServer(t *testing.T) {
	stop := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer hang.Close()
	defer close(stop)
	config := t.TempDir()
	write(t, config, map[string]string{"repositories.yaml": "repositories: [{name: hang, url: '" + hang.URL + "'}]"})
	src := parent(t, nil, "- {name: db, version: 1.x, repository: '@hang'}")
	src.Network = Network{Allow: true, HelmConfigDir: config}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := Render(ctx, src); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > fetchTimeout/2 {
		t.Error(err, time.Since(start))
	}
	much := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	defer much.Close()
	f := fetcher{max: 1 << 10}
	if data, err := f.get(context.Background(), much.URL); err == nil {
		t.Errorf("%d bytes", len(data))
	}
	for _, broken := range []string{"", "a: [", "apiVersion: v1", "entries: {db: [{version: 1.0.0, urls: [x]}]}", "apiVersion: v1\nentries: {db: [null, {}, {version: x, urls: [y]}]}", "apiVersion: v1\nentries: {db: [{version: 1.0.0}]}", "- a"} {
		s := newChartServer(t)
		s.files["/index.yaml"] = []byte(broken)
		src.Network.HelmConfigDir = s.config(t, "")
		src := parent(t, nil, "- {name: db, version: 1.x, repository: '@charts'}")
		src.Network = Network{Allow: true, HelmConfigDir: s.config(t, "")}
		if out, err := Render(context.Background(), src); err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%q: %v %+v", broken, err, out)
		}
	}
}
