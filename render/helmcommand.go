package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"sigs.k8s.io/yaml"
)

// HelmMain is the helm command as far as kustomize needs it (kustomize api
// v0.21.2, HelmChartInflationGenerator): version, template and pull with the
// flags that kustomize passes. args are os.Args, the command's name included:
// next to it lies what it may do. See HelmCommand.
//
// No plugin is ever looked for and no HELM_* variable read, since an
// application's author chooses them (GHSA-fw5c-w8rc-j7fx).
func HelmMain(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	c := &helmCommand{ctx: ctx, out: stdout}
	if len(args) > 0 && filepath.Base(args[0]) == "helm" {
		if filepath.IsAbs(args[0]) {
			c.command = args[0]
		}
		args = args[1:]
	}
	err := c.run(args)
	for _, w := range c.warnings {
		fmt.Fprintln(stderr, "WARNING: "+w)
	}
	noteHelmWarnings(c.command, c.warnings)
	if err != nil {
		fmt.Fprintln(stderr, "Error: "+err.Error())
		return 1
	}
	return 0
}

type helmCommand struct {
	ctx      context.Context
	command  string // absolute path, or ""
	grant    HelmGrant
	out      io.Writer
	warnings []string
}

func (c *helmCommand) run(args []string) (err error) {
	if c.grant, err = readHelmGrant(c.command); err != nil {
		return fmt.Errorf("read what helm may do: %w", err)
	}
	if len(args) == 0 {
		return &UnsupportedError{What: "helm without a command"}
	}
	fl := pflag.NewFlagSet("helm "+args[0], pflag.ContinueOnError)
	fl.Usage = func() {}
	fl.SetOutput(io.Discard)
	switch args[0] {
	case "version":
		return c.version(fl, args[1:])
	case "template":
		return c.template(fl, args[1:])
	case "pull":
		return c.pull(fl, args[1:])
	}
	return &UnsupportedError{What: "the command helm " + args[0]}
}

func (c *helmCommand) version(fl *pflag.FlagSet, args []string) error {
	fl.BoolP("client", "c", false, "")
	fl.Bool("short", false, "")
	if err := fl.Parse(args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out, cmp.Or(c.grant.HelmVersion, common.DefaultCapabilities.HelmVersion.Version))
	return err
}

func (c *helmCommand) template(fl *pflag.FlagSet, args []string) error {
	t := templating{helm: c.grant.HelmVersion}
	fl.StringVarP(&t.namespace, "namespace", "n", "", "")
	fl.StringVar(&t.kube, "kube-version", "", "")
	fl.StringSliceVarP(&t.apis, "api-versions", "a", nil, "")
	fl.BoolVar(&t.skipTests, "skip-tests", false, "")
	fl.BoolVar(&t.skipHooks, "no-hooks", false, "")
	crds := fl.Bool("include-crds", false, "")
	nameTempl := fl.String("name-template", "", "")
	generate := fl.BoolP("generate-name", "g", false, "")
	files := fl.StringSliceP("values", "f", nil, "")
	fl.Bool("debug", false, "") // the chart is local, and what Helm logs then is nothing that kustomize passes on
	fl.Bool("devel", false, "")
	if err := fl.Parse(args); err != nil {
		return err
	}
	t.skipCRDs = !*crds
	name, dir, err := helmNameAndChart(fl.Args(), *nameTempl, *generate)
	if err != nil {
		return err
	}
	t.release = name
	a, err := open(Source{Dir: dir, Root: cmp.Or(c.grant.Root, dir), Kind: Helm})
	if err != nil {
		return err
	}
	defer a.tree.close()
	vals, err := c.values(a, *files)
	if err != nil {
		return err
	}
	chrt, err := a.loadChart(c.ctx, false)
	if err != nil {
		return err
	}
	data, warnings, err := a.template(chrt, vals, t)
	if err != nil {
		return a.helmError(err)
	}
	c.warnings = warnings
	_, err = c.out.Write(data)
	return err
}

// helmNameAndChart is NameAndChart of helm v4.2.4 pkg/action/install.go. A
// generated name holds the time, as Helm's does.
func helmNameAndChart(args []string, templ string, generate bool) (name, dir string, err error) {
	switch {
	case len(args) > 2:
		return "", "", fmt.Errorf("expected at most two arguments, unexpected arguments: %s", strings.Join(args[2:], ", "))
	case len(args) == 2 && generate:
		return "", "", errors.New("cannot set --generate-name and also specify a name")
	case len(args) == 2 && templ != "":
		return "", "", errors.New("cannot set --name-template and also specify a name")
	case len(args) == 2:
		return args[0], args[1], nil
	case len(args) == 0:
		return "", "", errors.New("no chart given")
	case templ != "":
		name, err = nameTemplate(templ)
		return name, args[0], err
	}
	// Helm's template command sets a name before it looks, so --generate-name
	// has no effect (helm v4.2.4 pkg/cmd/template.go; helm issue 6019).
	return "release-name", args[0], nil
}

