package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/report"
	"kesbridge/internal/rewrite"
)

// pluginName is what stands in an Application without quotes.
var pluginName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)

// enableCommands are plugin enable and plugin disable.
func (a *app) enableCommands() []*cobra.Command {
	var o rewrite.Options
	var write bool
	enable := &cobra.Command{
		Use:   "enable FILE...",
		Short: "Move Applications from their native block to the plugin",
		Long: `Put kesbridge's plugin block in the place of the helm, kustomize or directory block of every
Application and ApplicationSet in the files. The old block goes verbatim into the parameter source.
Prints a patch for git apply, or writes with --write: all files, or none. With mode keep every app
whose source is in this checkout is rendered both ways first, and where a byte differs nothing is
changed. What can't be moved is refused with the reason: another plugin, the source hydrator,
.argocd-source files with native options, files of other sources ($ref), Image Updater.
Exit code 1: refused, or rendered differently.`,
		Example: "  kesbridge plugin enable argocd/web.yaml | git apply\n  kesbridge plugin enable --orphan-prune --write argocd/*.yaml",
		Args:    argCount(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.rewriteFiles(cmd.Context(), files, write, func(name string, data []byte) ([]byte, []rewrite.Change, error) {
				opts := o
				opts.SourceFiles = sourceFiles(name)
				return rewrite.Enable(name, data, opts)
			}, func(ctx context.Context, r *rewritten) error { return a.compareRenders(ctx, r, o.Mode) })
		},
	}
	enable.Flags().StringVar(&o.Mode, "mode", config.Keep, "`MODE` that the plugin starts with")
	_ = enable.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(toCompletions(config.Modes()), cobra.ShellCompDirectiveNoFileComp))
	enable.Flags().StringVar(&o.Plugin, "plugin-name", argocd.PluginName+"-"+PluginVersion, "`NAME` of the plugin, with its version")
	enable.Flags().BoolVar(&o.OrphanPrune, "orphan-prune", false, "add PrunePropagationPolicy=orphan to syncOptions, which the hand-over of live Secrets through Git alone needs")
	disable := &cobra.Command{
		Use:   "disable FILE...",
		Short: "Move Applications from the plugin back to their native block",
		Long: `Put the block in the parameter source back in the place of kesbridge's plugin block, in every
Application and ApplicationSet in the files. Prints a patch (git apply), or writes with --write. Where
the plugin converts, this brings the KES resources back and takes the ESO resources away: see
docs/argocd.md, "The way back".`,
		Example: "  kesbridge plugin disable argocd/web.yaml | git apply",
		Args:    argCount(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.rewriteFiles(cmd.Context(), files, write, rewrite.Disable, nil)
		},
	}
	for _, cmd := range []*cobra.Command{enable, disable} {
		cmd.Flags().BoolVar(&write, "write", false, "change the files instead of printing a patch")
		inner := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if cmd == enable && !config.IsMode(o.Mode) {
				return &usageError{cmd.CommandPath(), fmt.Errorf("--mode %q is no mode", o.Mode)}
			}
			if cmd == enable && (!argocd.IsPlugin(&argocd.ApplicationSourcePlugin{Name: o.Plugin}) || !pluginName.MatchString(o.Plugin)) {
				return &usageError{cmd.CommandPath(), fmt.Errorf("--plugin-name %q: wants %s-VERSION", o.Plugin, argocd.PluginName)}
			}
			return inner(cmd, args)
		}
	}
	return []*cobra.Command{enable, disable}
}

// rewritten is one file and what it becomes.
type rewritten struct {
	name          string
	before, after []byte
	mode          fs.FileMode
	temp          string // where after is, until it takes the file's place
}

