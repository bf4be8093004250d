package render

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// This file is `helm template NAME . --include-crds` without Helm's action
// package, which brings 20 MB of clients for clusters and registries. Source:
// helm v4.2.4 pkg/cmd/template.go, pkg/action/install.go (RunWithContext) and
// action.go (renderResources). The tests compare it with the action package.

func (a *app) helm(ctx context.Context) (*Output, error) {
	chrt, err := a.loadChart(ctx)
	if err != nil {
		return nil, err
	}
	vals, err := a.helmValues()
	if err != nil {
		return nil, err
	}
	data, err := a.template(chrt, vals)
	if err != nil {
		return nil, a.helmError(err)
	}
	return &Output{Kind: Helm, Streams: []Stream{{Name: a.name, Data: data}}}, nil
}

// template gives what `helm template` prints.
func (a *app) template(chrt *chart.Chart, vals map[string]any) ([]byte, error) {
	opt := a.src.Helm
	rel := common.ReleaseOptions{Name: opt.ReleaseName, Namespace: opt.Namespace, Revision: 1, IsInstall: true}
	if rel.Name == "" {
		rel.Name = filepath.Base(a.dir)
	}
	if rel.Namespace == "" {
		rel.Namespace = "default"
	}
	if err := chartutil.ValidateReleaseName(rel.Name); err != nil {
		return nil, &Error{File: a.name, Err: fmt.Errorf("release name %q: %w", rel.Name, err), Fix: "give the release a name of its own"}
	}
	if err := chartutil.ProcessDependencies(chrt, vals); err != nil {
		return nil, fmt.Errorf("process chart dependencies: %w", err)
	}
	caps, err := a.capabilities()
	if err != nil {
		return nil, err
	}
	if !opt.SkipSchemaValidation {
		if err := a.checkSchemas(chrt); err != nil {
			return nil, err
		}
	}
	values, err := util.ToRenderValuesWithSchemaValidation(chrt, vals, rel, caps, opt.SkipSchemaValidation)
	if err != nil {
		return nil, err
	}
	if v := chrt.Metadata.KubeVersion; v != "" && !chartutil.IsCompatibleRange(v, caps.KubeVersion.String()) {
		return nil, &Error{
			File: path.Join(a.name, "Chart.yaml"),
			Err:  fmt.Errorf("chart requires kubeVersion %s, which Kubernetes %s isn't", v, caps.KubeVersion.Version),
			Fix:  "set the Kubernetes version of the cluster",
		}
	}
	// The zero engine has no client for `lookup` and asks no name server.
	files, err := engine.Engine{}.Render(chrt, values)
	if err != nil {
		return nil, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, err
	}
	return a.print(chrt, manifests, hooks), nil
}

func (a *app) print(chrt *chart.Chart, manifests []releaseutil.Manifest, hooks []*release.Hook) []byte {
	var b bytes.Buffer
	doc := func(name, text string) { fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", name, text) }
	if !a.src.Helm.SkipCRDs {
		for _, crd := range chrt.CRDObjects() {
			doc(crd.Filename, string(crd.File.Data))
		}
	}
	for _, m := range manifests {
		doc(m.Name, m.Content)
	}
	text := strings.TrimSpace(b.String())
	b.Reset()
	b.WriteString(text + "\n")
	for _, h := range hooks {
		if a.src.Helm.SkipTests && slices.Contains(h.Events, release.HookTest) {
			continue
		}
		doc(h.Path, h.Manifest)
	}
	return b.Bytes()
}

func (a *app) capabilities() (*common.Capabilities, error) {
	caps := common.DefaultCapabilities.Copy()
	if v := a.src.KubeVersion; v != "" {
		kv, err := common.ParseKubeVersion(v)
		if err != nil {
			return nil, fmt.Errorf("parse Kubernetes version %q: %w", v, err)
		}
		caps.KubeVersion = *kv
	}
	// Copied, as the default set is shared.
	caps.APIVersions = append(slices.Clone(caps.APIVersions), a.src.APIVersions...)
	return caps, nil
}
