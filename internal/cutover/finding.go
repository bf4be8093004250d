package cutover

import (
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Findings are what in the Application itself would delete a Secret of its
// resources, or block their way. Each is said once for the Application. guard
// is the setting of kesbridge.
func (a *Application) Findings(resources []Resource, guard string) manifest.Findings {
	if a == nil || len(resources) == 0 {
		return nil
	}
	f := &settingFindings{app: a, said: map[string]bool{}}
	for i := range resources {
		f.look(&resources[i])
	}
	if a.Plugin && a.Cascade && guard != config.GuardDelete {
		f.add(rule.CascadeDeletion, rule.CascadeDeletion.Severity, "it has the finalizer that deletes its objects with it, and its resources are guarded with Prune=false alone")
	}
	if a.has("FailOnSharedResource=true") {
		f.add(rule.SyncBlocked, manifest.Info, "FailOnSharedResource=true: a store or resource that another Application renders, too, stops all of its syncs")
	}
	return f.out
}

type settingFindings struct {
	app  *Application
	said map[string]bool
	out  manifest.Findings
}

// add says something once for the Application.
func (f *settingFindings) add(r rule.Rule, s manifest.Severity, message string) {
	if f.said[r.ID+message] {
		return
	}
	f.said[r.ID+message] = true
	r.Severity = s
	f.out = append(f.out, r.At(f.app.Pos, f.app.Ref, "%s", message))
}

func (f *settingFindings) look(r *Resource) {
	a := f.app
	started := a.Plugin && !r.Preset
	frozen := r.Mode == config.Freeze
	kesStays := started && (r.Mode == config.Keep || frozen || r.Mode == config.Protect)
	if started && frozen && !a.Orphan() {
		f.add(rule.PrunePropagation, rule.PrunePropagation.Severity, "resources are frozen, and it prunes with propagation "+a.propagation()+": replace would delete their Secrets")
	}
	if started && frozen && a.Tracking.ByLabel() {
		f.add(rule.LabelTracking, rule.LabelTracking.Severity, "resources are frozen, and Argo CD tracks by "+a.label()+": a Secret that carries it is pruned while it has no owner")
	}
	if kesStays && r.Mode != config.Protect {
		for _, b := range a.blocked(r) {
			f.add(rule.SyncBlocked, rule.SyncBlocked.Severity, b.Message)
		}
	}
	replace, force := a.has("Replace=true"), a.has("Force=true")
	switch {
	case replace && force:
		f.add(rule.Recreated, manifest.Error, "Force=true and Replace=true: a sync that changes a resource deletes it first, and the Secret that it owns")
	case replace && started:
		f.add(rule.Recreated, manifest.Warning, "Replace=true writes resources whole: ESO's finalizer is gone from its own until ESO puts it back")
	}
	if started && (frozen || r.Mode == config.Protect) {
		pointers := []string{controllerPointer, syncOptionsPointer}
		if frozen {
			pointers = pointers[:1]
		}
		if entry, pointer, ok := a.hides(r.KES.Ref, pointers...); ok {
			message := "ignoreDifferences (" + entry + ") hide " + pointer + " of KES resources, which " + r.Mode + " sets"
			if a.has("RespectIgnoreDifferences=true") {
				message += "; with RespectIgnoreDifferences=true no sync sets it"
			}
			f.add(rule.FreezeHidden, rule.FreezeHidden.Severity, message)
		}
	}
}

// ObjectFindings are those about one resource and its Secret.
func (a *Application) ObjectFindings(r *Resource) manifest.Findings {
	var out manifest.Findings
	add := func(r0 rule.Rule, s manifest.Severity, message string) {
		r0.Severity = s
		out = append(out, r0.At(r.KES.Pos, r.ref(), "%s", message))
	}
	if r.KES.Replace && r.KES.Force {
		add(rule.Recreated, manifest.Error, "Force=true and Replace=true in its sync-options: a sync that changes it deletes it first, and the Secret that it owns")
	}
	if r.Preset {
		return out
	}
	if r.ESO != nil && (r.Mode == config.Freeze || r.Mode == config.Protect || r.Mode == config.Superseded) {
		for _, l := range takesOver(&r.KES, r.ESO) {
			add(rule.AdoptionLoses, l.severity, r.KES.secret()+" "+l.text)
		}
	}
	return append(append(out, r.OthersFindings()...), r.ReadersFindings()...)
}

// OthersFindings are those about other makers of its Secret.
func (r *Resource) OthersFindings() manifest.Findings {
	if r.Preset || r.Mode == "" || r.Mode == config.Keep || r.Mode == config.SideBySide || r.Mode == config.Switch || r.Mode == config.Switched {
		return nil
	}
	var out manifest.Findings
	for i := range r.Others {
		out = append(out, rule.AdoptionLoses.At(r.KES.Pos, r.ref(), "%s is also made by %s", r.KES.secret(), r.Others[i].who()))
	}
	return out
}

// ReadersFindings are those about readers of a Secret that is gone, and in other
// applications of one that is left to them.
func (r *Resource) ReadersFindings() manifest.Findings {
	if r.Mode == config.Switch {
		foreign := slices.DeleteFunc(slices.Clone(r.Readers), func(one Reader) bool { return one.App == "" })
		if len(foreign) == 0 {
			return nil
		}
		return manifest.Findings{rule.ReadElsewhere.At(r.KES.Pos, r.ref(), "in mode switch only readers of its own application move; %s", strings.TrimSuffix(reads(foreign), "it")+r.KES.secret())}
	}
	if r.Mode != config.Switched || len(r.Readers) == 0 {
		return nil
	}
	return manifest.Findings{rule.StillRead.At(r.KES.Pos, r.ref(), "%s is gone in mode switched; %s", r.KES.secret(), reads(r.Readers))}
}
