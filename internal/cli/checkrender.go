package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/place"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
	"kesbridge/render"
)

// work is the render of one app, and what is seen in it.
type work struct {
	c       *checking
	j       job
	r       *checked
	run     *pipeline.Run
	rs      []rendering
	secrets []seen
	read    []render.Inputs // by the renders alone
	plans   []*manifest.Plan
	options []pipeline.Options // of the plans
	// indexes give the places in the sources, by the stream's name.
	indexes map[string]*place.Index
	counts  pipeline.Counts
	// doubts are about resources that are kept today.
	doubts manifest.Findings
	// origins give the sources of objects, by the stream's name; objects those
	// of the KES objects, by the line at which they are rendered.
	origins map[string]func(*manifest.Object) string
	objects map[manifest.Pos]string
	// kinds are ESO's that the output holds.
	kinds map[string]bool
	// others make Secrets and are no KES objects.
	others []cutover.Maker
}

// seen is a KES object.
type seen struct {
	secret report.Secret
	pos    manifest.Pos // in the rendered text
	plain  bool         // nothing in it needs a second look
	// resource is what is known of its way.
	resource cutover.Resource
}

func (w *work) do(ctx context.Context) {
	result := &renderResult{}
	defer result.close()
	helm, cleanup, err := w.c.app.helmCommand(w.rs)
	if err != nil {
		w.r.broken(w.r.app.Application, err)
		return
	}
	defer cleanup()
	for i := range w.rs {
		w.rs[i].source.Kustomize.HelmCommand = helm
		if err := w.render(ctx, &w.rs[i], result); err != nil {
			w.r.failed(err)
			return
		}
	}
	w.plans = result.plans
	if !slices.ContainsFunc(w.plans, (*manifest.Plan).HasContent) && !w.c.o.allowEmpty {
		w.r.broken(w.r.app.Application, errors.New("it renders to no documents: with pruning on that deletes the application"))
		return
	}
	if err := w.conclude(ctx); err != nil {
		w.r.failed(err)
	}
}

// render renders a source twice and plans what comes out.
func (w *work) render(ctx context.Context, r *rendering, result *renderResult) error {
	first, err := w.c.app.renderSource(ctx, r)
	if first != nil {
		w.r.inputs = append(w.r.inputs, first.Inputs)
		w.read = append(w.read, first.Inputs)
	}
	if err != nil {
		return err
	}
	second, err := w.c.app.renderSource(ctx, r)
	if err != nil {
		return err
	}
	if w.r.app.Kind == "" {
		w.r.app.Kind = string(first.Kind)
	}
	for i := range first.Streams {
		s := first.Streams[i]
		index := w.c.places.Stream(first.Kind, s)
		w.origins[s.Name] = streamOf(first.Kind, &s).Origin
		w.indexes[s.Name] = index
		if bytes.Contains(s.Data, []byte(argocd.Group)) {
			w.r.holds = append(w.r.holds, s)
		}
		if i >= len(second.Streams) || !bytes.Equal(s.Data, second.Streams[i].Data) {
			w.differs(&s, second, i)
		}
	}
	if err := w.c.needs(ctx, w, r, first); err != nil {
		return err
	}
	if r.options.VersionSet {
		w.r.esoVersion = r.options.Profile.Version()
	}
	r.options = w.watch(r.options)
	o := w.c.o
	o.allowEmpty, o.verbose = true, false
	planned := len(result.plans)
	err = w.c.app.planOutput(ctx, w.run, r, first, o, result)
	for range result.plans[planned:] {
		w.options = append(w.options, r.options)
	}
	if err != nil {
		return err
	}
	return w.later(ctx, r, first)
}

// later converts what is kept today, for what will be in the way one day.
func (w *work) later(ctx context.Context, r *rendering, output *render.Output) error {
	modes := w.run.Modes()
	if modes[config.Keep]+modes[config.Freeze]+modes[config.Protect] == 0 {
		return nil
	}
	trial := newRun(options{verbose: true, failOn: manifest.Info})
	forced := *r
	forced.options.ForceMode, forced.options.Seen = config.Replace, nil
	forced.options.Decided = func(o *manifest.Object, d pipeline.Decision) {
		if i := slices.IndexFunc(w.secrets, func(s seen) bool { return s.pos == o.Pos }); i >= 0 && w.secrets[i].resource.ESO == nil {
			w.becomes(&w.secrets[i].resource, d.After, forced.options)
		}
	}
	result := &renderResult{}
	defer result.close()
	o := w.c.o
	o.allowEmpty, o.verbose = true, false
	if err := w.c.app.planOutput(ctx, trial, &forced, output, o, result); err != nil {
		return err
	}
	findings, _ := trial.Part(w.place)
	for _, f := range findings {
		if f.Severity < manifest.Error || !kes.IsKES(f.Ref) {
			continue
		}
		f.Severity = manifest.Warning
		f.Message = "kept for now, and can't be converted as it is: " + f.Message
		w.doubts = append(w.doubts, f)
	}
	return nil
}

// differs says that a second render gave other bytes, once.
func (w *work) differs(s *render.Stream, second *render.Output, i int) {
	if w.r.app.State == report.Broken {
		return
	}
	line := 1
	if i < len(second.Streams) {
		line = differingLine(s.Data, second.Streams[i].Data)
	}
	pos := w.indexes[s.Name].Source(manifest.Pos{File: s.Name, Line: line, Column: 1, Origin: originAt(s, line)}, manifest.Ref{})
	what := fmt.Sprintf("line %d of the output", line)
	if key := keyAt(s.Data, line); key != "" {
		what = "the value of " + key
		if n := w.c.onlyLine(pos.File, key+":"); pos.Line <= 1 && n > 0 {
			pos.Line, pos.Column = n, 0
		}
	}
	w.r.app.State, w.r.app.Reason = report.Broken, "renders to other bytes each time"
	w.r.about = append(w.r.about, rule.NotRepeatable.At(pos, manifest.Ref{}, "rendered twice, it isn't the same: %s", what))
}

// onlyLine is the number of the one line of a file that begins with a text, or
// 0.
func (c *checking) onlyLine(name, text string) int {
	data, err := fs.ReadFile(c.root.FS(), name)
	if err != nil || len(data) > 1<<20 {
		return 0
	}
	found, n := 0, 0
	for line := range bytes.Lines(data) {
		n++
		if !bytes.HasPrefix(bytes.TrimLeft(line, " -"), []byte(text)) {
			continue
		}
		if found > 0 {
			return 0
		}
		found = n
	}
	return found
}

// originAt is the template that Helm says a line is from.
func originAt(s *render.Stream, line int) string {
	origin, n := "", 0
	for text := range bytes.Lines(s.Data) {
		if n++; n > line {
			break
		}
		if from, ok := bytes.CutPrefix(text, []byte("# Source: ")); ok {
			origin = chartFile(s.Name, string(bytes.TrimSpace(from)))
		}
	}
	return origin
}

// keyAt is the key of a line: its value may be a secret that was made up.
func keyAt(data []byte, line int) string {
	n := 0
	for text := range bytes.Lines(data) {
		if n++; n == line {
			key, _, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
			if ok && len(key) < 80 {
				return strings.TrimPrefix(key, "- ")
			}
			break
		}
	}
	return ""
}
