package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"kesbridge/internal/argocd"
	"kesbridge/internal/cutover"
	"kesbridge/internal/handover"
	"kesbridge/internal/report"
)

// clusterFlags are what all commands that talk to a cluster have.
type clusterFlags struct {
	kubeconfig, context, namespace string
	all                            bool
	selector, app, application     string
	kes                            []string
	output                         string
	verbose, quiet                 bool

	// applications are those of --application.
	applications []handover.Application
}

func (a *app) cutoverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cutover",
		Short: "Hand live Secrets over from KES to ESO, and back",
		Long: `Hand live Secrets over from KES to ESO under their own names, with no moment without the Secret. These
are the only commands that talk to a cluster; flags and kubeconfig are kubectl's. docs/cutover.md is the
runbook. Where Argo CD prunes with PrunePropagationPolicy=orphan, none of them is needed: the hand-over goes
through Git alone.`,
		Args: argCount(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.cutoverStatusCommand(), a.cutoverPlanCommand(), a.cutoverRunCommand(), a.cutoverRollbackCommand(), a.cutoverRBACCommand())
	return cmd
}

// add registers the flags.
func (f *clusterFlags) add(cmd *cobra.Command, formats ...string) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig `FILE` (default: $KUBECONFIG, then ~/.kube/config, then the pod's service account)")
	flags.StringVar(&f.context, "context", "", "`NAME` of the kubeconfig's context")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "`NAMESPACE` (default: the context's)")
	flags.BoolVarP(&f.all, "all-namespaces", "A", false, "all namespaces")
	flags.StringVarP(&f.selector, "selector", "l", "", "label `SELECTOR` for KES and ESO resources")
	flags.StringVar(&f.app, "app", "", "only resources of this Argo CD Application, by its tracking annotation or label: `NAME` or NAMESPACE/NAME")
	flags.StringVar(&f.application, "application", "", "only resources of the Argo CD Applications in `FILE`")
	flags.StringArrayVar(&f.kes, "kes", nil, "Deployment of KES, as `NAMESPACE/NAME`, may be repeated; none: KES isn't installed (default: all that are found in the cluster)")
	flags.StringVarP(&f.output, "output", "o", "text", "`FORMAT`: "+strings.Join(formats, " or "))
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show steps and numbers of requests")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show errors only")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(toCompletions(formats), cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"context", "namespace", "selector", "app", "kes"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	cmd.ValidArgsFunction = cobra.NoFileCompletions
}

// validate holds flags to each other.
func (f *clusterFlags) validate(cmd *cobra.Command, names []string, formats ...string) error {
	usage := func(format string, args ...any) error {
		return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
	}
	switch {
	case !slices.Contains(formats, f.output):
		return usage("--output %q is none of %s", f.output, strings.Join(formats, ", "))
	case f.all && f.namespace != "":
		return usage("--all-namespaces and --namespace: give one of them")
	case f.all && len(names) > 0:
		return usage("names are looked up in one namespace: leave --all-namespaces out")
	case f.app != "" && f.application != "":
		return usage("--app and --application: give one of them")
	}
	for _, k := range f.kes {
		ns, name, ok := strings.Cut(k, "/")
		if k != handover.NoKES && (!ok || ns == "" || name == "" || strings.Contains(name, "/")) {
			return usage("--kes %q is neither NAMESPACE/NAME nor none", k)
		}
		if k == handover.NoKES && len(f.kes) > 1 {
			return usage("--kes none and a Deployment: give one of them")
		}
	}
	for _, n := range names {
		if !objectName.MatchString(n) {
			return usage("%q is no name of a Secret", n)
		}
	}
	return nil
}

// connect opens the cluster.
func (a *app) connect(f *clusterFlags) (*handover.Client, error) {
	return handover.Connect(handover.Connection{
		Kubeconfig: f.kubeconfig, Files: handover.DefaultFiles(a.env["KUBECONFIG"], a.env["HOME"]),
		Context: f.context, Namespace: f.namespace, UserAgent: "kesbridge/" + strings.ReplaceAll(shortVersion(), " ", "-"),
	})
}

