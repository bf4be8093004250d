package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/rewrite"
)

// differsError says that an app renders differently under the plugin.
type differsError struct {
	app    *argocd.Application
	reason string
}

func (e *differsError) Error() string {
	ref := manifest.Ref{Group: argocd.Group, Kind: "Application", Namespace: e.app.Metadata.Namespace, Name: e.app.Metadata.Name}
	return fmt.Sprintf("%s: %s: %s\n  leave the Application native, and report it: the plugin should render what Argo CD does", e.app.Pos, ref, e.reason)
}

// compareRenders renders the Applications of a file as they were and as they
// become, both with mode keep. With another mode the output is to differ, and
// only what is in the way is looked for.
func (a *app) compareRenders(ctx context.Context, r *rewritten, mode string) error {
	checkout, err := argocd.OpenCheckout(r.name)
	if err != nil {
		return err
	}
	c, err := a.config(options{}, filepath.Dir(r.name))
	if err != nil {
		return err
	}
	admin, err := a.administratorConfig()
	if err != nil {
		return err
	}
	name, opts := filepath.ToSlash(r.name), argocd.Options{Clusters: clusters(config.JoinClusters(admin, c))}
	before, err := argocd.Parse(name, r.before, checkout, opts)
	if err != nil {
		fmt.Fprintf(a.err, "%s: not rendered: %v\n", name, err)
		return ctx.Err()
	}
	after, err := argocd.Parse(name, r.after, checkout, opts)
	if err != nil {
		return err
	}
	if len(before) != len(after) {
		return fmt.Errorf("%s: %d Applications became %d", name, len(before), len(after))
	}
	for i := range before {
		if err := a.compareRender(ctx, checkout, &before[i], &after[i], opts, mode); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) compareRender(ctx context.Context, checkout *argocd.Checkout, before, after *argocd.Application, opts argocd.Options, mode string) error {
	name := before.Metadata.Name
	if reflect.DeepEqual(before.Sources(), after.Sources()) {
		return nil
	}
	for _, s := range before.Sources() {
		if s.Chart != "" {
			continue
		}
		found, err := sourceFilesOf(checkout, s.Path, before.InstanceName(opts.ControllerNamespace))
		if err != nil {
			return err
		}
		if found != "" {
			return &rewrite.Refusal{Pos: before.Pos, Reason: rewrite.SourceFileReason(found), Fix: rewrite.SourceFileFix,
				Ref: manifest.Ref{Group: argocd.Group, Kind: "Application", Namespace: before.Metadata.Namespace, Name: name}}
		}
	}
	if mode != config.Keep {
		fmt.Fprintf(a.err, "%s: not compared, since mode %s changes the output\n", name, mode)
		return nil
	}
	native, err := a.renderKept(ctx, checkout, before, opts)
	if err != nil {
		fmt.Fprintf(a.err, "%s: not rendered: %v\n", name, err)
		return nil
	}
	plugin, err := a.renderKept(ctx, checkout, after, opts)
	switch {
	case err != nil:
		return &differsError{before, "it renders natively, and not under the plugin: " + err.Error()}
	case !bytes.Equal(native, plugin):
		return &differsError{before, fmt.Sprintf("under the plugin it renders differently, from line %d of the output on", differingLine(native, plugin))}
	}
	fmt.Fprintf(a.err, "%s: rendered both ways, %d bytes, equal\n", name, len(native))
	return nil
}

func differingLine(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return bytes.Count(a[:n], []byte("\n")) + 1
}

// renderKept is the output of an Application whose KES resources are kept.
func (a *app) renderKept(ctx context.Context, checkout *argocd.Checkout, app *argocd.Application, opts argocd.Options) ([]byte, error) {
	o := options{mode: config.Keep, modeFrom: "enable", failOn: manifest.Error, allowEmpty: true, given: map[string]given{}}
	rs, err := a.applicationSources(o, checkout, app, opts)
	if err != nil {
		return nil, err
	}
	for i := range rs {
		rs[i].options.ForceMode = config.Keep
	}
	result := &renderResult{}
	defer result.close()
	if err := a.plan(ctx, &rendered{options: o, renderings: rs}, pipeline.New(), result); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	j := &joiner{w: &out}
	for _, p := range result.plans {
		j.next = true
		if _, err := p.WriteTo(j); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// sourceFiles looks for .argocd-source files with native options beside the
// manifests that an Application in a file is about.
func sourceFiles(file string) func(dir, app string) (string, error) {
	return func(dir, app string) (string, error) {
		checkout, err := argocd.OpenCheckout(file)
		if err != nil {
			return "", err
		}
		return sourceFilesOf(checkout, dir, app)
	}
}

func sourceFilesOf(checkout *argocd.Checkout, dir, app string) (string, error) {
	root, err := os.OpenRoot(checkout.Root)
	if err != nil {
		return "", fmt.Errorf("open repository: %w", err)
	}
	defer root.Close()
	dir = strings.TrimPrefix(path.Clean("/"+dir), "/")
	var s argocd.ApplicationSource
	if strings.ContainsAny(app, "/\x00") {
		app = "" // not a name; Argo CD won't take it
	}
	found, err := argocd.MergeSource(root, dir, app, &s)
	if err != nil || s.Helm == nil && s.Kustomize == nil && s.Directory == nil {
		return "", err
	}
	return strings.Join(found, " and "), nil
}
