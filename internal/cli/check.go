package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/fleet"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/place"
	"kesbridge/internal/report"
)

// checkFlags are what only check has.
type checkFlags struct {
	reports      []string
	output       string
	golden       string
	update       bool
	changedSince string
	inputs       string
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [PATH]...",
		Short: "Check every application of a repository, and say what each is ready for",
		Long: `Find the applications in the given files and directories (default: the whole repository), render and
convert every one of them for each cluster that it goes to, and say per app and per secret what is wrong,
at the line where it is wrong: what doesn't render, what can't be converted, what the API server or
Argo CD would refuse. Ends with a table of what each app is ready for. Applications, ApplicationSets and
apps of apps are found by themselves, and directories with a kustomization, a chart or manifests that no
Application renders; or the apps that kesbridge.yaml lists.`,
		Example: "  kesbridge check\n  kesbridge check --cluster prod apps/\n  kesbridge check --changed-since origin/main --report sarif=kesbridge.sarif --report markdown=comment.md",
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.options(cmd)
			if err != nil {
				return err
			}
			targets, err := f.targets(cmd)
			if err != nil {
				return err
			}
			return a.check(cmd.Context(), o, f, targets, args)
		},
	}
	cmd.Flags().StringArrayVar(&f.reports, "report", nil, "write a report: `FORMAT=PATH`, may be repeated; formats: "+strings.Join(report.Formats(), ", ")+"; PATH - is standard output")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "`FORMAT` of what is printed: text or json")
	cmd.Flags().StringVar(&f.golden, "golden", "", "compare the converted output of every app with a file in `DIR`")
	cmd.Flags().BoolVar(&f.update, "update", false, "with --golden: write the files instead, and take away those of apps that are gone")
	cmd.Flags().StringVar(&f.changedSince, "changed-since", "", "check only apps that read something that differs from `REV` (a commit, branch or tag)")
	cmd.Flags().StringVar(&f.inputs, "inputs", "", "`FILE` that keeps, for --changed-since, what each app reads, so that unchanged apps need no render (default: below the user's cache directory)")
	addFlags(cmd)
	addRenderFlags(cmd)
	cmd.Flags().Lookup("fail-on").Usage = "`SEVERITY` of a finding from which on check exits 1: error, warning or info (default error) [KESBRIDGE_FAIL_ON]"
	cmd.Flags().Lookup("on-unsupported").Usage = "`ACTION` for a KES resource that can't be converted: fail is an error, keep a warning that it stays as it is (default fail) [KESBRIDGE_ON_UNSUPPORTED]"
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]cobra.Completion{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("report", completeReport)
	_ = cmd.RegisterFlagCompletionFunc("changed-since", cobra.NoFileCompletions)
	_ = cmd.RegisterFlagCompletionFunc("golden", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	return cmd
}

// completeReport offers the formats; the path behind "=" is the user's.
func completeReport(_ *cobra.Command, _ []string, given string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(given, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var list []cobra.Completion
	for _, f := range report.Formats() {
		list = append(list, f+"=")
	}
	return list, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// target is a report to write.
type target struct{ format, path string }

// targets validates the flags.
func (f *checkFlags) targets(cmd *cobra.Command) ([]target, error) {
	usage := func(format string, args ...any) error {
		return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
	}
	if f.output != "text" && f.output != "json" {
		return nil, usage("--output %q is none of text, json", f.output)
	}
	if f.update && f.golden == "" {
		return nil, usage("--update needs --golden DIR")
	}
	if f.update && f.changedSince != "" {
		return nil, usage("--update writes the files of all apps: leave --changed-since out")
	}
	var out []target
	for _, r := range f.reports {
		format, path, err := report.ParseTarget(r)
		if err != nil {
			return nil, usage("--report: %v", err)
		}
		if slices.ContainsFunc(out, func(t target) bool { return t.path == path }) {
			return nil, usage("--report: two reports go to %s", path)
		}
		out = append(out, target{format, path})
	}
	return out, nil
}

// checking is one run of check.
type checking struct {
	app *app
	// command is the one that looks at the apps, doing what it does with each,
	// in words.
	command, doing string
	each           func(context.Context, job) *checked
	o              options
	flags          checkFlags
	checkout       *argocd.Checkout
	root           *os.Root
	own            *config.Config // the repository's kesbridge.yaml, or nil
	argo           argocd.Options
	// known are the clusters of both configurations.
	known  map[string]config.Cluster
	fleet  *fleet.Fleet
	places *place.Finder
	golden *goldens
	since  *since
	whole  bool // all of the repository is looked at

	// stores are those that the apps need; nil where not all are looked at.
	stores    *gathering
	run       *pipeline.Run
	results   []*checked
	done      []job // in the order of their rounds
	manyArgo  bool  // several Argo CDs, each with a cluster of its own
	ids       map[string]bool
	unchanged int
	mu        sync.Mutex
	notes     map[string]bool   // about the CRDs
	findings  manifest.Findings // those that belong to no app
}

func (a *app) check(ctx context.Context, o options, f checkFlags, targets []target, paths []string) error {
	a.collect(manyHeap)
	a.limitHeap()
	defer silence()()
	c, err := a.openCheck(ctx, "check", o, f, paths)
	if err != nil {
		return err
	}
	c.each, c.doing = c.one, "apps checked"
	if c.since == nil {
		c.stores = newGathering(a, o, storesFlags{})
	}
	if c.root, err = os.OpenRoot(c.checkout.Root); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	defer c.root.Close()
	c.places = place.New(c.root.FS())
	if len(c.fleet.Apps) == 0 && len(c.fleet.Skipped) == 0 && !o.allowEmpty {
		return &hintError{errors.New("check: no applications found"), "give the directories of applications or files of Applications, or list them under apps in kesbridge.yaml"}
	}
	if err := c.all(ctx); err != nil {
		return err
	}
	if err := c.nextSteps(ctx); err != nil {
		return err
	}
	rep, err := c.conclude()
	if err != nil {
		return err
	}
	return c.write(rep, targets)
}

// openCheck finds the repository, its configuration and its apps.
func (a *app) openCheck(ctx context.Context, command string, o options, f checkFlags, paths []string) (*checking, error) {
	c := &checking{app: a, command: command, o: o, flags: f, whole: len(paths) == 0, run: newRun(options{verbose: true, failOn: manifest.Info}), ids: map[string]bool{}, notes: map[string]bool{}}
	where := "."
	if len(paths) > 0 {
		where = paths[0]
	}
	var err error
	if c.checkout, err = argocd.OpenCheckout(where); err != nil {
		return nil, &hintError{fmt.Errorf("%s: %w", command, err), "give a directory or a file of a repository"}
	}
	if c.own, err = a.config(o, c.checkout.Root); err != nil {
		return nil, err
	}
	admin, err := a.administratorConfig()
	if err != nil {
		return nil, err
	}
	c.known = config.JoinClusters(admin, c.own)
	if _, ok := c.known[o.cluster]; o.cluster != "" && !ok {
		return nil, &config.UnknownClusterError{Name: o.cluster, Names: slices.Sorted(maps.Keys(c.known))}
	}
	c.argo = argocd.Options{Clusters: clusters(c.known), KubeVersion: o.kubeVersion, APIVersions: o.apiVersions}
	if f.golden != "" {
		if c.golden, err = openGoldens(c.checkout.Root, f.golden, f.update); err != nil {
			return nil, err
		}
	}
	if c.since, err = a.openSince(ctx, c.checkout.Root, o, f); err != nil {
		return nil, err
	}
	c.run.Whole = c.whole && o.cluster == "" && c.since == nil
	done := a.progress("the repository")
	c.fleet, err = fleet.Find(ctx, c.checkout, paths, fleet.Options{Argo: c.argo, Config: c.own, Exclude: c.golden.below()})
	done()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return c, nil
}
