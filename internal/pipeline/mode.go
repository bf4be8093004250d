package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/cutover"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// Decision is what was decided about one KES object, and why.
type Decision struct {
	Mode config.Choice
	// In and Result are nil and zero where the object can't be read or isn't
	// converted.
	In     *kes.ExternalSecret
	Result convert.Result
	// After are the objects that came for it, as they are printed.
	After []manifest.Map
	// Followed are what reads the second Secret now, Stayed what goes on reading
	// the first one, since the modes rule doesn't select it.
	Followed, Stayed []cutover.Reader
	// By is the ESO object by hand for which it was dropped.
	By manifest.Ref
}

// facts are what rules can ask of a KES object.
func (v *visitor) facts(o *manifest.Object, es *kes.ExternalSecret) config.Facts {
	opts := v.out.opts
	labels := map[string]string{}
	for _, l := range es.Labels {
		labels[l.Key], _ = l.Value.(string)
	}
	return store.Facts(convert.NeedOf(es), store.Subject{
		Namespace: o.Ref.Namespace, Name: o.Ref.Name, Labels: labels,
		App: opts.App, Project: opts.Project, Cluster: opts.Settings.Cluster,
	}, opts.Settings.Controller)
}

// subject is what they can ask of an object that isn't KES's.
func (v *visitor) subject(o *manifest.Object) config.Facts {
	opts := v.out.opts
	return config.Facts{Namespace: o.Ref.Namespace, Name: o.Ref.Name, App: opts.App, Project: opts.Project, Cluster: opts.Settings.Cluster}
}

// mode finds an object's mode; ok is false where a finding says why there is
// none.
func (v *visitor) mode(o *manifest.Object, es *kes.ExternalSecret, facts config.Facts) (config.Choice, bool) {
	opts := v.out.opts
	if opts.ForceMode != "" {
		return config.Choice{Mode: opts.ForceMode, From: "forced", SecretName: config.DefaultSecretName}, true
	}
	annotation, _ := es.Annotations.Get(convert.ModeAnnotation).(string)
	if annotation != "" && !slices.Contains(config.Modes(), annotation) {
		v.out.report(rule.BadAnnotation, o, "metadata.annotations.%s %q is none of %s", convert.ModeAnnotation, annotation, strings.Join(config.Modes(), ", "))
		return config.Choice{}, false
	}
	c := opts.Settings.Mode(facts, annotation, opts.Mode, opts.ModeFrom)
	if c.Ignored != "" {
		v.out.report(rule.SettingIgnored, o, "%s is ignored: the administrator's file decides the mode", c.Ignored)
	}
	if c.Mode == "" {
		if c.Mode, c.From = opts.PresetMode, "built in"; c.Mode == "" {
			v.out.report(rule.NoMode, o, "nothing chooses a mode")
			return c, false
		}
	}
	return c, true
}

// keep leaves an object to KES, which goes on making its Secret.
func (v *visitor) keep(o *manifest.Object, c config.Choice) manifest.Result {
	v.out.run.decided(v.out.opts, o, Decision{Mode: c})
	v.out.kesSecrets[identify(o.Ref.Namespace, o.Ref.Name)] = v.out.place(o.Pos)
	v.untouched++
	return manifest.Result{}
}

// freeze stops KES for an object.
func (v *visitor) freeze(o *manifest.Object, c config.Choice) manifest.Result {
	set, err := cutover.Freeze(o, v.out.opts.Settings.Controller["INSTANCE_ID"], c.Mode == config.Protect)
	if err != nil {
		v.out.report(rule.CannotFreeze, o, "%v", err)
		v.out.run.counts.Failed++
		v.untouched++
		return manifest.Result{}
	}
	v.out.run.decided(v.out.opts, o, Decision{Mode: c})
	v.out.kesSecrets[identify(o.Ref.Namespace, o.Ref.Name)] = v.out.place(o.Pos)
	v.edited++
	return manifest.Result{Action: manifest.Edit, Set: set}
}

