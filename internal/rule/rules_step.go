package rule

import "kesbridge/internal/manifest"

// Steps of a cut-over (7xx), and what an Application itself says against them.
// Argo CD: 3.1.16, controller/sync.go, gitops-engine pkg/sync/sync_context.go.
var (
	PrunePropagation = Rule{
		ID: "KES708", Name: "prune-propagation", Severity: manifest.Warning,
		Summary: "the Application doesn't prune with propagation orphan, which the hand-over through Git alone needs",
		Detail: "Argo CD prunes with the propagation of the sync operation (foreground by default): Kubernetes then deletes the Secret with the KES resource that owns it. " +
			"PrunePropagationPolicy is an option of the Application; no manifest and no annotation can set it. Of several, background wins over foreground, and that over orphan.",
		Fix: "add PrunePropagationPolicy=orphan to spec.syncPolicy.syncOptions of the Application and sync that before replace; or go the guarded way: mode protect, then replace, then kesbridge cutover run",
	}
	SyncBlocked = Rule{
		ID: "KES709", Name: "sync-blocked", Severity: manifest.Warning,
		Summary: "a sync option of the Application would block the hand-over",
		Detail: "PruneLast=true prunes after all waves are healthy: ESO can't own the Secret while the KES resource is there, so its resource is Degraded, the sync fails, and the KES resource is never pruned. " +
			"FailOnSharedResource=true refuses the whole sync while another Application has one of its objects. Prune=false or Prune=confirm among the Application's syncOptions (Argo CD 3.4 and later) leaves the KES resource where it is.",
		Fix: "take the option out for the hand-over and put it back afterwards",
	}
	AdoptionLoses = Rule{
		ID: "KES710", Name: "adoption-loses", Severity: manifest.Error,
		Summary: "the ESO resource that takes over a Secret doesn't make all that is in it, or isn't its only maker",
		Detail: "With creationPolicy Owner or Orphan ESO takes every data key away that it doesn't make itself, as soon as it adopts the Secret (measured: a Secret of two keys, one gone at once). " +
			"With deletionPolicy Delete the Secret goes when the backend has no value for it; KES kept it. A second maker of the same Secret writes over the first one.",
		Fix: "make the ESO resource give every key of the KES resource, with deletionPolicy Retain, and leave one maker for the Secret; kesbridge verify compares",
	}
	LabelTracking = Rule{
		ID: "KES711", Name: "label-tracking", Severity: manifest.Warning,
		Summary: "Argo CD tracks objects by label: a Secret without an owner that carries the label is pruned",
		Detail: "With application.resourceTrackingMethod: label, a live object that has the Application's label, no owner, and is not in Git is pruned (measured: 0.2 to 6 seconds). During the hand-over through Git alone " +
			"the Secret has no owner for a moment. The guarded hand-over swaps the owner in one step, and was measured under this method: nothing missing.",
		Fix: "set application.resourceTrackingMethod to annotation or annotation+label in argocd-cm; or go the guarded way: mode protect, then replace, then kesbridge cutover run",
	}
	CascadeDeletion = Rule{
		ID: "KES712", Name: "cascade-deletion", Severity: manifest.Info,
		Summary: "deleting the Application deletes its Secrets, though its resources are guarded against pruning",
		Detail: "The Application has the finalizer resources-finalizer.argocd.argoproj.io. Deleting it deletes all of its objects; Prune=false doesn't hold that up (measured), Delete=false does. " +
			"An ApplicationSet deletes the Applications that its generators no longer give, unless preserveResourcesOnDeletion is set.",
		Fix: "set guard: delete in kesbridge.yaml and sync, before somebody deletes the Application; or leave the finalizer out",
	}
	Recreated = Rule{
		ID: "KES713", Name: "recreated-object", Severity: manifest.Error,
		Summary: "sync options delete and make the resource anew, and its Secret with it",
		Detail: "Replace=true with Force=true is kubectl replace --force: each sync that changes the resource deletes it first, and Kubernetes deletes the Secret that it owns. " +
			"Replace=true alone (a warning) writes the resource whole: the finalizer that ESO put in it is gone until ESO puts it back.",
		Fix: "take Force=true and Replace=true off the Application and the resource; ServerSideApply=true deletes nothing",
	}
	FreezeHidden = Rule{
		ID: "KES714", Name: "freeze-hidden", Severity: manifest.Error,
		Summary: "ignoreDifferences hide what freeze or protect set in a KES resource",
		Detail: "Argo CD sees no difference in a field that it ignores, so that automated sync doesn't begin; with RespectIgnoreDifferences=true a sync puts the live value back in. KES goes on serving the resource, or its guard isn't there, " +
			"while Git says otherwise, and the next step deletes the Secret.",
		Fix: "take the entry for kubernetes-client.io ExternalSecret out of the Application's ignoreDifferences, and sync, before the next step",
	}
	StillRead = Rule{
		ID: "KES715", Name: "still-read", Severity: manifest.Error,
		Summary: "something reads a Secret that nothing makes any more",
		Detail:  "In mode switched the KES resource is gone and with it the old Secret. A pod that needs it doesn't start (CreateContainerConfigError, FailedMount), and a running one fails when it restarts.",
		Fix:     "go back to mode switch until the reader uses the new name; names in arguments, ConfigMaps or other repositories aren't found here",
	}
	OffWay = Rule{
		ID: "KES716", Name: "off-way", Severity: manifest.Warning,
		Summary: "the step is none of the ways through",
		Detail: "Measured and known are: keep, freeze, replace, final (Git alone); keep, protect, replace, kesbridge cutover run, final (guarded); keep, side-by-side, switch, switched, final (two names); and each of them one step back. " +
			"The message says what the step does.",
		Fix: "take the steps one after the other, each synced before the next",
	}
)
