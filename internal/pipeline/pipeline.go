// Package pipeline takes manifest streams through the conversion: it decides
// what becomes of each object, keeps account of every one of them, and
// gathers the findings that only a whole output or a whole run can show.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// Options decide what becomes of the KES objects of one output.
type Options struct {
	// Settings of the cluster; nil is the built-in ones.
	Settings *config.Settings
	Profile  eso.Profile
	// Evidence says what Profile was inferred from; empty: from nothing.
	// VersionSet: a setting gives it. Served is what the cluster's list of API
	// versions says, in the plugin.
	Evidence   string
	VersionSet bool
	Served     eso.Inference
	Stores     *store.Resolver // nil derives every store
	// KES is what Git tells of the controller, beyond its environment in
	// Settings; nil: nothing.
	KES *kes.Controller
	// EmitStores prints derived stores, each as one SecretStore for a namespace.
	EmitStores bool
	// Keep leaves what can't be converted as it is and turns the error into a
	// warning (--on-unsupported keep).
	Keep bool
	// App and Project are those of the Argo CD Application, for store rules.
	App, Project string
	// Namespace is the Application's destination, for objects that name none;
	// empty: unknown.
	Namespace string
	// Mode is the mode that a flag, a parameter or the environment gives, and
	// ModeFrom its name; both may be empty.
	Mode, ModeFrom string
	// PresetMode is for objects for which nothing chooses a mode; empty: that
	// is an error.
	PresetMode string
	// ForceMode is the mode of every object, whatever anybody says: for
	// questions such as whether the conversions are right.
	ForceMode string
	// Plugin: Argo CD applies and prunes the output. Converted objects are
	// guarded until they are final, and Keep is refused where it would take
	// an ESO object away.
	Plugin bool
	// Decided, if set, is told what becomes of each KES object, in the order
	// of the input.
	Decided func(o *manifest.Object, d Decision)
	// Followed, if set, is told which strings change in an object that isn't
	// KES's, since they name a Secret whose readers move.
	Followed func(o *manifest.Object, texts []manifest.Text)
	// Seen, if set, is shown each KES object before anything is decided about
	// it: one that can't be read or converted gets no decision.
	Seen func(o *manifest.Object)
	// MaxInput and TempDir bound and place the spool of input that can't be
	// read twice; see manifest.Transformer.
	MaxInput int64
	TempDir  string
}

// Counts is the account of a run.
type Counts struct {
	// KES objects seen. Converted got an ESO object, in their place or beside
	// them; Kept can't be converted and stay as they are; Failed can't, and
	// fail the run; Dropped ones gave way to an ESO object by hand. The others
	// stay by their mode (Run.Modes).
	KES, Converted, Kept, Failed, Dropped int
}

// Run converts streams and gathers what is said about them.
type Run struct {
	// Least is the severity from which on findings are kept; weaker ones are
	// only counted. A stream of a million secrets has a million infos.
	Least manifest.Severity
	// Whole: the run looks at everything that the configuration is for, so that
	// a waiver that matches nothing in it is unused.
	Whole bool

	counts   Counts
	findings manifest.Findings
	weaker   map[manifest.Severity]int
	modes    map[string]int
	// templates are the templates rules of all settings that were in force.
	templates map[manifest.Pos]templateState
	// waivers are those of all settings that were in force, ignored those that
	// the administrator's aren't, inline the objects that have some.
	waivers map[manifest.Pos]waiverState
	ignored map[manifest.Pos]bool
	inline  []*waivers
	waived  int
	stores  map[eso.StoreRef]*storeUse
	needs   map[storeKey]servedNeed
	// held are the stores that outputs hold because nobody else does.
	held    map[heldStore]holder
	refresh map[pace]*refreshUse
}

// New starts a run.
func New() *Run {
	return &Run{
		weaker: map[manifest.Severity]int{},
		stores: map[eso.StoreRef]*storeUse{}, needs: map[storeKey]servedNeed{}, held: map[heldStore]holder{},
		refresh: map[pace]*refreshUse{}, modes: map[string]int{}, templates: map[manifest.Pos]templateState{},
		waivers: map[manifest.Pos]waiverState{}, ignored: map[manifest.Pos]bool{},
	}
}