// converted puts an ESO object in the KES object's place, or beside it.
func (v *visitor) converted(o *manifest.Object, es *kes.ExternalSecret, c config.Choice, res convert.Result, findings manifest.Findings) manifest.Result {
	opts := v.out.opts
	act := manifest.Replace
	m := v.out.scout.move(o)
	if config.TwoNames(c.Mode) {
		name, ok := cutover.Secret(c.Mode, c.SecretName, es)
		if !ok || name == o.Ref.Name {
			why := "is no name of a Secret"
			if ok {
				why = "is the name of the first one"
			}
			v.out.report(rule.SecondSecret, o, "%q %s", name, why)
			v.out.run.counts.Failed++
			v.untouched++
			return manifest.Result{}
		}
		res.ESO.Target.Name = name
		v.out.second = append(v.out.second, secondSecret{o.Pos, o.Ref, name, v.out.waivers})
	}
	if c.Mode == config.SideBySide || c.Mode == config.Switch {
		act = manifest.Accompany
		v.out.kesSecrets[identify(o.Ref.Namespace, o.Ref.Name)] = v.out.place(o.Pos)
		v.accompanied++
	} else {
		v.replaced++
	}
	if m.before(&res.ESO.Annotations) {
		if f, ok := v.out.scout.beforeStore(o, res.Store.Ref, m.wave-1); ok {
			v.out.say(f)
		}
	}
	if opts.Plugin {
		warn(&res.ESO.Annotations, findings)
		if !c.Final {
			cutover.Guard(&res.ESO.Annotations, opts.Settings.Guard)
		}
	}
	v.out.run.counts.Converted++
	v.out.converted(o, res)
	v.out.wants(o, es, res, c.Final)
	after := []manifest.Map{opts.Profile.Map(*res.ESO)}
	v.out.say(v.out.merging(o, m)...)
	v.out.say(m.findings(o)...)
	v.out.run.decided(opts, o, Decision{Mode: c, In: es, Result: res, After: after, Followed: m.readers(), Stayed: m.others()})
	return manifest.Result{Action: act, Objects: after}
}

// warn lists the rules of an object's warnings in an annotation, since nobody
// sees what a plugin says on standard error when it succeeds. Only ids: a
// text would change with kesbridge's version.
func warn(annotations *manifest.Map, findings manifest.Findings) {
	var ids []string
	for _, f := range findings {
		if f.Severity >= manifest.Warning {
			ids = append(ids, f.Rule)
		}
	}
	if len(ids) > 0 {
		slices.Sort(ids)
		annotations.Set(convert.WarningsAnnotation, strings.Join(slices.Compact(ids), ","))
	}
}

// Converted is how many objects were converted so far.
func (r *Run) Converted() int { return r.counts.Converted }

func (r *Run) decided(opts Options, o *manifest.Object, d Decision) {
	r.modes[d.Mode.Mode]++
	if opts.Decided != nil {
		opts.Decided(o, d)
	}
}

// Modes counts the KES objects by mode, without those that failed.
func (r *Run) Modes() map[string]int { return r.modes }

// secondSecret is a Secret that ESO makes beside the one of KES.
type secondSecret struct {
	pos  manifest.Pos
	ref  manifest.Ref
	name string
	// waivers are the object's.
	waivers *waivers
}

// collisions reports second Secrets whose names something else in the output
// has: a KES or ESO resource that makes it, or a rendered Secret.
func (o *Output) collisions(ctx context.Context) error {
	if len(o.second) == 0 {
		return nil
	}
	taken := map[string][]string{} // namespaces of rendered Secrets by name
	var words []string
	for _, s := range o.second {
		words = append(words, s.name)
	}
	var errs []error
	for _, p := range o.plans {
		err := p.Find(ctx, words, []string{""}, func(obj *manifest.Object) {
			if obj.Ref.Kind == "Secret" {
				taken[obj.Ref.Name] = append(taken[obj.Ref.Name], obj.Ref.Namespace)
			}
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("look for Secrets: %w", err))
		}
	}
	for _, s := range o.second {
		for _, ns := range []string{s.ref.Namespace, ""} {
			if by, ok := o.kesSecrets[identify(ns, s.name)]; ok {
				o.run.say(s.waivers.apply(rule.SecondSecret.At(s.pos, s.ref, "the Secret %s is also made by KES from %s", s.name, o.pos(by)))...)
				break
			}
		}
		if slices.ContainsFunc(taken[s.name], func(ns string) bool { return ns == s.ref.Namespace || ns == "" || s.ref.Namespace == "" }) {
			o.run.say(s.waivers.apply(rule.SecondSecret.At(s.pos, s.ref, "the output holds a Secret %s", s.name))...)
		}
	}
	return errors.Join(errs...)
}
