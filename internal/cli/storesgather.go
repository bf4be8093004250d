package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/access"
	"kesbridge/internal/argocd"
	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/place"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
	"kesbridge/render"
)

// gathering is what the apps and files of one `kesbridge stores` need.
type gathering struct {
	app   *app
	o     options
	flags storesFlags
	run   *pipeline.Run

	// root is the repository's directory, or that of the first file.
	root string

	mu   sync.Mutex
	uses []store.Use
	// resources are what the uses are about.
	resources []gitResource
	// inGit are the stores that stand in what was read.
	inGit map[gitStore]standing
	// namespaces are those that Git makes.
	namespaces []gitNamespace
	// policiesInGit are admission policies of the name that kesbridge gives, by
	// cluster.
	policiesInGit map[string]gitPolicy
	// options are what holds in a cluster: of the first use, by place.
	options map[string]pipeline.Options
	first   map[string]manifest.Pos
	// about are findings, which Settings may waive.
	about []aboutStore
	// skipped are apps and files that could not be read.
	skipped int
}

type gitStore struct {
	cluster, kind, namespace, name string
}

// standing is a store in Git.
type standing struct {
	pos        manifest.Pos
	conditions *yaml.Node // its spec.conditions
}

// aboutStore is a finding and what holds where it was found.
type aboutStore struct {
	options pipeline.Options
	finding manifest.Finding
}

func (g *gathering) say(opts pipeline.Options, fs ...manifest.Finding) {
	for _, f := range fs {
		g.about = append(g.about, aboutStore{opts, f})
	}
}

// gather reads everything. Files of manifests are read as they are; Applications,
// files of them and directories are rendered as check renders them.
func (g *gathering) gather(ctx context.Context, paths []string) error {
	where := "."
	if len(paths) > 0 && paths[0] != "-" {
		where = paths[0]
	}
	if checkout, err := argocd.OpenCheckout(where); err == nil {
		g.root = checkout.Root
	}
	dirs, err := g.files(ctx, paths)
	if err != nil {
		return err
	}
	if len(paths) > 0 && len(dirs) == 0 {
		return nil
	}
	c, err := g.app.openCheck(ctx, "stores", g.o, checkFlags{}, dirs)
	if err != nil {
		return err
	}
	if c.root, err = os.OpenRoot(c.checkout.Root); err != nil {
		return fmt.Errorf("stores: %w", err)
	}
	defer c.root.Close()
	c.places = place.New(c.root.FS())
	if len(c.fleet.Apps) == 0 && len(g.uses) == 0 && !g.o.allowEmpty {
		return &hintError{errors.New("stores: no applications found"), "give the directories of applications, files of Applications or of manifests, or list them under apps in kesbridge.yaml"}
	}
	c.doing = "apps read"
	c.each = func(ctx context.Context, j job) *checked { return g.application(ctx, c, j) }
	if err := c.all(ctx); err != nil {
		return err
	}
	for _, s := range c.fleet.Skipped {
		g.skipped++
		g.say(pipeline.Options{}, rule.NotChecked.At(s.Pos, s.Ref, "%s", s.Reason))
	}
	return nil
}

// files reads the arguments that are files of manifests, and gives the others.
func (g *gathering) files(ctx context.Context, paths []string) (others []string, err error) {
	cache := &settingsCache{app: g.app, opts: g.o, byDir: map[string]pipeline.Options{}}
	for _, path := range paths {
		if info, err := os.Stat(path); path != "-" && err == nil && info.IsDir() {
			others = append(others, path)
			continue
		}
		apps, err := g.file(ctx, cache, path)
		if err != nil {
			return nil, err
		}
		if apps {
			others = append(others, path)
		}
	}
	return others, nil
}

// file reads a file of manifests; apps tells that it holds Applications.
func (g *gathering) file(ctx context.Context, cache *settingsCache, path string) (apps bool, err error) {
	s, dir, done, err := g.app.open(path)
	if err != nil {
		return false, err
	}
	defer done()
	opts, err := cache.dir(dir)
	if err != nil {
		return false, err
	}
	l := &looking{g: g, opts: opts, app: s.Name, place: func(p manifest.Pos, _ manifest.Ref) manifest.Pos { return p }}
	err = l.look(ctx, s.Input, argocd.Group)
	return l.apps, err
}