// say keeps or counts findings. A waived one is shown with the infos, and an
// error always: it may have left nothing to print.
func (r *Run) say(fs ...manifest.Finding) {
	for _, f := range fs {
		if f.Waived != "" {
			if r.waived++; f.Severity < manifest.Error && r.Least > manifest.Info {
				continue
			}
		}
		if f.Severity < r.Least {
			r.weaker[f.Severity]++
			continue
		}
		r.findings = append(r.findings, f)
	}
}

// Weaker is how many findings of a severity below Least there were.
func (r *Run) Weaker(s manifest.Severity) int { return r.weaker[s] }

// Output is the scope in which two objects with one name or one target are an
// error: all streams of an app, or one file that stands alone.
type Output struct {
	run     *Run
	opts    Options
	files   []string
	objects map[identity]place
	targets map[identity]place
	// kesSecrets are the Secrets that KES goes on making, second those that
	// ESO makes beside them, plans the streams.
	kesSecrets map[identity]place
	second     []secondSecret
	// waivers are those of the object that is being visited.
	waivers *waivers
	plans   []*manifest.Plan
	// scout is what was found before anything was decided, nil: nothing had to
	// be. scouting: this is the output that finds it.
	scout    *scout
	scouting *scout
	present  map[presentStore]bool
	uses     map[presentStore]*storeUse
	order    []presentStore
	// wanted are the resources whose stores are to be in the output.
	wanted []store.Use
}

// Output begins a new scope. Close it before the run ends.
func (r *Run) Output(opts Options) *Output {
	if opts.Settings == nil {
		opts.Settings, _ = (*config.Config)(nil).For("")
		opts.PresetMode = config.Replace
	}
	if opts.Stores == nil {
		opts.Stores = &store.Resolver{}
	}
	r.know(opts.Settings)
	return &Output{run: r, opts: opts, objects: map[identity]place{}, targets: map[identity]place{}, kesSecrets: map[identity]place{}, present: map[presentStore]bool{}, uses: map[presentStore]*storeUse{}}
}

// Stream is one input of a scope.
type Stream struct {
	manifest.Input
	// Origin gives the source file of an object, relative to the repository's
	// root with forward slashes, or "" where there is none. nil: none.
	Origin func(*manifest.Object) string
}

// Plan is PlanAll for a scope of one stream.
func (o *Output) Plan(ctx context.Context, s Stream) (*manifest.Plan, error) {
	plans, err := o.PlanAll(ctx, []Stream{s})
	if err != nil {
		return nil, err
	}
	return plans[0], nil
}

// PlanAll reads the streams of a scope to their ends and decides about every
// object in them; nothing is written yet. The plans are those of the streams
// that could be read, in their order; err joins what is wrong with the others.
func (o *Output) PlanAll(ctx context.Context, streams []Stream) (plans []*manifest.Plan, err error) {
	streams, errs := o.look(ctx, streams)
	for i := range streams {
		p, err := o.plan(ctx, streams[i])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		plans = append(plans, p)
	}
	return plans, errors.Join(errs...)
}

func (o *Output) plan(ctx context.Context, s Stream) (*manifest.Plan, error) {
	v := &visitor{out: o, origin: s.Origin}
	t := o.transformer()
	t.Groups, t.Visit = []string{kes.Group, eso.Group}, v.visit
	if names := o.scout.names(); len(names) > 0 {
		t.Names, t.NamedGroups = names, cutover.ReferenceGroups(o.opts.Settings.References)
	}
	p, err := t.Plan(ctx, s.Input)
	if err != nil {
		return nil, err
	}
	if err := v.account(p.Account()); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	o.plans = append(o.plans, p)
	return p, nil
}

