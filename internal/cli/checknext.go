package cli

import (
	"context"
	"slices"
	"strconv"
	"time"

	sigsyaml "sigs.k8s.io/yaml"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
)

// applicationOf is what an Application says of syncing and pruning; nil for
// none.
func applicationOf(app *argocd.Application, plugin bool, tracking cutover.Tracking) *cutover.Application {
	if app == nil {
		return nil
	}
	out := &cutover.Application{
		Name: app.Metadata.Name, Pos: app.Pos, Plugin: plugin, Tracking: tracking,
		Ref: manifest.Ref{Group: argocd.Group, Version: "v1alpha1", Kind: "Application", Namespace: app.Metadata.Namespace, Name: app.Metadata.Name},
	}
	// types.go: with the finalizer, or one with /foreground or /background behind it.
	out.Cascade = slices.ContainsFunc(app.Metadata.Finalizers, func(f string) bool {
		return f == "resources-finalizer.argocd.argoproj.io" || f == "resources-finalizer.argocd.argoproj.io/background" || f == "resources-finalizer.argocd.argoproj.io/foreground"
	})
	if p := app.Spec.SyncPolicy; p != nil {
		out.SyncOptions = p.SyncOptions
		if a := p.Automated; a != nil {
			yes := func(b *bool, preset bool) bool { return b == nil && preset || b != nil && *b }
			out.Automated, out.Prune, out.SelfHeal = yes(a.Enabled, true), yes(a.Prune, false), yes(a.SelfHeal, false)
		}
	}
	for _, d := range app.Spec.IgnoreDifferences {
		i := cutover.Ignored{Group: d.Group, Kind: d.Kind, Name: d.Name, Namespace: d.Namespace, Pointers: d.JSONPointers}
		i.Others = append(i.Others, d.JQPathExpressions...)
		for _, m := range d.ManagedFieldsManagers {
			i.Others = append(i.Others, "fields of the manager "+m)
		}
		out.Ignored = append(out.Ignored, i)
	}
	return out
}

// makerOf reads an object; what names no namespace goes to the Application's.
func makerOf(o *manifest.Object, opts pipeline.Options, namespace string) (m cutover.Maker, ok bool) {
	var obj map[string]any
	if o.Node.Decode(&obj) != nil {
		return m, false // a finding says what is wrong with it
	}
	if m, ok = cutover.MakerOf(obj, instanceID(opts)); !ok {
		m, ok = cutover.OtherMakerOf(obj)
	}
	m.Pos, m.Ref.Namespace = o.Pos, or(m.Ref.Namespace, namespace)
	return m, ok
}

func instanceID(opts pipeline.Options) string {
	if opts.Settings == nil {
		return ""
	}
	return opts.Settings.Controller["INSTANCE_ID"]
}

// poll is KES's poll interval; 0 is its default.
func poll(opts pipeline.Options) time.Duration {
	if opts.Settings == nil {
		return 0
	}
	ms, err := strconv.ParseFloat(opts.Settings.Controller["POLLER_INTERVAL_MILLISECONDS"], 64)
	if err != nil || ms <= 0 || ms > float64(24*time.Hour/time.Millisecond) {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// printed is an object as a reader of what is printed sees it.
func printed(m manifest.Map) map[string]any {
	var out map[string]any
	if sigsyaml.Unmarshal(manifest.PrintYAML(m), &out) != nil {
		return nil
	}
	return out
}

// begin notes a KES object before anything is decided about it.
func (w *work) begin(o *manifest.Object, opts pipeline.Options) cutover.Resource {
	r := cutover.Resource{Poll: poll(opts)}
	r.KES, _ = makerOf(o, opts, w.r.app.Namespace)
	if r.KES.Ref.Name == "" {
		r.KES.Ref, r.KES.Secret, r.KES.Pos = o.Ref, o.Ref.Name, o.Pos
	}
	return r
}

// builtIn is who chose a mode that nobody chose (pipeline's Decision).
const builtIn = "built in"

// becomes notes the ESO object that a KES object becomes.
func (w *work) becomes(r *cutover.Resource, after []manifest.Map, opts pipeline.Options) {
	for _, m := range after {
		w.reread(manifest.PrintYAML(m), func(o *manifest.Object) { w.became(r, o, opts) })
	}
}

func (w *work) became(r *cutover.Resource, o *manifest.Object, opts pipeline.Options) {
	if m, ok := makerOf(o, opts, w.r.app.Namespace); ok && o.Ref.Group == eso.Group {
		m.Pos = r.KES.Pos
		r.ESO = &m
	}
}

// rendered notes an object of ESO's that the output holds: another app may hold
// it, too.
func (w *work) rendered(o *manifest.Object) {
	ref := o.Ref
	ref.Version = ""
	if ref.Namespace = or(ref.Namespace, w.r.app.Namespace); slices.Contains(clusterScoped, ref.Kind) {
		ref.Namespace = ""
	}
	w.r.objects = append(w.r.objects, ref)
}

// makers finds what else in the output makes a Secret of one of its KES objects;
// ESO objects that people wrote are known from inspect.
func (w *work) makers(ctx context.Context) error {
	var words []string
	for i := range w.secrets {
		words = append(words, w.secrets[i].resource.KES.Secret)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	for i, p := range w.plans {
		err := p.Find(ctx, words, []string{"", "bitnami.com", "cert-manager.io"}, func(o *manifest.Object) { w.note(o, i) })
		if err != nil {
			return err
		}
	}
	return nil
}

// note keeps an object that makes a Secret.
func (w *work) note(o *manifest.Object, plan int) {
	if m, ok := makerOf(o, w.options[plan], w.r.app.Namespace); ok {
		m.Pos = w.place(m.Pos, m.Ref)
		w.others = append(w.others, m)
	}
}

// steps says what stands in the way of each resource within the app.
func (w *work) steps(ctx context.Context) error {
	if err := w.makers(ctx); err != nil {
		return err
	}
	r := w.r
	method, key, pos := w.c.fleet.Tracking()
	if app := w.j.candidate.App; app != nil {
		r.settings = applicationOf(app, moved(w.rs), cutover.Tracking{Method: method, LabelKey: key, Pos: pos})
		r.settings.Pos = r.app.Application
	}
	for i := range w.secrets {
		one := w.secrets[i].resource
		one.Ref = w.secrets[i].secret.Ref
		one.KES.Pos = w.place(one.KES.Pos, one.Ref)
		for j := range w.others {
			m := &w.others[j]
			switch {
			case m.Secret != one.KES.Secret || m.Ref.Namespace != one.KES.Ref.Namespace:
			case one.Mode == config.Superseded && m.Ref.Group == eso.Group && one.ESO == nil:
				one.ESO = m
			default:
				one.Others = append(one.Others, *m)
			}
		}
		r.resources = append(r.resources, one)
	}
	r.makers = w.others
	guard := ""
	if len(w.rs) > 0 && w.rs[0].options.Settings != nil {
		guard = w.rs[0].options.Settings.Guard
	}
	r.about = append(r.about, r.settings.Findings(r.resources, guard)...)
	for i := range r.resources {
		r.about = append(r.about, r.settings.ObjectFindings(&r.resources[i])...)
	}
	return nil
}
