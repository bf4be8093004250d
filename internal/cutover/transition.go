package cutover

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// State is what one revision of an application makes.
type State struct {
	Makers []Maker
	// Others make Secrets and are neither KES's nor ESO's.
	Others []Maker
	// Holders are the Namespaces and CRDs in it.
	Holders []Holder
	// Readers are who reads Secrets in it; nil: nobody looked.
	Readers Readers
	// Modes are those of its KES resources, by namespace/name, as far as the
	// render tells them.
	Modes map[string]string
	// App is its Application, nil where there is none. Plugin: what is rendered is
	// what kesbridge renders as Argo CD's plugin.
	App    *Application
	Plugin bool
	// Orphan: the Application prunes with propagation orphan. Unasked: there
	// was no Application to ask, which counts as no.
	Orphan, Unasked bool
	// Removed: the application isn't there.
	Removed bool
}

// OrphanPrune reports whether an Application's sync options prune with
// propagation orphan: of several, Argo CD takes background, then foreground
// (controller/sync.go of 3.1.16).
func OrphanPrune(syncOptions []string) bool {
	const policy = "PrunePropagationPolicy="
	return slices.Contains(syncOptions, policy+"orphan") && !slices.Contains(syncOptions, policy+"background") && !slices.Contains(syncOptions, policy+"foreground")
}

// Transitions says what can happen to the live Secrets of an application when
// a revision is synced after another one that is live now.
func Transitions(before, after State) manifest.Findings {
	t := &transition{before: before, after: after, orphan: before.Orphan && after.Orphan}
	for i := range before.Makers {
		if m := &before.Makers[i]; !slices.ContainsFunc(before.Makers[:i], func(o Maker) bool { return o.same(m) }) {
			t.look(m)
		}
	}
	t.holders()
	return t.findings
}

type transition struct {
	before, after State
	orphan        bool
	findings      manifest.Findings
}

func (t *transition) say(r rule.Rule, pos manifest.Pos, m *Maker, format string, args ...any) {
	t.findings = append(t.findings, r.At(pos, m.Ref, "%s %s", m.secret(), fmt.Sprintf(format, args...)))
}

// sayAs is say with another severity.
func (t *transition) sayAs(s manifest.Severity, r rule.Rule, pos manifest.Pos, m *Maker, format string, args ...any) {
	r.Severity = s
	t.say(r, pos, m, format, args...)
}

func (t *transition) look(m *Maker) {
	i := slices.IndexFunc(t.after.Makers, func(n Maker) bool { return n.same(m) && n.Hook == m.Hook })
	switch {
	case m.Unknown:
		if i < 0 {
			t.say(rule.UnknownBefore, m.Pos, m, "was made by something that can't be told: its resource could not be converted before, and is gone or replaced now")
		}
	case t.after.Removed:
		if m.owns() && !m.NoDelete {
			t.say(rule.RemovedApp, m.Pos, m, "goes with the application")
		}
	case i >= 0:
		t.stays(m, &t.after.Makers[i])
	case m.kes():
		t.kesGone(m)
	default:
		t.esoGone(m)
	}
}

// readers are those of the Secret that an object made before: in the new
// revision, and those that still run when the step is synced. asked is false
// where nobody looked for them.
func (t *transition) readers(m *Maker) (after, before []Reader, asked bool) {
	return t.after.Readers.Of(m), t.before.Readers.Of(m), t.after.Readers != nil && t.before.Readers != nil
}

// readBy says who needs a Secret that goes, or that nobody here does.
func (t *transition) readBy(m *Maker) (text string, read bool) {
	after, before, asked := t.readers(m)
	switch {
	case len(after) > 0:
		return "; " + reads(after), true
	case len(before) > 0:
		return "; " + reads(before) + " until it is synced and has restarted", true
	case !asked:
		return "", true
	}
	return "; nothing in this application reads it", false
}

// stays is for an object that is in both revisions.
func (t *transition) stays(m, n *Maker) {
	if m.kes() || m.Secret == n.Secret {
		t.loses(m, n)
		return
	}
	if !m.owns() {
		return
	}
	by, read := t.readBy(m)
	severity := manifest.Warning
	if read || t.heir(m) != nil {
		severity = manifest.Error
	}
	t.sayAs(severity, rule.RenamedTarget, n.Pos, m, "is deleted: the target of its ESO resource becomes %s%s", n.Secret, by)
}

// loses is for an ESO object that keeps its Secret and gives it fewer keys, or
// lets it go with its value in the backend.
func (t *transition) loses(m, n *Maker) {
	if m.eso() && n.eso() && !m.DropsSecret && n.DropsSecret {
		t.sayAs(manifest.Warning, rule.AdoptionLoses, n.Pos, m, "is deleted from now on when the backend has no value for it: deletionPolicy becomes Delete")
	}
}

// heir is what makes an object's Secret afterwards.
func (t *transition) heir(m *Maker) *Maker {
	for _, list := range [][]Maker{t.after.Makers, t.after.Others} {
		for i := range list {
			if n := &list[i]; n.makesFor(m) && !n.Frozen {
				return n
			}
		}
	}
	return nil
}