// application renders an app for one of its clusters.
func (g *gathering) application(ctx context.Context, c *checking, j job) (r *checked) {
	r = &checked{app: c.describe(j), candidate: j.candidate}
	r.app.ID = j.id
	defer func() {
		if p := recover(); p != nil {
			r.broken(r.app.Application, fmt.Errorf("this is a defect of kesbridge, please report it: %v", p))
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(r.about) > 0 {
			g.skipped++
		}
		for i := range r.about {
			if f := &r.about[i]; f.Severity == manifest.Error {
				// Argo CD can't render it either.
				f.Severity = manifest.Warning
				f.Message += "; which stores it needs isn't known"
			}
		}
		g.say(pipeline.Options{}, r.about...)
	}()
	o := c.o
	o.cluster, o.allowEmpty = j.cluster, true
	rs, err := c.renderings(o, j.candidate)
	if err != nil {
		r.failed(err)
		return r
	}
	helm, cleanup, err := c.app.helmCommand(rs)
	if err != nil {
		r.broken(r.app.Application, err)
		return r
	}
	defer cleanup()
	for i := range rs {
		rs[i].source.Kustomize.HelmCommand = helm
		out, err := c.app.renderSource(ctx, &rs[i])
		if err != nil {
			r.failed(err)
			continue
		}
		for n := range out.Streams {
			if err := g.stream(ctx, c, j, r, &rs[i], out, n); err != nil {
				r.failed(err)
			}
		}
	}
	return r
}

func (g *gathering) stream(ctx context.Context, c *checking, j job, r *checked, source *rendering, out *render.Output, n int) error {
	s := out.Streams[n]
	if bytes.Contains(s.Data, []byte(argocd.Group)) {
		r.holds = append(r.holds, s)
	}
	return g.read(ctx, c, j, r, source, out, n)
}

// read looks at a stream of an app.
func (g *gathering) read(ctx context.Context, c *checking, j job, r *checked, source *rendering, out *render.Output, n int) error {
	s := out.Streams[n]
	in, index := streamOf(out.Kind, &s), c.places.Stream(out.Kind, s)
	l := &looking{g: g, opts: source.options, app: r.app.Name, place: index.Source, origin: in.Origin}
	if app := j.candidate.App; app != nil {
		l.namespace = app.Spec.Destination.Namespace
		if n == 0 {
			g.mu.Lock()
			l.managedNamespace(app, r.app.Application)
			g.mu.Unlock()
		}
	}
	return l.look(ctx, in.Input)
}

// looking is one stream of manifests.
type looking struct {
	g         *gathering
	opts      pipeline.Options
	app       string
	namespace string // of objects that name none
	place     func(manifest.Pos, manifest.Ref) manifest.Pos
	origin    func(*manifest.Object) string
	apps      bool
}

func (l *looking) look(ctx context.Context, in manifest.Input, more ...string) error {
	t := &manifest.Transformer{
		Groups: append([]string{kes.Group, eso.Group}, more...),
		Visit: func(o *manifest.Object) (manifest.Result, error) {
			l.g.mu.Lock()
			defer l.g.mu.Unlock()
			l.visit(o)
			return manifest.Result{}, nil
		},
	}
	p, err := t.Plan(ctx, in)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Find(ctx, []string{"Namespace", access.DefaultName}, []string{"", admission}, func(o *manifest.Object) {
		l.g.mu.Lock()
		defer l.g.mu.Unlock()
		switch {
		case o.Ref.Kind == "Namespace" && o.Ref.Group == "":
			l.namespaceObject(o)
		case o.Ref.Kind == "ValidatingAdmissionPolicy" && o.Ref.Name == access.DefaultName:
			l.policy(o)
		}
	})
}

func (l *looking) cluster() string { return l.opts.Settings.Cluster }

func (l *looking) at(o *manifest.Object) manifest.Pos { return l.placeOf(o, o.Pos) }

// placeOf is the place in the sources of something in an object.
func (l *looking) placeOf(o *manifest.Object, pos manifest.Pos) manifest.Pos {
	if l.origin != nil {
		if from := l.origin(o); from != "" {
			pos.Origin = from
		}
	}
	return l.place(pos, o.Ref)
}

func (l *looking) visit(o *manifest.Object) {
	switch {
	case o.Ref.Group == argocd.Group && strings.HasPrefix(o.Ref.Kind, "Application"):
		l.apps = true
	case kes.IsKES(o.Ref):
		l.resource(o)
	case o.Ref.Group == eso.Group && (o.Ref.Kind == "SecretStore" || o.Ref.Kind == "ClusterSecretStore"):
		key := gitStore{cluster: l.cluster(), kind: o.Ref.Kind, name: o.Ref.Name}
		if o.Ref.Kind == "SecretStore" {
			key.namespace = or(o.Ref.Namespace, l.namespace)
		}
		pos := l.at(o)
		if old, ok := l.g.inGit[key]; !ok || lessPos(pos, old.pos) {
			l.g.inGit[key] = standing{pos, manifest.Lookup(manifest.Lookup(o.Node, "spec"), "conditions")}
		}
	}
}

// resource finds the store of a KES resource. One that can't be read needs none
// that could be told; check says what is wrong with it.
func (l *looking) resource(o *manifest.Object) {
	es, findings := kes.Decode(o)
	pos, ref := l.at(o), o.Ref
	ref.Namespace = or(ref.Namespace, l.namespace)
	need := convert.NeedOf(es)
	if need.Backend == "" || !slices.Contains(kes.Backends(), kes.Backend(need.Normal().Backend)) {
		for _, f := range findings {
			if f.Severity == manifest.Error {
				f.Pos, f.Ref = pos, ref
				f.Message += ": it needs no store that could be told"
				f.Severity = manifest.Warning
				l.g.say(l.opts, f)
				break
			}
		}
		return
	}
	subject := convert.SubjectOf(es, l.opts.App, l.opts.Project, l.cluster())
	subject.Namespace = ref.Namespace
	choice, err := l.opts.Stores.Resolve(need, subject)
	if err != nil {
		l.g.say(l.opts, refused(err, pos, ref))
		return
	}
	if choice.Overruled {
		l.g.say(l.opts, rule.SettingIgnored.At(pos, ref, "metadata.annotations.%s: the administrator's file decides the store", store.Annotation))
	}
	l.g.resources = append(l.g.resources, gitResource{l.cluster(), l.opts, lean(es), pos, ref})
	l.g.uses = append(l.g.uses, store.Use{
		Need: need, Choice: choice, Ref: ref, Pos: pos, App: l.app, Cluster: l.cluster(), ControllerID: es.Spec.ControllerID,
		Profile: l.opts.Profile, KES: l.opts.KES,
	})
	if first, ok := l.g.first[l.cluster()]; !ok || lessPos(pos, first) {
		l.g.first[l.cluster()], l.g.options[l.cluster()] = pos, l.opts
	}
}

// refused says why a resource gets no store.
func refused(err error, pos manifest.Pos, ref manifest.Ref) manifest.Finding {
	if bad := (*store.RefError)(nil); errors.As(err, &bad) {
		return rule.BadAnnotation.At(pos, ref, "metadata.annotations.%s %v", store.Annotation, err)
	}
	f := rule.UnmatchedStore.At(pos, ref, "%v", err)
	if u := (*store.UnmatchedError)(nil); errors.As(err, &u) {
		f.Fix = u.Fix()
	}
	return f
}

func lessPos(a, b manifest.Pos) bool {
	if a.File != b.File {
		return a.File < b.File
	}
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

// clusters are those of the uses, sorted; "" is the one without a name.
func (g *gathering) clusters() []string {
	var out []string
	for _, u := range g.uses {
		out = append(out, u.Cluster)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// newGathering is an empty one.
func newGathering(a *app, o options, f storesFlags) *gathering {
	return &gathering{
		app: a, o: o, flags: f, run: newRun(o), inGit: map[gitStore]standing{}, policiesInGit: map[string]gitPolicy{},
		options: map[string]pipeline.Options{}, first: map[string]manifest.Pos{},
	}
}
