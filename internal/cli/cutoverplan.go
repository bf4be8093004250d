package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/handover"
)

func (a *app) cutoverPlanCommand() *cobra.Command {
	var f clusterFlags
	var argoNamespace string
	cmd := &cobra.Command{
		Use:   "plan [NAME]...",
		Short: "Print the steps that hand these Secrets over in this cluster",
		Long: `Print what has to be done in this cluster, in order, each step with its command, its check and its way back:
how KES stops for just these resources or namespaces, what to push to Git and when, what cutover run then
does for each Secret, as kubectl commands, and a way for people who have argocd and no kubeconfig. Reads
only. Knows the Argo CD Application of the resources by its tracking annotation or label.`,
		Example: "  kesbridge cutover plan -n shop\n  kesbridge cutover plan -A --app web -o json",
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
			p, err := c.Plan(cmd.Context(), handover.PlanOptions{StatusOptions: handover.StatusOptions{Selection: sel, Controllers: f.kes}, ArgoNamespace: argoNamespace, Applications: f.applications})
			done()
			if err != nil {
				return err
			}
			if f.output == "json" {
				return a.printJSON(p)
			}
			for _, n := range p.Notes {
				a.sayUnless(f.quiet, "note: "+plainText(n))
			}
			var b strings.Builder
			printPlan(&b, p)
			if _, err := io.WriteString(a.out, b.String()); err != nil {
				return writeError(err)
			}
			return nil
		},
	}
	f.add(cmd, "text", "json")
	addArgoNamespace(cmd, &argoNamespace)
	return cmd
}

func addArgoNamespace(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "argocd-namespace", "argocd", "`NAMESPACE` of Argo CD's Applications")
}

func printPlan(b *strings.Builder, p *handover.Plan) {
	fmt.Fprintf(b, "cluster %s\n", plainText(p.Server))
	for i := range p.Waves {
		printWave(b, &p.Waves[i])
	}
	if p.Already > 0 {
		fmt.Fprintf(b, "\n%s: nothing of KES remains\n", plural(p.Already, "Secret"))
	}
	if len(p.After) > 0 {
		b.WriteString("\nat the end\n")
		printSteps(b, "  ", p.After, true)
	}
}

func printWave(b *strings.Builder, w *handover.Wave) {
	title := "namespace " + w.Namespace
	if w.App != "" {
		title = "app " + w.App + ", " + title
	}
	fmt.Fprintf(b, "\n%s: %s\n", plainText(title), plural(len(w.Secrets), "Secret"))
	fmt.Fprintf(b, "  %s\n", plainText(w.Way))
	if len(w.Git) > 0 {
		b.WriteString("\n  in Git\n")
		printSteps(b, "    ", w.Git, true)
	}
	if len(w.Stop) > 0 {
		b.WriteString("\n  stop KES for these Secrets, by one of\n")
		printSteps(b, "    ", w.Stop, false)
	}
	if w.Run != nil {
		b.WriteString("\n  hand over\n")
		printSteps(b, "    ", []handover.Step{*w.Run}, false)
		b.WriteString("\n  or by hand, one Secret after the other\n")
	}
	for _, s := range w.Secrets {
		fmt.Fprintf(b, "    %s (%s)\n", plainText(s.Namespace+"/"+s.Name), s.State)
		for _, pr := range s.Problems {
			fmt.Fprintf(b, "      first: %s\n", plainText(pr.Text))
			if pr.Fix != "" {
				fmt.Fprintf(b, "        %s\n", plainText(pr.Fix))
			}
		}
		printSteps(b, "      ", s.Steps, true)
		if len(s.WithoutKubeconfig) > 0 {
			b.WriteString("      without a kubeconfig\n")
			printSteps(b, "        ", s.WithoutKubeconfig, true)
		}
	}
}

func printSteps(b *strings.Builder, indent string, steps []handover.Step, numbered bool) {
	for i, s := range steps {
		mark := "- "
		if numbered {
			mark = fmt.Sprintf("%d. ", i+1)
		}
		fmt.Fprintf(b, "%s%s%s\n", indent, mark, plainText(s.What))
		if s.Patch != "" {
			for line := range strings.Lines(s.Patch) {
				fmt.Fprintf(b, "%s   | %s\n", indent, plainText(strings.TrimRight(line, "\n")))
			}
		}
		for _, part := range []struct{ label, text string }{{"$", s.Command}, {"check:", s.Check}, {"back:", s.Back}} {
			if part.text != "" {
				fmt.Fprintf(b, "%s   %s %s\n", indent, part.label, plainText(part.text))
			}
		}
	}
}