// selection says which Secrets the flags mean.
func (a *app) selection(cmd *cobra.Command, f *clusterFlags, c *handover.Client, names []string) (handover.Selection, error) {
	s := handover.Selection{Namespace: c.Namespace, Names: names}
	if f.all {
		s.Namespace = ""
	}
	if f.selector != "" {
		sel, err := labels.Parse(f.selector)
		if err != nil {
			return s, &usageError{cmd.CommandPath(), fmt.Errorf("--selector: %w", err)}
		}
		s.Labels = sel
	}
	if f.app != "" {
		s.Apps = appNames(f.app)
	}
	if f.application == "" {
		return s, nil
	}
	checkout, aopts, err := a.applicationFile(options{}, f.application)
	if err != nil {
		return s, err
	}
	list, err := argocd.Load(f.application, checkout, aopts)
	if err != nil {
		return s, err
	}
	for i := range list {
		m := &list[i].Metadata
		s.Apps = append(s.Apps, m.Name, cmp.Or(m.Namespace, "argocd")+"_"+m.Name)
		f.applications = append(f.applications, applicationView(&list[i]))
		if ns := list[i].Spec.Destination.Namespace; len(list) == 1 && ns != "" && !cmd.Flags().Changed("namespace") && !f.all {
			s.Namespace = ns
		}
	}
	if len(s.Apps) == 0 {
		return s, &hintError{fmt.Errorf("--application %s: no Application in it", f.application), "give the manifest of an Application or ApplicationSet"}
	}
	return s, nil
}

// applicationView is what a hand-over has to know of an Application in Git.
func applicationView(app *argocd.Application) handover.Application {
	v := handover.Application{Namespace: app.Metadata.Namespace, Name: app.Metadata.Name}
	if p := app.Spec.SyncPolicy; p != nil {
		v.Orphan = cutover.OrphanPrune(p.SyncOptions)
		if a := p.Automated; a != nil && (a.Enabled == nil || *a.Enabled) {
			v.Automated, v.SelfHeal = true, a.SelfHeal != nil && *a.SelfHeal
		}
	}
	return v
}

// appNames are what marks on objects may call an Application: those outside
// Argo CD's own namespace have theirs in front.
func appNames(name string) []string {
	ns, short, ok := strings.Cut(name, "/")
	if !ok {
		return []string{name}
	}
	return []string{ns + "_" + short, short}
}

// statePath is where the journal is kept.
func (a *app) statePath() (string, error) {
	dir := a.env["XDG_STATE_HOME"]
	if dir == "" && a.env["HOME"] != "" {
		dir = filepath.Join(a.env["HOME"], ".local", "state")
	}
	if dir == "" {
		return "", &hintError{errors.New("neither XDG_STATE_HOME nor HOME says where the journal goes"), "give --journal FILE"}
	}
	return filepath.Join(dir, "kesbridge", "cutover.jsonl"), nil
}

func (a *app) journalPath(file string) (string, error) {
	if file != "" {
		return file, nil
	}
	return a.statePath()
}

func (a *app) loadJournal(file string) (*handover.Journal, error) {
	file, err := a.journalPath(file)
	if err != nil {
		return nil, err
	}
	return handover.LoadJournal(file)
}

func (a *app) openJournal(ctx context.Context, c *handover.Client, file string) (*handover.Journal, error) {
	file, err := a.journalPath(file)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	account := cmp.Or(a.env["USER"], a.env["LOGNAME"], a.env["USERNAME"])
	return handover.OpenJournal(file, handover.Who{
		Cluster: c.Server, Context: c.Context, User: c.WhoAmI(ctx), Account: strings.TrimSuffix(account+"@"+host, "@"), Version: shortVersion(),
	})
}

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return writeError(err)
	}
	return nil
}

// plainText keeps what a cluster says from moving a terminal's cursor.
func plainText(s string) string { return report.Plain(s) }
