package render

import (
	"bytes"
	"context"
	"errors"
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
	"k8s.io/apimachinery/pkg/util/version"
)

// This file is `helm template NAME . --include-crds` without Helm's action
// package, which brings 20 MB of clients for clusters and registries. Source:
// helm v4.2.4 pkg/cmd/template.go, pkg/action/install.go (RunWithContext) and
// action.go (renderResources). The tests compare it with the action package.

// templating is what `helm template` is told by its arguments, values aside.
type templating struct {
	release, namespace    string
	kube, helm            string // versions; empty: the library's
	apis                  []string
	skipCRDs, skipTests   bool
	skipHooks, skipSchema bool
}

func (a *app) helm(ctx context.Context) (*Output, error) {
	opt := a.src.Helm
	t := templating{
		namespace: opt.Namespace, helm: opt.HelmVersion, apis: a.src.APIVersions,
		skipCRDs: opt.SkipCRDs, skipTests: opt.SkipTests, skipSchema: opt.SkipSchemaValidation,
	}
	var err error
	if t.release, err = a.releaseName(); err != nil {
		return nil, err
	}
	if v := a.src.KubeVersion; v != "" {
		// Argo CD 3.6 does so, repository.go parseKubeVersion: vendors' suffixes
		// aren't for charts.
		kv, err := version.ParseGeneric(v)
		if err != nil {
			return nil, fmt.Errorf("parse Kubernetes version %q: %w", v, err)
		}
		t.kube = kv.String()
	}
	chrt, err := a.loadChart(ctx, true)
	if err != nil {
		return nil, err
	}
	vals, err := a.helmValues(ctx)
	if err != nil {
		return nil, err
	}
	data, warnings, err := a.template(chrt, vals, t)
	if err != nil {
		return nil, a.helmError(err)
	}
	return &Output{Kind: Helm, Streams: []Stream{{Name: a.name, Data: data}}, Warnings: warnings}, nil
}

// releaseName is the option's, which Argo CD passes as --name-template.
func (a *app) releaseName() (string, error) {
	name := a.src.Helm.ReleaseName
	if name == "" {
		return filepath.Base(a.dir), nil
	}
	name, err := nameTemplate(name)
	if err != nil {
		return "", fmt.Errorf("render release name: %w", err)
	}
	return name, nil
}

// template gives what `helm template` prints, and what it logs of resources
// that are left out.
func (a *app) template(chrt *chart.Chart, vals map[string]any, t templating) ([]byte, []string, error) {
	rel := common.ReleaseOptions{Name: t.release, Namespace: t.namespace, Revision: 1, IsInstall: true}
	if rel.Namespace == "" {
		rel.Namespace = "default"
	}
	if err := a.checkReleaseName(rel.Name); err != nil {
		return nil, nil, err
	}
	if err := chartutil.ProcessDependencies(chrt, vals); err != nil {
		return nil, nil, fmt.Errorf("process chart dependencies: %w", err)
	}
	caps, err := t.capabilities()
	if err != nil {
		return nil, nil, err
	}
	if !t.skipSchema {
		if err := a.checkSchemas(chrt); err != nil {
			return nil, nil, err
		}
	}
	values, err := util.ToRenderValuesWithSchemaValidation(chrt, vals, rel, caps, t.skipSchema)
	if err != nil {
		return nil, nil, err
	}
	if v := chrt.Metadata.KubeVersion; v != "" && !chartutil.IsCompatibleRange(v, caps.KubeVersion.String()) {
		return nil, nil, &Error{
			File: path.Join(a.name, "Chart.yaml"),
			Err:  fmt.Errorf("chart requires kubeVersion %s, which Kubernetes %s isn't", v, caps.KubeVersion.Version),
			Fix:  "set the Kubernetes version of the cluster",
		}
	}
	// The zero engine has no client for `lookup` and asks no name server.
	files, err := engine.Engine{}.Render(chrt, values)
	if err != nil {
		return nil, nil, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	warnings := dropUnknownHooks(files)
	if chrt.Metadata.Deprecated {
		warnings = append(warnings, "this chart is deprecated")
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, nil, err
	}
	return t.print(chrt, manifests, hooks), warnings, nil
}

func (a *app) checkReleaseName(name string) error {
	err := chartutil.ValidateReleaseName(name)
	if err == nil {
		return nil
	}
	if len(name) > 53 { // Helm's own error doesn't say which rule it is
		err = errors.New("longer than the 53 characters that Helm allows")
	}
	return &Error{File: a.name, Err: fmt.Errorf("release name %q: %w", name, err), Fix: "give the release a name of its own"}
}

func (t templating) print(chrt *chart.Chart, manifests []releaseutil.Manifest, hooks []*release.Hook) []byte {
	var b bytes.Buffer
	doc := func(name, text string) {
		for _, s := range []string{"---\n# Source: ", name, "\n", text, "\n"} {
			b.WriteString(s)
		}
	}
	if !t.skipCRDs {
		for _, crd := range chrt.CRDObjects() {
			doc(crd.Filename, string(crd.File.Data))
		}
	}
	for _, m := range manifests {
		doc(m.Name, m.Content)
	}
	text := bytes.TrimSpace(b.Bytes())
	b = *bytes.NewBuffer(append(text, '\n'))
	for _, h := range hooks {
		if t.skipHooks || t.skipTests && slices.Contains(h.Events, release.HookTest) {
			continue
		}
		doc(h.Path, h.Manifest)
	}
	return b.Bytes()
}

func (t templating) capabilities() (*common.Capabilities, error) {
	caps := common.DefaultCapabilities.Copy()
	if t.kube != "" {
		kv, err := common.ParseKubeVersion(t.kube)
		if err != nil {
			return nil, fmt.Errorf("parse Kubernetes version %q: %w", t.kube, err)
		}
		caps.KubeVersion = *kv
	}
	if t.helm != "" {
		caps.HelmVersion.Version = t.helm
	}
	// Copied, as the default set is shared.
	caps.APIVersions = append(slices.Clone(caps.APIVersions), t.apis...)
	return caps, nil
}
