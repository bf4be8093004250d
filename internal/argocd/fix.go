package argocd

import (
	"errors"
	"strings"
)

func usedRefs(sources []ApplicationSource) map[string]bool {
	used := map[string]bool{}
	for _, s := range sources {
		if s.Helm == nil {
			continue
		}
		names := append([]string(nil), s.Helm.ValueFiles...)
		for _, p := range s.Helm.FileParameters {
			names = append(names, p.Path)
		}
		for _, name := range names {
			if ref, _, _ := strings.Cut(name, "/"); strings.HasPrefix(ref, "$") {
				used[ref] = true
			}
		}
	}
	return used
}

// Fail puts the Application and its place in front of an error, and adds what to
// do.
func (c *Checkout) Fail(app *Application, err error) error {
	return &Error{Pos: app.Pos, Object: app.ref(), Err: err, Fix: fix(err)}
}

// fix says what to do about an error, or nothing.
func fix(err error) string {
	var chart *ChartError
	var repo *RepoError
	var plugin *PluginError
	var generator *GeneratorError
	var clusters *ClustersError
	switch {
	case errors.As(err, &chart):
		return "pull the chart (helm pull --untar) and render its directory, or put a chart that depends on it into the repository"
	case errors.As(err, &repo):
		return "check that repository out and name its directory, or add its URL as a remote if it is this one: git remote add upstream " + repo.RepoURL
	case errors.As(err, &plugin):
		return "render the directory itself; kesbridge plugin disable turns a kesbridge plugin block into a native one"
	case errors.As(err, &clusters):
		return "list Argo CD's clusters with their servers and labels under clusters: in kesbridge.yaml"
	case errors.As(err, &generator) && !generator.Unknown:
		return "let Argo CD make the Applications and give the result: argocd appset generate FILE -o yaml > apps.yaml"
	}
	return ""
}
