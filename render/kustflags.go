package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
)

// BuildOptionError says that an option of `kustomize build` isn't allowed
// here, isn't known or has no such value.
type BuildOptionError struct{ Option, Reason string }

func (e *BuildOptionError) Error() string {
	return fmt.Sprintf("kustomize build option %s: %s", e.Option, e.Reason)
}

// refusedFlags are flags of `kustomize build` v5.8.2 that reach beyond the
// repository, with the reason; the functions that some are about run in
// containers, which don't run without --enable-alpha-plugins.
var refusedFlags = map[string]string{
	"enable-alpha-plugins": "plugins are programs, and none is run",
	"enable-exec":          "plugins are programs, and none is run",
	"enable-star":          "plugins are programs, and none is run",
	"network":              "containers aren't run",
	"network-name":         "containers aren't run",
	"mount":                "containers aren't run",
	"env":                  "containers aren't run",
	"as-current-user":      "containers aren't run",
	"helm-command":         "charts are rendered by this program",
	"output":               "nothing is written",
}

// buildOptions makes kustomize's options of the administrator's flags, with
// kustomize's own way to read them (commands/build of v5.8.2).
func (a *app) buildOptions() (*krusty.Options, error) {
	opt := krusty.MakeDefaultOptions()
	// The command's default, unlike the library's: legacy order, unless
	// sortOptions say otherwise.
	opt.Reorder = krusty.ReorderOptionUnspecified
	var args []string
	for _, o := range a.src.Kustomize.BuildOptions {
		args = append(args, strings.Fields(o)...) // as Argo CD does
	}
	fl := newBuildFlags()
	helm := &opt.PluginConfig.HelmConfig
	fl.BoolVar(&helm.Enabled, "enable-helm", false, "")
	fl.StringVar(&helm.KubeVersion, "helm-kube-version", "", "")
	fl.StringArrayVar(&helm.ApiVersions, "helm-api-versions", nil, "")
	fl.BoolVar(&helm.Debug, "helm-debug", false, "")
	fl.BoolVar(&opt.AddManagedbyLabel, "enable-managedby-label", false, "")
	restrictor := fl.String("load-restrictor", types.LoadRestrictionsRootOnly.String(), "")
	reorder := fl.String("reorder", "", "")
	if err := parseBuildFlags(fl, args); err != nil {
		return nil, err
	}
	switch *restrictor {
	case types.LoadRestrictionsNone.String():
		opt.LoadRestrictions = types.LoadRestrictionsNone // the repository's root still holds
	case types.LoadRestrictionsRootOnly.String(), "":
	default:
		return nil, &BuildOptionError{"--load-restrictor " + *restrictor, "no such value"}
	}
	if fl.Changed("reorder") {
		opt.Reorder = krusty.ReorderOption(*reorder)
		if !slices.Contains([]krusty.ReorderOption{krusty.ReorderOptionLegacy, krusty.ReorderOptionNone}, opt.Reorder) {
			return nil, &BuildOptionError{"--reorder " + *reorder, "no such value"}
		}
	}
	if helm.Enabled {
		// Argo CD appends the cluster's to the administrator's options
		// (parseKustomizeBuildOptions, for kustomize 5.3 and newer).
		if a.src.KubeVersion != "" {
			helm.KubeVersion = a.src.KubeVersion
		}
		helm.ApiVersions = append(helm.ApiVersions, a.src.APIVersions...)
		helm.Command = a.src.Kustomize.HelmCommand
	}
	return opt, nil
}

// newBuildFlags knows the flags that are refused.
func newBuildFlags() *pflag.FlagSet {
	fl := pflag.NewFlagSet("kustomize build", pflag.ContinueOnError)
	fl.SetOutput(io.Discard)
	fl.Usage = func() {}
	for name := range refusedFlags {
		short := ""
		if name == "output" || name == "env" {
			short = name[:1]
		}
		fl.StringArrayP(name, short, nil, "")
		fl.Lookup(name).NoOptDefVal = "true"
	}
	return fl
}

func parseBuildFlags(fl *pflag.FlagSet, args []string) error {
	err := fl.Parse(args)
	var refused error
	fl.Visit(func(f *pflag.Flag) {
		if reason := refusedFlags[f.Name]; reason != "" && refused == nil {
			refused = &BuildOptionError{"--" + f.Name, reason}
		}
	})
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return &BuildOptionError{fmt.Sprintf("%q", strings.Join(args, " ")), err.Error()}
	case fl.NArg() > 0:
		return &BuildOptionError{fl.Arg(0), "isn't an option"}
	}
	return nil
}
