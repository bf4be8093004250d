package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/pipeline"
)

// revision is an application in one of two revisions.
type revision struct {
	renderings  []rendering
	syncOptions []string
	// sent is what it renders to, made what makes Secrets in it.
	objects []map[string]any
	makers  []cutover.Maker
	files   []string // that the render read
	named   bool     // an Application says where its objects go
	// others make Secrets and are no ExternalSecrets; resources are its KES
	// resources on their way.
	others    []cutover.Maker
	readers   cutover.Readers
	holders   []cutover.Holder
	resources []cutover.Resource
	app       *argocd.Application
	tracking  cutover.Tracking
}

// revised is an application in both; either may be nil.
type revised struct {
	name          string // empty for a directory
	before, after *revision
}

// diffAgainst compares an application with what it is in a revision.
func (a *app) diffAgainst(ctx context.Context, o options, rev, dir, file string) error {
	path := or(file, dir)
	past, remove, err := a.openPast(ctx, rev, path)
	if err != nil {
		return err
	}
	defer remove()
	then, err := past.at(path)
	if err != nil {
		return err
	}
	if !exists(then) && !exists(path) {
		return &hintError{fmt.Errorf("%s: neither here nor in %s", path, rev), "give the directory of an application, or its manifest with --application"}
	}
	apps, err := a.revisions(o, past, dir, file, then)
	if err != nil {
		return err
	}
	native(apps)
	run, was := newRun(o), pipeline.New()
	pastOptions := o
	pastOptions.allowEmpty, pastOptions.verbose = true, false
	var errs []error
	for _, r := range apps {
		if err := a.renderRevision(ctx, pastOptions, was, r.before, past); err != nil {
			errs = append(errs, &pastError{past, err})
		}
		if err := a.renderRevision(ctx, o, run, r.after, nil); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		a.sayFindings(o, run) // what the others have to say is said in the same run
		return err
	}
	if file != "" {
		if err := tracked(ctx, file, apps); err != nil {
			return err
		}
	}
	return a.showRevisions(o, run, past, apps, file != "")
}

// revisions finds the applications on both sides, in the order of the working
// tree; those that are gone come last.
func (a *app) revisions(o options, past *past, dir, file, then string) ([]*revised, error) {
	load := func(o options, path string) (map[string]*revision, []string, error) {
		if !exists(path) {
			return nil, nil, nil
		}
		if file != "" {
			return a.revisionsOf(o, path)
		}
		rs, err := a.directoryAsSent(o, path)
		return map[string]*revision{"": {renderings: rs}}, []string{""}, err
	}
	name := dir
	if file != "" {
		name = ""
	}
	before, old, err := load(past.options(o, name), then)
	if err != nil {
		return nil, &pastError{past, err}
	}
	after, names, err := load(o, or(file, dir))
	if err != nil {
		return nil, err
	}
	for _, n := range old {
		if after[n] == nil {
			names = append(names, n)
		}
	}
	var out []*revised
	for _, n := range names {
		out = append(out, &revised{name: n, before: before[n], after: after[n]})
	}
	return out, nil
}

// directoryAsSent is directory, where its .argocd-source file may have
// kesbridge's plugin block.
func (a *app) directoryAsSent(o options, dir string) ([]rendering, error) {
	rs, err := a.directory(o, dir)
	if err == nil && moved(rs) && !o.asPlugin {
		o.asPlugin = true
		rs, err = a.directory(o, dir)
	}
	return preset(rs), err
}

// preset lets what isn't the plugin's yet have a mode.
func preset(rs []rendering) []rendering {
	for i := range rs {
		if !rs[i].moved {
			rs[i].options.PresetMode = config.Replace
		}
	}
	return rs
}

// applications is application, where those that have kesbridge's plugin block
// render as the plugin would render them.
func (a *app) applications(o options, file string) ([]rendering, error) {
	byName, names, err := a.revisionsOf(o, file)
	var out []rendering
	for _, n := range names {
		out = append(out, byName[n].renderings...)
	}
	return out, err
}