func (o *Output) transformer() *manifest.Transformer {
	return &manifest.Transformer{MaxInput: o.opts.MaxInput, TempDir: o.opts.TempDir}
}

// Add adds findings that a caller has of its own.
func (r *Run) Add(fs ...manifest.Finding) { r.say(fs...) }

// Finish ends the run: it adds what only the whole run shows and gives all
// findings, sorted.
func (r *Run) Finish() (manifest.Findings, Counts) {
	r.refreshFindings()
	r.storeFindings()
	r.templateFindings()
	r.inlineFindings()
	r.waiverFindings()
	r.findings.Sort()
	return r.findings, r.counts
}

// visitor decides about the objects of one stream.
type visitor struct {
	out    *Output
	origin func(*manifest.Object) string
	// seen by what was decided, to be compared with the plan's own account.
	seen, replaced, accompanied, edited, dropped, untouched int
}

func (v *visitor) visit(o *manifest.Object) (manifest.Result, error) {
	v.seen++
	v.out.waivers = nil
	if !kes.IsKES(o.Ref) {
		v.out.waivers = v.waiversFor(o, nil, v.subject(o))
		if o.Ref.Group == eso.Group {
			v.out.observe(o)
		}
		return v.follow(o), nil
	}
	run := v.out.run
	run.counts.KES++
	if v.out.opts.Seen != nil {
		v.out.opts.Seen(o)
	}
	es, findings := kes.Decode(o)
	facts := v.facts(o, es)
	v.out.waivers = v.waiversFor(o, es, facts)
	c, ok := v.mode(o, es, facts)
	if !ok {
		run.counts.Failed++
		v.untouched++
		return manifest.Result{}, nil
	}
	switch c.Mode {
	case config.Keep:
		return v.keep(o, c), nil
	case config.Freeze, config.Protect:
		return v.freeze(o, c), nil
	case config.Superseded:
		return v.superseded(o, c), nil
	}
	v.out.waivers.judge()
	options := v.options(o)
	var res convert.Result
	if findings.Worst() < manifest.Error {
		res = convert.Convert(es, options)
		run.templatesUsed(options.Settings.Templates, res.Templates)
		findings = append(findings, res.Findings...)
	}
	for i := range findings {
		// Where the text is rendered, a person needs the file that it came from.
		if p := &findings[i].Pos; p.Origin == "" && !strings.HasSuffix("/"+options.Origin, "/"+o.Pos.File) {
			p.Origin = options.Origin
		}
	}
	if res.ESO == nil {
		return v.unsupported(o, c, findings), nil
	}
	v.out.say(findings...)
	return v.converted(o, es, c, res, findings), nil
}

func (v *visitor) options(o *manifest.Object) convert.Options {
	opts := v.out.opts
	c := convert.Options{
		Settings: opts.Settings, Profile: opts.Profile, Stores: opts.Stores,
		App: opts.App, Project: opts.Project,
	}
	if v.origin != nil {
		c.Origin = v.origin(o)
	}
	return c
}

// unsupported leaves an object as it is. Without Keep the errors among the
// findings fail the run, so nothing of it is printed anyway.
func (v *visitor) unsupported(o *manifest.Object, c config.Choice, findings manifest.Findings) manifest.Result {
	run, opts := v.out.run, v.out.opts
	v.untouched++
	keep := opts.Keep
	if keep && opts.Plugin && (c.Mode == config.Replace || config.Follows(c.Mode)) {
		keep = false
		v.out.report(rule.KeepRefused, o, "it can't be converted, and on-unsupported: keep doesn't hold in mode %s", c.Mode)
	}
	v.out.kesSecrets[identify(o.Ref.Namespace, o.Ref.Name)] = v.out.place(o.Pos)
	if keep {
		run.counts.Kept++
		for i := range findings {
			if findings[i].Severity == manifest.Error {
				findings[i].Severity = manifest.Warning
				findings[i].Message += "; left as it is"
			}
		}
	} else {
		run.counts.Failed++
	}
	v.out.say(findings...)
	return manifest.Result{}
}
