package render

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
)

// What may be fetched at most, in bytes. The largest public indexes have
// about 30 MB; Helm itself has no limits but for what an archive unpacks to.
const (
	maxIndex     = 128 << 20
	maxValueFile = 10 << 20
	// fetchTimeout is Helm's for one request.
	fetchTimeout = 2 * time.Minute
)

// maxArchive is Helm's limit for the unpacked chart.
func maxArchive() int64 { return archive.MaxDecompressedChartSize }

// fetcher gets URLs. Helm's own getter has neither a context nor a limit, and
// brings its plugins with it.
type fetcher struct {
	max  int64
	repo *repoEntry // whose credentials and TLS settings; may be nil
	pass bool       // the credentials go to other hosts, too
}

func (f *fetcher) get(ctx context.Context, href string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, href, nil)
	if err != nil {
		return nil, err
	}
	if s := req.URL.Scheme; s != "https" && s != "http" {
		return nil, &UnsupportedError{What: "fetching " + req.URL.Redacted()}
	}
	req.Header.Set("User-Agent", userAgent)
	if r := f.repo; r != nil && r.Username != "" && r.Password != "" {
		if own, err := url.Parse(r.URL); err == nil && (f.pass || sameHost(own, req.URL)) {
			req.SetBasicAuth(r.Username, r.Password)
		}
	}
	client, err := f.repo.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	if !f.pass {
		client.CheckRedirect = keepCredentials
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err // names the URL, without a password
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", req.URL.Redacted(), resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, f.max+1))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", req.URL.Redacted(), err)
	}
	if int64(len(data)) > f.max {
		return nil, fmt.Errorf("get %s: larger than %d bytes", req.URL.Redacted(), f.max)
	}
	return data, nil
}

const userAgent = "kesbridge"

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host == b.Host
}

// keepCredentials follows redirects as net/http does, but doesn't take
// credentials to another port or subdomain, nor leaves TLS.
func keepCredentials(req *http.Request, via []*http.Request) error {
	if err := checkRedirect(req, via); err != nil {
		return err
	}
	if !sameHost(req.URL, via[0].URL) {
		req.Header.Del("Authorization")
	}
	return nil
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirected from https to %s", req.URL.Redacted())
	}
	return nil
}

// client is for one repository; nil is one that nothing is known of.
func (r *repoEntry) client() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone() // with the proxy of the environment
	c := &http.Client{Transport: t, CheckRedirect: checkRedirect}
	if r == nil {
		return c, nil
	}
	conf := &tls.Config{InsecureSkipVerify: r.InsecureSkipTLSVerify} //nolint:gosec // the administrator's choice
	if r.CertFile != "" || r.KeyFile != "" {
		cert, err := tls.LoadX509KeyPair(r.CertFile, r.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("load the certificate of repository %s: %w", r.Name, err)
		}
		conf.Certificates = []tls.Certificate{cert}
	}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the CA of repository %s: %w", r.Name, err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the CA of repository %s: no certificate in it", r.Name)
		}
	}
	t.TLSClientConfig = conf
	return c, nil
}

// chartCache keeps archives by their SHA-256, so that nobody's archive is
// ever taken for another. The empty one keeps nothing.
type chartCache string

func (c chartCache) path(digest string) string {
	return filepath.Join(string(c), "charts", "sha256-"+digest+".tgz")
}

// get gives an archive that is there and whole.
func (c chartCache) get(digest string) ([]byte, bool) {
	if c == "" || len(digest) != 2*sha256.Size {
		return nil, false
	}
	if _, err := hex.DecodeString(digest); err != nil {
		return nil, false // a path, perhaps
	}
	data, err := os.ReadFile(c.path(strings.ToLower(digest)))
	if err != nil || digestOf(data) != strings.ToLower(digest) {
		return nil, false
	}
	return data, true
}

// put keeps an archive. That it can't is no reason to fail.
func (c chartCache) put(data []byte) {
	if c == "" {
		return
	}
	p := c.path(digestOf(data))
	if os.MkdirAll(filepath.Dir(p), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(p), ".new-*")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), p) // whole or not at all, for other processes
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
