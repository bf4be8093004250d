package fleet

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
)

// EntryError is an entry of apps in kesbridge.yaml that nothing fits.
type EntryError struct {
	Pos    manifest.Pos
	Reason string
}

func (e *EntryError) Error() string { return e.Pos.String() + ": apps: " + e.Reason }

// entries takes the applications that kesbridge.yaml lists.
func (f *Fleet) entries() error {
	for _, one := range f.options.Config.Apps {
		e := &one
		e.Pos.File = f.relative(e.Pos.File)
		for _, name := range e.Clusters {
			if !slices.ContainsFunc(f.options.Argo.Clusters, func(c argocd.Cluster) bool { return c.Name == name }) {
				return &EntryError{e.Pos, fmt.Sprintf("there is no cluster %q under clusters", name)}
			}
		}
		if err := f.entry(e); err != nil {
			return err
		}
	}
	slices.SortStableFunc(f.Apps, func(a, b Candidate) int {
		switch {
		case a.App != nil && b.App == nil:
			return -1
		case a.App == nil && b.App != nil:
			return 1
		}
		return 0
	})
	return nil
}

// relative is the name of a file below the root, as everywhere else.
func (f *Fleet) relative(name string) string {
	rel, err := filepath.Rel(f.checkout.Root, name)
	if !filepath.IsAbs(name) || err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return name
	}
	return filepath.ToSlash(rel)
}

func (f *Fleet) entry(e *config.App) error {
	if e.Application == "" {
		dirs := fitting(slices.Sorted(maps.Keys(f.tree.dirs)), e.Path)
		if len(dirs) == 0 {
			return &EntryError{e.Pos, "no directory fits path " + e.Path}
		}
		for _, dir := range dirs {
			clusters := e.Clusters
			if len(clusters) == 0 {
				clusters = f.clustersOf(dir)
			}
			if f.dirInScope(dir) {
				f.Apps = append(f.Apps, Candidate{Dir: dir, Clusters: clusters, From: e.Pos})
			}
		}
		return nil
	}
	var names []string
	for _, t := range f.tree.files {
		names = append(names, t.name)
	}
	names = fitting(names, e.Application)
	if len(names) == 0 {
		return &EntryError{e.Pos, "no file fits application " + e.Application}
	}
	some := false
	for _, name := range names {
		skipped := len(f.Skipped)
		for _, c := range f.file(f.tree.byName[name]) {
			if e.Path != "" && len(fitting(f.dirsOf(c), e.Path)) == 0 {
				continue
			}
			c.Clusters, some = e.Clusters, true
			f.Apps = append(f.Apps, c)
		}
		some = some || len(f.Skipped) > skipped
	}
	if !some && f.scope == nil {
		return &EntryError{e.Pos, "no Application that fits stands in " + e.Application + ", or another entry has it already"}
	}
	return nil
}

// fitting are the names that a pattern fits; the way itself always does.
func fitting(names []string, pattern string) []string {
	clean := path.Clean(pattern)
	var out []string
	for _, n := range names {
		if ok, err := path.Match(clean, n); ok && err == nil || n == clean {
			out = append(out, n)
		}
	}
	return out
}
