package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/limit"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
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
	if g.call, err = g.app.newCall(); err != nil {
		return nil, done, err
	}
	s, err := g.app.sidecar()
	if err != nil {
		return nil, done, err
	}
	// Before anything is read: what waits here should be small.
	limiter, err := limit.Open(s.limit)
	if err != nil {
		return nil, done, fmt.Errorf("limit the renders of this sidecar: %w", err)
	}
	slot, err := limiter.Acquire(ctx, g.call.deadline(g.start, s.timeout))
	if err != nil {
		limiter.Close()
		if busy := (*limit.BusyError)(nil); errors.As(err, &busy) {
			err = &hintError{err, busy.Fix()}
		}
		return nil, done, err
	}
	g.waited = slot.Waited
	remove := func() error { return nil }
	done = func() {
		remove()
		slot.Release()
		limiter.Close()
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
	g.opts.App, g.opts.Project = g.call.app, g.call.project
	if _, name, ok := strings.Cut(g.call.app, "_"); ok {
		g.opts.App = name
	}
	request := g.call.request()
	request.Overrides = g.options.source
	if request.KubeVersion == "" {
		request.KubeVersion, request.APIVersions = g.opts.Settings.KubeVersion, g.opts.Settings.APIVersions
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
	if fs.Worst() >= g.options.failOn {
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
		if f.Severity >= manifest.Warning {
			rules[f.Rule]++
		}
	}
	in, out := 0, 0
	var bytes int64
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

// maxMessage bounds what Argo CD is to show, which it keeps in its cache and
// in the Application's status.
const maxMessage = 4 << 10

// fail prints what went wrong: the most important line first, then the app,
// then how to see it on a laptop.
func (g *generation) fail(err error) {
	a := g.app
	a.code = exitFailure
	var b bytes.Buffer
	var f *findingsError
	if errors.As(err, &f) {
		a.code = exitFindings
		writeFindings(&b, f)
	} else {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(err.Error()))
		if hint := whatToDo(err); hint != "" {
			fmt.Fprintf(&b, "  %s\n", hint)
		}
	}
	tail := ""
	if g.call != nil {
		tail = fmt.Sprintf("app %s, project %s, path %s, revision %s\nreproduce: %s\n", g.call.shortApp(), or(g.call.project, "?"), or(g.call.path, "."), or(g.call.revision, "?"), g.reproduce())
	}
	text := b.String()
	if g.call != nil {
		text = g.call.relative(text, g.scratch)
	}
	if room := maxMessage - len(tail); len(text) > room {
		const more = "\n... (more; reproduce it to see all)\n"
		text = strings.ToValidUTF8(text[:room-len(more)], "") + more
	}
	fmt.Fprint(a.err, text+tail)
}

func or(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}

// writeFindings prints those that fail the run, the worst first.
func writeFindings(b *bytes.Buffer, e *findingsError) {
	list := slices.Clone(e.fs)
	slices.SortStableFunc(list, func(x, y manifest.Finding) int { return int(y.Severity) - int(x.Severity) })
	n := 0
	said := map[string]bool{}
	for _, f := range list {
		if f.Severity < e.least {
			break
		}
		n++
		if said[f.Fix] {
			f.Fix = "" // the room is small
		}
		said[f.Fix] = true
		printFinding(b, palette{}, f)
	}
	fmt.Fprintf(b, "%s; nothing was rendered\n", plural(n, "finding"))
}

// reproduce is a command line that shows the same on a laptop. What may hold a
// secret, such as a chart's values, isn't repeated: the Application's manifest
// has it.
func (g *generation) reproduce() string {
	var args []string
	add := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name, quoteArg(value))
		}
	}
	o := g.options
	mode := o.mode
	if mode == "" && g.opts.Settings != nil {
		mode = g.opts.Settings.DefaultMode
	}
	add("mode", mode)
	add("cluster", o.cluster)
	add("eso-version", o.esoVersion)
	add("store", o.store)
	add("store-kind", o.storeKind)
	add("fidelity", o.fidelity)
	if len(o.source) > 0 {
		return "kesbridge render --application APPLICATION.yaml " + strings.Join(args, " ") + " (with the manifest of Application " + g.call.shortApp() + ")"
	}
	add("app-name", g.call.app)
	add("app-namespace", g.call.namespace)
	add("kube-version", g.call.kubeVersion)
	var lists []string
	for _, v := range g.call.apiVersions {
		if strings.HasPrefix(v, eso.Group+"/") && strings.Count(v, "/") == 2 {
			lists = append(lists, v)
		}
	}
	if o.esoVersion == "" {
		add("api-versions", strings.Join(lists, ","))
	}
	return "kesbridge render " + quoteArg(filepath.ToSlash(or(g.call.path, "."))) + " " + strings.Join(args, " ")
}

