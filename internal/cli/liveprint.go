package cli

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"kesbridge/internal/preview"
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
	var out bytes.Buffer
	fmt.Fprintln(&out, p.bold("===== "+header+" ======"))
	if err := preview.Unified(&out, p.on, oldName, newName, before, after); err != nil {
		return err
	}
	out.WriteByte('\n')
	if _, err := a.out.Write(out.Bytes()); err != nil {
		return writeError(err)
	}
	return nil
}
