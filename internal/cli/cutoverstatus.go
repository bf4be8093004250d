package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kesbridge/internal/handover"
)

func (a *app) cutoverStatusCommand() *cobra.Command {
	var f clusterFlags
	var exitCode, noReaders bool
	cmd := &cobra.Command{
		Use:   "status [NAME]...",
		Short: "Say of each Secret who owns it, who reads it, and how far it is",
		Long: `Show for each KES and ESO resource: its Secret and who owns it, the ESO resource, its store and whether
they are ready, who reads the Secret, and the state: kes (KES makes it), both (an ESO resource is there, too),
handing over (begun, not finished), eso (nothing of KES remains), broken (why is said). Reads only; of Secrets
only their metadata. NAMEs are names of Secrets.`,
		Example: "  kesbridge cutover status -A\n  kesbridge cutover status -n shop --app web -o json\n  kesbridge cutover status -A --exit-code && helm uninstall kes",
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := f.validate(cmd, names, "text", "json"); err != nil {
				return err
			}
			c, err := a.connect(&f)
			if err != nil {
				return err
			}
			sel, err := a.selection(cmd, &f, c, names)
			if err != nil {
				return err
			}
			done := a.progress(c.Server)
			st, err := c.Status(cmd.Context(), handover.StatusOptions{Selection: sel, Controllers: f.kes, Readers: !noReaders})
			done()
			if err != nil {
				return err
			}
			if err := a.printStatus(&f, st); err != nil {
				return err
			}
			return a.remains(st, exitCode)
		},
	}
	f.add(cmd, "text", "json")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit 1 while a kubernetes-client.io resource, or a Secret with one as owner, remains: deleting KES's CRD before would delete those Secrets")
	cmd.Flags().BoolVar(&noReaders, "no-readers", false, "don't look who reads the Secrets")
	return cmd
}

// remains sets the exit code of --exit-code.
func (a *app) remains(st *handover.Status, exitCode bool) error {
	if !exitCode {
		return nil
	}
	if st.Blind {
		return &hintError{errors.New("whether a Secret of KES remains can't be told: Secrets may not be listed"), "ask somebody who may, or see kesbridge cutover rbac --list-secrets"}
	}
	if n := st.Remaining(); n > 0 {
		a.code = exitFindings
		fmt.Fprintf(a.err, "kesbridge: KES still has something in %s: deleting its CRD or its chart now would delete what it owns\n", plural(n, "Secret"))
	}
	return nil
}

func (a *app) printStatus(f *clusterFlags, st *handover.Status) error {
	if f.output == "json" {
		return a.printJSON(st)
	}
	if !f.quiet {
		for _, c := range st.Controllers {
			fmt.Fprintf(a.err, "KES: %s\n", plainText(describeKES(&c)))
		}
		for _, n := range st.Notes {
			fmt.Fprintf(a.err, "note: %s\n", plainText(n))
		}
	}
	if len(st.Secrets)+len(st.Orphans) > 0 {
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAMESPACE\tSECRET\tSTATE\tOWNER\tKES\tESO\tREADY\tSTORE\tREADERS\tWHY")
		for _, it := range st.Secrets {
			fmt.Fprintln(w, strings.Join(statusRow(st, it), "\t"))
		}
		for _, o := range st.Orphans {
			fmt.Fprintf(w, "%s\t%s\tbroken\tKES (gone)\t-\t-\t-\t-\t-\tits KES owner is gone: the garbage collector deletes the Secret\n", plainText(o.Namespace), plainText(o.Name))
		}
		if err := w.Flush(); err != nil {
			return writeError(err)
		}
	}
	if f.quiet {
		return nil
	}
	number := map[handover.State]int{}
	for _, it := range st.Secrets {
		number[it.State]++
	}
	number[handover.Broken] += len(st.Orphans)
	s := "kesbridge: " + plural(len(st.Secrets)+len(st.Orphans), "Secret")
	for _, state := range []handover.State{handover.KES, handover.Both, handover.HandingOver, handover.ESO, handover.Broken} {
		if number[state] > 0 {
			s += fmt.Sprintf(", %d %s", number[state], state)
		}
	}
	if f.verbose {
		s += fmt.Sprintf(" (%s)", plural(int(st.Requests), "request"))
	}
	fmt.Fprintln(a.err, s)
	return nil
}

func describeKES(c *handover.Controller) string {
	s := c.String()
	switch {
	case c.Terminating:
		s += ", ending"
	case c.Replicas == 0:
		s += ", scaled to 0"
	}
	if c.InstanceID != "" {
		s += ", INSTANCE_ID " + c.InstanceID
	}
	if len(c.Watched) > 0 {
		s += ", WATCHED_NAMESPACES " + strings.Join(c.Watched, ",")
	}
	if len(c.Unknown) > 0 {
		s += "; from a Secret, which isn't read: " + strings.Join(c.Unknown, ", ")
	}
	return s
}

// statusRow are the cells of a Secret.
func statusRow(st *handover.Status, it *handover.Item) []string {
	owner, kesText, eso, ready, store := "missing", "-", "-", "-", "-"
	if s := it.Secret; s != nil {
		var names []string
		for _, o := range s.Owners {
			name := o.Kind + "/" + o.Name
			switch {
			case strings.HasPrefix(o.APIVersion, "kubernetes-client.io/"):
				name = "KES"
			case strings.HasPrefix(o.APIVersion, "external-secrets.io/"):
				name = "ESO"
			}
			if o.Gone {
				name += " (gone)"
			}
			names = append(names, name)
		}
		if owner = strings.Join(names, ","); owner == "" {
			owner = "none"
		}
	}
	if k := it.KES; k != nil {
		switch {
		case k.Deleting:
			kesText = "deleting"
		case k.ServedBy != "":
			kesText = "served"
		case strings.HasPrefix(k.ControllerID, handover.Frozen):
			kesText = "frozen"
		case st.Unseen || len(st.Controllers) == 0:
			kesText = "unknown" // no KES was seen that could have stopped
		default:
			kesText = "stopped"
		}
	}
	if e := it.ESO; e != nil {
		eso, ready = e.Name, e.Ready
	}
	var stores []string
	for _, s := range it.Stores {
		name := s.Name
		if s.Ready != "True" {
			name += " (" + s.Ready + ")"
		}
		stores = append(stores, name)
	}
	if len(stores) > 0 {
		store = strings.Join(stores, ",")
	}
	row := []string{it.Namespace, it.Name, string(it.State), owner, kesText, eso, ready, store, shortList(it.Readers), it.Why}
	for i := range row {
		row[i] = plainText(row[i])
	}
	return row
}

func shortList(names []string) string {
	const most = 3
	if len(names) == 0 {
		return "-"
	}
	if n := len(names) - most; n > 0 {
		return strings.Join(names[:most], ",") + fmt.Sprintf(",+%d", n)
	}
	return strings.Join(names, ",")
}