// quoteArg quotes for a shell where it is needed.
func quoteArg(s string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == '/' || r == '=' || r == ':' || r == '@' || r == ',' || r == '+' ||
			'0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// sidecarSettings are what only the sidecar's administrator decides.
type sidecarSettings struct {
	limit   limit.Config
	timeout time.Duration
}

// sidecarSetting is one row of them.
type sidecarSetting struct {
	env, usage string
	apply      func(s *sidecarSettings, value string) error
}

func sidecarTable() []sidecarSetting {
	size := func(to func(s *sidecarSettings) *int64) func(*sidecarSettings, string) error {
		return func(s *sidecarSettings, v string) (err error) {
			*to(s), err = parseSize(v)
			return err
		}
	}
	number := func(to func(s *sidecarSettings) *int) func(*sidecarSettings, string) error {
		return func(s *sidecarSettings, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return errors.New("wants a number from 1 on")
			}
			*to(s) = n
			return nil
		}
	}
	return []sidecarSetting{
		{"KESBRIDGE_PARALLEL", "how many apps are rendered at once (default: as many as the container's CPU and memory limits allow)", number(func(s *sidecarSettings) *int { return &s.limit.Slots })},
		{"KESBRIDGE_MAX_WAITING", "how many calls may wait for that (default: as many as the rest of the memory holds)", number(func(s *sidecarSettings) *int { return &s.limit.MaxWaiting })},
		{"KESBRIDGE_MEMORY_PER_RUN", "what one app may need, such as 256Mi (default 128Mi)", size(func(s *sidecarSettings) *int64 { return &s.limit.MemoryPerRun })},
		{"KESBRIDGE_TIMEOUT", "how long the caller waits: the smaller of --repo-server-timeout-seconds of the controller and the server (default 60s)", func(s *sidecarSettings, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d <= 0 {
				return errors.New("wants a duration such as 60s")
			}
			s.timeout = d
			return nil
		}},
		{"KESBRIDGE_WORK_DIR", "directory for the queue and for temporary files, shared by all calls (default: kesbridge-UID in the temporary directory)", func(s *sidecarSettings, v string) error {
			s.limit.Dir = v
			return nil
		}},
	}
}

// sidecar reads them.
func (a *app) sidecar() (sidecarSettings, error) {
	s := sidecarSettings{timeout: time.Minute, limit: limit.Config{Knobs: limit.Knobs{
		Slots: "KESBRIDGE_PARALLEL", MaxWaiting: "KESBRIDGE_MAX_WAITING",
		Deadline: "KESBRIDGE_TIMEOUT with --repo-server-timeout-seconds", CPU: "the sidecar's CPU limit", Memory: "the sidecar's memory limit",
	}}}
	for _, row := range sidecarTable() {
		if v := a.env[row.env]; v != "" {
			if err := row.apply(&s, v); err != nil {
				return s, fmt.Errorf("%s %q: %w", row.env, v, err)
			}
		}
	}
	return s, nil
}

// parseSize reads bytes as Kubernetes writes them.
func parseSize(v string) (int64, error) {
	units := []struct {
		suffix string
		factor int64
	}{{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"", 1}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(v, u.suffix); ok {
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil || n < 1 || n > (1<<50)/u.factor {
				break
			}
			return n * u.factor, nil
		}
	}
	return 0, errors.New("wants a size such as 256Mi")
}

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
