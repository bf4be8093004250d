package render

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// What kustomize does with charts is from api/internal/builtins,
// HelmChartInflationGenerator.go of v0.21.2: it looks for the chart with the
// operating system, not with our file system, and runs helm on it.

// chart looks over a chart before kustomize does, and puts it where helm may
// read it. dir is the kustomization's, "" where kustomize would look elsewhere.
func (g *guard) chart(f seenFile, dir string, globals *types.HelmGlobals, c types.HelmChart) error {
	g.touchesAnnotations = true
	if !g.fs.helm {
		return nil // kustomize says that it must be enabled
	}
	fail := func(what string, err error, fix string) error { return g.placed(f, what, err, fix) }
	if g.fs.scratch == nil {
		return fail(c.Name, &UnsupportedError{What: "a chart in a kustomization without a helm command"}, "")
	}
	if dir == "" || g.fs.treeOf(dir) != g.fs.tree {
		return fail(c.Name, &UnsupportedError{What: "a chart of a remote base or of a directory of generators"},
			"name the chart in a kustomization of this repository")
	}
	if c.Name == "" {
		return nil // kustomize will say so
	}
	home := types.HelmDefaultHome
	if globals != nil && globals.ChartHome != "" {
		home = globals.ChartHome
	}
	if filepath.IsAbs(home) {
		return fail(home, &OutsideError{Path: home}, "")
	}
	home = filepath.Join(dir, home)
	if c.Version != "" && c.Repo != "" {
		home = filepath.Join(home, c.Name+"-"+c.Version)
	}
	for _, p := range []string{home, filepath.Join(home, c.Name)} {
		if _, ok := g.fs.tree.rel(p); !ok {
			return fail(c.Name, &OutsideError{Path: g.fs.tree.show(p)}, "")
		}
	}
	for _, v := range c.AdditionalValuesFiles {
		if err := g.fs.copyFor(filepath.Join(dir, v)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fail(v, err, "")
		}
	}
	err := g.fs.copyFor(filepath.Join(home, c.Name))
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fail(c.Name, err, "")
	case c.Repo == "":
		return nil // kustomize will say so
	case !g.fs.allow:
		return fail(c.Repo, &NetworkError{URL: c.Repo}, "put the chart into the repository, below "+g.fs.tree.show(home))
	}
	return nil
}

// chartConfigs looks for charts among the configurations of generators.
func (g *guard) chartConfigs(f seenFile, dir string, data []byte) error {
	rf := provider.NewDefaultDepProvider().GetResourceFactory()
	rm, err := resmap.NewFactory(rf).NewResMapFromBytes(data)
	if err != nil {
		return nil // kustomize will say so
	}
	for _, r := range rm.Resources() {
		if r.GetKind() != "HelmChartInflationGenerator" {
			continue
		}
		text, err := r.AsYAML()
		if err != nil {
			return err
		}
		var p struct {
			types.HelmGlobals
			types.HelmChart
		}
		if yaml.Unmarshal(text, &p) != nil {
			continue // kustomize will say so
		}
		if err := g.chart(f, dir, &p.HelmGlobals, p.HelmChart); err != nil {
			return err
		}
	}
	return nil
}

// openScratch makes the directory that stands for the root, and says to the
// helm command that it may use it.
func (a *app) openScratch(command string) (*tree, func(), error) {
	dir, err := os.MkdirTemp("", "kesbridge-kustomize-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		err = HelmGrant{Root: real, Network: a.src.Network, HelmVersion: a.src.Helm.HelmVersion}.Write(command)
	}
	var t *tree
	if err == nil {
		t, err = openTree(real)
	}
	if err != nil {
		remove()
		return nil, nil, fmt.Errorf("make a place for charts: %w", err)
	}
	return t, func() { t.close(); remove() }, nil
}

// What is copied for helm may not fill the disk.
const (
	maxScratchFiles = 20_000
	maxScratchBytes = 256 << 20
)

// copyFor copies a chart or a file of the repository to its place in the
// scratch directory: regular files only, with what links lead to in their
// places, as helm reads them.
func (k *kustFS) copyFor(path string) error {
	real, err := k.tree.resolve(path)
	if err != nil {
		return err
	}
	rel, ok := k.tree.rel(filepath.Clean(path))
	if !ok {
		return &OutsideError{Path: k.tree.show(path)}
	}
	to := filepath.FromSlash(rel)
	if _, err := k.scratch.dir.Lstat(to); err == nil {
		return nil
	}
	if err := k.scratch.dir.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return k.copyTree(real, to, nil)
}

func (k *kustFS) copyTree(real, to string, above []string) error {
	if err := context.Cause(k.ctx); err != nil {
		return err
	}
	fi, err := k.tree.stat(real)
	if err != nil {
		return err
	}
	if k.copied.files++; k.copied.files > maxScratchFiles {
		return fmt.Errorf("more than %d files in charts, or links to directories that lead to one another", maxScratchFiles)
	}
	if !fi.IsDir() {
		data, err := k.tree.readFile(real)
		if err != nil {
			return err
		}
		if k.copied.bytes += int64(len(data)); k.copied.bytes > maxScratchBytes {
			return &SizeError{Max: maxScratchBytes}
		}
		return k.scratch.dir.WriteFile(to, data, 0o600)
	}
	if slices.Contains(above, real) {
		return fmt.Errorf("%s: links to directories lead to one another", k.tree.show(real))
	}
	if err := k.scratch.dir.MkdirAll(to, 0o700); err != nil {
		return err
	}
	k.tree.noteDir(real)
	entries, err := os.ReadDir(real)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		p := filepath.Join(real, e.Name())
		sub, err := k.tree.resolve(p)
		if err != nil {
			return fmt.Errorf("%s: %w", k.tree.show(p), err)
		}
		if err := k.copyTree(sub, filepath.Join(to, e.Name()), append(slices.Clone(above), real)); err != nil {
			return err
		}
	}
	return nil
}

// helmWarnings is what the command had to say.
func helmWarnings(command string) []string {
	if command == "" {
		return nil
	}
	return slices.DeleteFunc(HelmWarnings(command), func(s string) bool { return strings.TrimSpace(s) == "" })
}
