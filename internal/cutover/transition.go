package cutover

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Maker is an object of an output that makes a Secret.
type Maker struct {
	Pos manifest.Pos
	// Ref has its namespace filled in; its group tells KES from ESO.
	Ref manifest.Ref
	// Secret is the name of the Secret.
	Secret string
	// Frozen: no KES serves the object. Another controllerId than kesbridge's may
	// be that of another KES: Controller has it.
	Frozen     bool
	Controller string
	// NoPrune and NoDelete are what Argo CD's sync options in it say.
	NoPrune, NoDelete bool
	// Policy is ESO's creationPolicy, empty for Owner; DropsSecret tells
	// deletionPolicy Delete.
	Policy      string
	DropsSecret bool
	// Unknown: it could not be converted, so that it never was in a cluster as
	// it stands here.
	Unknown bool
}

// MakerOf reads a rendered object; ok is false if it makes no Secret.
// instanceID is KES's INSTANCE_ID.
func MakerOf(o map[string]any, instanceID string) (m Maker, ok bool) {
	text := func(path ...string) string {
		at := o
		for _, key := range path[:len(path)-1] {
			at, _ = at[key].(map[string]any)
		}
		s, _ := at[path[len(path)-1]].(string)
		return s
	}
	group, version, _ := strings.Cut(text("apiVersion"), "/")
	m.Ref = manifest.Ref{Group: group, Version: version, Kind: text("kind"), Namespace: text("metadata", "namespace"), Name: text("metadata", "name")}
	if m.Ref.Kind != "ExternalSecret" || group != kes.Group && group != eso.Group {
		return m, false
	}
	m.Secret = m.Ref.Name
	for option := range strings.SplitSeq(text("metadata", "annotations", SyncOptions), ",") {
		switch strings.TrimSpace(option) {
		case noPrune:
			m.NoPrune = true
		case noDelete:
			m.NoDelete = true
		}
	}
	if group == kes.Group {
		// KES 8.5.5, lib/daemon.js: it serves the object where both are equal.
		id := text("spec", "controllerId")
		m.Frozen = id != instanceID && strings.HasPrefix(id, frozen)
		if id != instanceID && !m.Frozen {
			m.Controller = id
		}
		return m, true
	}
	if name := text("spec", "target", "name"); name != "" {
		m.Secret = name
	}
	if m.Policy = text("spec", "target", "creationPolicy"); m.Policy == "Owner" {
		m.Policy = ""
	}
	m.DropsSecret = text("spec", "target", "deletionPolicy") == "Delete"
	return m, true
}

func (m *Maker) kes() bool { return m.Ref.Group == kes.Group }

// owns reports whether the Secret goes with the object.
func (m *Maker) owns() bool { return m.kes() || m.Policy == "" }

func (m *Maker) same(o *Maker) bool {
	return m.Ref.Group == o.Ref.Group && m.Ref.Namespace == o.Ref.Namespace && m.Ref.Name == o.Ref.Name
}

// secret names it for people.
func (m *Maker) secret() string {
	if m.Ref.Namespace == "" {
		return "the Secret " + m.Secret
	}
	return "the Secret " + m.Ref.Namespace + "/" + m.Secret
}

// State is what one revision of an application makes.
type State struct {
	Makers []Maker
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

func (t *transition) look(m *Maker) {
	i := slices.IndexFunc(t.after.Makers, func(n Maker) bool { return n.same(m) })
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

// stays is for an object that is in both revisions.
func (t *transition) stays(m, n *Maker) {
	if m.kes() || m.Secret == n.Secret || !m.owns() {
		return
	}
	t.say(rule.RenamedTarget, n.Pos, m, "is deleted: the target of its ESO resource becomes %s", n.Secret)
}

// heir is what makes an object's Secret afterwards.
func (t *transition) heir(m *Maker) *Maker {
	for i := range t.after.Makers {
		if n := &t.after.Makers[i]; n.Secret == m.Secret && n.Ref.Namespace == m.Ref.Namespace && !n.Frozen {
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
	case stays:
		t.say(rule.NotRefreshed, m.Pos, m, "stays, and nothing makes it any more: %s", t.held(m))
	case heir != nil:
		t.say(rule.UnsafeReplace, heir.Pos, m, "is deleted: %s", t.why(m))
	default:
		t.say(rule.PrunedKES, m.Pos, m, "is deleted: its KES resource is pruned, and nothing makes it any more")
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
	switch {
	case t.orphan && !m.DropsSecret && heir == nil:
		t.say(rule.NotRefreshed, m.Pos, m, "stays, and nothing makes it any more: %s", t.held(m))
	case t.orphan && !m.DropsSecret:
	case heir != nil && heir.kes():
		t.say(rule.PrunedTarget, m.Pos, m, "is deleted: its ESO resource is pruned before KES can take over")
	case t.orphan:
		t.say(rule.PrunedTarget, m.Pos, m, "is deleted: its ESO resource has deletionPolicy Delete, which deletes it whatever the propagation is")
	default:
		t.say(rule.PrunedTarget, m.Pos, m, "is deleted: its ESO resource is pruned, without Prune=false on it")
	}
}