// revisionsOf are the Applications of a file, by name.
func (a *app) revisionsOf(o options, file string) (map[string]*revision, []string, error) {
	checkout, apps, aopts, err := a.loadApplications(o, file)
	if err != nil {
		return nil, nil, err
	}
	out := map[string]*revision{}
	var names []string
	var errs []error
	for i := range apps {
		rs, err := a.applicationSources(o, checkout, &apps[i], aopts)
		if err == nil && moved(rs) && !o.asPlugin {
			sent := o
			sent.asPlugin = true
			rs, err = a.applicationSources(sent, checkout, &apps[i], aopts)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		name := apps[i].InstanceName("")
		if out[name] != nil {
			errs = append(errs, fmt.Errorf("%s: two Applications are called %s", file, name))
			continue
		}
		r := &revision{renderings: preset(rs), named: true, app: &apps[i]}
		if p := apps[i].Spec.SyncPolicy; p != nil {
			r.syncOptions = p.SyncOptions
		}
		out[name] = r
		names = append(names, name)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	if len(names) == 0 && !o.allowEmpty {
		return nil, nil, &EmptyError{What: fmt.Sprintf("--application %s: its ApplicationSets make no Application", file)}
	}
	return out, names, nil
}

// native renders what Argo CD renders by itself on one side, and the plugin on
// the other, as Argo CD does: with its KES resources as they are.
func native(apps []*revised) {
	for _, r := range apps {
		if r.before == nil || r.after == nil || moved(r.before.renderings) == moved(r.after.renderings) {
			continue
		}
		side := r.before
		if moved(side.renderings) {
			side = r.after
		}
		for i := range side.renderings {
			side.renderings[i].options.ForceMode = config.Keep
		}
	}
}

// showRevisions prints what differs and what that does to live Secrets.
func (a *app) showRevisions(o options, run *pipeline.Run, past *past, apps []*revised, asked bool) error {
	var table []stepLine
	for _, r := range apps {
		table = append(table, r.steps(run, asked)...)
	}
	var out bytes.Buffer
	var n differences
	for _, r := range apps {
		if err := n.compare(&out, a.colourful(), past.rev, r, len(apps) > 1); err != nil {
			return err
		}
	}
	a.notes(o, past, apps, asked)
	counts, _, words := a.sayFindings(o, run)
	if counts.Failed == 0 {
		a.showSteps(o, table, len(apps) > 1)
	}
	if counts.Failed > 0 {
		fmt.Fprintf(a.err, "kesbridge: %s can't be converted, so that nothing was compared%s\n", plural(counts.Failed, "KES resource"), words)
		a.code = exitFindings
		return nil
	}
	if _, err := a.out.Write(out.Bytes()); err != nil {
		return writeError(err)
	}
	if n.added+n.changed+n.removed > 0 {
		a.code = exitFindings
	}
	if !o.quiet {
		fmt.Fprintf(a.err, "kesbridge: against %s: %s%s\n", past.rev, n.String(), words)
	}
	return nil
}

// state is what the transitions are told from.
func (r *revision) state(asked bool) cutover.State {
	if r == nil {
		return cutover.State{Removed: true, Unasked: !asked}
	}
	s := cutover.State{Makers: r.makers, Others: r.others, Holders: r.holders, Readers: r.readers, Orphan: cutover.OrphanPrune(r.syncOptions), Unasked: !asked, Plugin: moved(r.renderings), Modes: map[string]string{}}
	s.App = r.settings()
	for i := range r.resources {
		one := &r.resources[i]
		s.Modes[cutover.SecretKey(one.KES.Ref.Namespace, one.KES.Ref.Name)] = one.Mode
	}
	return s
}

// settings is what its Application says of syncing and pruning.
func (r *revision) settings() *cutover.Application {
	if r == nil {
		return nil
	}
	return applicationOf(r.app, moved(r.renderings), r.tracking)
}

// loadApplications reads the Applications of a file.
func (a *app) loadApplications(o options, file string) (*argocd.Checkout, []argocd.Application, argocd.Options, error) {
	checkout, aopts, err := a.applicationFile(o, file)
	if err != nil {
		return nil, nil, aopts, err
	}
	apps, err := argocd.Load(file, checkout, aopts)
	return checkout, apps, aopts, err
}
