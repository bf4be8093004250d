package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/rule"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE",
		Short: "Explain a finding: what it means and what to do",
		Args:  argCount(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			id := strings.ToUpper(args[0])
			if n, err := strconv.Atoi(id); err == nil {
				id = fmt.Sprintf("KES%03d", n)
			}
			r, ok := rule.Find(id)
			if !ok {
				all := rule.All()
				return &hintError{fmt.Errorf("explain: no rule %s", args[0]), fmt.Sprintf("rules go from %s to %s; docs/findings.md lists them", all[0].ID, all[len(all)-1].ID)}
			}
			_, err := fmt.Fprintf(a.out, "%s %s (%s)\n\n%s.\n\n%s\n\nWhat to do: %s.\n", r.ID, r.Name, r.Severity, r.Summary, r.Detail, r.Fix)
			return err
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var out []cobra.Completion
			for _, r := range rule.All() {
				out = append(out, cobra.CompletionWithDesc(r.ID, r.Summary))
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
