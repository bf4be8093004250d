package argocd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"kesbridge/render"
)

// Request is what Argo CD's repo server is told when it makes the manifests of
// one source (reposerver/apiclient, ManifestRequest).
type Request struct {
	// AppName is ARGOCD_APP_NAME, "<namespace>_<name>" for an Application
	// outside the controller's namespace.
	AppName string
	// Namespace is the destination's.
	Namespace string
	// Project is the project's name.
	Project string
	// Revision is the commit, or empty.
	Revision string
	Source   ApplicationSource
	// KubeVersion and APIVersions are the destination cluster's.
	KubeVersion string
	APIVersions []string
	// Root is the repository's directory, Dir the application's below it with
	// "/".
	Root, Dir string
	// MultiSource: the Application has `sources`, so "$" starts a ref.
	MultiSource bool
	// Merged: the .argocd-source files are in Source already, as for a plugin.
	Merged bool
	// Overrides are plugin parameters that win over Source (SourceParams).
	Overrides map[string]Value
	// Refs are the directories of the sources with a ref, by "$ref".
	Refs map[string]string
}

// Env is the build environment of native sources (repository.go, newEnv).
func (r *Request) Env() Env {
	short := func(n int) string { return r.Revision[:min(n, len(r.Revision))] }
	return Env{
		{"ARGOCD_APP_NAME", r.AppName},
		{"ARGOCD_APP_NAMESPACE", r.Namespace},
		{"ARGOCD_APP_PROJECT_NAME", r.Project},
		{"ARGOCD_APP_REVISION", r.Revision},
		{"ARGOCD_APP_REVISION_SHORT", short(7)},
		{"ARGOCD_APP_REVISION_SHORT_8", short(8)},
		{"ARGOCD_APP_SOURCE_REPO_URL", r.Source.RepoURL},
		{"ARGOCD_APP_SOURCE_PATH", r.Source.Path},
		{"ARGOCD_APP_SOURCE_TARGET_REVISION", r.Source.TargetRevision},
	}
}

// PluginEnv is Env with what only plugins get: KUBE_VERSION and
// KUBE_API_VERSIONS (repository.go, getPluginEnvs). Native sources don't see
// them.
func (r *Request) PluginEnv() Env {
	return append(r.Env(),
		&EnvEntry{"KUBE_VERSION", r.KubeVersion},
		&EnvEntry{"KUBE_API_VERSIONS", strings.Join(r.APIVersions, ",")})
}

// RenderSource gives the source to render, after merging the .argocd-source
// files. What only an administrator may set is left at its zero value:
// Directory.MaxSize, Kustomize.BuildOptions and HelmCommand, Helm.HelmVersion,
// Network.
//
// A source for a plugin is a *PluginError, one with the options of several
// tools a *MultipleTypesError, one with a field that can't be honoured an
// *UnsupportedError.
func (r *Request) RenderSource() (render.Source, error) {
	out := render.Source{Root: r.Root, Dir: filepath.Join(r.Root, filepath.FromSlash(r.Dir))}
	root, err := os.OpenRoot(r.Root)
	if err != nil {
		return out, fmt.Errorf("open repository: %w", err)
	}
	defer root.Close()
	if strings.ContainsAny(r.AppName, "/\x00") {
		return out, &PathError{Path: r.AppName, Reason: "not a name of an Application"}
	}
	merged := *r
	if !r.Merged {
		if _, err := MergeSource(root, r.Dir, r.AppName, &merged.Source); err != nil {
			return out, err
		}
	}
	if len(r.Overrides) > 0 {
		if err := merged.Source.Native(r.Overrides); err != nil {
			return out, err
		}
	}
	kind, err := merged.Source.ExplicitType()
	if err != nil {
		return out, err
	}
	if err := checkSupported(&merged.Source); err != nil {
		return out, err
	}
	return merged.translate(out, kind)
}

// translate is repository.go, GenerateManifests, up to running the tool.
func (r *Request) translate(out render.Source, kind string) (render.Source, error) {
	var err error
	if out.KubeVersion, err = kubeVersion(r.kubeVersion()); err != nil {
		return out, err
	}
	out.APIVersions = r.apiVersions()
	x := &expander{env: r.Env()}
	switch kind {
	case "Helm":
		out.Kind = render.Helm
	case "Kustomize":
		out.Kind = render.Kustomize
	case "Directory":
		out.Kind = render.Directory
	case "Plugin":
		return out, &PluginError{Name: r.Source.Plugin.Name, Plugin: r.Source.Plugin}
	}
	// A detected chart has the release's name, too.
	if out.Helm, err = r.helm(x); err != nil {
		return out, err
	}
	if k := r.Source.Kustomize; k != nil {
		if out.Kustomize, err = kustomizeOptions(k, x); err != nil {
			return out, err
		}
	}
	if d := r.Source.Directory; d != nil {
		out.Directory = directoryOptions(d, x)
	}
	return out, x.err
}

// kubeVersion and apiVersions: the source's, first Helm's, replace the
// cluster's (types.go, GetKubeVersionOrDefault, GetAPIVersionsOrDefault).
func (r *Request) kubeVersion() string {
	if h := r.Source.Helm; h != nil && h.KubeVersion != "" {
		return h.KubeVersion
	}
	if k := r.Source.Kustomize; k != nil && k.KubeVersion != "" {
		return k.KubeVersion
	}
	return r.KubeVersion
}

func (r *Request) apiVersions() []string {
	if h := r.Source.Helm; h != nil && len(h.APIVersions) > 0 {
		return h.APIVersions
	}
	if k := r.Source.Kustomize; k != nil && len(k.APIVersions) > 0 {
		return k.APIVersions
	}
	return r.APIVersions
}

var genericVersion = regexp.MustCompile(`^\s*v?((?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+)`)

// kubeVersion strips what a vendor adds (repository.go, parseKubeVersion).
func kubeVersion(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	m := genericVersion.FindStringSubmatch(v)
	if m == nil {
		return "", fmt.Errorf("could not parse kubernetes version %q", v)
	}
	return m[1], nil
}
