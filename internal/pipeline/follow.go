package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// read notes who reads a Secret that moves, before anything is decided, and
// says what may be a reference and isn't known to be one.
func (o *Output) read(obj *manifest.Object) {
	if kes.IsKES(obj.Ref) {
		return
	}
	v := &visitor{out: o}
	o.waivers = v.waiversFor(obj, nil, v.subject(obj))
	defer func() { o.waivers = nil }()
	targets, value, ok := o.moving(obj)
	if !ok {
		o.report(rule.NotFollowed, obj, "whether it reads a Secret that moves can't be told: its aliases lead to too much")
		return
	}
	typed := map[string]bool{}
	for _, t := range targets {
		typed[t.Field] = true
		switch {
		case t.Loose:
			o.say(rule.UntypedName.At(posAt(obj, t.Path), obj.Ref, "%s names a Secret %s, whose namespace is decided elsewhere; %s", t.Field, t.Name, t.move.moves()))
		case t.unsure:
			o.say(rule.NotFollowed.At(posAt(obj, t.Path), obj.Ref, "%s names the Secret %s, and whether that is the one of %s can't be told: one of the two gives no namespace", t.Field, t.Name, t.move.ref))
		default:
			t.move.note(obj, value, t)
		}
	}
	if obj.Ref.Group == eso.Group && obj.Ref.Kind == "ExternalSecret" {
		return // it has names of backends' keys
	}
	for _, m := range cutover.Mentions(obj.Ref, value, func(name string) bool { return len(o.scout.moves[name]) > 0 }) {
		if typed[m.Field] {
			continue
		}
		for _, moved := range o.scout.moves[m.Name] {
			if same, unsure := o.near(obj.Ref.Namespace, moved.ref.Namespace); same || unsure {
				o.say(rule.UntypedName.At(posAt(obj, m.Path), obj.Ref, "%s has the name %s; %s", m.Field, m.Name, moved.moves()))
			}
		}
	}
}

// moves says where a Secret's readers go.
func (m *move) moves() string {
	if m.mode == config.Switched {
		return fmt.Sprintf("the Secret of %s is gone in mode switched, its readers read %s", m.ref, m.to)
	}
	return fmt.Sprintf("readers of the Secret of %s read %s", m.ref, m.to)
}

// follow changes the references of an object that isn't KES's to Secrets that
// move.
func (v *visitor) follow(o *manifest.Object) manifest.Result {
	if v.out.scouting != nil {
		v.out.scouting.meet(o)
	}
	v.untouched++
	if v.out.scout == nil {
		return manifest.Result{}
	}
	targets, value, ok := v.out.moving(o)
	if !ok {
		return manifest.Result{} // said before
	}
	var texts []manifest.Text
	var fields []string
	for _, t := range targets {
		if t.Loose || t.unsure || !t.move.selected(value) {
			continue
		}
		texts = append(texts, manifest.Text{Path: t.Path, Value: t.Prefix + t.move.to})
		fields = append(fields, t.Field)
	}
	if len(texts) == 0 {
		return manifest.Result{}
	}
	v.untouched--
	v.edited++
	if v.out.opts.Followed != nil {
		v.out.opts.Followed(o, texts)
	}
	waivers := v.out.waivers
	return manifest.Result{Action: manifest.Edit, Texts: texts, Refused: func(err error) {
		v.edited--
		v.untouched++
		f := rule.NotFollowed.At(posAt(o, texts[0].Path), o.Ref, "%s can't be changed where it stands: %s", strings.Join(fields, ", "), reasonOf(err))
		v.out.run.say(waivers.apply(f)...)
	}}
}

// reasonOf is why an edit was refused, without the place.
func reasonOf(err error) string {
	if e, ok := err.(*manifest.EditError); ok {
		return e.Msg
	}
	return err.Error()
}

// findings say who reads the second Secret, and what to mind.
func (m *move) findings(o *manifest.Object) []manifest.Finding {
	if m == nil {
		return nil
	}
	var out []manifest.Finding
	add := func(r rule.Rule, format string, args ...any) { out = append(out, r.At(o.Pos, o.Ref, format, args...)) }
	switch {
	case len(m.followed) == 0 && len(m.stayed) == 0 && !m.already:
		out = append(out, m.unread(o))
	case len(m.followed) > 0:
		text := "read " + m.to + ": " + cutover.SayObjects(m.followed)
		if len(m.restarts) > 0 && m.mode == config.Switch {
			text += "; restart: " + cutover.SayObjects(m.restarts)
		}
		add(rule.Followed, "%s", text)
	}
	if len(m.stayed) > 0 {
		add(rule.Followed, "go on reading %s, since workloads of the modes rule doesn't select them: %s", o.Ref.Name, cutover.SayObjects(m.stayed))
	}
	if m.mode == config.Switched {
		return out // nothing changes in its readers after switch
	}
	if len(m.hooks) > 0 {
		add(rule.SyncOrder, "run before the sync and read %s: %s", m.to, cutover.SayObjects(m.hooks))
	}
	if len(m.fixed) > 0 {
		add(rule.FixedReader, "read %s, and can't be changed while they are in the cluster: %s", m.to, cutover.SayObjects(m.fixed))
	}
	return out
}

