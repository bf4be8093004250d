package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
)

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff [DIR|FILE|-]",
		Short: "Show what changes: by kesbridge, since a revision, or from what runs",
		Long: `Show what kesbridge changes in the application in DIR (default: the current directory) or in the
manifests of FILE: each KES resource beside what becomes of it, as a unified diff in the order of
the input. Other documents are not shown.

With --against REV, the application as it renders in a revision of Git against the working tree:
every object that differs, values of Secrets masked, and whether a live Secret would be deleted on
the way. Nothing in the checkout is touched.

With --live or --live-app, against the objects that run.

Exits 0 where nothing differs, 1 where something does, 2 on failure.`,
		Example: "  kesbridge diff apps/shop\n  kesbridge diff apps/shop --against origin/main\n  kesbridge diff --application argocd/shop.yaml --against HEAD~1\n  argocd app manifests shop --source live | kesbridge diff apps/shop --live -",
		Args:    argCount(cobra.MaximumNArgs(1)),
		RunE:    a.diff,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	cmd.Flags().String("against", "", "compare with the application as it renders in the Git revision `REV`: a branch, a tag or a commit")
	cmd.Flags().String("application", "", "instead of DIR, what Argo CD would render for the Application, or for every Application of the ApplicationSet, in `FILE`")
	cmd.Flags().Bool("as-plugin", false, "take DIR as Argo CD's plugin would send it: converted resources are guarded against pruning until they are final; an Application with the plugin's block is taken so by itself")
	_ = cmd.RegisterFlagCompletionFunc("against", cobra.NoFileCompletions)
	addFlags(cmd)
	addRenderFlags(cmd)
	addSourceFlags(cmd)
	addLiveFlags(cmd)
	return cmd
}

// diff tells the kinds of difference apart.
func (a *app) diff(cmd *cobra.Command, args []string) error {
	text := func(name string) string {
		s, _ := cmd.Flags().GetString(name)
		return s
	}
	usage := func(format string, args ...any) error {
		return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
	}
	flags := cmd.Flags()
	if flags.Changed("live") || flags.Changed("live-app") {
		for _, other := range []string{"against", "application"} {
			if flags.Changed(other) {
				return usage("--%s is not for --live and --live-app", other)
			}
		}
		return a.diffWithLive(cmd, args)
	}
	o, err := a.options(cmd)
	if err != nil {
		return err
	}
	if err := checkPaths(cmd, args); err != nil {
		return err
	}
	file := text("application")
	o.asPlugin, _ = flags.GetBool("as-plugin")
	switch {
	case flags.Changed("against") && text("against") == "":
		return usage("--against is empty: give a branch, a tag or a commit")
	case flags.Changed("application") && file == "":
		return usage("--application is empty: give a file")
	case file != "" && len(args) > 0:
		return usage("give DIR or --application FILE, not both")
	case file != "" && o.appName+o.appNamespace+o.appProject != "":
		return usage("--app-name, --app-namespace and --app-project are for DIR: --application FILE says them itself")
	}
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	if rev := text("against"); rev != "" {
		if dir == "-" {
			return usage("standard input has no revision: give a directory, or --application FILE")
		}
		return a.diffAgainst(cmd.Context(), o, rev, dir, file)
	}
	return a.diffConverted(cmd.Context(), o, dir, file)
}

// colourful reports whether standard output is to be coloured.
func (a *app) colourful() bool {
	return isTerminal(a.out) && a.env["NO_COLOR"] == "" && a.env["TERM"] != "dumb"
}

// sayFindings prints the findings of a run as all commands do. It reports whether they
// fail the run, and their numbers in words.
func (a *app) sayFindings(o options, run *pipeline.Run) (counts pipeline.Counts, failed bool, words string) {
	fs, counts := run.Finish()
	number := map[manifest.Severity]int{manifest.Info: run.Weaker(manifest.Info), manifest.Warning: run.Weaker(manifest.Warning)}
	for _, f := range fs {
		if f.Waived == "" {
			number[f.Severity]++
		}
		printFinding(a.err, a.palette(), f)
	}
	for _, s := range []manifest.Severity{manifest.Error, manifest.Warning, manifest.Info} {
		if n := number[s]; n > 0 {
			words += ", " + plural(n, s.String())
		}
	}
	if failed = fs.Worst() >= o.failOn; failed {
		a.code = exitFindings
	}
	return counts, failed, words
}
