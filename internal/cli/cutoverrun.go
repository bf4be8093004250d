package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kesbridge/internal/handover"
)

// runFlags are those of cutover run.
type runFlags struct {
	clusterFlags
	yes, prove, scale      bool
	unknownKeys, different bool
	parallel               int
	timeout, poll          time.Duration
	journal, argoNamespace string
}

func (a *app) cutoverRunCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [NAME]...",
		Short: "Hand Secrets over from KES to ESO, under their own names",
		Long: `Move the Secrets of KES resources to the ESO resources of the same target, with no moment without the Secret.
A dry run unless --yes is given. Refused are Secrets that a running KES serves, and those whose ESO resource
or store isn't ready or doesn't make every key. Then, one Secret after the other: its owner moves from KES to
ESO in one compare-and-swap; the ESO resource is touched; kesbridge waits until the Secret shows that ESO wrote
it, and compares its data; the KES resource is removed with orphan propagation. What is left to do is
read from the cluster: a run that was interrupted leaves the Secrets in place, and the next one finishes.
Exit code 1: a Secret was refused or is not finished.`,
		Example: "  kesbridge cutover run -n shop\n  kesbridge cutover run -n shop --yes web-db web-tls\n  kesbridge cutover run -A -l team=payments --yes --parallel 8",
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := f.check(cmd, names); err != nil {
				return err
			}
			return a.cutoverRun(cmd, &f, names, false)
		},
	}
	f.addRun(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.prove, "prove", false, "let ESO write a second Secret for a moment, NAME-kesbridge-proof, and go on only if it has the same data; needed where keys aren't told (dataFrom, templateFrom), better everywhere")
	flags.BoolVar(&f.scale, "scale-kes", false, "scale the Deployments of KES that serve these Secrets to 0, and back when none of their KES resources is left; all other Secrets aren't refreshed meanwhile")
	flags.BoolVar(&f.unknownKeys, "allow-unknown-keys", false, "accept ESO resources that don't tell their keys (dataFrom, templateFrom), or make more")
	flags.BoolVar(&f.different, "allow-different-data", false, "finish though ESO wrote other data than was there (the backend's value changed meanwhile)")
	return cmd
}

func (a *app) cutoverRollbackCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "rollback [NAME]...",
		Short: "Give Secrets back to KES, in the order that keeps them in place",
		Long: `Give Secrets that were handed over back to KES: all those of the journal that are selected, or NAMEs.
A dry run unless --yes is given. Refused where no KES runs that would serve the resource. Then: the ESO
resource is guarded against Argo CD's pruning; the KES resource comes back, from the cluster or the journal,
without the controllerId that stopped KES; kesbridge waits until KES owns the Secret; only then the ESO
resource is removed. Under Argo CD, afterwards push the commit that brings the KES resource back and takes
the ESO resource out. Exit code 1: a Secret was refused or is not finished.`,
		Example: "  kesbridge cutover rollback -n shop web-db\n  kesbridge cutover rollback -n shop --yes",
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := f.check(cmd, names); err != nil {
				return err
			}
			return a.cutoverRun(cmd, &f, names, true)
		},
	}
	f.addRun(cmd)
	return cmd
}

// addRun registers what run and rollback share.
func (f *runFlags) addRun(cmd *cobra.Command) {
	f.add(cmd, "text", "json")
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "change the cluster")
	flags.IntVar(&f.parallel, "parallel", 1, "`N` Secrets at a time")
	flags.DurationVar(&f.timeout, "timeout", 2*time.Minute, "`DURATION` to wait for each controller, for each Secret")
	flags.DurationVar(&f.poll, "poll-interval", 0, "KES's POLLER_INTERVAL_MILLISECONDS as a `DURATION`, where it can't be read (default: as KES's Deployment says)")
	addArgoNamespace(cmd, &f.argoNamespace)
	flags.StringVar(&f.journal, "journal", "", "`FILE` that keeps what was done, as JSON lines (default: kesbridge/cutover.jsonl below $XDG_STATE_HOME or ~/.local/state)")
}

func (f *runFlags) check(cmd *cobra.Command, names []string) error {
	usage := func(format string, args ...any) error {
		return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
	}
	switch {
	case f.parallel < 1 || f.parallel > 256:
		return usage("--parallel %d is not between 1 and 256", f.parallel)
	case f.timeout <= 0:
		return usage("--timeout %s is not positive", f.timeout)
	case f.poll < 0:
		return usage("--poll-interval %s is negative", f.poll)
	}
	return f.validate(cmd, names, "text", "json")
}

