package cli

import (
	"fmt"
	"strconv"
	"strings"

	"kesbridge/render"
)

// setting is one row of what only an administrator decides: environment
// variables, never flags or parameters, since those may come from app
// authors. Argo CD gives authors no variable with these names.
type setting struct {
	env, usage string
	apply      func(s *render.Source, value string) error
}

func adminSettings() []setting {
	return []setting{
		{allowNetwork, "`true` lets charts' missing dependencies and kustomize's remote bases be fetched (default false)", func(s *render.Source, v string) error {
			b, err := strconv.ParseBool(v)
			s.Network.Allow = b
			return err
		}},
		{"KESBRIDGE_CACHE", "directory that keeps fetched charts by digest (default: nothing is kept)", func(s *render.Source, v string) error {
			s.Network.CacheDir = v
			return nil
		}},
		{"KESBRIDGE_HELM_CONFIG", "directory with Helm's repositories.yaml and registry credentials", func(s *render.Source, v string) error {
			s.Network.HelmConfigDir = v
			return nil
		}},
		{"KESBRIDGE_HELM_VERSION", "what charts see as .Capabilities.HelmVersion.Version, which differs between Argo CD lines (default: the library's)", func(s *render.Source, v string) error {
			s.Helm.HelmVersion = v
			return nil
		}},
		{"KESBRIDGE_KUSTOMIZE_BUILD_OPTIONS", "kustomize.buildOptions of argocd-cm, such as --enable-helm", func(s *render.Source, v string) error {
			s.Kustomize.BuildOptions = strings.Fields(v)
			return nil
		}},
		{"KESBRIDGE_KUSTOMIZE_VERSION", "kustomize's version in the label that buildMetadata managedByLabel asks for, as the Argo CD line has it (default v5.8.1); rendering itself is that of kustomize 5.8.2", func(s *render.Source, v string) error {
			s.Kustomize.Version = v
			return nil
		}},
		{"KESBRIDGE_DIRECTORY_MAX_SIZE", "reposerver.max.combined.directory.manifests.size in bytes (default 10000000)", func(s *render.Source, v string) error {
			n, err := strconv.ParseInt(v, 10, 64)
			s.Directory.MaxSize = n
			return err
		}},
	}
}

// administer applies the administrator's settings to a source.
func (a *app) administer(s *render.Source) error {
	for _, row := range adminSettings() {
		if v := a.env[row.env]; v != "" {
			if err := row.apply(s, v); err != nil {
				return &usageError{"kesbridge render", fmt.Errorf("%s %q: %w", row.env, v, err)}
			}
		}
	}
	return nil
}
