package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/survey"
)

func (a *app) initCommand() *cobra.Command {
	var force, stdout bool
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Look through a repository and write a commented kesbridge.yaml",
		Long: `Look through the repository in DIR (default: the one around the current directory) and write a
kesbridge.yaml into it: where KES's settings stand, rules for the stores that are there, evidence of ESO's version,
clusters, and in comments what can't be known from Git. Secrets in plain text are never copied.`,
		Example: "  kesbridge init --stdout\n  kesbridge init ~/src/shop",
		Args:    argCount(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := ""
			if len(args) > 0 {
				dir = args[0]
			} else {
				cwd, err := os.Getwd()
				if err == nil {
					dir, err = config.Root(cwd)
				}
				if err != nil {
					return fmt.Errorf("find the repository: %w", err)
				}
			}
			return a.initialise(cmd, dir, force, stdout)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite a kesbridge.yaml that is there")
	cmd.Flags().BoolVar(&stdout, "stdout", false, "print it instead of writing it")
	return cmd
}

func (a *app) initialise(cmd *cobra.Command, dir string, force, stdout bool) error {
	file := filepath.Join(dir, config.FileName)
	if info, err := os.Lstat(file); err == nil && !stdout && (!force || !info.Mode().IsRegular()) {
		return &hintError{fmt.Errorf("%s is there already", file), "use --stdout to see what init would write, or --force to overwrite it"}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", file, err)
	}
	done := a.progress(dir)
	report, err := survey.Look(cmd.Context(), dir)
	if err == nil {
		report.Found, err = a.findControllers(cmd.Context(), options{}, dir)
	}
	done()
	if err != nil {
		return err
	}
	text := report.Config()
	if _, err := config.Parse(file, text); err != nil {
		return fmt.Errorf("what init found makes no configuration: this is a defect of kesbridge, please report it: %w", err)
	}
	for _, u := range report.Unread {
		fmt.Fprintf(a.err, "not read: %s\n", u)
	}
	if stdout {
		if _, err := a.out.Write(text); err != nil {
			return writeError(err)
		}
	} else if err := replaceFile(rewritten{name: file, after: text, mode: 0o644}); err != nil {
		return err
	} else {
		fmt.Fprintf(a.err, "%s: written\n", file)
	}
	fmt.Fprintf(a.err, "kesbridge: %s\n", report.Summary())
	return nil
}
