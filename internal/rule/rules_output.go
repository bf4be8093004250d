package rule

import "kesbridge/internal/manifest"

// Stores (2xx) and the output as a whole (3xx).
var (
	DerivedStore = Rule{
		ID: "KES201", Name: "derived-store", Severity: manifest.Warning,
		Summary: "no rule names a store, so its name was derived",
		Detail: "An ESO ExternalSecret needs a SecretStore or ClusterSecretStore, which KES did not have. Without --store or a stores rule the name is derived from what the store " +
			"must hold, and never changes. The store itself is not part of the output.",
		Fix: "create that store, or name an existing one with --store or a stores rule in kesbridge.yaml",
	}
	UnmatchedStore = Rule{
		ID: "KES202", Name: "unmatched-store", Severity: manifest.Error,
		Summary: "no stores rule matches and unmatched is fail",
		Detail:  "kesbridge.yaml says unmatched: fail, so a store name is never made up.",
		Fix:     "add a stores rule for this backend, or set defaults.unmatched to generate",
	}
	SharedStore = Rule{
		ID: "KES203", Name: "shared-store", Severity: manifest.Warning,
		Summary: "one store is to serve resources with different needs",
		Detail: "KES read each resource with its own region, role, vault, project and so on. A store has one of each, so resources that differ in them can't share a store: one of them " +
			"would be read from another place, or not at all.",
		Fix: "give each its own stores rule (match on what differs), or make sure that the store reads both, as a role in the store may",
	}
	DuplicateObject = Rule{
		ID: "KES301", Name: "duplicate-object", Severity: manifest.Error,
		Summary: "two ESO ExternalSecrets with the same name in one output",
		Detail:  "Argo CD would keep the last one and warn about a repeated resource; kubectl would apply one over the other.",
		Fix:     "remove one of the two (a hand-written ESO object beside a KES object means that the KES object has been replaced already)",
	}
	DuplicateTarget = Rule{
		ID: "KES302", Name: "duplicate-target", Severity: manifest.Error,
		Summary: "two ESO ExternalSecrets write the same Secret",
		Detail:  "Both claim the Secret as owner; one of them fails, or they overwrite each other.",
		Fix:     "give one of them another target, or remove it",
	}
	RefreshInterval = Rule{
		ID: "KES303", Name: "refresh-interval", Severity: manifest.Warning,
		Summary: "the poll interval of KES was replaced by ESO's default",
		Detail: "KES polls all secrets at one interval (POLLER_INTERVAL_MILLISECONDS, 10 seconds by default). ESO has one per object; without a setting kesbridge writes " +
			"1h0m0s, ESO's own default: a changed value takes up to an hour to arrive, at a fraction of the backend calls.",
		Fix: "set defaults.refreshInterval (or one per stores rule) in kesbridge.yaml",
	}
	FieldTooNew = Rule{
		ID: "KES304", Name: "field-too-new", Severity: manifest.Error,
		Summary: "the installed ESO version does not know a field that is needed",
		Detail:  "A field that the CRD does not know is pruned, and shows as drift in every Argo CD diff mode.",
		Fix:     "set --eso-version to the installed version, or upgrade ESO",
	}
)

// RenderWarning is what a rendering library says.
var RenderWarning = Rule{
	ID: "KES305", Name: "render-warning", Severity: manifest.Warning,
	Summary: "helm or kustomize warns about the application",
	Detail: "The library that renders says something that Argo CD's native rendering would only log, for example that a resource with an unknown hook is left out " +
		"(Argo CD leaves it out as well).",
	Fix: "see whether what the message names is meant",
}

// Proofs (4xx).
var (
	ProvenDifferent = Rule{
		ID: "KES401", Name: "proven-different", Severity: manifest.Error,
		Summary: "the two Secrets differ for an everyday value",
		Detail: "Both controllers were simulated on made-up backend data (kesbridge verify), and the Secret of ESO is not the Secret of KES for a value of an everyday shape: " +
			"a printable string, JSON in a string, an integer up to 2^53, a boolean, a compact object, canonical base64.",
		Fix: "see kesbridge verify for the input and both results; please report it, since a conversion should have been refused instead",
	}
	NotProvable = Rule{
		ID: "KES402", Name: "not-provable", Severity: manifest.Warning,
		Summary: "the conversion could not be proven",
		Detail: "Something in it can't be executed here as KES or ESO would execute it (js-yaml outside a small subset, a clock, the controller's environment), or KES " +
			"writes no Secret for any everyday value. It is never reported as equal.",
		Fix: "compare the two Secrets on a test cluster",
	}
	ProvenExcept = Rule{
		ID: "KES403", Name: "proven-except", Severity: manifest.Info,
		Summary: "the two Secrets are equal except for named shapes of values",
		Detail:  "Both controllers were simulated on made-up backend data; they differ only for the shapes that the message names, none of them everyday.",
		Fix:     "nothing to do unless the stored values are of that kind",
	}
)

// All lists every rule in the order of its id.
func All() []Rule {
	return []Rule{
		UnknownField, WrongType, MissingField, UnknownBackend, DuplicateKey, RepeatedName, DeprecatedSpelling, HookedObject,
		UnknownVersion, NoEffect, NeverWorked, DroppedItem,
		LodashTemplate, NoEquivalent, ValueShapes, AmbiguousProperty, SecretBinary, PathPrecedence, PathCollision, EmptySecret,
		TemplateField, BadBase64, VaultKey, VaultKeyCleaned, StorePath, IBMGroup, RoleSemantics, AlibabaGone, TemplateDelimiters,
		VaultNamespace, ForeignController, FieldOrder, RefusedType, TemplateShapes, BadAnnotation, StringsOnly, SuppliedTemplate, TemplateFunction,
		DerivedStore, UnmatchedStore, SharedStore, PlainCredential, OpenSetting, StoreUnknown, StoreNotPrinted, AccessLost, PatternRefused, StoreConflict, StoreTwice, HookedStore, PolicyStricter, CredentialsOverwritten, DuplicateObject, DuplicateTarget, RefreshInterval, FieldTooNew, RenderWarning, NoESO, VersionContradicted, UnusedTemplate, ListDoubt,
		ProvenDifferent, NotProvable, ProvenExcept,
		NoMode, SettingIgnored, CannotFreeze, SecondSecret, KeepRefused, BadWaiver, UnusedWaiver,
		UntypedName, NotFollowed, ReadElsewhere, Followed, NotSuperseded, SyncOrder, FixedReader,
		NotRendered, NotRepeatable, Invalid, Forbidden, GeneratePaths, VersionEvidence, OtherSources, NotChecked, GoldenDiffers,
		UnsafeReplace, RenamedTarget, PrunedTarget, PrunedKES, NotRefreshed, RemovedApp, UnknownBefore,
		PrunePropagation, SyncBlocked, AdoptionLoses, LabelTracking, CascadeDeletion, Recreated, FreezeHidden, StillRead, OffWay,
	}
}

// Find returns the rule with an id.
func Find(id string) (Rule, bool) {
	for _, r := range All() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