// values merges value files: those below the root, and those that kustomize
// wrote for this call.
func (c *helmCommand) values(a *app, files []string) (map[string]any, error) {
	vals := map[string]any{}
	for _, f := range files {
		data, err := c.valueFile(a, f)
		if err != nil {
			return nil, fmt.Errorf("read value file %s: %w", a.tree.show(f), err)
		}
		m, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return nil, a.yamlError(a.tree.show(f), data, err)
		}
		vals = loader.MergeMaps(vals, m)
	}
	return vals, nil
}

func (c *helmCommand) valueFile(a *app, f string) ([]byte, error) {
	p, err := filepath.Abs(f)
	if err != nil {
		return nil, err
	}
	// establishTmpDir and writeValuesBytes of kustomize's generator.
	if dir := filepath.Dir(p); filepath.Dir(dir) == filepath.Clean(os.TempDir()) && strings.HasPrefix(filepath.Base(dir), "kustomize-helm-") {
		t, err := openTree(dir)
		if err != nil {
			return nil, err
		}
		defer t.close()
		return t.readFile(p)
	}
	real, err := filepath.EvalSymlinks(filepath.Dir(p)) // the root's own path may hold links
	if err != nil {
		return nil, err
	}
	return a.tree.readFile(filepath.Join(real, filepath.Base(p)))
}

func (c *helmCommand) pull(fl *pflag.FlagSet, args []string) error {
	repo := fl.String("repo", "", "")
	version := fl.String("version", "", "")
	devel := fl.Bool("devel", false, "")
	untar := fl.Bool("untar", false, "")
	dir := fl.StringP("untardir", "d", ".", "")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() != 1 || !*untar {
		return &UnsupportedError{What: "helm pull without --untar, or with more than one chart"}
	}
	if *version == "" && *devel {
		*version = ">0.0.0-0"
	}
	name := fl.Arg(0)
	if ref, ok := strings.CutPrefix(name, "oci://"); ok {
		*repo, name = "oci://"+path.Dir(ref), path.Base(ref)
	}
	if !c.grant.Network.Allow {
		return fmt.Errorf("pull chart %s: %w\n  put it into the repository, or have the administrator allow the network", name, &NetworkError{URL: cmp.Or(*repo, name)})
	}
	if c.grant.Root == "" || *repo == "" {
		return &UnsupportedError{What: "helm pull without a repository"}
	}
	repos, err := newChartRepos(c.ctx, c.grant.Network, false)
	if err != nil {
		return err
	}
	data, err := repos.fetch(*repo, name, *version, true)
	if err != nil {
		return err
	}
	files, err := archive.LoadArchiveFiles(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("unpack chart %s: %w", name, err)
	}
	return c.unpack(files, *dir)
}

// unpack is Expand of helm v4.2.4 pkg/chart/v2/util/expand.go, below the root.
func (c *helmCommand) unpack(files []*archive.BufferedFile, dir string) error {
	var meta chart.Metadata
	for _, f := range files {
		if f.Name == "Chart.yaml" {
			if err := yaml.Unmarshal(f.Data, &meta); err != nil {
				return fmt.Errorf("parse the Chart.yaml of the chart: %w", err)
			}
		}
	}
	if meta.Name == "" || meta.Name == ".." || meta.Name != path.Base(meta.Name) || meta.Name == "." {
		return fmt.Errorf("unpack chart: its name is %q", meta.Name)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(c.grant.Root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return &OutsideError{Path: dir}
	}
	root, err := os.OpenRoot(c.grant.Root) // links don't lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	to := filepath.Join(rel, meta.Name)
	if _, err := root.Lstat(to); err == nil {
		return fmt.Errorf("unpack chart: a file or directory with the name %s already exists", meta.Name)
	}
	for _, f := range files {
		p := filepath.Join(to, filepath.FromSlash(f.Name))
		if err := root.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return fmt.Errorf("unpack chart: %w", err)
		}
		if err := root.WriteFile(p, f.Data, 0o644); err != nil {
			return fmt.Errorf("unpack chart: %w", err)
		}

	}
	return nil
}
