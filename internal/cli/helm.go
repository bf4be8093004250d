package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	command = filepath.Join(dir, "helm")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, command)
	}
	if err != nil {
		cleanup()
		return "", nil, fmt.Errorf("make the helm command: %w", err)
	}
	return command, cleanup, nil
}
