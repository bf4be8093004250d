package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/sidecar"
)

// generation is one call of plugin generate.
type generation struct {
	app     *app
	start   time.Time
	waited  time.Duration
	scratch string
	call    *call
	options options
	opts    pipeline.Options
	run     *pipeline.Run
	result  *renderResult
}

// generate renders the app in the current directory for Argo CD: manifests,
// or an error that a person can use in Argo CD's one box of text.
func (a *app) generate(ctx context.Context, cmd *cobra.Command) error {
	g := &generation{app: a, start: time.Now(), run: pipeline.New(), result: &renderResult{}}
	defer g.result.close()
	restore := silence()
	defer restore()
	g.run.Least = manifest.Info
	out, done, err := g.work(ctx, cmd)
	defer done()
	if err != nil {
		g.fail(err)
		return nil
	}
	return out()
}

// work does all but printing. done is never nil.
func (g *generation) work(ctx context.Context, cmd *cobra.Command) (out func() error, done func(), err error) {
	done = func() {}
	call := sidecar.Early()
	if call != nil {
		g.start, done = call.Start, call.Close
	}
	if g.call, err = g.app.newCall(); err != nil {
		return nil, done, err
	}
	s, err := sidecar.Read(g.app.getenv)
	if err != nil {
		return nil, done, err
	}
	if call == nil {
		call = sidecar.Wait(ctx, s, g.start, sidecar.Deadline(g.call.root, g.start, s.Timeout))
		done = call.Close
	}
	if call.Err != nil {
		return nil, done, call.Err
	}
	limiter := call.Limiter
	g.waited = call.Slot.Waited
	remove := func() error { return nil }
	done = func() {
		remove()
		call.Close()
	}
	if g.app.env["GOMEMLIMIT"] == "" {
		limiter.Plan().ApplyMemoryLimit()
	}
	if _, err := limiter.Clean(); err != nil {
		return nil, done, fmt.Errorf("remove what killed runs left behind: %w", err)
	}
	if g.scratch, remove, err = limiter.Scratch(); err != nil {
		return nil, done, fmt.Errorf("make a scratch directory: %w", err)
	}
	if g.scratch != "" {
		// Where Argo CD kills this run, the next one finds what is left.
		if err := os.Setenv("TMPDIR", g.scratch); err != nil {
			return nil, done, err
		}
	}
	out, err = g.render(ctx, cmd)
	return out, done, err
}

func (g *generation) render(ctx context.Context, cmd *cobra.Command) (func() error, error) {
	a := g.app
	lookups, err := a.lookups(g.call)
	if err != nil {
		return nil, err
	}
	v, err := values(cmd, lookups...)
	if err != nil {
		return nil, err
	}
	if g.options, err = optionsOf(v); err != nil {
		return nil, err
	}
	g.options.plugin = g.call
	c, err := a.config(g.options, g.call.dir)
	if err != nil {
		return nil, err
	}
	if g.opts, err = a.settings(g.options, c); err != nil {
		return nil, err
	}
	g.opts.App, g.opts.Project = argocd.ShortName(g.call.app), g.call.project
	request := g.call.request()
	g.opts.Namespace = request.Namespace
	request.Overrides = g.options.source
	request.KubeVersion = or(request.KubeVersion, g.opts.Settings.KubeVersion)
	if len(request.APIVersions) == 0 {
		request.APIVersions = g.opts.Settings.APIVersions
	}
	source, err := request.RenderSource()
	if err != nil {
		return nil, err
	}
	job := &rendered{options: g.options, renderings: []rendering{{label: g.call.rel, source: source, options: g.opts}}}
	if err := a.plan(ctx, job, g.run, g.result); err != nil {
		return nil, err
	}
	fs, counts := g.run.Finish()
	if fs.Worst() >= g.options.failOn || fs.WaivedErrors() {
		return nil, &findingsError{fs, g.options.failOn}
	}
	return func() error {
		if err := a.write(g.result.plans); err != nil {
			return err
		}
		return g.log(fs, counts)
	}, nil
}

// findingsError says that findings keep the app from being rendered.
type findingsError struct {
	fs    manifest.Findings
	least manifest.Severity
}

func (e *findingsError) Error() string {
	f := e.worst()
	return fmt.Sprintf("%s: %s", f.Severity, f.String())
}

// worst is the first of the most severe.
func (e *findingsError) worst() manifest.Finding {
	return slices.MaxFunc(e.fs, func(a, b manifest.Finding) int { return int(a.Severity) - int(b.Severity) })
}

// log is the one line that cmp-server logs for a successful call.
func (g *generation) log(fs manifest.Findings, counts pipeline.Counts) error {
	rules := map[string]int{}
	for _, f := range fs {
		if f.Severity >= manifest.Warning && f.Waived == "" {
			rules[f.Rule]++
		}
	}
	in, out := 0, 0
	var bytes int64
	in -= g.result.stores // those are of our own making
	for _, p := range g.result.plans {
		s := p.Stats()
		in, out, bytes = in+s.Documents, out+s.Documents+s.Accompanied-s.Dropped, bytes+s.OutBytes
	}
	profile := g.opts.Profile.Version()
	if profile == "" {
		profile = g.opts.Profile.APIVersion()
	}
	evidence := g.opts.Evidence
	if g.opts.VersionSet {
		evidence = "set"
	}
	line := struct {
		Msg          string         `json:"msg"`
		App          string         `json:"app"`
		Project      string         `json:"project"`
		Revision     string         `json:"revision"`
		Version      string         `json:"version"`
		ESO          string         `json:"eso"`
		Evidence     string         `json:"esoEvidence"`
		DocumentsIn  int            `json:"documentsIn"`
		DocumentsOut int            `json:"documentsOut"`
		Bytes        int64          `json:"bytes"`
		KES          int            `json:"kes"`
		Converted    int            `json:"converted"`
		Modes        map[string]int `json:"modes"`
		Findings     map[string]int `json:"findings"`
		WaitMs       int64          `json:"waitMs"`
		RenderMs     int64          `json:"renderMs"`
		MaxRSSMiB    int64          `json:"maxRSSMiB"`
	}{
		"generated", g.call.app, g.call.project, g.call.revision, shortVersion(), profile, evidence, in, out, bytes,
		counts.KES, counts.Converted, g.run.Modes(), rules,
		g.waited.Milliseconds(), (time.Since(g.start) - g.waited).Milliseconds(), maxRSS() >> 20,
	}
	b, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	_, _ = fmt.Fprintf(g.app.err, "%s\n", b) // the manifests are out already
	return nil
}

func (a *app) getenv(name string) string { return a.env[name] }

// pluginSettings makes what Argo CD applies: nothing may choose a mode or a
// store by itself.
func pluginSettings(o options, s *config.Settings, p *pipeline.Options) {
	p.Plugin, p.PresetMode = true, ""
	if !s.UnmatchedSet {
		p.Stores.Unmatched = "fail"
	}
	if o.final && !s.Fixed("final") {
		s.Final = true
	}
}
