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
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/rule"
	"kesbridge/render"
)

func (a *app) renderCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "render [DIR]",
		Short: "Render the application in DIR and convert its KES resources",
		Long: `Render the application in DIR (default: the current directory) in process and print it with every
KES resource converted. What DIR holds decides: a Chart.yaml is a helm chart, a kustomization a
kustomization, anything else a directory of manifests.`,
		Example: "  kesbridge render apps/shop\n  kesbridge render apps/shop --store aws-prod --eso-version 0.20 | kubectl diff -f -",
		Args:    argCount(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.options(cmd)
			if err != nil {
				return err
			}
			file, _ := cmd.Flags().GetString("application")
			if file != "" && len(args) > 0 {
				return &usageError{cmd.CommandPath(), errors.New("give DIR or --application FILE, not both")}
			}
			if file != "" && o.appName+o.appNamespace+o.appProject != "" {
				return &usageError{cmd.CommandPath(), errors.New("--app-name, --app-namespace and --app-project are for DIR: --application FILE says them itself")}
			}
			var rs []rendering
			switch {
			case file != "":
				rs, err = a.application(o, file)
			case len(args) > 0:
				rs, err = a.directory(o, args[0])
			default:
				rs, err = a.directory(o, ".")
			}
			if err != nil {
				return err
			}
			verify, _ := cmd.Flags().GetBool("verify")
			r := rendered{options: o, renderings: rs, verify: verify}
			if name, _ := cmd.Flags().GetString("explain"); name != "" {
				r.explain = newExplanations(name)
			}
			return a.renderAll(cmd.Context(), &r)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	cmd.Flags().String("application", "", "render what Argo CD would for the Application, or for every Application of the ApplicationSet, in `FILE`, from the local checkout")
	cmd.Flags().Bool("verify", false, "prove every conversion as kesbridge verify does; a difference for an everyday value prints nothing")
	cmd.Flags().String("explain", "", "instead of the application, print what set mode, store, ESO version and fidelity of the KES resource `NAMESPACE/NAME`")
	addFlags(cmd)
	addRenderFlags(cmd)
	addSourceFlags(cmd)
	return cmd
}

// rendered is what render is to do.
type rendered struct {
	options    options
	renderings []rendering
	verify     bool
	explain    *explanations
}

// renderResult is what will be printed.
type renderResult struct {
	plans []*manifest.Plan
	// stores is how many documents are stores that nobody wrote.
	stores int
}

func (r *renderResult) close() {
	for _, p := range r.plans {
		p.Close()
	}
}

// renderOne renders a source and plans its streams; they are one output.
func (a *app) renderOne(ctx context.Context, run *pipeline.Run, r *rendering, o options, result *renderResult) error {
	output, err := a.renderSource(ctx, r)
	if err != nil {
		return err
	}
	if o.verbose {
		for _, skipped := range output.Skipped {
			fmt.Fprintf(a.err, "%s: left out, as Argo CD leaves it out: %s\n", skipped.Name, skipped.Reason)
		}
	}
	return a.planOutput(ctx, run, r, output, o, result)
}

// renderSource renders a source as the administrator lets it.
func (a *app) renderSource(ctx context.Context, r *rendering) (*render.Output, error) {
	if err := a.administer(&r.source); err != nil {
		return nil, err
	}
	r.source.OriginsOf = []string{kes.Group, eso.Group} // what the pipeline decides about
	output, err := render.Render(ctx, r.source)
	if err != nil {
		return output, fmt.Errorf("render %s: %w", r.label, err)
	}
	return output, nil
}

// planOutput plans the streams of a rendered source.
func (a *app) planOutput(ctx context.Context, run *pipeline.Run, r *rendering, rendered *render.Output, o options, result *renderResult) error {
	for _, w := range rendered.Warnings {
		run.AddFor(r.options, rule.RenderWarning.At(manifest.Pos{Origin: r.label}, manifest.Ref{}, "%s", w))
	}
	out := run.Output(r.options)
	planned := len(result.plans)
	var streams []pipeline.Stream
	for i := range rendered.Streams {
		streams = append(streams, streamOf(rendered.Kind, &rendered.Streams[i]))
	}
	plans, err := out.PlanAll(ctx, streams)
	errs := []error{err}
	content := slices.ContainsFunc(plans, (*manifest.Plan).HasContent)
	result.plans = append(result.plans, plans...)
	stores, err := out.Stores(ctx)
	if stores != nil {
		// In front: kubectl apply takes documents in their order.
		result.plans = slices.Insert(result.plans, planned, stores)
		result.stores += stores.Stats().Documents
	}
	errs = append(errs, err, out.Close(ctx))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := served(ctx, run, r, result.plans[planned:]); err != nil {
		return err
	}
	if !content && !o.allowEmpty {
		return &EmptyError{fmt.Sprintf("render %s: the %s has no documents", r.label, describe(rendered.Kind)), applicationsBelow(r.source.Dir)}
	}
	return nil
}

func describe(k render.Kind) string {
	switch k {
	case render.Helm:
		return "helm chart"
	case render.Kustomize:
		return "kustomization"
	}
	return "directory"
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &hintError{fmt.Errorf("render %s: no such directory", dir), "give the directory of an application: one with manifests, a kustomization or a Chart.yaml"}
	case err != nil:
		return fmt.Errorf("render %s: %w", dir, err)
	case !info.IsDir():
		return &hintError{fmt.Errorf("render %s: not a directory", dir), "kesbridge convert " + dir + " converts the manifests of a file"}
	}
	return nil
}

// streamOf makes the input of the pipeline, with positions and origins as the
// kind of source lets them be known.
func streamOf(kind render.Kind, s *render.Stream) pipeline.Stream {
	in := pipeline.Stream{Input: manifest.Input{Name: s.Name, R: bytes.NewReader(s.Data)}}
	switch kind {
	case render.Helm:
		in.Origin = func(o *manifest.Object) string { return chartFile(s.Name, o.Pos.Origin) }
	case render.Kustomize:
		byRef := map[string]string{}
		for _, origin := range s.Origins {
			byRef[origin.APIVersion+"/"+origin.Kind+"/"+origin.Namespace+"/"+origin.Name] = origin.Path
		}
		in.Origin = func(o *manifest.Object) string {
			return byRef[o.Ref.APIVersion()+"/"+o.Ref.Kind+"/"+o.Ref.Namespace+"/"+o.Ref.Name]
		}
	default:
		in.Origin = func(*manifest.Object) string { return s.Name }
	}
	return in
}

// chartFile turns Helm's "# Source: chart/templates/x.yaml" into the file:
// the first part is the chart's name, the rest is below its directory.
func chartFile(dir, source string) string {
	if _, rest, ok := strings.Cut(source, "/"); ok {
		return path.Join(dir, rest)
	}
	return path.Join(dir, source)
}

// applicationsBelow names a few directories that somebody may have meant.
func applicationsBelow(dir string) string {
	var found []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, p)
		switch {
		case err != nil || relErr != nil || len(found) == 5:
			return fs.SkipAll
		case !d.IsDir() || rel == ".":
			return nil
		case d.Name() == ".git" || strings.Count(rel, string(filepath.Separator)) > 3:
			return fs.SkipDir
		}
		if kind, err := render.Detect(p); err == nil && kind != render.Directory {
			found = append(found, filepath.ToSlash(rel))
			return fs.SkipDir
		}
		return nil
	})
	return strings.Join(found, ", ")
}
