package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/pipeline"
	"kesbridge/render"
)

// rendering is one source to render and what holds for its output.
type rendering struct {
	label   string // for messages
	source  render.Source
	options pipeline.Options
	// moved: the source is kesbridge's own already.
	moved bool
}

// directory makes the rendering of a directory, as an Application of its name
// without any options would be rendered: the .argocd-source files in it count.
func (a *app) directory(o options, dir string) ([]rendering, error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	checkout, err := argocd.OpenCheckout(dir)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	rel, err := filepath.Rel(checkout.Root, abs)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	request := argocd.Request{
		AppName: or(o.appName, filepath.Base(abs)), Namespace: or(o.appNamespace, "default"), Project: o.appProject, Revision: checkout.Revision,
		Source: argocd.ApplicationSource{Path: filepath.ToSlash(rel)},
		Root:   checkout.Root, Dir: filepath.ToSlash(rel), Overrides: o.source,
	}
	// A plugin block in .argocd-source.yaml may choose the cluster, and the
	// cluster what charts see.
	_, ro, err := sourceOf(o, request)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	opts, err := a.settingsFor(ro, dir)
	if err != nil {
		return nil, err
	}
	request.KubeVersion, request.APIVersions = or(o.kubeVersion, opts.Settings.KubeVersion), opts.Settings.APIVersions
	if len(o.apiVersions) > 0 {
		request.APIVersions = o.apiVersions
	}
	source, _, err := sourceOf(o, request)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	opts.App, opts.Project = argocd.ShortName(request.AppName), request.Project
	opts.Namespace = o.appNamespace
	return []rendering{{label: dir, source: source, options: opts, moved: ro.inBlock}}, nil
}

