package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

// loadChart loads the chart and checks what `helm template` checks before it
// renders. Helm's own loader follows links to anywhere; this one reads through
// the tree. With build, dependencies that aren't in charts/ are got.
func (a *app) loadChart(ctx context.Context, build bool) (*chart.Chart, error) {
	file := path.Join(a.name, "Chart.yaml")
	l := &chartLoader{app: a, ctx: ctx, rules: ignore.Empty()}
	if err := l.load(); err != nil {
		return nil, err
	}
	c, err := loader.LoadFiles(l.files)
	if err != nil {
		return nil, l.explain(err)
	}
	if v := c.Metadata.APIVersion; v != chart.APIVersionV1 && v != chart.APIVersionV2 {
		return nil, &Error{File: file, Err: &UnsupportedError{What: fmt.Sprintf("chart apiVersion %q", v)}}
	}
	if t := c.Metadata.Type; t != "" && t != "application" {
		return nil, &Error{File: file, Err: fmt.Errorf("%s charts are not installable", t), Fix: "render a chart that uses it"}
	}
	if build {
		if err := a.buildDependencies(ctx, c); err != nil {
			return nil, err
		}
	}
	if missing := missingDependencies(c); len(missing) > 0 {
		return nil, &Error{
			File: file, Err: &DependencyError{Missing: missing},
			Fix: "run `helm dependency build " + a.name + "` and commit the charts/ directory",
		}
	}
	sortDependencies(c)
	return c, nil
}

// explain gives an error of Helm's loader a place: one of the files that it
// parses, if it is no YAML.
func (l *chartLoader) explain(err error) error {
	for _, f := range l.files {
		switch path.Base(f.Name) {
		case "Chart.yaml", "Chart.lock", "values.yaml", "requirements.yaml", "requirements.lock":
			if e := brokenYAML(path.Join(l.name, f.Name), f.Data); e != nil {
				return e
			}
		}
	}
	return &Error{File: l.name, Err: fmt.Errorf("load chart: %w", err)}
}

// sortDependencies gives subcharts an order: Helm's loader has them in the
// order of a Go map, CRDs come out in theirs, and of two with one name a
// dependency takes the first that fits, by chance. Newest first, it takes what
// `helm dependency update` got for it.
func sortDependencies(c *chart.Chart) {
	deps := slices.Clone(c.Dependencies())
	slices.SortStableFunc(deps, func(x, y *chart.Chart) int {
		return cmp.Or(cmp.Compare(x.Name(), y.Name()), newer(x.Metadata.Version, y.Metadata.Version))
	})
	for _, d := range deps {
		sortDependencies(d)
	}
	c.SetDependencies(deps...)
}

// newer compares versions, the newest first.
func newer(x, y string) int {
	xv, xerr := semver.NewVersion(x)
	yv, yerr := semver.NewVersion(y)
	if xerr != nil || yerr != nil {
		return cmp.Compare(y, x)
	}
	return cmp.Or(yv.Compare(xv), cmp.Compare(y, x))
}

// chartLoader reads a chart's files as helm's pkg/chart/v2/loader LoadDir does:
// in lexical order, through links, without what .helmignore names.
type chartLoader struct {
	*app
	ctx   context.Context
	rules *ignore.Rules
	files []*archive.BufferedFile
	links int
}

func (l *chartLoader) load() error {
	data, err := l.tree.readFile(filepath.Join(l.dir, ignore.HelmIgnore))
	switch {
	case err == nil:
		if l.rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return &Error{File: path.Join(l.name, ignore.HelmIgnore), Err: err}
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	l.rules.AddDefaults()
	return l.walk(l.dir, "", nil)
}

// maxLinks caps links to directories: a few of them that lead to one another
// make a tree without end.
const maxLinks = 1000

// walk reads the directory at dir, which the chart knows as name and which is
// within the directories above.
func (l *chartLoader) walk(dir, name string, above []string) error {
	l.tree.noteDir(dir)
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := context.Cause(l.ctx); err != nil {
			return err
		}
		p, n := filepath.Join(dir, e.Name()), path.Join(name, e.Name())
		if p == filepath.Join(l.tree.root, ".git") {
			continue // Helm would read it into .Files, for a chart at the root
		}
		fail := func(err error) error { return &Error{File: path.Join(l.name, n), Err: err} }
		real, err := l.tree.resolve(p)
		if err != nil {
			return fail(err)
		}
		fi, err := os.Lstat(real)
		if err != nil {
			return fail(err)
		}
		if l.rules.Ignore(n, fi) {
			continue
		}
		if fi.IsDir() {
			if real != p {
				l.links++
			}
			if slices.Contains(above, real) || real == dir || l.links > maxLinks {
				return fail(errors.New("links to directories lead to one another"))
			}
			if err := l.walk(real, n, append(slices.Clone(above), dir)); err != nil {
				return err
			}
			continue
		}
		if fi.Size() > archive.MaxDecompressedFileSize {
			return fail(fmt.Errorf("larger than the %d bytes that Helm allows", archive.MaxDecompressedFileSize))
		}
		data, err := l.tree.readFile(real)
		if err != nil {
			return fail(err)
		}
		l.files = append(l.files, &archive.BufferedFile{Name: n, ModTime: fi.ModTime(), Data: bytes.TrimPrefix(data, utf8BOM)})
	}
	return nil
}
