package rule

import "kesbridge/internal/manifest"

// Transitions between two revisions of an application (7xx). What each order of
// steps does to a live Secret was measured with KES 8.5.5, ESO 0.9.20 and
// 0.20.4 and Argo CD 3.1.16.
var (
	UnsafeReplace = Rule{
		ID: "KES701", Name: "unsafe-replace", Severity: manifest.Error,
		Summary: "an ESO resource takes a KES resource's place in a way that deletes the live Secret",
		Detail: "The Secret is owned by the KES resource. When Argo CD prunes that, the garbage collector deletes the Secret, and ESO makes it anew after 0.7 seconds, or, since 0.11, never " +
			"(16 of 16 where it had been there for longer than one poll). With PrunePropagationPolicy=orphan the Secret stays only if KES serves the resource no longer: otherwise KES writes " +
			"it back with an owner that is gone. Safe are: mode freeze, synced one poll interval before, and that option; or mode protect (Prune=false), synced before, then kesbridge cutover.",
		Fix: "first sync mode freeze (KES stops for the resource) with PrunePropagationPolicy=orphan among the Application's syncOptions, and wait one poll interval of KES; " +
			"or first sync mode protect; then replace. Where KES never ran there is nothing to lose",
	}
	RenamedTarget = Rule{
		ID: "KES702", Name: "renamed-target", Severity: manifest.Error,
		Summary: "a live ESO resource gets another target: the Secret of the old name is deleted at once",
		Detail:  "ESO deletes the Secret of the old name as soon as the target's name changes; 0.20.4 does so even where it can't write the new one. With creationPolicy Orphan, synced before, the old Secret stays.",
		Fix:     "keep the target's name, or add a second ExternalSecret for the new name and remove the old one when nothing reads its Secret any more; or sync creationPolicy: Orphan first",
	}
	PrunedTarget = Rule{
		ID: "KES703", Name: "pruned-eso", Severity: manifest.Error,
		Summary: "an ESO resource without a guard disappears: Argo CD prunes it, and its Secret goes with it",
		Detail: "deletionPolicy Retain is no guard against that, and neither is a KES resource that comes back in the same commit: KES writes the Secret again only after it was deleted (0.75 seconds). " +
			"With Prune=false on the resource, synced before, or PrunePropagationPolicy=orphan on the Application (not with deletionPolicy Delete), the Secret stays.",
		Fix: "first sync the ESO resource with argocd.argoproj.io/sync-options: Prune=false and compare-options: IgnoreExtraneous (final: false in kesbridge), then take it out; on the way back KES takes over first",
	}
	PrunedKES = Rule{
		ID: "KES704", Name: "pruned-kes", Severity: manifest.Error,
		Summary: "a KES resource disappears, and nothing makes its Secret any more",
		Detail:  "Argo CD prunes the resource, and the garbage collector deletes the Secret that it owns.",
		Fix:     "keep the KES resource until nothing reads its Secret any more; if that is so already, this is the last step, and the Secret is meant to go",
	}
	NotRefreshed = Rule{
		ID: "KES705", Name: "no-maker", Severity: manifest.Warning,
		Summary: "a Secret stays in the cluster, but nothing in Git makes it any more",
		Detail:  "Its resource is guarded, or pruned with propagation orphan after KES or ESO let go of it. The Secret keeps its last value and is never refreshed.",
		Fix:     "delete the Secret when nothing reads it any more, or bring back what makes it",
	}
	RemovedApp = Rule{
		ID: "KES706", Name: "removed-app", Severity: manifest.Error,
		Summary: "an application disappears, and its Secrets go with it",
		Detail: "Deleting an Application with the resources finalizer deletes all of its objects; Prune=false doesn't hold that up, Delete=false does. Where the Application stays and only " +
			"its directory is gone, Argo CD can't render it and deletes nothing.",
		Fix: "nothing to do if the application is meant to go; to keep its Secrets, sync its ESO resources with guard: delete first, or delete the Application without the finalizer",
	}
	UnknownBefore = Rule{
		ID: "KES707", Name: "unknown-before", Severity: manifest.Warning,
		Summary: "what made a Secret before can't be told, so whether the step is safe can't be either",
		Detail:  "In the older revision the resource could not be converted: what was synced last is older still.",
		Fix:     "compare with the last revision that converts",
	}
)
