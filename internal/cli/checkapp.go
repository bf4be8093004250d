package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/fleet"
	"kesbridge/internal/input"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/place"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
	"kesbridge/render"
)

// job is an app for one cluster.
type job struct {
	candidate fleet.Candidate
	cluster   string // of kesbridge.yaml; empty: none is known
	id        string
	order     int
	parent    *checked // whose output holds it
}

// checked is what was found about it.
type checked struct {
	app      report.App
	run      *pipeline.Run     // nil where it wasn't rendered
	findings manifest.Findings // about its objects
	about    manifest.Findings // about all of it
	inputs   []render.Inputs
	// unchanged: nothing that it reads differs from the revision that was
	// asked for, so that nothing is said of it.
	unchanged  bool
	esoVersion string // the one that is set
	candidate  fleet.Candidate
	// holds is rendered output in which there may be apps.
	holds []render.Stream
}

// all checks every app, and those that they hold, on all cores; what is found
// doesn't depend on that. Apps of apps come first, since what they hold may
// render a directory that would be taken for an app of its own.
func (c *checking) all(ctx context.Context) error {
	var parents, others []fleet.Candidate
	for _, candidate := range c.fleet.Apps {
		if c.fleet.Parent(candidate) {
			parents = append(parents, candidate)
		} else {
			others = append(others, candidate)
		}
	}
	if err := c.rounds(ctx, parents); err != nil {
		return err
	}
	return c.rounds(ctx, others)
}

func (c *checking) rounds(ctx context.Context, apps []fleet.Candidate) error {
	round := c.jobs(apps, nil)
	for len(round) > 0 {
		results, err := c.round(ctx, round)
		if err != nil {
			return err
		}
		var next []job
		for _, r := range results {
			var held []fleet.Candidate
			for _, s := range r.holds {
				more, skipped := c.fleet.Rendered(r.app.ID, s.Data, r.candidate)
				held = append(held, more...)
				c.fleet.Skipped = append(c.fleet.Skipped, skipped...)
			}
			next = append(next, c.jobs(held, r)...)
			r.holds = nil
			if r.unchanged {
				c.unchanged++
			} else {
				c.results = append(c.results, r)
			}
		}
		for i := range next {
			next[i].order = i
		}
		round = next
	}
	return nil
}

// jobs are the apps for each of their clusters.
func (c *checking) jobs(apps []fleet.Candidate, parent *checked) []job {
	var out []job
	for _, candidate := range apps {
		if c.fleet.Superseded(candidate) {
			continue
		}
		names := candidate.Clusters
		if len(names) == 0 {
			names = []string{""}
			if candidate.App != nil {
				names[0] = destination(c.known, candidate.App.Spec.Destination)
			}
		}
		for _, name := range names {
			if c.o.cluster != "" && name != "" && name != c.o.cluster {
				continue // it goes elsewhere
			}
			j := job{candidate: candidate, cluster: or(name, c.o.cluster), order: len(out), parent: parent}
			j.id = c.id(c.describe(j))
			out = append(out, j)
		}
	}
	return out
}

// id makes an ID unique: each cluster's Argo CD may have Applications of the
// same names.
func (c *checking) id(app report.App) string {
	id := app.ID
	if c.ids[id] {
		id += " (" + or(app.Application.File, app.Path) + ")"
	}
	for n := 2; c.ids[id]; n++ {
		id = fmt.Sprintf("%s (%d)", app.ID, n)
	}
	c.ids[id] = true
	return id
}