// unread says that nobody is known to read a Secret: in mode switched it goes,
// and who reads it elsewhere loses it.
func (m *move) unread(o *manifest.Object) manifest.Finding {
	const text = "nothing in the output reads %s or %s by a reference that kesbridge knows"
	if m.mode != config.Switched {
		return rule.Followed.At(o.Pos, o.Ref, text, o.Ref.Name, m.to)
	}
	f := rule.UntypedName.At(o.Pos, o.Ref, text+": who reads %[1]s elsewhere, such as in other files, loses it", o.Ref.Name, m.to)
	f.Fix = "render the whole application; where it is read by other means, see that they use the second name, and waive the finding"
	return f
}

// merging names ESO objects that put keys of their own into the first Secret:
// readers of the second one would miss them.
func (o *Output) merging(obj *manifest.Object, m *move) (out []manifest.Finding) {
	if m == nil {
		return nil
	}
	for _, h := range o.scout.hands[obj.Ref.Name] {
		if same, _ := o.near(h.ref.Namespace, obj.Ref.Namespace); same && (h.policy == "Merge" || h.policy == "CreateOrMerge") {
			f := rule.NotFollowed.At(obj.Pos, obj.Ref, "the ESO ExternalSecret %s (%s) puts keys into its Secret (creationPolicy %s), which %s would not have", h.ref.Name, h.pos, h.policy, m.to)
			f.Fix = "give that ExternalSecret the target " + m.to + ", or one more for it"
			out = append(out, f)
		}
	}
	return out
}

// superseded takes a KES object out for which an ESO object by hand makes the
// Secret.
func (v *visitor) superseded(o *manifest.Object, c config.Choice) manifest.Result {
	if v.out.scouting != nil {
		v.untouched++
		return manifest.Result{}
	}
	by, why := v.out.handFor(o)
	if why != "" {
		v.out.report(rule.NotSuperseded, o, "%s", why)
		v.out.run.counts.Failed++
		v.untouched++
		return manifest.Result{}
	}
	f := rule.NotSuperseded.At(o.Pos, o.Ref, "is taken out: the ESO ExternalSecret %s (%s) makes its Secret", by.ref.Name, by.pos)
	f.Severity, f.Fix = manifest.Info, ""
	v.out.say(f)
	v.out.run.counts.Dropped++
	v.dropped++
	v.out.run.decided(v.out.opts, o, Decision{Mode: c, By: by.ref})
	return manifest.Result{Action: manifest.Drop}
}

// handFor is the ESO object that makes the Secret of a KES object, or why there
// is none.
func (o *Output) handFor(obj *manifest.Object) (hand, string) {
	if o.scout == nil {
		return hand{}, "the output holds no ESO ExternalSecret"
	}
	var policies []string
	for _, h := range o.scout.hands[obj.Ref.Name] {
		same, unsure := o.near(h.ref.Namespace, obj.Ref.Namespace)
		switch {
		case unsure:
			return h, fmt.Sprintf("whether the ESO ExternalSecret %s (%s) makes its Secret can't be told: one of the two gives no namespace", h.ref.Name, h.pos)
		case !same:
		case h.policy == "" || h.policy == "Owner" || h.policy == "Orphan":
			return h, ""
		default:
			policies = append(policies, fmt.Sprintf("the ESO ExternalSecret %s (%s) has creationPolicy %s and doesn't make its Secret", h.ref.Name, h.pos, h.policy))
		}
	}
	if len(policies) > 0 {
		return hand{}, strings.Join(policies, "; ")
	}
	for _, target := range slices.Sorted(maps.Keys(o.scout.hands)) {
		for _, h := range o.scout.hands[target] {
			if same, _ := o.near(h.ref.Namespace, obj.Ref.Namespace); same && h.ref.Name == obj.Ref.Name {
				return hand{}, fmt.Sprintf("the ESO ExternalSecret of its name (%s) makes the Secret %s, not %s", h.pos, target, obj.Ref.Name)
			}
		}
	}
	var others []string
	for _, h := range o.scout.hands[obj.Ref.Name] {
		others = append(others, h.ref.Namespace)
	}
	if len(others) > 0 {
		slices.Sort(others)
		return hand{}, fmt.Sprintf("ESO ExternalSecrets make a Secret %s only in %s", obj.Ref.Name, strings.Join(slices.Compact(others), ", "))
	}
	return hand{}, "the output holds no ESO ExternalSecret for the Secret " + obj.Ref.Name
}
