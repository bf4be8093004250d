package argocd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"kesbridge/internal/config"
)

// Checkout is a repository on this machine.
type Checkout struct {
	// Root is its directory.
	Root string
	// URLs are what the repository is known by elsewhere. While there are
	// none, every repoURL is taken to be the checkout, but an Application's
	// sources must then agree on one.
	URLs []string
	// Others are the directories of other repositories, by URL, for sources
	// that aren't in the checkout.
	Others map[string]string
	// Revision is the commit, or empty.
	Revision string
}

// OpenCheckout finds the repository that holds a file or a directory: the
// nearest directory upwards with .git, else the directory itself. URLs are
// those of its remotes, Revision is HEAD; git isn't run.
func OpenCheckout(path string) (*Checkout, error) {
	abs, err := filepath.Abs(path)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("find repository: %w", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("find repository: %w", err)
	}
	if !info.IsDir() {
		abs = filepath.Dir(abs)
	}
	root, err := config.Root(abs)
	if err != nil {
		return nil, fmt.Errorf("find repository: %w", err)
	}
	c := &Checkout{Root: root}
	if dir, common := gitDir(root); dir != "" {
		c.URLs, c.Revision = remotes(common), head(dir, common)
	}
	return c, nil
}

// Cluster is a destination, as far as a render depends on it.
type Cluster struct {
	// Name and Server are as in Argo CD's cluster Secret.
	Name, Server string
	Labels       map[string]string
	// KubeVersion and APIVersions are what charts see.
	KubeVersion string
	APIVersions []string
}

// Options are what a checkout doesn't tell.
type Options struct {
	// ControllerNamespace is where Argo CD runs; empty is
	// DefaultControllerNamespace.
	ControllerNamespace string
	// Clusters are those that Argo CD knows, for the clusters generator and for
	// the versions that charts see.
	Clusters []Cluster
	// KubeVersion and APIVersions are for destinations without a Cluster.
	KubeVersion string
	APIVersions []string
	// NewGitFileGlobbing is the controller's setting of that name: in a git
	// generator's files "*" then doesn't cross "/", and "**" does.
	NewGitFileGlobbing bool
	// Listing keeps what repositories hold from one ApplicationSet to the next;
	// nil: each lists them anew.
	Listing *Listing
}

// Cluster finds the destination by server or by name.
func (o *Options) Cluster(d ApplicationDestination) (Cluster, bool) {
	i := slices.IndexFunc(o.Clusters, func(c Cluster) bool {
		return d.Server != "" && c.Server == d.Server || d.Server == "" && d.Name != "" && c.Name == d.Name
	})
	if i < 0 {
		return Cluster{}, false
	}
	return o.Clusters[i], true
}

var refName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// Requests are what Argo CD would ask for, one for each source of the
// Application that renders something: a source that is only a ref doesn't.
// Sources in Helm repositories are a *ChartError, in repositories that aren't
// here a *RepoError.
func (c *Checkout) Requests(app *Application, o Options) ([]Request, error) {
	sources := app.Sources()
	if len(sources) == 0 {
		return nil, c.Fail(app, &PathError{Path: "spec", Reason: "has no source"})
	}
	home := c.home(sources)
	refs, err := c.refs(app, sources, home)
	if err != nil {
		return nil, c.Fail(app, err)
	}
	kube, apis := o.KubeVersion, o.APIVersions
	if cluster, ok := o.Cluster(app.Spec.Destination); ok {
		if cluster.KubeVersion != "" {
			kube = cluster.KubeVersion
		}
		if len(cluster.APIVersions) > 0 {
			apis = cluster.APIVersions
		}
	}
	var out []Request
	for i, s := range sources {
		what := "the source"
		if app.MultiSource() {
			what = fmt.Sprintf("source %d", i+1)
		}
		if app.MultiSource() && s.Path == "" && s.Chart == "" && s.Ref != "" {
			continue // repository.go, GenerateManifest: "Skip this path for ref only sources"
		}
		root, dir, err := c.locate(s, home, what)
		if err != nil {
			return nil, c.Fail(app, err)
		}
		r := Request{
			AppName: app.InstanceName(o.ControllerNamespace), Namespace: app.Spec.Destination.Namespace,
			Project: app.Project(), Source: s, KubeVersion: kube, APIVersions: apis,
			Root: root, Dir: dir, MultiSource: app.MultiSource(), Refs: refs,
		}
		if root == c.Root {
			r.Revision = c.Revision
		}
		out = append(out, r)
	}
	return out, nil
}