// rewriteFiles changes all files or none. check may be nil.
func (a *app) rewriteFiles(ctx context.Context, files []string, write bool, change func(string, []byte) ([]byte, []rewrite.Change, error), check func(context.Context, *rewritten) error) error {
	var done []*rewritten
	var errs []error
	var none *argocd.NoneError
	some := false
	for _, name := range distinct(files) {
		r, changes, err := rewriteOne(name, change)
		if errors.As(err, &none) {
			fmt.Fprintf(a.err, "%v\n", err)
			continue
		}
		some = true
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, c := range changes {
			if c.Note != "" {
				fmt.Fprintf(a.err, "%s: %s: %s\n", report.Plain(c.Pos.String()), report.Plain(c.Ref.String()), report.PlainLines(c.Note))
			}
		}
		if bytes.Equal(r.before, r.after) {
			fmt.Fprintf(a.err, "%s: nothing to change\n", name)
			continue
		}
		if check != nil {
			if err := check(ctx, r); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		done = append(done, r)
	}
	if err := errors.Join(errs...); err != nil {
		return a.refused(errs, err)
	}
	if !some {
		return &hintError{errors.New("none of the files holds an Application or ApplicationSet"), "give their manifests, as they are in Git"}
	}
	if write {
		return a.replaceFiles(done)
	}
	var patch bytes.Buffer
	for _, r := range done {
		patch.Write(gitPatch(repositoryPath(r.name), r.before, r.after))
	}
	if _, err := a.out.Write(patch.Bytes()); err != nil {
		return writeError(err)
	}
	return nil
}

// refused ends the command with 1 if all that is wrong is with Applications.
func (a *app) refused(errs []error, joined error) error {
	for _, err := range errs {
		var refused *rewrite.Refusal
		var differs *differsError
		if !errors.As(err, &refused) && !errors.As(err, &differs) {
			return joined
		}
	}
	fmt.Fprintf(a.err, "%s\nkesbridge: nothing was changed\n", report.PlainLines(joined.Error()))
	a.code = exitFindings
	return nil
}

// distinct leaves out files that were named before.
func distinct(files []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range files {
		if !seen[filepath.Clean(f)] {
			out = append(out, f)
		}
		seen[filepath.Clean(f)] = true
	}
	return out
}

// gitPatch is a patch for git apply in whatever directory of the repository:
// without the first line it would take the names as relative to that.
func gitPatch(name string, before, after []byte) []byte {
	from, to := "a/"+name, "b/"+name
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }) {
		from, to = strconv.Quote(from), strconv.Quote(to)
	}
	patch := diff.Diff(from, before, to, after)
	_, hunks, _ := bytes.Cut(patch, []byte("\n+++ ")) // its first line isn't git's
	_, hunks, _ = bytes.Cut(hunks, []byte("\n"))
	tab := ""
	if strings.Contains(name, " ") {
		tab = "\t" // ends a name with blanks, as git writes it
	}
	return slices.Concat([]byte("diff --git "+from+" "+to+"\n--- "+from+tab+"\n+++ "+to+tab+"\n"), hunks)
}

func rewriteOne(name string, change func(string, []byte) ([]byte, []rewrite.Change, error)) (*rewritten, []rewrite.Change, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &hintError{fmt.Errorf("%s is no regular file", name), "give the files themselves, neither a directory nor a link"}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	out, changes, err := change(filepath.ToSlash(name), data)
	return &rewritten{name: name, before: data, after: out, mode: info.Mode()}, changes, err
}

// replaceFiles writes all results beside their files before the first takes
// its place; where one can't, those before it get back what they held.
func (a *app) replaceFiles(files []*rewritten) (err error) {
	defer func() {
		for _, r := range files {
			if r.temp != "" {
				os.Remove(r.temp)
			}
		}
	}()
	for _, r := range files {
		if err := r.stage(r.after); err != nil {
			return err
		}
	}
	for i, r := range files {
		if err := r.swap(r.before); err != nil {
			for _, back := range files[:i] {
				if berr := errors.Join(back.stage(back.before), back.swap(back.after)); berr != nil {
					err = errors.Join(err, fmt.Errorf("%s stays changed: %w", back.name, berr))
				}
			}
			return err
		}
	}
	for _, r := range files {
		fmt.Fprintf(a.err, "%s: written\n", r.name)
	}
	return nil
}

// replaceFile is that for one file, which needn't be there.
func replaceFile(r rewritten) error {
	err := r.stage(r.after)
	if err == nil {
		err = os.Rename(r.temp, r.name)
	}
	if err != nil && r.temp != "" {
		os.Remove(r.temp)
	}
	return err
}

// stage writes what the file is to hold into a file beside it.
func (r *rewritten) stage(data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(r.name), ".kesbridge-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	r.temp = f.Name()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(r.mode.Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	return nil
}

// swap puts it in the file's place, unless somebody changed that meanwhile.
func (r *rewritten) swap(was []byte) error {
	now, err := os.ReadFile(r.name)
	if err == nil && !bytes.Equal(now, was) {
		err = errors.New("it has changed while kesbridge was at it: run the command again")
	}
	if err == nil {
		err = os.Rename(r.temp, r.name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	r.temp = ""
	return nil
}