// application makes the renderings of every Application in a file, and of
// every one that its ApplicationSets make.
func (a *app) application(o options, file string) ([]rendering, error) {
	checkout, aopts, err := a.applicationFile(o, file)
	if err != nil {
		return nil, err
	}
	apps, err := argocd.Load(file, checkout, aopts)
	if err != nil {
		return nil, err
	}
	var out []rendering
	var errs []error
	for i := range apps {
		rs, err := a.applicationSources(o, checkout, &apps[i], aopts)
		if err != nil {
			errs = append(errs, err)
		}
		out = append(out, rs...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(out) == 0 && !o.allowEmpty {
		return nil, &EmptyError{What: fmt.Sprintf("--application %s: its ApplicationSets make no Application", file)}
	}
	return out, nil
}

// applicationFile opens the checkout that a file of Applications is in, and says
// what is known of clusters.
func (a *app) applicationFile(o options, file string) (*argocd.Checkout, argocd.Options, error) {
	var aopts argocd.Options
	checkout, err := argocd.OpenCheckout(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, aopts, &hintError{fmt.Errorf("--application %s: no such file", file), "give the manifest of an Application or ApplicationSet"}
	}
	if err != nil {
		return nil, aopts, err
	}
	c, err := a.config(o, filepath.Dir(file))
	if err != nil {
		return nil, aopts, err
	}
	admin, err := a.administratorConfig()
	if err != nil {
		return nil, aopts, err
	}
	aopts.Clusters = clusters(config.JoinClusters(admin, c))
	return checkout, aopts, nil
}

func (a *app) applicationSources(o options, checkout *argocd.Checkout, app *argocd.Application, aopts argocd.Options) ([]rendering, error) {
	requests, err := checkout.Requests(app, aopts)
	if err != nil {
		return nil, err
	}
	var out []rendering
	for i := range requests {
		requests[i].Overrides = o.source
		requests[i].KubeVersion = or(o.kubeVersion, requests[i].KubeVersion)
		if len(o.apiVersions) > 0 {
			requests[i].APIVersions = o.apiVersions
		}
		s, ro, err := sourceOf(o, requests[i])
		if err != nil {
			return nil, checkout.Fail(app, err)
		}
		c, err := a.config(ro, s.Dir)
		if err != nil {
			return nil, err
		}
		if ro.cluster == "" {
			admin, err := a.administratorConfig()
			if err != nil {
				return nil, err
			}
			ro.cluster = destination(config.JoinClusters(admin, c), app.Spec.Destination)
		}
		opts, err := a.settings(ro, c)
		if err != nil {
			return nil, fmt.Errorf("application %s: %w", app.Metadata.Name, err)
		}
		opts.App, opts.Project, opts.Namespace = app.Metadata.Name, app.Project(), app.Spec.Destination.Namespace
		out = append(out, rendering{label: "application " + app.Metadata.Name, source: s, options: opts, moved: ro.inBlock})
	}
	return out, nil
}

// sourceOf gives the source to render. One with kesbridge's own plugin block
// renders as the plugin would render it: with the block's parameters, which
// flags win over.
func sourceOf(o options, r argocd.Request) (render.Source, options, error) {
	src, err := r.RenderSource()
	plugin := (*argocd.PluginError)(nil)
	if !errors.As(err, &plugin) || !argocd.IsPlugin(plugin.Plugin) {
		return src, o, err
	}
	vals, err := plugin.Plugin.Parameters.Values(collections())
	if err != nil {
		return src, o, err
	}
	find := parameterLookup(vals)
	all := maps.Clone(o.given)
	for _, p := range parameters() {
		if p.title == "" || strings.HasPrefix(o.given[p.name].from, "--") {
			continue
		}
		if g, ok := find(p); ok {
			all[p.name] = g
			continue
		}
		for _, e := range plugin.Plugin.Env {
			if e != nil && p.env != "" && e.Name == p.env && e.Value != "" {
				all[p.name] = given{argocd.Value{String: e.Value}, "plugin.env " + e.Name}
			}
		}
	}
	if err := check(all); err != nil {
		return src, o, err
	}
	out, err := optionsOf(all)
	if err != nil {
		return src, o, err
	}
	out.asPlugin, out.inBlock = o.asPlugin, true
	if all["config"].from == parameterConfig {
		out.config, out.configText, out.configRoot = "", all["config"].text(), r.Root
	}
	r.Merged, r.Source.Plugin, r.Overrides = true, nil, out.source
	src, err = r.RenderSource()
	return src, out, err
}

// destination finds the cluster of the configurations that an Application goes
// to, by its server or its name.
func destination(known map[string]config.Cluster, d argocd.ApplicationDestination) string {
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if server := known[name].Server; server != "" && server == d.Server || d.Name == name {
			return name
		}
	}
	return ""
}

// clusters are what the clusters generator of an ApplicationSet sees.
func clusters(known map[string]config.Cluster) []argocd.Cluster {
	var out []argocd.Cluster
	for _, name := range slices.Sorted(maps.Keys(known)) {
		one := known[name]
		out = append(out, argocd.Cluster{
			Name: name, Server: one.Server, Labels: one.Labels,
			KubeVersion: one.KubeVersion, APIVersions: one.APIVersions,
		})
	}
	return out
}

// renderAll renders everything first and prints afterwards.
func (a *app) renderAll(ctx context.Context, job *rendered) error {
	run := newRun(job.options)
	result := &renderResult{}
	defer result.close()
	if err := a.plan(ctx, job, run, result); err != nil {
		a.conclude(job.options, run) // what the others have to say is said in the same run
		return err
	}
	if !a.conclude(job.options, run) {
		return nil
	}
	if job.explain != nil {
		return job.explain.print(a)
	}
	return a.write(result.plans)
}

// plan renders and decides; nothing is printed yet.
func (a *app) plan(ctx context.Context, job *rendered, run *pipeline.Run, result *renderResult) error {
	o, rs := job.options, job.renderings
	a.collect(fastHeap)
	var proofs *pairs
	if job.verify {
		proofs = &pairs{}
	}
	helm, cleanup, err := a.helmCommand(rs)
	if err != nil {
		return err
	}
	defer cleanup()
	var errs []error
	for i := range rs {
		rs[i].source.Kustomize.HelmCommand = helm
		if proofs != nil {
			rs[i].options = proofs.watch(rs[i].options)
		}
		if job.explain != nil {
			rs[i].options = job.explain.watch(o, rs[i].options)
		}
		if err := a.renderOne(ctx, run, &rs[i], o, result); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return a.proveRendered(ctx, run, proofs)
}

// proveRendered adds what the proofs say to the findings of render --verify.
func (a *app) proveRendered(ctx context.Context, run *pipeline.Run, proofs *pairs) error {
	if proofs == nil {
		return nil
	}
	if err := proofs.prove(ctx); err != nil {
		return err
	}
	for _, p := range proofs.list {
		if f, ok := p.finding(); ok {
			run.Add(f)
		}
	}
	return nil
}
