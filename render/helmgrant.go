package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// HelmCommand makes the command that kustomize's --enable-helm runs: a
// symbolic link "helm" in dir to this program, which must call HelmMain when
// it is started under that name. dir must be private: not in a checkout, and
// writable for nobody else.
//
// What the command may do is what HelmGrant.Write says afterwards. Without it
// the command reads nothing but the chart that it is told, and kustomize's own
// temporary files, and fetches nothing.
func HelmCommand(dir string) (path string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("make helm command: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("make helm command: %w", err)
	}
	path = filepath.Join(dir, "helm")
	if err := os.Symlink(exe, path); err != nil {
		return "", fmt.Errorf("make helm command: %w", err)
	}
	return path, nil
}

// HelmGrant says what a command of HelmCommand may do. It lies in a file next
// to the command: kustomize passes the whole environment on and adds what an
// application's author wrote, so nothing in the environment is believed.
type HelmGrant struct {
	// Root is the repository, or kustomize's copy of it: charts and value
	// files are read below it, and pulled charts are written below it only.
	Root    string
	Network Network
	// HelmVersion is as in HelmOptions.
	HelmVersion string
}

// Write grants g to a command.
func (g HelmGrant) Write(command string) error {
	data, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return os.WriteFile(command+".json", data, 0o600)
}

func readHelmGrant(command string) (g HelmGrant, err error) {
	if command == "" {
		return g, nil
	}
	fi, err := os.Lstat(command + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return g, err
	}
	if !fi.Mode().IsRegular() || fi.Mode().Perm()&0o022 != 0 {
		return g, fmt.Errorf("%s.json isn't private", filepath.Base(command))
	}
	data, err := os.ReadFile(command + ".json")
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(data, &g)
}

// HelmWarnings gives, and forgets, what a command of HelmCommand had to say
// about charts that it rendered: kustomize doesn't pass it on.
func HelmWarnings(command string) []string {
	data, err := os.ReadFile(command + ".log")
	if err != nil {
		return nil
	}
	_ = os.Remove(command + ".log")
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func noteHelmWarnings(command string, warnings []string) {
	if command == "" || len(warnings) == 0 {
		return
	}
	f, err := os.OpenFile(command+".log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(strings.Join(warnings, "\n") + "\n")
}