func (c *checking) round(ctx context.Context, jobs []job) ([]*checked, error) {
	results := make([]*checked, len(jobs))
	count, done := c.app.count("apps checked", len(jobs))
	defer done()
	next := make(chan job)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range next {
				results[j.order] = c.one(ctx, j)
				count()
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- j
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	return results, nil
}

// one checks an app. What goes wrong is a finding: the others go on.
func (c *checking) one(ctx context.Context, j job) (r *checked) {
	r = &checked{app: c.describe(j), candidate: j.candidate}
	r.app.ID = j.id
	defer func() {
		if p := recover(); p != nil {
			r.broken(r.app.Application, fmt.Errorf("this is a defect of kesbridge, please report it: %v", p))
		}
	}()
	c.golden.keep(j.id)
	o := c.o
	o.cluster, o.allowEmpty = j.cluster, true
	rs, err := c.renderings(o, j.candidate)
	r.inputs = c.otherInputs(j, rs)
	if err != nil {
		r.failed(err)
		r.run = pipeline.New()
		c.waive(r, nil)
		r.unchanged = c.since != nil && elsewhere(err) && !c.since.touched(input.New(c.checkout.Root, r.inputs...))
		return r
	}
	digest := c.since.digest(j, rs)
	if c.since.known(j.id, digest, r.inputs) {
		r.unchanged = true
		return r
	}
	w := &work{c: c, j: j, r: r, run: newRun(options{verbose: true, failOn: manifest.Info}), rs: rs, indexes: map[string]*place.Index{}, kinds: map[string]bool{}, origins: map[string]func(*manifest.Object) string{}, objects: map[manifest.Pos]string{}}
	r.run = w.run
	w.do(ctx)
	w.generatePaths()
	c.waive(r, rs)
	if r.app.State == "" {
		r.app.State, r.app.Reason = w.ready()
	}
	if c.since != nil {
		all := input.New(c.checkout.Root, r.inputs...)
		if len(r.holds) == 0 {
			c.since.record.Put(j.id, digest, all)
		}
		r.unchanged = !c.since.touched(all)
	}
	return r
}

// waive applies the waivers of the configuration to what is about the app.
func (c *checking) waive(r *checked, rs []rendering) {
	var settings *config.Settings
	if len(rs) > 0 {
		settings = rs[0].options.Settings
	} else {
		o := c.o
		o.cluster = r.app.Cluster
		opts, err := c.app.settings(o, c.own)
		if err != nil {
			return // said where it was first seen
		}
		settings = opts.Settings
	}
	facts := config.Facts{App: r.app.Name, Project: r.app.Project, Cluster: r.app.Cluster}
	r.findings = append(r.findings, r.run.Waive(settings, facts, r.about...)...)
}

// describe says what is known before anything is rendered.
func (c *checking) describe(j job) report.App {
	app := report.App{Cluster: j.cluster, Application: j.candidate.From}
	if a := j.candidate.App; a != nil {
		app.Name, app.Namespace, app.Project = a.Metadata.Name, a.Spec.Destination.Namespace, a.Project()
		for _, s := range a.Sources() {
			if s.Path != "" {
				app.Path = path.Clean(s.Path)
				break
			}
		}
	} else {
		app.Name, app.Path = j.candidate.Dir, j.candidate.Dir
	}
	app.ID = app.Name
	if j.cluster != "" {
		app.ID += "@" + j.cluster
	}
	return app
}

func (c *checking) renderings(o options, candidate fleet.Candidate) ([]rendering, error) {
	if candidate.App != nil {
		return c.app.applicationSources(o, c.checkout, candidate.App, c.argo)
	}
	rs, err := c.app.directory(o, filepath.Join(c.checkout.Root, filepath.FromSlash(candidate.Dir)))
	for i := range rs {
		rs[i].label = candidate.Dir
	}
	return rs, err
}

// broken says that an app doesn't render.
func (r *checked) broken(pos manifest.Pos, err error) {
	r.app.State, r.app.Reason = report.Broken, firstLine(err.Error())
	f := rule.NotRendered.At(pos, manifest.Ref{}, "%s", firstLine(err.Error()))
	if fix := fixOf(err); fix != "" {
		f.Fix = fix
	}
	r.about = append(r.about, f)
}

// failed sorts an error into what is wrong with the app, and what just isn't
// here.
func (r *checked) failed(err error) {
	plugin := (*argocd.PluginError)(nil)
	if errors.As(err, &plugin) {
		r.app.State, r.app.Reason = report.Blocked, plugin.Error()
		r.about = append(r.about, rule.NotChecked.At(r.app.Application, manifest.Ref{}, "%s", plugin.Error()))
		return
	}
	if elsewhere(err) {
		r.app.State, r.app.Reason = report.Skipped, firstLine(err.Error())
		r.about = append(r.about, rule.NotChecked.At(errorPos(err, r.app.Application), manifest.Ref{}, "%s", firstLine(err.Error())))
		return
	}
	r.broken(errorPos(err, r.app.Application), err)
}

// elsewhere tells what a checkout alone can't show.
func elsewhere(err error) bool {
	var (
		chart     *argocd.ChartError
		repo      *argocd.RepoError
		generator *argocd.GeneratorError
		clusters  *argocd.ClustersError
		network   *render.NetworkError
		depends   *render.DependencyError
	)
	return errors.As(err, &chart) || errors.As(err, &repo) || errors.As(err, &generator) || errors.As(err, &clusters) ||
		errors.As(err, &network) || errors.As(err, &depends)
}

// errorPos is the place that an error names, or where the app stands.
func errorPos(err error, otherwise manifest.Pos) manifest.Pos {
	var (
		rendering *render.Error
		app       *argocd.Error
		syntax    *manifest.SyntaxError
	)
	switch {
	case errors.As(err, &rendering) && rendering.File != "":
		return manifest.Pos{File: rendering.File, Line: rendering.Line, Column: rendering.Column}
	case errors.As(err, &syntax) && syntax.Pos.File != "":
		return syntax.Pos
	case errors.As(err, &app) && app.Pos.File != "":
		return app.Pos
	}
	return otherwise
}

func fixOf(err error) string {
	var rendering *render.Error
	if errors.As(err, &rendering) && rendering.Fix != "" {
		return rendering.Fix
	}
	return whatToDo(err)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

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
}

// seen is a KES object.
type seen struct {
	secret report.Secret
	pos    manifest.Pos // in the rendered text
	plain  bool         // nothing in it needs a second look
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
	forced.options.ForceMode, forced.options.Seen, forced.options.Decided = config.Replace, nil, nil
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
	w.r.app.State, w.r.app.Reason = report.Broken, "renders to other bytes each time"
	w.r.about = append(w.r.about, rule.NotRepeatable.At(pos, manifest.Ref{}, "rendered twice, it isn't the same: %s", excerpt(s.Data, line)))
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

// excerpt is the key of a line: its value may be a secret that was made up.
func excerpt(data []byte, line int) string {
	n := 0
	for text := range bytes.Lines(data) {
		if n++; n == line {
			key, _, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
			if ok && len(key) < 80 {
				return "the value of " + strings.TrimPrefix(key, "- ")
			}
			break
		}
	}
	return fmt.Sprintf("line %d of the output", line)
}
