package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// The media types of charts (helm v4.2.4 pkg/registry/constants.go; that
// package is 2 MB for a context-less client).
const (
	chartConfigType      = "application/vnd.cncf.helm.config.v1+json"
	chartLayerType       = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	chartLegacyLayerType = "application/tar+gzip"
)

const maxManifest = 4 << 20

// fetchOCI pulls a chart from a registry; ref is without scheme and tag.
func (r *chartRepos) fetchOCI(ref, version string, exact bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.ctx, fetchTimeout)
	defer cancel()
	repo, err := r.registry(ref)
	if err != nil {
		return nil, fmt.Errorf("pull oci://%s: %w", ref, err)
	}
	data, err := r.pull(ctx, repo, version, exact)
	if err != nil {
		return nil, fmt.Errorf("pull oci://%s: %w", ref, err)
	}
	return data, nil
}

func (r *chartRepos) registry(ref string) (*remote.Repository, error) {
	repo, err := remote.NewRepository(ref)
	if err != nil {
		return nil, err
	}
	if repo.Reference.Reference != "" {
		return nil, errors.New("a tag or digest in the repository: give the version of the chart instead")
	}
	e := r.registryEntry(ref)
	client, err := e.client()
	if err != nil {
		return nil, err
	}
	// It follows redirects to where the blobs are, without the credentials.
	a := &auth.Client{Client: client, Cache: auth.NewCache()}
	a.SetUserAgent(userAgent)
	switch file := filepath.Join(r.net.HelmConfigDir, "registry", "config.json"); {
	case e != nil && e.Username != "":
		a.Credential = auth.StaticCredential(repo.Reference.Host(), auth.Credential{Username: e.Username, Password: e.Password})
	case r.net.HelmConfigDir != "":
		if _, err := os.Stat(file); err != nil {
			break
		}
		// The file's own credentials only: a credential helper is a program.
		store, err := credentials.NewFileStore(file)
		if err != nil {
			return nil, fmt.Errorf("read registry credentials: %w", err)
		}
		a.Credential = credentials.Credential(store)
	}
	repo.Client = a
	return repo, nil
}

// registryEntry is the entry whose oci:// URL is the longest beginning of ref.
func (r *chartRepos) registryEntry(ref string) (best *repoEntry) {
	for i := range r.entries {
		e := &r.entries[i]
		p, ok := strings.CutPrefix(strings.TrimSuffix(e.URL, "/"), "oci://")
		if ok && strings.HasPrefix(ref+"/", p+"/") && (best == nil || len(e.URL) > len(best.URL)) {
			best = e
		}
	}
	return best
}

func (r *chartRepos) pull(ctx context.Context, repo *remote.Repository, version string, exact bool) ([]byte, error) {
	// helm v4.2.4 internal/resolver: only a constraint asks for the tags.
	if _, err := semver.NewVersion(version); err != nil {
		var tags []string
		if err := repo.Tags(ctx, "", func(page []string) error {
			for _, t := range page {
				// A tag can't have the "+" of a version.
				if t = strings.ReplaceAll(t, "_", "+"); isStrictVersion(t) {
					tags = append(tags, t)
				}
			}
			if len(tags) > 100_000 {
				return errors.New("too many tags")
			}
			return nil
		}); err != nil {
			return nil, err
		}
		if version, err = pickVersion(tags, version, exact); err != nil {
			return nil, err
		}
	}
	desc, body, err := repo.FetchReference(ctx, strings.ReplaceAll(version, "+", "_"))
	if err != nil {
		return nil, err
	}
	manifest, err := readBlob(body, desc, maxManifest)
	if err != nil {
		return nil, err
	}
	layer, err := r.chartLayer(ctx, repo, desc, manifest, 0)
	if err != nil {
		return nil, err
	}
	digest, isSHA256 := strings.CutPrefix(string(layer.Digest), "sha256:")
	cache := chartCache(r.net.CacheDir)
	if data, ok := cache.get(digest); ok && isSHA256 {
		return data, nil
	}
	blob, err := repo.Blobs().Fetch(ctx, layer)
	if err != nil {
		return nil, err
	}
	data, err := readBlob(blob, layer, maxArchive())
	if err == nil {
		cache.put(data)
	}
	return data, err
}

func isStrictVersion(s string) bool {
	_, err := semver.StrictNewVersion(s)
	return err == nil
}

// readBlob reads what a descriptor tells, which it must be byte for byte.
func readBlob(r io.ReadCloser, desc ocispec.Descriptor, limit int64) ([]byte, error) {
	defer r.Close()
	if desc.Size > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", desc.Digest, limit)
	}
	return content.ReadAll(r, desc)
}

// chartLayer finds the chart in a manifest, or in one of those of an index.
func (r *chartRepos) chartLayer(ctx context.Context, repo *remote.Repository, desc ocispec.Descriptor, data []byte, depth int) (ocispec.Descriptor, error) {
	var m struct {
		Config    ocispec.Descriptor   `json:"config"`
		Layers    []ocispec.Descriptor `json:"layers"`
		Manifests []ocispec.Descriptor `json:"manifests"`
	}
	none := errors.New("no chart in the manifest")
	if err := json.Unmarshal(data, &m); err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("parse manifest: %w", err)
	}
	if desc.MediaType == ocispec.MediaTypeImageIndex && depth == 0 {
		for _, d := range m.Manifests {
			if d.MediaType != ocispec.MediaTypeImageManifest {
				continue
			}
			body, err := repo.Fetch(ctx, d)
			if err != nil {
				return ocispec.Descriptor{}, err
			}
			child, err := readBlob(body, d, maxManifest)
			if err != nil {
				return ocispec.Descriptor{}, err
			}
			if l, err := r.chartLayer(ctx, repo, d, child, depth+1); err == nil {
				return l, nil
			}
		}
		return ocispec.Descriptor{}, none
	}
	if m.Config.MediaType != chartConfigType {
		return ocispec.Descriptor{}, none
	}
	for _, l := range m.Layers {
		if l.MediaType == chartLayerType || l.MediaType == chartLegacyLayerType {
			return l, nil
		}
	}
	return ocispec.Descriptor{}, none
}
