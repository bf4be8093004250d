// Package cli is the command line: commands, the parameter table, exit codes.
// It is the only package that reads arguments and the environment.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/render"
)

// Exit codes, the same for every command.
const (
	exitOK       = 0 // clean, or only findings below --fail-on
	exitFindings = 1 // findings at or above --fail-on
	exitFailure  = 2 // usage or failure
)

// app is one invocation.
type app struct {
	env      map[string]string
	in       io.Reader
	out, err io.Writer
	code     int
	network  bool           // the administrator allowed it
	admin    *config.Config // the administrator's, once it was read
	ctx      context.Context
	// controllers are KES's settings, once they were read.
	controllers controllers
	tidies      atomic.Bool // the command clears up when it is interrupted
}

// Run runs kesbridge and gives the exit code.
func Run(ctx context.Context, args, environ []string, in io.Reader, out, errw io.Writer) int {
	// A reader that goes away is a write error with a message, not a silent
	// death by signal: whoever reads half a stream of manifests must not
	// believe that it was whole.
	signal.Ignore(syscall.SIGPIPE)
	a := &app{ctx: ctx, env: environment(environ), in: in, out: out, err: errw}
	if err := a.guard(); err != nil {
		a.fail(err)
		return exitFailure
	}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	if err := execute(ctx, root, &a.tidies); err != nil {
		a.fail(err)
		return exitFailure
	}
	return a.code
}

// patience is how long an interrupted command may take to stop by itself.
const patience = 500 * time.Millisecond

// execute runs the command. A read that waits for a pipe or a terminal can't
// be interrupted, so that a command that doesn't end in time is left behind;
// the process ends right after. One that clears up is waited for.
func execute(ctx context.Context, root *cobra.Command, tidies *atomic.Bool) error {
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	select {
	case err := <-done:
		return interrupted(ctx, err)
	case <-ctx.Done():
	}
	if tidies.Load() {
		return interrupted(ctx, <-done)
	}
	select {
	case err := <-done:
		return interrupted(ctx, err)
	case <-time.After(patience):
		return interrupted(ctx, context.Canceled)
	}
}

// interrupted says which signal ended a command that stopped for it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("interrupted: %w", context.Cause(ctx))
}

func environment(environ []string) map[string]string {
	m := map[string]string{}
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		m[k] = v
	}
	return m
}

// usageError is a mistake in how kesbridge was called.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// hinted is an error that says what to do on a line of its own.
type hinted interface{ Hint() string }

// hintError adds a hint to an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }
func (e *hintError) Hint() string  { return e.hint }

// fail prints an error once, with what to do.
func (a *app) fail(err error) {
	p := a.palette()
	fmt.Fprintf(a.err, "%s %s\n", p.bold(p.red("kesbridge:")), report.PlainLines(err.Error()))
	if hint := whatToDo(err); hint != "" {
		fmt.Fprintf(a.err, "  %s\n", report.PlainLines(hint))
	}
}

// whatToDo is the line below an error. Errors that carry their own, printed
// with the error, get none.
func whatToDo(err error) string {
	var (
		usage      *usageError
		hint       hinted
		syntax     *manifest.SyntaxError
		encoding   *manifest.EncodingError
		large      *manifest.TooLargeError
		edit       *manifest.EditError
		changed    *manifest.ChangedError
		version    *eso.VersionError
		noCluster  *config.UnknownClusterError
		outside    *render.OutsideError
		configFile *config.Error
		rendering  *render.Error
	)
	switch {
	case errors.As(err, &rendering) && rendering.Fix != "":
		return ""
	case errors.As(err, &usage):
		return "see " + usage.command + " --help"
	case errors.As(err, &hint):
		return hint.Hint()
	case errors.As(err, &syntax):
		return "correct the document; nothing was printed"
	case errors.As(err, &encoding):
		return "convert the file to UTF-8 (iconv -f UTF-16 -t UTF-8)"
	case errors.As(err, &large):
		return "split the input, or give it as a file instead of a pipe"
	case errors.As(err, &edit):
		return "write the object without aliases to what stands elsewhere in the document, or as a document of its own"
	case errors.As(err, &changed):
		return "run again when nothing writes to the file"
	case errors.As(err, &version):
		return "set --eso-version or esoVersion in kesbridge.yaml to the installed version, as X.Y"
	case errors.As(err, &noCluster):
		return "define the cluster under clusters in kesbridge.yaml, or leave --cluster out"
	case errors.As(err, &outside):
		return "nothing outside the repository's root is read, which is the directory with .git in it (without one, the application's directory)"
	case errors.As(err, &configFile):
		return "correct the configuration; docs/kesbridge.schema.json describes it"
	case errors.Is(err, context.Canceled):
		return "nothing was printed"
	}
	return ""
}

const longHelp = `kesbridge renders a Kubernetes application the way Argo CD would, turns every
kubernetes-external-secrets resource in it (KES, kubernetes-client.io/v1 ExternalSecret) into
an External Secrets Operator one (ESO, external-secrets.io), and prints the result. What is
not KES leaves byte for byte as it came.

Manifests go to standard output, everything for people to standard error. Exit codes: 0 clean,
or only findings below --fail-on; 1 findings at or above it; 2 usage or failure.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:                        "kesbridge",
		Short:                      "Render applications and convert kubernetes-external-secrets to External Secrets Operator",
		Long:                       longHelp,
		Version:                    versionString(),
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{"kesbridge", fmt.Errorf("unknown command %q%s", args[0], suggestions(cmd, args[0]))}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetVersionTemplate("{{ .Version }}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{cmd.CommandPath(), err}
	})
	root.AddCommand(a.renderCommand(), a.convertCommand(), a.diffCommand(), a.verifyCommand(), a.checkCommand(), a.storesCommand(), a.initCommand(), a.pluginCommand(), a.argocdCommand(), a.explainCommand(), a.versionCommand())
	root.AddCommand(a.cutoverCommand())
	root.InitDefaultCompletionCmd()
	return root
}

func suggestions(cmd *cobra.Command, word string) string {
	if s := cmd.SuggestionsFor(word); len(s) > 0 {
		return fmt.Sprintf(" (did you mean %s?)", strings.Join(s, " or "))
	}
	return ""
}

// argCount turns cobra's argument check into a usage error.
func argCount(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{cmd.CommandPath(), err}
		}
		return nil
	}
}
