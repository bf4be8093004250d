package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/rewrite"
)

// enableCommands are plugin enable and plugin disable.
func (a *app) enableCommands() []*cobra.Command {
	var o rewrite.Options
	var write bool
	enable := &cobra.Command{
		Use:   "enable FILE...",
		Short: "Move Applications from their native block to the plugin",
		Long: `Put kesbridge's plugin block in the place of the helm, kustomize or directory block of every
Application and ApplicationSet in the files. The old block goes verbatim into the parameter source.
Prints a patch (git apply), or writes with --write. With mode keep the app is rendered both ways
first: where a byte differs nothing is printed or written.`,
		Example: "  kesbridge plugin enable argocd/web.yaml | git apply\n  kesbridge plugin enable --orphan-prune --write argocd/*.yaml",
		Args:    argCount(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.rewriteFiles(cmd.Context(), files, write, func(name string, data []byte) ([]byte, []rewrite.Change, error) {
				opts := o
				opts.SourceFiles = sourceFiles(name)
				return rewrite.Enable(name, data, opts)
			}, o.Mode == config.Keep)
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
			return a.rewriteFiles(cmd.Context(), files, write, rewrite.Disable, false)
		},
	}
	for _, cmd := range []*cobra.Command{enable, disable} {
		cmd.Flags().BoolVar(&write, "write", false, "change the files instead of printing a patch")
		inner := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if cmd == enable && !config.IsMode(o.Mode) {
				return &usageError{cmd.CommandPath(), fmt.Errorf("--mode %q is no mode", o.Mode)}
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
}

// rewriteFiles changes all files or none.
func (a *app) rewriteFiles(ctx context.Context, files []string, write bool, change func(string, []byte) ([]byte, []rewrite.Change, error), compare bool) error {
	var done []rewritten
	var errs []error
	for _, name := range files {
		r, changes, err := rewriteOne(name, change)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, c := range changes {
			if c.Note != "" {
				fmt.Fprintf(a.err, "%s: %s: %s\n", c.Pos, c.Ref, c.Note)
			}
		}
		if len(changes) == 0 {
			fmt.Fprintf(a.err, "%s: nothing to change\n", name)
			continue
		}
		if compare {
			if err := a.compareRenders(ctx, r); err != nil {
				errs = append(errs, err)
			}
		}
		done = append(done, *r)
	}
	if err := errors.Join(errs...); err != nil {
		var refused *rewrite.Refusal
		var differs *differsError
		if errors.As(err, &refused) || errors.As(err, &differs) {
			fmt.Fprintf(a.err, "%v\nkesbridge: nothing was changed\n", err)
			a.code = exitFindings
			return nil
		}
		return err
	}
	for _, r := range done {
		if write {
			if err := replaceFile(r); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "%s: written\n", r.name)
			continue
		}
		name := repositoryPath(r.name)
		patch := diff.Diff("a/"+name, r.before, "b/"+name, r.after)
		_, rest, _ := bytes.Cut(patch, []byte("\n")) // "diff a b" means something else to git
		if _, err := a.out.Write(rest); err != nil {
			return writeError(err)
		}
	}
	return nil
}

func rewriteOne(name string, change func(string, []byte) ([]byte, []rewrite.Change, error)) (*rewritten, []rewrite.Change, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &hintError{fmt.Errorf("%s is no regular file", name), "give the file itself, not a link to it"}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	out, changes, err := change(filepath.ToSlash(name), data)
	return &rewritten{name, data, out, info.Mode()}, changes, err
}

// replaceFile writes beside the file and renames, so that nobody sees half.
func replaceFile(r rewritten) error {
	f, err := os.CreateTemp(filepath.Dir(r.name), ".kesbridge-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(r.after)
	if err == nil {
		err = f.Chmod(r.mode.Perm())
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), r.name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	return nil
}

// differsError says that an app renders differently under the plugin.
type differsError struct {
	app  *argocd.Application
	line int
}

func (e *differsError) Error() string {
	return fmt.Sprintf("%s: Application/%s: under the plugin it renders differently, from line %d of the output on\n  this is a defect of kesbridge, please report it; the Application stays native", e.app.Pos, e.app.Metadata.Name, e.line)
}

// compareRenders renders the Applications of a file as they were and as they
// become, both with mode keep.
func (a *app) compareRenders(ctx context.Context, r *rewritten) error {
	checkout, err := argocd.OpenCheckout(r.name)
	if err != nil {
		return err
	}
	c, err := a.config(options{}, filepath.Dir(r.name))
	if err != nil {
		return err
	}
	admin, err := a.administratorConfig()
	if err != nil {
		return err
	}
	opts := argocd.Options{Clusters: clusters(config.JoinClusters(admin, c))}
	before, err := argocd.Parse(r.name, r.before, checkout, opts)
	if err != nil {
		fmt.Fprintf(a.err, "%s: not rendered: %v\n", r.name, err)
		return nil
	}
	after, err := argocd.Parse(r.name, r.after, checkout, opts)
	if err != nil {
		return err
	}
	if len(before) != len(after) {
		return fmt.Errorf("%s: %d Applications became %d", r.name, len(before), len(after))
	}
	for i := range before {
		native, err := a.renderKept(ctx, checkout, &before[i], opts)
		if err != nil {
			fmt.Fprintf(a.err, "%s: not rendered: %v\n", before[i].Metadata.Name, err)
			continue
		}
		plugin, err := a.renderKept(ctx, checkout, &after[i], opts)
		if err != nil {
			return fmt.Errorf("under the plugin: %w", err)
		}
		if !bytes.Equal(native, plugin) {
			return &differsError{&before[i], differingLine(native, plugin)}
		}
		fmt.Fprintf(a.err, "%s: rendered both ways, %d bytes, equal\n", before[i].Metadata.Name, len(native))
	}
	return nil
}

func differingLine(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return bytes.Count(a[:n], []byte("\n")) + 1
}

// renderKept is the output of an Application whose KES resources are kept.
func (a *app) renderKept(ctx context.Context, checkout *argocd.Checkout, app *argocd.Application, opts argocd.Options) ([]byte, error) {
	o := options{mode: config.Keep, modeFrom: "enable", failOn: manifest.Error, allowEmpty: true, given: map[string]given{}}
	rs, err := a.applicationSources(o, checkout, app, opts)
	if err != nil {
		return nil, err
	}
	for i := range rs {
		rs[i].options.ForceMode = config.Keep
	}
	result := &renderResult{}
	defer result.close()
	if err := a.plan(ctx, &rendered{options: o, renderings: rs}, pipeline.New(), result); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	j := &joiner{w: &out}
	for _, p := range result.plans {
		j.next = true
		if _, err := p.WriteTo(j); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// sourceFiles looks for .argocd-source files with native options beside the
// manifests that an Application in a file is about.
func sourceFiles(file string) func(dir, app string) (string, error) {
	return func(dir, app string) (string, error) {
		checkout, err := argocd.OpenCheckout(file)
		if err != nil || dir == "" {
			return "", err
		}
		root, err := os.OpenRoot(checkout.Root)
		if err != nil {
			return "", err
		}
		defer root.Close()
		for _, name := range []string{".argocd-source.yaml", ".argocd-source-" + app + ".yaml"} {
			name = path.Join(path.Clean("/" + dir)[1:], name)
			data, err := root.ReadFile(name)
			if err != nil {
				continue
			}
			var blocks map[string]any
			if err := yaml.Unmarshal(data, &blocks); err != nil {
				return "", fmt.Errorf("read %s: %w", name, err)
			}
			if blocks["helm"] != nil || blocks["kustomize"] != nil || blocks["directory"] != nil {
				return name, nil
			}
		}
		return "", nil
	}
}
