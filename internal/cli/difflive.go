package cli

import (
	"fmt"

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

// diffWithLive is diff with --live or --live-app.
func (a *app) diffWithLive(cmd *cobra.Command, args []string) error {
	o, err := a.options(cmd)
	if err != nil {
		return err
	}
	file, _ := cmd.Flags().GetString("live")
	name, _ := cmd.Flags().GetString("live-app")
	source := ""
	if name != "" {
		source, _ = cmd.Flags().GetString("source")
		delete(o.source, "source")
		delete(o.given, "source")
	}
	dir := ""
	if len(args) > 0 {
		dir = args[0]
	}
	usage := func(format string, args ...any) error {
		return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
	}
	switch {
	case file != "" && name != "":
		return usage("give --live FILE or --live-app NAME, not both")
	case source != "" && source != "live" && source != "git":
		return usage("--source %q is none of live, git", source)
	case name == "" && (o.source["source"].String == "git" || o.source["source"].String == "live"):
		return usage("--source %s is for --live-app NAME", o.source["source"].String)
	case name == "":
		return a.againstFile(cmd, o, or(dir, "."), file)
	case !appName.MatchString(name):
		return usage("--live-app %q is no name of an Application (NAME or NAMESPACE/NAME)", name)
	case o.appName+o.appNamespace+o.appProject != "":
		return usage("--app-name, --app-namespace and --app-project are for DIR: the Application says them itself")
	case source == "git":
		return a.againstGit(cmd, o, dir, name)
	}
	return a.againstApp(cmd, o, dir, name)
}
