package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
)

// call is what Argo CD's cmp-server says of the app (reposerver/repository,
// newEnv and getPluginEnvs; facts measured with 3.1 to 3.6).
type call struct {
	app, namespace, project, revision string
	repoURL, path, targetRevision     string
	kubeVersion                       string
	apiVersions                       []string
	// dir is the app's directory, root the repository's, rel the way from
	// root to dir, with "/".
	dir, root, rel string
	parameters     argocd.PluginParameters
	// flat: there was no ARGOCD_APP_PARAMETERS, only PARAM_ variables count.
	flat bool
}

// NarrowedError says that the repository's root can't be told.
type NarrowedError struct{ Path string }

func (e *NarrowedError) Error() string {
	return fmt.Sprintf("find the repository's root: the current directory isn't ARGOCD_APP_SOURCE_PATH (%s) below anything, so the repo-server sent only a part of the repository", e.Path)
}

// Hint says what to do.
func (e *NarrowedError) Hint() string {
	return "switch --plugin-use-manifest-generate-paths off in the repo-server, or have the administrator give the configuration with KESBRIDGE_CONFIG: a kesbridge.yaml further up would be missed"
}

// newCall reads the environment and the current directory. Beside an error it
// may give what is known so far.
func (a *app) newCall() (*call, error) {
	c := &call{
		app: a.env["ARGOCD_APP_NAME"], namespace: a.env["ARGOCD_APP_NAMESPACE"], project: a.env["ARGOCD_APP_PROJECT_NAME"],
		revision: a.env["ARGOCD_APP_REVISION"], repoURL: a.env["ARGOCD_APP_SOURCE_REPO_URL"],
		path: a.env["ARGOCD_APP_SOURCE_PATH"], targetRevision: a.env["ARGOCD_APP_SOURCE_TARGET_REVISION"],
		kubeVersion: a.env["KUBE_VERSION"],
	}
	for v := range strings.SplitSeq(a.env["KUBE_API_VERSIONS"], ",") {
		if v = strings.TrimSpace(v); v != "" {
			c.apiVersions = append(c.apiVersions, v)
		}
	}
	if c.app == "" {
		return nil, &hintError{fmt.Errorf("ARGOCD_APP_NAME is not set: this command is for Argo CD's cmp-server"), "on a laptop, use kesbridge render"}
	}
	cwd, err := os.Getwd()
	if err == nil {
		cwd, err = filepath.EvalSymlinks(cwd)
	}
	if err != nil {
		return nil, fmt.Errorf("find the current directory: %w", err)
	}
	c.dir = cwd
	if err := c.findRoot(a.env["KESBRIDGE_CONFIG"] != ""); err != nil {
		return c, err
	}
	raw, ok := a.env["ARGOCD_APP_PARAMETERS"]
	c.flat = !ok
	c.parameters, err = argocd.ParseParameters(raw)
	return c, err
}

// findRoot strips the app's path from the current directory. In a tar that
// was narrowed to a common ancestor the path's beginning is missing; then an
// administrator's configuration allows to take what is there for the root.
func (c *call) findRoot(administered bool) error {
	p := path.Clean("/" + c.path)[1:]
	if p == "" {
		c.root, c.rel = c.dir, "."
		return nil
	}
	for up := c.dir; ; up = filepath.Dir(up) {
		if isDir(filepath.Join(up, filepath.FromSlash(p)), c.dir) {
			return c.rooted(up)
		}
		if up == filepath.Dir(up) {
			break
		}
	}
	if !administered {
		return &NarrowedError{Path: c.path}
	}
	parts := strings.Split(p, "/")
	for i := 1; i < len(parts); i++ {
		up := c.dir
		for range parts[i:] {
			up = filepath.Dir(up)
		}
		if isDir(filepath.Join(append([]string{up}, parts[i:]...)...), c.dir) {
			return c.rooted(up)
		}
	}
	return c.rooted(c.dir)
}

// rooted takes a directory for the root: what isn't below it isn't read.
func (c *call) rooted(root string) error {
	rel, err := filepath.Rel(root, c.dir)
	if err != nil {
		return fmt.Errorf("find the repository's root: %w", err)
	}
	c.root, c.rel = root, filepath.ToSlash(rel)
	return nil
}

// isDir reports whether a path leads to a directory, itself without links.
func isDir(p, dir string) bool {
	real, err := filepath.EvalSymlinks(p)
	return err == nil && real == dir
}

// request is what the app would be for native rendering.
func (c *call) request() argocd.Request {
	return argocd.Request{
		AppName: c.app, Namespace: c.namespace, Project: c.project, Revision: c.revision,
		Source:      argocd.ApplicationSource{RepoURL: c.repoURL, Path: c.path, TargetRevision: c.targetRevision},
		KubeVersion: c.kubeVersion, APIVersions: c.apiVersions, Root: c.root, Dir: c.rel, Merged: true,
	}
}

// shortApp is the Application's name, and namespace its own if Argo CD's
// variable says it ("<namespace>_<name>").
func (c *call) shortApp() string {
	if ns, name, ok := strings.Cut(c.app, "_"); ok {
		return ns + "/" + name
	}
	return c.app
}

// collections are the plugin's parameters: names to collections.
func collections() map[string]string {
	out := map[string]string{}
	for _, p := range parameters() {
		if p.title == "" {
			continue
		}
		out[p.name] = p.collection
		if p.collection == "" {
			out[p.name] = argocd.Text
		}
	}
	return out
}

// lookups are what an app author gives: parameters first, then plugin.env.
func (a *app) lookups(c *call) ([]lookup, error) {
	vals, err := c.parameters.Values(collections())
	if err != nil {
		return nil, err
	}
	fromParameters := parameterLookup(vals)
	if c.flat {
		fromParameters = a.flatParameter
	}
	fromEnv := func(p param) (given, bool) {
		name := "ARGOCD_ENV_" + p.env
		v := a.env[name]
		return given{argocd.Value{String: v}, name}, p.env != "" && p.title != "" && v != ""
	}
	return []lookup{fromParameters, fromEnv, a.environment}, nil
}

// parameterLookup finds parameters of a plugin block.
func parameterLookup(vals map[string]argocd.Value) lookup {
	return func(p param) (given, bool) {
		v, ok := vals[p.name]
		return given{v, "parameter " + p.name}, ok && p.title != "" && !v.IsZero()
	}
}

// flatParameter reads PARAM_ variables, in which Argo CD also gives texts and
// lists, for callers that give nothing else. The keys of maps are lost there.
func (a *app) flatParameter(p param) (given, bool) {
	name := "PARAM_" + strings.ToUpper(strings.ReplaceAll(p.name, "-", "_"))
	if p.title == "" || p.collection == argocd.Map {
		return given{}, false
	}
	if p.collection != argocd.Array {
		v := a.env[name]
		return given{argocd.Value{String: v}, name}, v != ""
	}
	var list []string
	for i := 0; ; i++ {
		v, ok := a.env[fmt.Sprintf("%s_%d", name, i)]
		if !ok {
			return given{argocd.Value{Array: list}, name}, len(list) > 0
		}
		list = append(list, v)
	}
}

// relative takes the random directories of this call out of a text: Argo CD
// shows it, and it should be the same each time.
func (c *call) relative(s string, others ...string) string {
	for _, dir := range append(slices.Clone(others), c.root) {
		if dir == "" || dir == string(filepath.Separator) {
			continue // there is none yet, or it says nothing
		}
		s = strings.ReplaceAll(s, dir+string(filepath.Separator), "")
		s = strings.ReplaceAll(s, dir, ".")
	}
	return s
}
