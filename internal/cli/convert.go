package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
)

func (a *app) convertCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "convert [FILE|-]...",
		Short: "Convert the KES resources in any stream of manifests",
		Long: `Convert the KES resources in files or, with - or without arguments, on standard input, and print the
whole stream. YAML and JSON, Lists, any number of documents; what is not KES leaves byte for byte.
Nothing is printed before all of the input was seen to convert.`,
		Example: "  helm template shop ./chart | kesbridge convert --store aws-prod\n  kesbridge convert secrets.yaml > secrets-eso.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.options(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				args = []string{"-"}
			}
			if err := checkPaths(cmd, args); err != nil {
				return err
			}
			return a.convert(cmd.Context(), o, args)
		},
	}
	addFlags(cmd)
	return cmd
}

// checkPaths refuses what can only be a mistake.
func checkPaths(cmd *cobra.Command, args []string) error {
	stdin := false
	for _, arg := range args {
		switch {
		case arg == "":
			return &usageError{cmd.CommandPath(), errors.New("an argument is empty: give a file, or - for standard input")}
		case arg == "-" && stdin:
			return &usageError{cmd.CommandPath(), errors.New("standard input (-) can be read only once")}
		}
		stdin = stdin || arg == "-"
	}
	return nil
}

func (a *app) convert(ctx context.Context, o options, files []string) error {
	a.collect(smallHeap)
	run := newRun(o)
	cache := &settingsCache{app: a, opts: o, byDir: map[string]pipeline.Options{}}
	var plans []*manifest.Plan
	var errs []error
	content := false
	for _, file := range files {
		p, err := a.planFile(ctx, run, cache, file, func(o pipeline.Options) pipeline.Options { return o })
		if err != nil {
			errs = append(errs, err)
			continue
		}
		defer p.close()
		content = content || p.plan.HasContent()
		plans = append(plans, p.plan)
	}
	if err := errors.Join(errs...); err != nil {
		a.conclude(o, run) // what the others have to say is said in the same run
		return err
	}
	if !content && !o.allowEmpty {
		return &EmptyError{What: "convert: the input has no documents"}
	}
	if !a.conclude(o, run) {
		return nil
	}
	return a.write(plans)
}

// plannedFile is a planned stream that keeps its file open.
type plannedFile struct {
	plan  *manifest.Plan
	close func()
}

func (a *app) planFile(ctx context.Context, run *pipeline.Run, cache *settingsCache, file string, adapt func(pipeline.Options) pipeline.Options) (plannedFile, error) {
	s, dir, closeFile, err := a.open(file)
	if err != nil {
		return plannedFile{}, err
	}
	opts, err := cache.dir(dir)
	if err != nil {
		closeFile()
		return plannedFile{}, err
	}
	done := a.progress(s.Name)
	defer done()
	out := run.Output(adapt(opts))
	plan, err := out.Plan(ctx, s)
	if err == nil {
		err = out.Close(ctx)
	}
	if err != nil {
		closeFile()
		return plannedFile{}, err
	}
	return plannedFile{plan, func() { plan.Close(); closeFile() }}, nil
}

// open gives a file, or standard input, as a stream, and the directory whose
// configuration holds for it.
func (a *app) open(file string) (s pipeline.Stream, dir string, done func(), err error) {
	if file == "-" {
		if isTerminal(a.in) {
			fmt.Fprintln(a.err, "kesbridge: reading manifests from the terminal; Ctrl-D ends them")
		}
		return pipeline.Stream{Input: manifest.Input{Name: "<stdin>", R: a.in}}, ".", func() {}, nil
	}
	f, err := os.Open(file)
	if err != nil {
		hint := "give a file of manifests, or - for standard input"
		if errors.Is(err, os.ErrPermission) {
			hint = "make the file readable for this user"
		}
		return s, "", nil, &hintError{err, hint}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return s, "", nil, &hintError{fmt.Errorf("%s is a directory", file), "kesbridge render " + file + " renders and converts the application in it"}
	}
	origin := repositoryPath(file)
	s = pipeline.Stream{Input: manifest.Input{Name: filepath.ToSlash(file), R: io.Reader(f)}, Origin: func(*manifest.Object) string { return origin }}
	return s, filepath.Dir(file), func() { f.Close() }, nil
}

// repositoryPath is a file's path from the repository's root, with forward
// slashes; outside a repository only its name, never an absolute path.
func repositoryPath(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.Base(file)
	}
	root, err := config.Root(filepath.Dir(abs))
	if err != nil {
		return filepath.Base(file)
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.Base(file)
	}
	return filepath.ToSlash(rel)
}
