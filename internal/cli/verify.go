package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/proof"
	"kesbridge/internal/rule"
	"kesbridge/render"
)

func (a *app) verifyCommand() *cobra.Command {
	var fixtures, output string
	cmd := &cobra.Command{
		Use:   "verify [PATH|-]...",
		Short: "Prove that both Secrets are equal, or say where not",
		Long: `Convert every KES resource and prove the conversion: both controllers are simulated on made-up backend
data of every shape that the resource can see, and the two Secrets are compared. No backend is ever read.
A directory with a kustomization or a Chart.yaml renders as that application; in any other directory
(default: the current one) each manifest file is taken by itself. Prints a line per secret; exits 1 if
the Secrets differ for an everyday value.`,
		Example: "  kesbridge verify apps/shop\n  kesbridge verify --fixtures backend-samples apps/shop -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.options(cmd)
			if err != nil {
				return err
			}
			if output != "text" && output != "json" {
				return &usageError{cmd.CommandPath(), fmt.Errorf("--output %q is none of text, json", output)}
			}
			if len(args) == 0 {
				args = []string{"."}
			}
			if err := checkPaths(cmd, args); err != nil {
				return err
			}
			return a.verify(cmd.Context(), o, args, fixtures, output)
		},
	}
	cmd.Flags().StringVar(&fixtures, "fixtures", "", "`DIR` with YAML or JSON files of backend data to try as well: each maps keys of the backend to stored values")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT` of the report: text or json")
	addFlags(cmd)
	return cmd
}

// pair is one conversion to prove.
type pair struct {
	obj    *manifest.Object
	in     *kes.ExternalSecret
	out    *eso.ExternalSecret
	opts   proof.Options
	report proof.Report
}

// pairs collects conversions and proves them.
type pairs struct {
	list     []*pair
	fixtures []proof.Fixture
}

// watch makes the options of an output tell of its conversions.
func (ps *pairs) watch(opts pipeline.Options) pipeline.Options {
	opts.Decided = func(o *manifest.Object, d pipeline.Decision) {
		in, res := d.In, d.Result
		if in == nil {
			return
		}
		p := &pair{obj: o, in: in, out: res.ESO, opts: proof.Options{Profile: opts.Profile, Fixtures: ps.fixtures, VaultPath: res.Store.Path}}
		if r := res.Store.Rule; r != nil {
			p.opts.SecretBinary = r.SecretBinary
		}
		ps.list = append(ps.list, p)
	}
	return opts
}

// all is watch for every KES object, whatever its mode: what is kept today is
// to be converted one day.
func (ps *pairs) all(opts pipeline.Options) pipeline.Options {
	opts.ForceMode = config.Replace
	return ps.watch(opts)
}

// prove runs all proofs, on all cores; what they say doesn't depend on that.
func (ps *pairs) prove(ctx context.Context) error {
	next := make(chan *pair)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for p := range next {
				p.prove()
			}
		})
	}
	for _, p := range ps.list {
		if ctx.Err() != nil {
			break
		}
		next <- p
	}
	close(next)
	wg.Wait()
	return ctx.Err()
}

// prove never takes the run down with it: what the simulation can't do is not
// provable.
func (p *pair) prove() {
	defer func() {
		if r := recover(); r != nil {
			p.report = proof.Report{Outcome: proof.NotProvable, Reason: fmt.Sprintf("the simulation failed: %v", r)}
		}
	}()
	p.report = proof.Verify(p.in, p.out, p.opts)
}

// finding is what a proof says, for commands whose report are findings.
func (p *pair) finding() (manifest.Finding, bool) {
	first := ""
	if len(p.report.Differences) > 0 {
		first = p.report.Differences[0].String()
	}
	switch p.report.Outcome {
	case proof.Different:
		return rule.ProvenDifferent.At(p.obj.Pos, p.obj.Ref, "%s", first), true
	case proof.NotProvable:
		return rule.NotProvable.At(p.obj.Pos, p.obj.Ref, "not provable: %s", p.report.Reason), true
	case proof.EqualExcept:
		return rule.ProvenExcept.At(p.obj.Pos, p.obj.Ref, "equal in %d cases except for: %s", p.report.Cases, strings.Join(p.shapes(), "; ")), true
	}
	return manifest.Finding{}, false
}

// shapes are the names of the shapes that differ, each once.
func (p *pair) shapes() []string {
	var out []string
	seen := map[string]bool{}
	for _, d := range p.report.Differences {
		if !seen[d.Shape] {
			seen[d.Shape] = true
			out = append(out, d.Shape)
		}
	}
	return out
}

func (a *app) verify(ctx context.Context, o options, paths []string, fixtureDir, output string) error {
	a.collect(fastHeap)
	ps := &pairs{}
	var err error
	if ps.fixtures, err = readFixtures(fixtureDir); err != nil {
		return err
	}
	run := newRun(o)
	v := &verification{app: a, o: o, run: run, pairs: ps, cache: &settingsCache{app: a, opts: o, byDir: map[string]pipeline.Options{}}}
	var errs []error
	for _, path := range paths {
		if err := v.path(ctx, path); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		a.conclude(o, run) // what the others have to say is said in the same run
		return err
	}
	if v.files == 0 && !o.allowEmpty {
		return &hintError{errors.New("verify: no manifests in the given paths"), "give files, or directories of manifests"}
	}
	done := a.progress("proofs")
	err = ps.prove(ctx)
	done()
	if err != nil {
		return err
	}
	if err := a.printProofs(ps, output); err != nil {
		return err
	}
	a.conclude(o, run)
	for _, p := range ps.list {
		if p.report.Outcome == proof.Different {
			a.code = exitFindings
		}
	}
	return nil
}

// verification walks the given paths.
type verification struct {
	app   *app
	o     options
	run   *pipeline.Run
	pairs *pairs
	cache *settingsCache
	files int
}

func (v *verification) path(ctx context.Context, path string) error {
	if path == "-" {
		return v.file(ctx, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return &hintError{fmt.Errorf("verify: %w", err), "give a file or a directory of manifests, or - for standard input"}
	}
	if !info.IsDir() {
		return v.file(ctx, path)
	}
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.IsDir():
			kind, err := render.Detect(p)
			if err != nil || kind == render.Directory {
				return err
			}
			if err := v.application(ctx, p); err != nil {
				return err
			}
			return fs.SkipDir
		case d.Type().IsRegular() && isManifest(p):
			return v.file(ctx, p)
		}
		return nil
	})
}

func isManifest(path string) bool {
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func (v *verification) file(ctx context.Context, file string) error {
	v.files++
	p, err := v.app.planFile(ctx, v.run, v.cache, file, v.pairs.all)
	if err != nil {
		return err
	}
	p.close()
	return nil
}

func (v *verification) application(ctx context.Context, dir string) error {
	v.files++
	rs, err := v.app.directory(v.o, dir)
	if err != nil {
		return err
	}
	result := &renderResult{}
	defer result.close()
	for i := range rs {
		rs[i].options = v.pairs.all(rs[i].options)
		if err := v.app.renderOne(ctx, v.run, &rs[i], v.o, result); err != nil {
			return err
		}
	}
	return nil
}

// proofLine is a secret in the JSON report.
type proofLine struct {
	Object      string             `json:"object"`
	Pos         manifest.Pos       `json:"pos"`
	Outcome     string             `json:"outcome"`
	Cases       int                `json:"cases"`
	Reason      string             `json:"reason,omitempty"`
	Differences []proof.Difference `json:"differences,omitempty"`
}

func (a *app) printProofs(ps *pairs, output string) error {
	if output == "json" {
		lines := []proofLine{}
		for _, p := range ps.list {
			lines = append(lines, proofLine{p.obj.Ref.String(), p.obj.Pos, p.report.Outcome.String(), p.report.Cases, p.report.Reason, p.report.Differences})
		}
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(lines); err != nil {
			return writeError(err)
		}
		return nil
	}
	for _, p := range ps.list {
		if err := p.print(a.out); err != nil {
			return writeError(err)
		}
	}
	return nil
}

func (p *pair) print(w io.Writer) error {
	line := ""
	switch p.report.Outcome {
	case proof.Equal:
		line = fmt.Sprintf("equal for all shapes (%d cases)", p.report.Cases)
	case proof.EqualExcept:
		line = fmt.Sprintf("equal (%d cases) except for: %s", p.report.Cases, strings.Join(p.shapes(), "; "))
	case proof.NotProvable:
		line = "not provable: " + p.report.Reason
	default:
		line = "different"
	}
	if _, err := fmt.Fprintf(w, "%s: %s: %s\n", p.obj.Pos, p.obj.Ref, line); err != nil {
		return err
	}
	if p.report.Outcome != proof.Different {
		return nil
	}
	for _, d := range p.report.Differences {
		if _, err := fmt.Fprintf(w, "  %s\n", d); err != nil {
			return err
		}
	}
	return nil
}