// cutoverRun does run, or with back rollback.
func (a *app) cutoverRun(cmd *cobra.Command, f *runFlags, names []string, back bool) error {
	ctx := cmd.Context()
	c, err := a.connect(&f.clusterFlags)
	if err != nil {
		return err
	}
	sel, err := a.selection(cmd, &f.clusterFlags, c, names)
	if err != nil {
		return err
	}
	o := handover.RunOptions{
		StatusOptions: handover.StatusOptions{Selection: sel, Controllers: f.kes},
		Yes:           f.yes, Parallel: f.parallel, Timeout: f.timeout, Poll: f.poll, AllowUnknownKeys: f.unknownKeys, AllowDifferent: f.different, Prove: f.prove, ScaleKES: f.scale, ArgoNamespace: f.argoNamespace,
		Say:  func(s string) { a.sayUnless(f.quiet, "kesbridge: "+s) },
		Done: func(r *handover.Result) { a.printResult(&f.clusterFlags, r) },
	}
	if f.yes {
		a.tidies.Store(true) // what was begun is finished
		if o.Journal, err = a.openJournal(ctx, c, f.journal); err != nil {
			return err
		}
		defer o.Journal.Close()
	} else if o.Journal, err = a.loadJournal(f.journal); err != nil && back {
		return err
	}
	a.sayUnless(f.quiet, "kesbridge: cluster "+plainText(c.Server)+contextText(c.Context))
	do := c.Run
	if back {
		do = c.Rollback
	}
	rep, err := do(ctx, o)
	if rep == nil {
		return err
	}
	return a.concludeRun(ctx, &f.clusterFlags, rep, err)
}

func contextText(name string) string {
	if name == "" {
		return ""
	}
	return ", context " + plainText(name)
}

func (a *app) sayUnless(quiet bool, s string) {
	if !quiet {
		fmt.Fprintln(a.err, s)
	}
}

// concludeRun prints what a run did and sets the exit code.
func (a *app) concludeRun(ctx context.Context, f *clusterFlags, rep *handover.Report, failed error) error {
	if f.output == "json" {
		if err := a.printJSON(rep); err != nil {
			return err
		}
	}
	for _, n := range rep.Notes {
		a.sayUnless(f.quiet, "note: "+plainText(n))
	}
	var parts []string
	for _, o := range []struct {
		outcome handover.Outcome
		text    string
	}{{handover.Done, "handed over"}, {handover.Back, "given back to KES"}, {handover.Ready, "ready"}, {handover.Already, "needed nothing"}, {handover.Skipped, "without an ESO resource"}, {handover.Refused, "refused"}, {handover.Failed, "not finished"}} {
		if n := rep.Count(o.outcome); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o.text))
		}
	}
	s := "kesbridge: " + plural(len(rep.Results), "Secret") + ": " + strings.Join(parts, ", ")
	if f.verbose {
		s += fmt.Sprintf("; %s in %.1f s", plural(int(rep.Requests), "request"), rep.Seconds)
	}
	if rep.DryRun {
		s += "; nothing was changed (--yes does it)"
	} else if rep.Journal != "" {
		s += "; journal " + plainText(rep.Journal)
	}
	a.sayUnless(f.quiet, s)
	if rep.Count(handover.Refused)+rep.Count(handover.Failed) > 0 {
		a.code = exitFindings
	}
	if failed != nil && ctx.Err() != nil {
		return &hintError{failed, "no Secret was left half way without being in place; run again to finish"}
	}
	return failed
}

// printResult is one line for a Secret, and what to do where it needs that.
func (a *app) printResult(f *clusterFlags, r *handover.Result) {
	p := a.palette()
	good := r.Outcome != handover.Refused && r.Outcome != handover.Failed
	if f.quiet && good {
		return
	}
	what := map[handover.Outcome]string{
		handover.Done: "handed over", handover.Back: "given back to KES", handover.Already: "nothing to do", handover.Ready: "ready",
		handover.Skipped: "left to KES", handover.Refused: p.red("refused"), handover.Failed: p.red("not finished"),
	}[r.Outcome]
	line := fmt.Sprintf("%s: %s", p.bold(plainText(r.Namespace+"/"+r.Name)), what)
	if r.Error != "" {
		line += ": " + plainText(r.Error)
	}
	if f.verbose && r.Requests > 0 {
		line += fmt.Sprintf(" (%s, %.1f s)", plural(int(r.Requests), "request"), r.Seconds)
	}
	fmt.Fprintln(a.err, line)
	if f.verbose || r.Outcome == handover.Ready {
		for _, s := range r.Steps {
			fmt.Fprintf(a.err, "  %s\n", plainText(s))
		}
	}
	if r.Outcome == handover.Skipped && !f.verbose {
		return
	}
	for _, pr := range r.Problems {
		fmt.Fprintf(a.err, "  %s\n", plainText(pr.Text))
		if pr.Fix != "" {
			fmt.Fprintf(a.err, "    %s\n", plainText(pr.Fix))
		}
	}
	if r.Fix != "" {
		fmt.Fprintf(a.err, "  %s\n", plainText(r.Fix))
	}
}
