package cutover

import (
	"fmt"
	"strings"
	"time"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Codes of what stands against a step, stable for scripts.
const (
	codeApplication = "no-application"   // no Application tells how Argo CD prunes
	codeOrphan      = "propagation"      // it doesn't prune with propagation orphan
	codeSync        = "sync-option"      // an option that blocks the sync or the prune
	codeTracking    = "label-tracking"   // Argo CD tracks by label
	codeKeys        = "keys"             // adoption drops keys
	codeDeletion    = "deletion-policy"  // deletionPolicy Delete
	codePolicy      = "creation-policy"  // the ESO object doesn't own the Secret
	codeHook        = "hook"             // the ESO object is a hook
	codeOwner       = "owner"            // something else makes the Secret, too
	codeController  = "controller"       // another KES may serve it
	codeFreeze      = "cannot-freeze"    // no spec of its own
	codeConvert     = "not-converted"    // there is nothing to replace it with
	codeRecreate    = "recreated"        // Force=true and Replace=true
	codeHidden      = "hidden"           // ignoreDifferences
	codeReaders     = "readers"          // somebody reads the Secret that goes
	codeUnread      = "readers-not-seen" // nobody looked for readers
)

// Blocker is one reason against a step.
type Blocker struct {
	// Code is stable; Rule is the page of docs/findings.md about it.
	Code string
	Rule string
	// Message says what is so; Fix says what to do about it.
	Message string
	Fix     string
}

// Next is the next step of a resource on its way, as far as Git tells.
type Next struct {
	// Step is the mode to set, "final" for final: true, or empty: it is at the
	// end of its way.
	Step string
	// Safe: nothing in Git stands against the step now.
	Safe bool
	// Blockers are the reasons why it isn't safe.
	Blockers []Blocker
	// Or is a mode that is safe instead: protect, the first step of the guarded
	// way, where only Git alone has something against it.
	Or string
	// Needs are what Git can't tell and has to be so, or be done, with the step.
	Needs []string
	// Later are reasons against the steps behind it.
	Later []Blocker
}

// Resource is a KES resource, and what is known of its way.
type Resource struct {
	// Mode is its mode; Preset: nothing chose it.
	Mode   string
	Preset bool
	Final  bool
	// Ref is how findings name it; zero: as KES does.
	Ref manifest.Ref
	// KES is the object in Git, ESO what it becomes or would become; nil where it
	// can't be converted.
	KES Maker
	ESO *Maker
	// Others make the same Secret, in this application or another one of the
	// same cluster.
	Others []Maker
	// Readers are those of the Secret that KES makes; Asked: somebody looked for
	// them.
	Readers []Reader
	Asked   bool
	// Unseen says where nobody could look.
	Unseen string
	// Poll is KES's poll interval.
	Poll time.Duration
}

// ref is how findings name it.
func (r *Resource) ref() manifest.Ref {
	if r.Ref == (manifest.Ref{}) {
		return r.KES.Ref
	}
	return r.Ref
}

// Decide notes what was decided about it.
func (r *Resource) Decide(mode string, preset, final bool) {
	r.Mode, r.Preset, r.Final = mode, preset, final
}

// Next tells the next step of a resource of the application; a is nil for a
// directory without an Application.
func (a *Application) Next(r *Resource) Next {
	var n Next
	switch {
	case r.Mode == "":
		n.Blockers = []Blocker{notConverted()}
	case r.Preset || a != nil && !a.Plugin:
		// Argo CD renders it by itself: the plugin comes first, and changes nothing.
		n.Step, n.Later = config.Keep, a.gitAlone(r)
	case r.Mode == config.Keep:
		n.Step, n.Blockers = config.Freeze, a.gitAlone(r)
	case r.Mode == config.Freeze:
		n.Step, n.Blockers = config.Replace, a.gitAlone(r)
		n.Needs = append(n.Needs, r.onePoll())
	case r.Mode == config.Protect:
		n.Step, n.Blockers = config.Replace, a.guarded(r)
		n.Needs = append(n.Needs, r.onePoll(), "kesbridge cutover run after the sync: until then KES's resource owns the Secret")
	case r.Mode == config.SideBySide:
		n.Step = config.Switch
		if len(r.Readers) > 0 {
			n.Needs = append(n.Needs, "readers restart on the second Secret: "+sayReaders(r.Readers))
		}
	case r.Mode == config.Switch:
		n.Step, n.Blockers = config.Switched, r.unread()
		n.Needs = append(n.Needs, "every reader has restarted on the second Secret")
		if r.Unseen != "" {
			n.Needs = append(n.Needs, r.Unseen)
		}
	case !r.Final && (r.Mode == config.Replace || r.Mode == config.Switched):
		n.Step = StageFinal
		n.Needs = append(n.Needs, "ESO's resource owns the Secret and KES's is gone from the cluster: kesbridge cutover status")
		if r.Mode == config.Switched {
			n.Blockers = r.unread()
		}
	}
	n.Needs = append(n.Needs, a.byHand(n.Step, r)...)
	n.Safe = len(n.Blockers) == 0
	if !n.Safe && (n.Step == config.Freeze || n.Step == config.Replace && r.Mode == config.Freeze) && len(a.guarded(r)) == 0 {
		n.Or = config.Protect
	}
	return n
}

func blocker(code string, r rule.Rule, format string, args ...any) Blocker {
	return Blocker{Code: code, Rule: r.ID, Message: fmt.Sprintf(format, args...), Fix: r.Fix}
}

// gitAlone are the reasons against handing over through Git alone: freeze, one
// poll, replace under propagation orphan.
func (a *Application) gitAlone(r *Resource) []Blocker {
	out := r.ready()
	switch {
	case a == nil:
		out = append(out, blocker(codeApplication, rule.PrunePropagation, "no Application in Git tells how Argo CD prunes it"))
	case !a.Orphan():
		out = append(out, blocker(codeOrphan, rule.PrunePropagation, "the Application prunes with propagation %s", a.propagation()))
	}
	out = append(out, a.blocked(r)...)
	if a != nil && a.Tracking.ByLabel() {
		out = append(out, blocker(codeTracking, rule.LabelTracking, "%s", a.byLabel(&r.KES, r.ESO)))
	}
	return append(out, a.against(r, controllerPointer)...)
}

// guarded are the reasons against replacing a protected resource.
func (a *Application) guarded(r *Resource) []Blocker {
	return append(r.ready(), a.against(r, controllerPointer, syncOptionsPointer)...)
}

// ready are reasons in the resource itself.
func (r *Resource) ready() []Blocker {
	var out []Blocker
	if r.KES.NoSpec {
		out = append(out, blocker(codeFreeze, rule.CannotFreeze, "it has no spec to put a controllerId into"))
	}
	if r.KES.Controller != "" && r.Mode != config.Freeze && r.Mode != config.Protect {
		out = append(out, Blocker{Code: codeController, Rule: rule.ForeignController.ID, Message: fmt.Sprintf("it has controllerId %s: another KES may serve it", r.KES.Controller),
			Fix: "set INSTANCE_ID under controller.env in kesbridge.yaml to that of the KES that serves it"})
	}
	if r.ESO == nil {
		return append(append(out, notConverted()), r.otherMakers()...)
	}
	for _, l := range takesOver(&r.KES, r.ESO) {
		out = append(out, blocker(l.code, rule.AdoptionLoses, "the Secret %s", l.text))
	}
	return append(out, r.otherMakers()...)
}

func notConverted() Blocker {
	return Blocker{Code: codeConvert, Message: "it can't be converted as it is", Fix: "see its findings"}
}

func (r *Resource) otherMakers() []Blocker {
	var out []Blocker
	for i := range r.Others {
		out = append(out, blocker(codeOwner, rule.AdoptionLoses, "%s makes the same Secret", r.Others[i].who()))
	}
	return out
}

// blocked are options of the Application that stop a sync, or its pruning.
func (a *Application) blocked(r *Resource) []Blocker {
	var out []Blocker
	if a.has("PruneLast=true") || r.KES.Last {
		out = append(out, blocker(codeSync, rule.SyncBlocked, "PruneLast=true: the sync waits for an ESO resource that can't own the Secret before KES's is pruned, and fails"))
	}
	if v := a.value("Prune"); v == "false" || v == "confirm" {
		out = append(out, blocker(codeSync, rule.SyncBlocked, "Prune=%s among the Application's syncOptions: from Argo CD 3.4 on KES's resource stays in the cluster", v))
	}
	return out
}

// against are what else in the Application works against a step that changes
// the KES object at these JSON pointers.
func (a *Application) against(r *Resource, pointers ...string) []Blocker {
	var out []Blocker
	if (a.has("Replace=true") || r.KES.Replace) && (a.has("Force=true") || r.KES.Force) {
		out = append(out, blocker(codeRecreate, rule.Recreated, "Force=true and Replace=true: a sync that changes it deletes it first, and its Secret"))
	}
	if entry, pointer, ok := a.hides(r.KES.Ref, pointers...); ok {
		out = append(out, blocker(codeHidden, rule.FreezeHidden, "ignoreDifferences (%s) hide %s of it", entry, pointer))
	}
	return out
}

// unread are the readers of the Secret that goes.
func (r *Resource) unread() []Blocker {
	switch {
	case len(r.Readers) > 0:
		return []Blocker{blocker(codeReaders, rule.StillRead, "%s", strings.Replace(reads(r.Readers), " it", " the old Secret", 1))}
	case !r.Asked:
		return []Blocker{blocker(codeUnread, rule.StillRead, "who reads the old Secret could not be looked at")}
	}
	return nil
}

func (r *Resource) onePoll() string {
	poll := r.Poll
	if poll <= 0 {
		poll = 10 * time.Second
	}
	return fmt.Sprintf("more than one poll interval of KES (%s) since it was synced: status.lastSync of KES's resource stands still", poll)
}

// byHand are syncs that Argo CD doesn't begin by itself.
func (a *Application) byHand(step string, r *Resource) []string {
	if a == nil || step == "" {
		return nil
	}
	prunes := step == config.Replace && r.Mode == config.Freeze || step == config.Switched
	command := "argocd app sync " + a.Name
	switch {
	case a.Automated && a.Prune && step == config.Switched && r.KES.Extraneous && !r.KES.NoPrune:
		// controller/state.go, autoSync: nothing else changes, so the app counts as Synced.
		return []string{command + " --prune: IgnoreExtraneous on KES's resource hides that it is to be pruned"}
	case a.Automated && (a.Prune || !prunes):
		return nil
	case prunes && a.Automated:
		return []string{command + " --prune: automated sync doesn't prune"}
	case prunes:
		return []string{command + " --prune: automated sync is off"}
	}
	return []string{command + ": automated sync is off"}
}
