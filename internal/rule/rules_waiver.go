package rule

import "kesbridge/internal/manifest"

// Waivers (506, 507).
var (
	BadWaiver = Rule{
		ID: "KES506", Name: "bad-waiver", Severity: manifest.Error,
		Summary: "the annotation kesbridge/waive says nothing that can be obeyed",
		Detail: "The annotation holds a mapping in YAML of rules to reasons, such as \"KES103: the value is plain text\". Without a reason, or for a rule that there isn't, nobody could say later what was accepted. " +
			"In kesbridge.yaml the same mistakes are errors of the file. Rules about waivers and the administrator's limits can't be waived, nor those that speak of all resources of a run together (KES201, KES303), proofs (4xx) and what deletes a Secret (7xx).",
		Fix: "give each rule that is to be waived a reason, one line each: \"KES103: REASON\"",
	}
	UnusedWaiver = Rule{
		ID: "KES507", Name: "unused-waiver", Severity: manifest.Warning,
		Summary: "a waiver that accepts nothing",
		Detail: "The finding that it was written for is gone, or its rule or match is misspelled; left standing, it would hide the next one. A waiver of kesbridge.yaml for which nothing in the run matches " +
			"(another application's) is only an info, except in a check of the whole repository.",
		Fix: "delete the waiver, or correct its rule or match",
	}
)

// Waivable reports whether findings of a rule can be accepted. Those about
// waivers themselves and the administrator's limits can't; not those that the
// stores and rules of the whole run lead to, which belong to no resource; and
// not what verify proves and what deletes a Secret (4xx, 7xx).
func Waivable(id string) bool {
	switch id {
	case PrunePropagation.ID, SyncBlocked.ID, LabelTracking.ID, CascadeDeletion.ID, Recreated.ID:
		return true // what an Application says, before anything happens
	case BadWaiver.ID, UnusedWaiver.ID, SettingIgnored.ID, DerivedStore.ID, RefreshInterval.ID, UnusedTemplate.ID:
		return false
	}
	_, ok := Find(id)
	return ok && id[3] != '4' && id[3] != '7'
}

// OfApps reports whether a rule is about whole applications (6xx), which check
// alone finds, not about a resource.
func OfApps(id string) bool { return len(id) == 6 && id[3] == '6' }

// Steady reports whether a rule's finding, where it is due, is in every run
// that looks at its object or app. Others need the plugin, a flag, or objects
// elsewhere, and nobody can say of their waivers that they are unused.
func Steady(id string) bool {
	switch id {
	case NoMode.ID, KeepRefused.ID, NoESO.ID, ListDoubt.ID, VersionContradicted.ID, SharedStore.ID, GoldenDiffers.ID,
		UntypedName.ID, NotFollowed.ID, ReadElsewhere.ID, Followed.ID, NotSuperseded.ID, SyncOrder.ID, FixedReader.ID,
		AccessLost.ID, PatternRefused.ID, PolicyStricter.ID,
		StoreUnknown.ID, StoreNotPrinted.ID, StoreConflict.ID, StoreTwice.ID, HookedStore.ID, CredentialsOverwritten.ID:
		return false
	}
	return Waivable(id)
}
