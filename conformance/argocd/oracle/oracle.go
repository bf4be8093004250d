// Package oracle renders an Application with Argo CD's own code: the part of
// its repo-server that runs after the checkout. Argo CD executes helm and
// kustomize, which it finds on PATH.
package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/reposerver/repository"
	apppath "github.com/argoproj/argo-cd/v3/util/app/path"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/argoproj/argo-cd/v3/util/git"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ControlPlane is Argo CD's own namespace: Applications in others are named
// <namespace>_<name>.
const ControlPlane = "argocd"

// Request is what Argo CD's controller knows when it asks for manifests.
type Request struct {
	// Root is the checkout. Argo CD's kustomize edits files in it.
	Root     string
	Revision string
	App      *v1alpha1.Application
	// KubeVersion and APIVersions are those of the destination cluster.
	KubeVersion string
	APIVersions []string
	// BuildOptions are argocd-cm's kustomize.buildOptions.
	BuildOptions string
	// Kustomize is the binary; empty is the one on PATH.
	Kustomize string
}

// Generate returns the objects as JSON, in the order of the sources, without
// tracking labels and annotations.
func Generate(ctx context.Context, r Request) ([]string, error) {
	sources := r.App.Spec.GetSources()
	revisions := make([]string, len(sources))
	for i := range revisions {
		revisions[i] = r.Revision
	}
	byURL := func(_ context.Context, url, _ string) (*v1alpha1.Repository, error) {
		return &v1alpha1.Repository{Repo: url}, nil
	}
	refs, err := argo.GetRefSources(ctx, sources, r.App.Spec.Project, byURL, revisions, false)
	if err != nil {
		return nil, fmt.Errorf("get ref sources: %w", err)
	}
	var out []string
	for i := range sources {
		s := &sources[i]
		if r.App.Spec.HasMultipleSources() && s.Path == "" && s.Chart == "" {
			continue // as repository.Service.GenerateManifest does
		}
		manifests, err := r.generate(ctx, s, refs)
		if err != nil {
			return nil, fmt.Errorf("source %d of %d: %w", i+1, len(sources), err)
		}
		out = append(out, manifests...)
	}
	return out, nil
}

func (r Request) generate(ctx context.Context, s *v1alpha1.ApplicationSource, refs v1alpha1.RefTargetRevisionMapping) ([]string, error) {
	if s.Chart != "" {
		return nil, errors.New("a chart of a Helm repository needs the network")
	}
	// The two checks of repository.Service.runRepoOperation.
	if err := apppath.CheckOutOfBoundsSymlinks(r.Root); err != nil {
		return nil, err
	}
	dir, err := apppath.Path(r.Root, s.Path)
	if err != nil {
		return nil, err
	}
	if r.App.Spec.HasMultipleSources() {
		if err := checkRefs(s.Helm, refs); err != nil {
			return nil, err
		}
	}
	checkouts := utilio.NewRandomizedTempPaths(r.Root)
	checkouts.Add(git.NormalizeGitURL(s.RepoURL), r.Root)
	q := &apiclient.ManifestRequest{
		Repo:               &v1alpha1.Repository{Repo: s.RepoURL},
		Revision:           r.Revision,
		AppName:            r.App.InstanceName(ControlPlane),
		Namespace:          r.App.Spec.Destination.Namespace,
		ProjectName:        r.App.Spec.Project,
		ApplicationSource:  s.DeepCopy(),
		KubeVersion:        r.KubeVersion,
		ApiVersions:        r.APIVersions,
		KustomizeOptions:   &v1alpha1.KustomizeOptions{BuildOptions: r.BuildOptions, BinaryPath: r.Kustomize},
		HelmOptions:        &v1alpha1.HelmOptions{ValuesFileSchemes: []string{"https", "http"}},
		HasMultipleSources: r.App.Spec.HasMultipleSources(),
		RefSources:         refs,
		// No AppLabelKey: no tracking. See track.
	}
	resp, err := repository.GenerateManifests(ctx, dir, r.Root, r.Revision, q, false, git.NoopCredsStore{}, resource.MustParse("10M"), checkouts)
	if err != nil {
		return nil, err
	}
	for _, m := range resp.Manifests {
		if err := r.track(m); err != nil {
			return nil, err
		}
	}
	return resp.Manifests, nil
}

// track does what a real run does with each manifest, and what fails there
// fails here: the tracking annotation is set (GenerateManifests), and the
// controller reads the result.
func (r Request) track(manifest string) error {
	var u unstructured.Unstructured
	if err := json.Unmarshal([]byte(manifest), &u.Object); err != nil {
		return err
	}
	if !kube.IsCRD(&u) {
		err := argo.NewResourceTracking().SetAppInstance(&u, common.LabelKeyAppInstance, r.App.InstanceName(ControlPlane),
			r.App.Spec.Destination.Namespace, v1alpha1.TrackingMethodAnnotation, "")
		if err != nil {
			return fmt.Errorf("failed to set app instance tracking info on manifest: %w", err)
		}
	}
	b, err := json.Marshal(u.Object)
	if err == nil {
		_, err = v1alpha1.UnmarshalToUnstructured(string(b))
	}
	return err
}

// checkRefs is what repository.Service.runManifestGenAsync does first, before
// it checks the referenced repositories out.
func checkRefs(h *v1alpha1.ApplicationSourceHelm, refs v1alpha1.RefTargetRevisionMapping) error {
	if h == nil {
		return nil
	}
	paths := slices.Clone(h.ValueFiles)
	for _, p := range h.FileParameters {
		paths = append(paths, p.Path)
	}
	for _, p := range paths {
		ref, _, _ := strings.Cut(p, "/")
		if strings.HasPrefix(ref, "$") && refs[ref] == nil {
			return fmt.Errorf("source referenced %q, which is not one of the available sources", ref)
		}
	}
	return nil
}
