package render

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

// missingDependencies are the names of what a chart needs and doesn't hold
// (helm v4.2.4 pkg/action/install.go, CheckDependencies).
func missingDependencies(c *chart.Chart) (missing []string) {
	for _, d := range c.Metadata.Dependencies {
		if !slices.ContainsFunc(c.Dependencies(), func(s *chart.Chart) bool { return s.Name() == d.Name }) {
			missing = append(missing, d.Name)
		}
	}
	return missing
}

// buildDependencies is `helm dependency build` (helm v4.2.4
// pkg/downloader/manager.go, Build and Update), which Argo CD runs where a
// dependency is missing. Nothing is written: the charts are put together in
// memory. What charts/ already holds in a version that fits stays; Helm would
// fetch it again.
func (a *app) buildDependencies(ctx context.Context, c *chart.Chart) error {
	missing := missingDependencies(c)
	if len(missing) == 0 {
		return nil
	}
	repos, err := newChartRepos(ctx, a.src.Network, a.src.Helm.PassCredentials)
	if err != nil {
		return err
	}
	if remote := a.needNetwork(c, missing); len(remote) > 0 && !a.src.Network.Allow {
		return &Error{
			File: path.Join(a.name, "Chart.yaml"), Err: &DependencyError{Missing: remote},
			Fix: "run `helm dependency build " + a.name + "` and commit the charts/ directory, or have the administrator allow the network",
		}
	}
	needs, locked, err := repos.locked(c)
	if err != nil {
		return &Error{File: path.Join(a.name, "Chart.yaml"), Err: err, Fix: "run `helm dependency update " + a.name + "`"}
	}
	have := c.Dependencies()
	fetched := map[string]bool{}
	var added []*chart.Chart
	for _, d := range needs {
		key := d.Repository + " " + d.Name + " " + d.Version
		if fetched[key] || slices.ContainsFunc(have, func(s *chart.Chart) bool { return s.Name() == d.Name && fits(d.Version, s.Metadata.Version) }) {
			continue
		}
		fetched[key] = true
		sub, err := a.dependency(ctx, repos, d, locked)
		if err != nil {
			return &Error{File: path.Join(a.name, "Chart.yaml"), Err: fmt.Errorf("get dependency %s: %w", d.Name, err)}
		}
		added = append(added, sub)
	}
	have = slices.DeleteFunc(slices.Clone(have), func(s *chart.Chart) bool {
		return slices.ContainsFunc(added, func(n *chart.Chart) bool { return n.Name() == s.Name() })
	})
	c.SetDependencies(have...)
	c.AddDependency(added...)
	return nil
}

// needNetwork names those of the missing that are elsewhere.
func (a *app) needNetwork(c *chart.Chart, missing []string) (remote []string) {
	for _, d := range c.Metadata.Dependencies {
		if slices.Contains(missing, d.Name) && !slices.Contains(remote, d.Name) && !strings.HasPrefix(d.Repository, "file://") {
			remote = append(remote, d.Name)
		}
	}
	return remote
}

func fits(constraint, v string) bool {
	c, err := semver.NewConstraint(constraint)
	if err != nil {
		return constraint == v
	}
	sv, err := semver.NewVersion(v)
	return err == nil && c.Check(sv)
}

// dependency gets one dependency.
func (a *app) dependency(ctx context.Context, repos *chartRepos, d *chart.Dependency, locked bool) (*chart.Chart, error) {
	var sub *chart.Chart
	switch p, isFile := strings.CutPrefix(d.Repository, "file://"); {
	case d.Repository == "":
		return nil, &DependencyError{Missing: []string{d.Name}} // it should be in charts/
	case isFile:
		var err error
		if sub, err = a.localDependency(ctx, p); err != nil {
			return nil, err
		}
		if !fits(d.Version, sub.Metadata.Version) {
			return nil, fmt.Errorf("%s has version %s, not %s", d.Repository, sub.Metadata.Version, d.Version)
		}
	case !a.src.Network.Allow:
		return nil, &NetworkError{URL: d.Repository}
	default:
		data, err := repos.fetch(d.Repository, d.Name, d.Version, locked)
		if err != nil {
			return nil, err
		}
		// With Helm's limits against archives that unpack to too much or
		// to somewhere else.
		if sub, err = loader.LoadArchive(bytes.NewReader(data)); err != nil {
			return nil, fmt.Errorf("unpack the chart of %s: %w", d.Repository, err)
		}
	}
	if sub.Name() != d.Name {
		return nil, fmt.Errorf("%s gives a chart of the name %q", d.Repository, sub.Name())
	}
	return sub, nil
}

// localDependency loads the chart of a file:// repository, relative to the
// chart that needs it.
func (a *app) localDependency(ctx context.Context, p string) (*chart.Chart, error) {
	dir := filepath.FromSlash(p)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.dir, dir)
	}
	dir, err := a.tree.resolve(dir)
	if err != nil {
		return nil, err
	}
	sub := *a
	sub.dir = dir
	sub.name, _ = a.tree.rel(dir)
	l := &chartLoader{app: &sub, ctx: ctx, rules: ignore.Empty()}
	if err := l.load(); err != nil {
		return nil, err
	}
	c, err := loader.LoadFiles(l.files)
	if err != nil {
		return nil, l.explain(err)
	}
	return c, nil
}

// locked gives what to get: what the lock file says, if there is one, which
// must be of these dependencies.
func (r *chartRepos) locked(c *chart.Chart) ([]*chart.Dependency, bool, error) {
	v1 := c.Metadata.APIVersion == chart.APIVersionV1
	v2Sum := hashOf(map[string][]*chart.Dependency{"dependencies": c.Metadata.Dependencies})
	req, err := r.resolved(c.Metadata.Dependencies)
	if err != nil || c.Lock == nil {
		return req, false, err
	}
	// helm v4.2.4 internal/resolver, HashReq; and HashV2Req, since Helm 2 made
	// some of the locks of v1 charts.
	sum := hashOf([2][]*chart.Dependency{req, c.Lock.Dependencies})
	if c.Lock.Digest != sum && (!v1 || c.Lock.Digest != v2Sum) {
		return nil, false, errors.New("the lock file isn't of these dependencies")
	}
	lock, err := r.resolved(c.Lock.Dependencies)
	return lock, true, err
}

// resolved replaces the names of repositories. The chart keeps its own.
func (r *chartRepos) resolved(deps []*chart.Dependency) ([]*chart.Dependency, error) {
	out := make([]*chart.Dependency, len(deps))
	for i, d := range deps {
		if d == nil {
			return nil, errors.New("an empty entry in the lock file")
		}
		c := *d
		var err error
		if c.Repository, err = r.named(d.Repository); err != nil {
			return nil, fmt.Errorf("dependency %s: %w", d.Name, err)
		}
		out[i] = &c
	}
	return out, nil
}

func hashOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
