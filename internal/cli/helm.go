package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/render"
)

// helmCommand gives the command that kustomize runs for helmCharts: this very
// program under the name helm, through a private link. It is made only where
// the administrator's build options enable charts.
func (a *app) helmCommand(rs []rendering) (command string, cleanup func(), err error) {
	enabled := slices.Contains(strings.Fields(a.env["KESBRIDGE_KUSTOMIZE_BUILD_OPTIONS"]), "--enable-helm")
	if !enabled || len(rs) == 0 {
		return "", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "kesbridge-helm-")
	if err != nil {
		return "", nil, fmt.Errorf("make a place for the helm command: %w", err)
	}
	cleanup = func() { os.RemoveAll(dir) }
	if command, err = render.HelmCommand(dir); err != nil {
		cleanup()
		return "", nil, fmt.Errorf("make the helm command: %w", err)
	}
	return command, cleanup, nil
}

// Main is Run, or the helm command where the program is started under that
// name (see helmCommand). args are os.Args.
func Main(ctx context.Context, args, environ []string, in io.Reader, out, errw io.Writer) int {
	if len(args) > 0 && filepath.Base(args[0]) == "helm" {
		return render.HelmMain(ctx, args, in, out, errw)
	}
	if len(args) > 0 && filepath.Base(args[0]) == argocdPlugin {
		return Run(ctx, append([]string{"argocd"}, args[1:]...), environ, in, out, errw)
	}
	return Run(ctx, args[min(1, len(args)):], environ, in, out, errw)
}
