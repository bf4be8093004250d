package cli

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/fleet"
	"kesbridge/internal/input"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/place"
	"kesbridge/internal/report"
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
	// kes are KES's settings that it was rendered with.
	kes []pipeline.Options
	// unchanged: nothing that it reads differs from the revision that was
	// asked for, so that nothing is said of it.
	unchanged  bool
	esoVersion string // the one that is set
	candidate  fleet.Candidate
	// holds is rendered output in which there may be apps.
	holds []render.Stream
	// settings are its Application's, resources its KES resources on their way, in
	// the order of app.Secrets; makers are what else makes Secrets.
	settings  *cutover.Application
	resources []cutover.Resource
	makers    []cutover.Maker
	objects   []manifest.Ref // of ESO's in its output
	waivers   *config.Settings
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
	r.kes = settingsOf(rs)
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
		if err != nil { // what keeps the app from being rendered, and who would waive it
			r.run.Add(r.about...)
			r.findings = append(r.findings, r.about...)
			return
		}
		settings = opts.Settings
	}
	r.waivers = settings
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
