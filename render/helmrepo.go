package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"
)

// repoEntry is one of repositories.yaml (helm v4.2.4
// pkg/repo/v1/chartrepo.go, Entry). A URL with oci:// is ours: Helm has the
// TLS settings of a registry in flags only.
type repoEntry struct {
	Name                  string `json:"name"`
	URL                   string `json:"url"`
	Username              string `json:"username"`
	Password              string `json:"password"`
	CertFile              string `json:"certFile"`
	KeyFile               string `json:"keyFile"`
	CAFile                string `json:"caFile"`
	InsecureSkipTLSVerify bool   `json:"insecure_skip_tls_verify"`
	PassCredentialsAll    bool   `json:"pass_credentials_all"`
}

// chartRepos gets charts from repositories and registries.
type chartRepos struct {
	ctx     context.Context
	net     Network
	pass    bool // HelmOptions.PassCredentials
	entries []repoEntry
	indexes map[string]*repoIndex
}

func newChartRepos(ctx context.Context, net Network, pass bool) (*chartRepos, error) {
	r := &chartRepos{ctx: ctx, net: net, pass: pass, indexes: map[string]*repoIndex{}}
	if net.HelmConfigDir == "" {
		return r, nil
	}
	data, err := os.ReadFile(filepath.Join(net.HelmConfigDir, "repositories.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Helm's repositories: %w", err)
	}
	var file struct {
		Repositories []repoEntry `json:"repositories"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("parse Helm's repositories.yaml: %w", err)
	}
	for i := range file.Repositories {
		e := &file.Repositories[i]
		for _, f := range []*string{&e.CertFile, &e.KeyFile, &e.CAFile} {
			if *f != "" && !filepath.IsAbs(*f) {
				*f = filepath.Join(net.HelmConfigDir, *f) // mounted together
			}
		}
	}
	r.entries = file.Repositories
	return r, nil
}

// named gives the URL behind "@name" and "alias:name"; others are URLs.
func (r *chartRepos) named(repo string) (string, error) {
	name, ok := strings.CutPrefix(repo, "@")
	if !ok {
		name, ok = strings.CutPrefix(repo, "alias:")
	}
	if !ok {
		return repo, nil
	}
	for _, e := range r.entries {
		if e.Name == name {
			return e.URL, nil
		}
	}
	return "", fmt.Errorf("no repository is named %q in the administrator's repositories.yaml", name)
}

func (r *chartRepos) entry(repo string) *repoEntry {
	for i := range r.entries {
		if equalURL(r.entries[i].URL, repo) {
			return &r.entries[i]
		}
	}
	return nil
}

// equalURL is helm's internal/urlutil Equal.
func equalURL(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	if err != nil || err2 != nil {
		return a == b
	}
	x.Path, y.Path = path.Clean("/"+x.Path), path.Clean("/"+y.Path)
	return x.String() == y.String()
}

// fetch gives the archive of a chart. version may be a constraint; with exact
// a version that is literally it goes before newer ones, as in `helm pull` and
// for locked versions.
func (r *chartRepos) fetch(repo, name, version string, exact bool) ([]byte, error) {
	if ref, ok := strings.CutPrefix(repo, "oci://"); ok {
		return r.fetchOCI(strings.TrimSuffix(ref, "/")+"/"+name, version, exact)
	}
	u, err := url.Parse(repo)
	if err != nil {
		return nil, err
	}
	e := r.entry(repo)
	// Anyone on the way can swap a chart; the administrator may know better.
	if u.Scheme != "https" && (u.Scheme != "http" || e == nil) {
		return nil, &UnsupportedError{What: fmt.Sprintf("the repository %s (neither https nor oci, nor http in the administrator's repositories.yaml)", u.Redacted())}
	}
	index, err := r.index(repo, e)
	if err != nil {
		return nil, err
	}
	v, err := index.pick(name, version, exact)
	if err != nil {
		return nil, fmt.Errorf("find chart %s in %s: %w", name, u.Redacted(), err)
	}
	digest := strings.ToLower(strings.TrimPrefix(v.Digest, "sha256:"))
	cache := chartCache(r.net.CacheDir)
	if data, ok := cache.get(digest); ok {
		return data, nil
	}
	href, err := resolveReference(u, v.URLs[0])
	if err != nil {
		return nil, err
	}
	f := fetcher{max: maxArchive(), repo: e, pass: r.pass || e != nil && e.PassCredentialsAll}
	data, err := f.get(r.ctx, href)
	if err != nil {
		return nil, err
	}
	if digest != "" && digestOf(data) != digest {
		return nil, fmt.Errorf("chart %s-%s of %s has the digest %s, its index says %s", name, v.Version, u.Redacted(), digestOf(data), digest)
	}
	cache.put(data)
	return data, nil
}

// resolveReference is helm's pkg/repo/v1 ResolveReferenceURL.
func resolveReference(base *url.URL, ref string) (string, error) {
	r, err := url.Parse(ref)
	if err != nil {
		return "", err
	}
	if r.IsAbs() {
		return ref, nil
	}
	b := *base
	b.RawPath = strings.TrimSuffix(b.RawPath, "/") + "/"
	b.Path = strings.TrimSuffix(b.Path, "/") + "/"
	out := b.ResolveReference(r)
	out.RawQuery = b.RawQuery
	return out.String(), nil
}

// repoIndex is what is of use in an index.yaml.
type repoIndex struct {
	APIVersion string                  `json:"apiVersion"`
	Entries    map[string][]indexEntry `json:"entries"`
}

type indexEntry struct {
	Version string   `json:"version"`
	Digest  string   `json:"digest"`
	URLs    []string `json:"urls"`
}

func (r *chartRepos) index(repo string, e *repoEntry) (*repoIndex, error) {
	if i := r.indexes[repo]; i != nil {
		return i, nil
	}
	u, err := url.Parse(repo)
	if err != nil {
		return nil, err
	}
	u.RawPath = strings.TrimSuffix(u.RawPath, "/")
	f := fetcher{max: maxIndex, repo: e, pass: r.pass || e != nil && e.PassCredentialsAll}
	data, err := f.get(r.ctx, u.JoinPath("index.yaml").String())
	if err != nil {
		return nil, err
	}
	i := &repoIndex{}
	if err := yaml.Unmarshal(data, i); err != nil {
		return nil, fmt.Errorf("parse the index of %s: %w", u.Redacted(), err)
	}
	if i.APIVersion == "" {
		return nil, fmt.Errorf("the index of %s has no apiVersion", u.Redacted())
	}
	r.indexes[repo] = i
	return i, nil
}

// pick chooses a version (helm v4.2.4 internal/resolver Resolve and
// pkg/repo/v1 IndexFile.Get).
func (i *repoIndex) pick(name, version string, exact bool) (*indexEntry, error) {
	var versions []string
	all := i.Entries[name]
	for _, v := range all {
		if len(v.URLs) > 0 {
			versions = append(versions, v.Version)
		}
	}
	if len(versions) == 0 {
		return nil, errors.New("not in the index")
	}
	v, err := pickVersion(versions, version, exact)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(all, func(e indexEntry) bool { return e.Version == v && len(e.URLs) > 0 })
	return &all[n], nil
}

// pickVersion gives the newest of versions that satisfies a constraint.
func pickVersion(versions []string, want string, exact bool) (string, error) {
	if exact && want != "" && slices.Contains(versions, want) {
		return want, nil
	}
	constraint, err := semver.NewConstraint(cmp.Or(want, "*"))
	if err != nil {
		return "", fmt.Errorf("version %q: %w", want, err)
	}
	var best *semver.Version
	for _, s := range versions {
		if v, err := semver.NewVersion(s); err == nil && constraint.Check(v) && (best == nil || v.GreaterThan(best)) {
			best = v
		}
	}
	if best == nil {
		return "", fmt.Errorf("no version satisfies %q", want)
	}
	return best.Original(), nil
}
