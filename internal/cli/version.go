package cli

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases (-X kesbridge/internal/cli.version=...).
var version = ""

// versionString names the version, the commit where Go recorded it, and the
// libraries that decide how an application renders.
func versionString() string {
	v, commit, libs := version, "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = " (" + s.Value[:min(12, len(s.Value))] + ")"
			}
		}
		for _, m := range info.Deps {
			switch m.Path {
			case "helm.sh/helm/v4":
				libs += ", helm " + m.Version
			case "sigs.k8s.io/kustomize/api":
				libs += ", kustomize api " + m.Version
			}
		}
		libs += ", " + info.GoVersion
	}
	if v == "" {
		v = "devel"
	}
	return "kesbridge " + v + commit + libs
}

// shortVersion is the version and the commit alone.
func shortVersion() string {
	s, _, _ := strings.Cut(strings.TrimPrefix(versionString(), "kesbridge "), ",")
	return s
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and the libraries that render",
		Args:  argCount(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, versionString())
			return err
		},
	}
}
