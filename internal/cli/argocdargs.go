package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// argocdFlag is a flag of the argocd command: whether a value follows it, and
// whether it is one of all subcommands.
type argocdFlag struct{ takesValue, global bool }

// argocdFlags are the flags of argocd app diff, manifests and sync and those
// of every subcommand (Argo CD 2.14 to 3.6, cmd/argocd/commands; the
// conformance tests ask the real argocd).
func argocdFlags() map[string]argocdFlag {
	flags := map[string]argocdFlag{}
	for _, row := range []struct {
		flag  argocdFlag
		names string
	}{
		{argocdFlag{true, true}, "argocd-context auth-token client-crt client-crt-key config controller-name grpc-web-root-path header " +
			"http-retry-max kube-context logformat loglevel port-forward-namespace redis-compress redis-haproxy-name redis-name " +
			"repo-server-name server server-crt server-name"},
		{argocdFlag{false, true}, "core grpc-web insecure plaintext port-forward prompts-enabled"},
		{argocdFlag{true, false}, "app-namespace diff-exit-code ignore-normalizer-jq-execution-timeout info label local local-include " +
			"local-repo-root output project resource retry-backoff-duration retry-backoff-factor retry-backoff-max-duration " +
			"retry-limit revision revisions selector server-side-diff-concurrency server-side-diff-max-batch-kb source source-names " +
			"source-positions strategy timeout"},
		{argocdFlag{false, false}, "apply-out-of-sync-only assumeYes async dry-run exit-code force hard-refresh help preview-changes prune " +
			"refresh replace retry-refresh server-side server-side-diff server-side-generate"},
	} {
		for _, name := range strings.Fields(row.names) {
			flags[name] = row.flag
		}
	}
	return flags
}

var argocdShort = map[byte]string{'H': "header", 'N': "app-namespace", 'h': "help", 'l': "selector", 'o': "output"}

// argocdCall is what kesbridge must know of arguments for argocd.
type argocdCall struct {
	// local and root are the values of --local and --local-repo-root.
	local, root string
	// command is the subcommand, such as "app diff"; names are what follows.
	command string
	names   []string
	// global are the flags that app get takes, too.
	global []string
	// elsewhere: the server renders (--server-side-generate), or nothing runs.
	elsewhere bool
	// rest are the arguments without --local and --local-repo-root.
	rest []string
}

// plugin reports whether argocd itself renders, so that it needs a plugin.
func (c *argocdCall) plugin() bool {
	switch c.command {
	case "app diff", "app manifests", "app sync":
		return c.local != "" && !c.elsewhere
	}
	return false
}

// parseArgocd reads arguments for argocd as cobra does. Without --local in
// them they need no reading; with it a flag that kesbridge doesn't know must
// not hide the Application's name.
func parseArgocd(args []string) (*argocdCall, error) {
	c := &argocdCall{}
	if !slices.ContainsFunc(args, func(s string) bool { return s == "--local" || strings.HasPrefix(s, "--local=") }) {
		return c, nil
	}
	flags := argocdFlags()
	var words []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			words, c.rest = append(words, args[i+1:]...), append(c.rest, args[i:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			words, c.rest = append(words, arg), append(c.rest, arg)
			continue
		}
		name, value, given := splitFlag(arg)
		flag, known := flags[name]
		if !known && !given {
			return nil, &usageError{"kesbridge argocd", fmt.Errorf("argocd's flag --%s isn't known here: write --%s=VALUE (of a switch, true), since what follows it could be the Application's name", name, name)}
		}
		used := args[i : i+1]
		if flag.takesValue && !given {
			if i++; i == len(args) {
				return nil, &usageError{"kesbridge argocd", fmt.Errorf("flag needs an argument: %s", arg)}
			}
			value, used = args[i], args[i-1:i+1]
		}
		if err := c.take(name, value, flag, used); err != nil {
			return nil, err
		}
	}
	if len(words) >= 2 {
		c.command, c.names = words[0]+" "+words[1], words[2:]
	}
	return c, nil
}

// splitFlag takes a flag apart: --name=value, -N value, -Nvalue, -N=value.
func splitFlag(arg string) (name, value string, given bool) {
	if long, ok := strings.CutPrefix(arg, "--"); ok {
		return strings.Cut(long, "=")
	}
	name = argocdShort[arg[1]]
	if name == "" {
		return arg[1:], "", false
	}
	value = strings.TrimPrefix(arg[2:], "=")
	return name, value, len(arg) > 2
}

// take notes what a flag says; used is how it was written.
func (c *argocdCall) take(name, value string, flag argocdFlag, used []string) error {
	switch name {
	case "local":
		c.local = value
		return nil
	case "local-repo-root":
		c.root = value
		return nil
	case "server-side-generate", "help":
		on := true
		if value != "" {
			var err error
			if on, err = strconv.ParseBool(value); err != nil {
				return &usageError{"kesbridge argocd", fmt.Errorf("--%s %q is neither true nor false", name, value)}
			}
		}
		c.elsewhere = c.elsewhere || on
	}
	if flag.global || name == "app-namespace" {
		c.global = append(c.global, used...)
	}
	c.rest = append(c.rest, used...)
	return nil
}
