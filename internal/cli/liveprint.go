package cli

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

// addLiveFlags registers what compares with live objects.
func addLiveFlags(cmd *cobra.Command) {
	cmd.Flags().String("live", "", "compare with the live objects in `FILE` (- for standard input): what argocd app manifests NAME --source live prints")
	cmd.Flags().String("live-app", "", "compare with the live objects of the Application `NAME`, asking the user's own argocd (KESBRIDGE_ARGOCD, else argocd in PATH); DIR is then its source's path in this checkout")
	// The name is taken by a parameter of the plugin, which says how DIR is
	// rendered: an Application says that itself, so that nobody needs both.
	const side = "with --live-app, the `SIDE` to compare with: live, or git, which is Argo CD's own render against kesbridge's in mode keep (default live)"
	if f := cmd.Flags().Lookup("source"); f != nil {
		f.Usage = side + "; with DIR, " + plain(f.Usage)
	} else {
		cmd.Flags().String("source", "", side)
	}
	_ = cmd.RegisterFlagCompletionFunc("source", cobra.FixedCompletions([]cobra.Completion{"live", "git"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("live-app", cobra.NoFileCompletions)
}

// printDifference prints one object under the header of `argocd app diff`.
func (a *app) printDifference(header, oldName string, before []byte, newName string, after []byte) error {
	p := palette{on: isTerminal(a.out) && a.env["NO_COLOR"] == "" && a.env["TERM"] != "dumb"}
	w := bufio.NewWriter(a.out)
	w.WriteString(p.bold("===== "+header+" ======") + "\n")
	text := diff.Diff(oldName, before, newName, after)
	if _, rest, ok := bytes.Cut(text, []byte("\n")); ok {
		text = rest // "diff old new"
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
			line = p.bold(line)
		case strings.HasPrefix(line, "@@"):
			line = p.cyan(line)
		case strings.HasPrefix(line, "-"):
			line = p.red(line)
		case strings.HasPrefix(line, "+"):
			line = p.paint("32", line)
		}
		w.WriteString(line + "\n")
	}
	w.WriteString("\n")
	if err := w.Flush(); err != nil {
		return writeError(err)
	}
	return nil
}
