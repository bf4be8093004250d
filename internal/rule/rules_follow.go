package rule

import "kesbridge/internal/manifest"

// Secrets that change their names or their makers (508 to 514).
var (
	UntypedName = Rule{
		ID: "KES508", Name: "untyped-name", Severity: manifest.Warning,
		Summary: "something names a Secret whose readers move to another one, and may be a reference",
		Detail: "In modes switch and switched the references that kesbridge knows follow. A name in an argument, a variable, an annotation, a ConfigMap or a field that isn't known to be a reference is left as it is: " +
			"whether it means the Secret can't be told. So is a reference whose namespace is decided elsewhere, such as an Istio Gateway's or a ClusterIssuer's. In mode switched the old Secret is gone, and what still reads it fails. There the rule also names a Secret that nothing in the output is known to read, " +
			"under the old name or the new one: its readers are elsewhere, such as in files that weren't given.",
		Fix: "change it by hand if it means the Secret; a field of a custom resource goes into references in kesbridge.yaml; otherwise waive the finding",
	}
	NotFollowed = Rule{
		ID: "KES509", Name: "not-followed", Severity: manifest.Error,
		Summary: "a reference can't follow its Secret to the new name",
		Detail: "Only the bytes of the name are changed, and the result is read back. Where an anchor stands for the name that something else uses, too, or where the namespace of one side isn't known and the other's is, " +
			"the change would mean something else or might be wrong.",
		Fix: "write the name out where the message points to, or give the namespace (--app-namespace, the Application's destination, metadata.namespace)",
	}
	ReadElsewhere = Rule{
		ID: "KES510", Name: "read-elsewhere", Severity: manifest.Warning,
		Summary: "another application reads a Secret whose readers move to another one",
		Detail: "References follow in the application that holds the KES resource alone. The other application goes on reading the old Secret, which is gone in mode switched (an error then). " +
			"Only applications of the same repository, cluster and namespace are seen.",
		Fix: "change the name there when the second Secret is in the cluster, and before mode switched",
	}
	Followed = Rule{
		ID: "KES511", Name: "followed", Severity: manifest.Info,
		Summary: "what reads a Secret under its new name, and which of it restarts",
		Detail: "A reference in a pod template changes the template: Deployments, StatefulSets and DaemonSets roll out anew when it is synced. The others (Ingress, ServiceAccount, custom resources) are read again by their controllers. " +
			"The ESO resource gets a sync wave before the first of them, so that the Secret is there.",
		Fix: "sync when a restart is fine; workloads in the modes rule moves some at a time",
	}
	NotSuperseded = Rule{
		ID: "KES512", Name: "not-superseded", Severity: manifest.Error,
		Summary: "mode superseded, and no ESO resource in the application makes the Secret",
		Detail: "In mode superseded a KES resource is taken out because the same output holds an ExternalSecret of external-secrets.io, written by hand, for the same Secret: in its namespace, with spec.target.name (or its own name) equal to " +
			"the name of the KES resource, and with creationPolicy Owner or Orphan. With Merge or None ESO makes no Secret. Without one the Secret would be lost. As information the rule names what took the KES resource's place.",
		Fix: "add or correct the ESO resource, or choose another mode for the KES resource",
	}
	SyncOrder = Rule{
		ID: "KES513", Name: "sync-order", Severity: manifest.Warning,
		Summary: "in one sync a Secret's reader comes before the Secret, or the ESO resource before its store",
		Detail: "PreSync hooks (helm's pre-install and pre-upgrade, too) run before anything is applied, whatever its sync wave (gitops-engine, pkg/sync): if the second Secret isn't in the cluster yet, the hook's pod doesn't start, and the sync never gets to the ESO resource. " +
			"The ESO resource itself gets a wave before those of its readers; where its store is in the same application with a later wave and not in the cluster yet, the sync waits for a resource that can't become ready.",
		Fix: "sync mode side-by-side first and go on to switch when the second Secret is there; give a store of the application a sync wave before that of the ESO resource",
	}
	FixedReader = Rule{
		ID: "KES514", Name: "fixed-reader", Severity: manifest.Warning,
		Summary: "a Job or Pod reads a Secret under its new name: in a live one that can't be changed",
		Detail:  "The pod template of a Job and most of a Pod are immutable: the API server refuses the change, and the sync fails, as long as one of that name is in the cluster. Hooks that are deleted before they are made anew (BeforeHookCreation, Argo CD's default) are not concerned.",
		Fix:     "delete the Job or Pod before the sync, give it a new name, or set argocd.argoproj.io/sync-options: Force=true,Replace=true on it",
	}
)