// home is the repoURL that stands for the checkout where its own aren't
// known: that of the first source with a path.
func (c *Checkout) home(sources []ApplicationSource) string {
	if len(c.URLs) > 0 {
		return ""
	}
	for _, s := range sources {
		if s.Chart == "" && s.Path != "" {
			return s.RepoURL
		}
	}
	for _, s := range sources {
		if s.Chart == "" {
			return s.RepoURL
		}
	}
	return ""
}

// root is the directory of a repository, or "".
func (c *Checkout) root(repoURL, home string) string {
	if home != "" && sameRepo(repoURL, home) {
		return c.Root
	}
	if slices.ContainsFunc(c.URLs, func(u string) bool { return sameRepo(u, repoURL) }) {
		return c.Root
	}
	for u, dir := range c.Others {
		if sameRepo(u, repoURL) {
			return dir
		}
	}
	return ""
}

func (c *Checkout) locate(s ApplicationSource, home, what string) (root, dir string, err error) {
	switch {
	case s.Chart != "":
		return "", "", &ChartError{Chart: s.Chart, RepoURL: displayURL(s.RepoURL), Version: s.TargetRevision}
	case s.RepoURL == "" || s.Path == "":
		// util/argo/argo.go, validateSourcePermissions
		return "", "", &PathError{Path: what, Reason: "spec.source.repoURL and either spec.source.path or spec.source.chart are required"}
	}
	if root = c.root(s.RepoURL, home); root == "" {
		return "", "", c.missing(what, s.RepoURL)
	}
	handle, err := os.OpenRoot(root)
	if err != nil {
		return "", "", fmt.Errorf("open repository: %w", err)
	}
	defer handle.Close()
	dir, err = sourcePath(handle, s.Path)
	return root, dir, err
}

func (c *Checkout) missing(what, repoURL string) error {
	known := make([]string, 0, len(c.URLs))
	for _, u := range c.URLs {
		known = append(known, displayURL(u))
	}
	return &RepoError{For: what, RepoURL: displayURL(repoURL), Known: known}
}

// refs are the directories of the sources with a ref that a value file uses
// (util/argo/argo.go, GetRefSources; repository.go, runManifestGenAsync). One
// that nothing uses may be missing.
func (c *Checkout) refs(app *Application, sources []ApplicationSource, home string) (map[string]string, error) {
	if !app.MultiSource() {
		return nil, nil
	}
	used := usedRefs(sources)
	refs := map[string]string{}
	for _, s := range sources {
		if s.Ref == "" {
			continue
		}
		name := "$" + s.Ref
		if !refName.MatchString(s.Ref) {
			return nil, &PathError{Path: "sources.ref " + s.Ref, Reason: "cannot contain any special characters except '_' and '-'"}
		}
		if _, twice := refs[name]; twice {
			return nil, &PathError{Path: "sources.ref " + s.Ref, Reason: "multiple sources had the same `ref` key"}
		}
		refs[name] = c.root(s.RepoURL, home)
		switch {
		case !used[name]:
		case s.Chart != "":
			return nil, &ChartError{Chart: s.Chart, RepoURL: displayURL(s.RepoURL), Version: s.TargetRevision}
		case refs[name] == "":
			return nil, c.missing("ref "+name, s.RepoURL)
		}
	}
	return refs, nil
}