// second is the ESO object that makes another Secret for the same resource: a
// way with two names.
func (t *transition) second(s *State, m *Maker) *Maker {
	for i := range s.Makers {
		if n := &s.Makers[i]; n.eso() && n.Ref.Name == m.Ref.Name && n.Ref.Namespace == m.Ref.Namespace && n.Secret != m.Ref.Name {
			return n
		}
	}
	return nil
}

// kesGone is for a KES object that Argo CD prunes, unless it is guarded.
func (t *transition) kesGone(m *Maker) {
	heir := t.heir(m)
	stays := m.NoPrune || m.Frozen && t.orphan
	switch {
	case stays && heir != nil:
		t.adopted(m, heir)
	case stays:
		t.say(rule.NotRefreshed, m.Pos, m, "stays, and nothing makes it any more: %s", t.held(m))
	case heir != nil:
		t.say(rule.UnsafeReplace, heir.Pos, m, "is deleted: %s", t.why(m))
	default:
		by, read := t.readBy(m)
		if t.second(&t.before, m) != nil && t.second(&t.after, m) != nil && !read {
			t.sayAs(manifest.Info, rule.PrunedKES, m.Pos, m, "goes with its KES resource, as the last step with two names means it to%s", by)
			return
		}
		t.say(rule.PrunedKES, m.Pos, m, "is deleted: its KES resource is pruned, and nothing makes it any more%s", by)
	}
}

// adopted is for a Secret of KES's that stays, and what makes it next.
func (t *transition) adopted(m, heir *Maker) {
	if heir.kes() {
		return
	}
	for _, why := range takesOver(m, heir) {
		t.sayAs(why.severity, rule.AdoptionLoses, heir.Pos, m, "%s", why.text)
	}
	if a := t.after.App; a != nil && a.Tracking.ByLabel() && !m.NoPrune {
		t.say(rule.LabelTracking, heir.Pos, m, "has no owner between KES and ESO: %s", a.byLabel(m, heir))
	}
}

// held says what keeps a Secret whose object left Git.
func (t *transition) held(m *Maker) string {
	if m.NoPrune {
		return "its resource is guarded with Prune=false"
	}
	return "its resource is pruned with propagation orphan"
}

// why a replacement isn't safe.
func (t *transition) why(m *Maker) string {
	switch {
	case m.Controller != "":
		return fmt.Sprintf("its resource has controllerId %s, which a KES with that INSTANCE_ID serves", m.Controller)
	case !m.Frozen && t.orphan:
		return "KES still serves its resource when Argo CD prunes that, and writes the Secret back with an owner that is gone"
	case !m.Frozen:
		return "KES serves its resource and owns it when Argo CD prunes that"
	case t.before.Unasked:
		return "its resource is frozen, but no --application shows that Argo CD prunes with PrunePropagationPolicy=orphan, and it isn't guarded with Prune=false"
	case t.before.Orphan:
		return "its resource is frozen, but the Application loses PrunePropagationPolicy=orphan in the same step"
	}
	return "its resource is frozen, but the Application has no PrunePropagationPolicy=orphan that was synced before, and the resource isn't guarded with Prune=false"
}

// esoGone is for an ESO object that Argo CD prunes, unless it is guarded.
func (t *transition) esoGone(m *Maker) {
	if m.NoPrune || !m.owns() {
		return // E8: guarded, it stays with its Secret; E6: creationPolicy Orphan
	}
	heir := t.heir(m)
	by, read := t.readBy(m)
	switch {
	case t.orphan && !m.DropsSecret && heir == nil:
		t.say(rule.NotRefreshed, m.Pos, m, "stays, and nothing makes it any more: %s", t.held(m))
	case t.orphan && !m.DropsSecret:
		if a := t.after.App; a != nil && a.Tracking.ByLabel() {
			t.say(rule.LabelTracking, m.Pos, m, "has no owner until KES writes it again: %s", a.byLabel(m, heir))
		}
	case heir != nil && heir.kes():
		t.say(rule.PrunedTarget, m.Pos, m, "is deleted: its ESO resource is pruned before KES can take over%s", strings.TrimSuffix(by, "; nothing in this application reads it"))
	case t.orphan:
		t.say(rule.PrunedTarget, m.Pos, m, "is deleted: its ESO resource has deletionPolicy Delete, which deletes it whatever the propagation is%s", by)
	case !read && t.keepsFirst(m):
		t.sayAs(manifest.Warning, rule.PrunedTarget, m.Pos, m, "is deleted with its ESO resource; KES goes on with the first one%s", by)
	default:
		t.say(rule.PrunedTarget, m.Pos, m, "is deleted: its ESO resource is pruned, without Prune=false on it%s", by)
	}
}

// keepsFirst: the second Secret of a way with two names goes, and KES makes
// the first one before and after.
func (t *transition) keepsFirst(m *Maker) bool {
	first := func(s *State) bool {
		return slices.ContainsFunc(s.Makers, func(n Maker) bool {
			return n.kes() && n.Ref.Name == m.Ref.Name && n.Ref.Namespace == m.Ref.Namespace && n.Secret != m.Secret && !n.Frozen
		})
	}
	return first(&t.before) && first(&t.after)
}
