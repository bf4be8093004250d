package rule

import "kesbridge/internal/manifest"

// Modes and settings (5xx).
var (
	NoMode = Rule{
		ID: "KES501", Name: "no-mode", Severity: manifest.Error,
		Summary: "nothing chooses what becomes of a KES resource",
		Detail: "In the plugin there is no default. Putting an ESO resource in a KES resource's place in one commit, under Argo CD's default pruning, deletes the live Secret: measured, with gaps from 0.7 seconds to for ever. " +
			"keep: nothing changes, KES goes on. freeze: KES stops for this resource, the Secret stays as it is. protect: as freeze, and Argo CD doesn't prune the resource. " +
			"replace: the ESO resource takes its place; the Secret is deleted unless freeze with PrunePropagationPolicy=orphan, or protect, was synced before, or KES never ran in this cluster. " +
			"side-by-side: KES goes on, ESO makes a second Secret; nothing happens to the first. switch: as side-by-side, and references follow to the second. switched: as switch, without the KES resource: the first Secret goes. " +
			"superseded: as replace, where the application holds an ESO resource for the Secret that somebody wrote.",
		Fix: "choose keep (nothing changes, KES goes on), freeze (KES stops for it, the Secret stays as it is), protect (as freeze, and Argo CD doesn't prune it), " +
			"replace (the ESO resource takes its place: the live Secret is deleted, unless freeze with PrunePropagationPolicy=orphan or protect was synced before, or KES never ran in this cluster), " +
			"side-by-side (ESO makes a second Secret beside it), switch (and references follow), switched (and the KES resource is gone) or superseded (by an ESO resource in the same application), with the plugin's parameter mode, KESBRIDGE_MODE in plugin.env, the annotation kesbridge/mode on the resource, or defaults.mode or a modes rule in kesbridge.yaml",
	}
	SettingIgnored = Rule{
		ID: "KES502", Name: "setting-ignored", Severity: manifest.Warning,
		Summary: "the administrator's file decides something that an app author set otherwise",
		Detail:  "What the file named by KESBRIDGE_CONFIG sets or locks wins over annotations, parameters, flags and kesbridge.yaml.",
		Fix:     "take the setting out, or ask the administrator of the plugin",
	}
	CannotFreeze = Rule{
		ID: "KES503", Name: "cannot-freeze", Severity: manifest.Error,
		Summary: "a KES resource can't be frozen",
		Detail:  "freeze and protect stop KES for one resource with spec.controllerId (KES 8.5.5, lib/daemon.js), which needs a spec of the resource's own.",
		Fix:     "write spec instead of secretDescriptor, and sync that before",
	}
	SecondSecret = Rule{
		ID: "KES504", Name: "second-secret", Severity: manifest.Error,
		Summary: "the second Secret can't have its name",
		Detail:  "In modes side-by-side, switch and switched ESO makes a Secret beside the one that KES makes. Its name must be one that Kubernetes takes, and nothing else in the output may make a Secret of that name.",
		Fix:     "give it another name with secretName in a modes rule of kesbridge.yaml, such as \"{name}-external\"",
	}
	KeepRefused = Rule{
		ID: "KES505", Name: "keep-refused", Severity: manifest.Error,
		Summary: "on-unsupported: keep doesn't hold for a resource in mode replace, switch or switched, in the plugin",
		Detail:  "The render that kept the KES resource would take the ESO resource out again that an earlier one put in, and Argo CD would prune it and with it the Secret, which in modes switch and switched is the one that workloads read.",
		Fix:     "give the resource mode keep until it can be converted: annotation kesbridge/mode: keep, or a modes rule in kesbridge.yaml",
	}
)

// What the cluster says (306, 307).
var (
	NoESO = Rule{
		ID: "KES306", Name: "no-eso", Severity: manifest.Error,
		Summary: "the cluster serves no External Secrets Operator resource",
		Detail:  "KUBE_API_VERSIONS, which Argo CD takes from the cluster's discovery, lists no kind of external-secrets.io, no ESO version is set, and the output holds no ESO CRD. The sync would fail.",
		Fix:     "install ESO in the cluster first; or, if the list is stale, set esoVersion for the cluster in kesbridge.yaml and refresh the cluster's cache in Argo CD",
	}
	ListDoubt = Rule{
		ID: "KES309", Name: "list-doubt", Severity: manifest.Warning,
		Summary: "the cluster's list of API versions isn't what an installed ESO gives",
		Detail: "ESO's version is inferred from KUBE_API_VERSIONS. Argo CD doesn't renew a CRD's versions when the CRD changes, and CRDs may be upgraded in part: what is inferred " +
			"then may be another version than the one that runs.",
		Fix: "set esoVersion for the cluster in kesbridge.yaml",
	}
	VersionContradicted = Rule{
		ID: "KES307", Name: "version-contradicted", Severity: manifest.Warning,
		Summary: "the ESO version that is set isn't the one that the cluster shows",
		Detail:  "An explicit version wins, since a list of API versions may be stale. If it is wrong, the API server refuses the resources, or drops fields that show as drift.",
		Fix:     "set esoVersion (per cluster) or --eso-version to the version that runs",
	}
)
