package cli

import (
	"context"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/survey"
	"kesbridge/render"
)

// settingsReader reads places in the repository of one.
func (a *app) settingsReader(p controllerPlace) survey.Reader {
	return survey.Reader{Root: p.root, Render: a.settingsRender(p), Applications: a.settingsApplications(p)}
}

// versions are what charts see of the cluster.
func (p controllerPlace) versions() []string {
	if p.apis == "" {
		return nil
	}
	return strings.Split(p.apis, ",")
}

// settingsRender renders a directory as kesbridge render would, of a release
// that isn't known.
func (a *app) settingsRender(p controllerPlace) func(context.Context, string) (*render.Output, error) {
	return func(ctx context.Context, dir string) (*render.Output, error) {
		request := argocd.Request{
			AppName: survey.UnknownRelease, Namespace: survey.UnknownNamespace,
			Source: argocd.ApplicationSource{Path: dir}, Root: p.root, Dir: dir, KubeVersion: p.kube, APIVersions: p.versions(),
		}
		return a.renderRequest(ctx, request)
	}
}

// renderRequest renders a source without any settings of kesbridge's.
func (a *app) renderRequest(ctx context.Context, request argocd.Request) (*render.Output, error) {
	source, _, err := sourceOf(options{given: map[string]given{}}, request)
	if err != nil {
		return nil, err
	}
	r := rendering{label: request.Dir, source: source}
	helm, cleanup, err := a.helmCommand([]rendering{r})
	if err != nil {
		return nil, err
	}
	defer cleanup()
	r.source.Kustomize.HelmCommand = helm
	return a.renderSource(ctx, &r)
}

// settingsApplications renders the Applications in a file of the repository.
func (a *app) settingsApplications(p controllerPlace) func(context.Context, string, []byte) ([]survey.Rendered, error) {
	return func(ctx context.Context, name string, data []byte) ([]survey.Rendered, error) {
		checkout := &argocd.Checkout{Root: p.root}
		if known, err := argocd.OpenCheckout(p.root); err == nil && known.Root == p.root {
			checkout = known
		}
		opts := argocd.Options{KubeVersion: p.kube, APIVersions: p.versions()}
		apps, err := argocd.Parse(name, data, checkout, opts)
		if err != nil {
			return nil, err
		}
		var out []survey.Rendered
		for i := range apps {
			requests, err := checkout.Requests(&apps[i], opts)
			if err != nil {
				return out, err
			}
			for _, request := range requests {
				rendered, err := a.renderRequest(ctx, request)
				out = append(out, survey.Rendered{Output: rendered, Namespace: apps[i].Spec.Destination.Namespace})
				if err != nil {
					return out, err
				}
			}
		}
		return out, nil
	}
}

// findControllers finds every KES that a repository installs.
func (a *app) findControllers(ctx context.Context, o options, root string) ([]survey.Found, error) {
	p := controllerPlace{root: root, kube: o.kubeVersion, apis: strings.Join(o.apiVersions, ",")}
	return a.settingsReader(p).Find(ctx)
}
