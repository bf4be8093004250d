package rule

import "kesbridge/internal/manifest"

// What `kesbridge stores` and --emit-stores find.
var (
	StoreConflict = Rule{
		ID: "KES210", Name: "store-conflict", Severity: manifest.Error,
		Summary: "one store would have to be two",
		Detail: "A rule, an annotation or --store gives several resources one store, but they need different ones: another region, role, project, mount, or another KES. " +
			"A store has one of each, so it can't be generated.",
		Fix: "give each its own stores rule (match on what differs), or write the store by hand if it reads both",
	}
	CredentialsOverwritten = Rule{
		ID: "KES214", Name: "credentials-overwritten", Severity: manifest.Error,
		Summary: "a resource makes the Secret that a store reads its credentials from",
		Detail: "A store wants its credentials in a Secret that somebody has to make (KES206 says which). A KES resource makes a Secret of that name in that namespace: ESO would write over the " +
			"credentials, and ask the backend with what it wrote.",
		Fix: "give the KES resource's Secret another name, or write the store by hand with another Secret",
	}
	StoreTwice = Rule{
		ID: "KES211", Name: "store-twice", Severity: manifest.Error,
		Summary: "two applications would hold the same store",
		Detail: "--emit-stores prints a SecretStore for each namespace of an application. Argo CD lets one Application own an object: two that hold it fight over it, each sync takes it from the other " +
			"(SharedResourceWarning), and pruning one of them deletes the store of both.",
		Fix: "leave emit-stores out in all but one of them, or keep the stores in an application of their own: kesbridge stores --scope namespace prints them",
	}
	HookedStore = Rule{
		ID: "KES212", Name: "hooked-store", Severity: manifest.Warning,
		Summary: "a store comes after a hook that needs it",
		Detail: "Argo CD applies hooks of an earlier phase (PreSync) before it applies the stores that --emit-stores prints, whatever their sync wave: at the first sync the hook's " +
			"ExternalSecret has no store yet, and its Secret stays away until ESO tries again.",
		Fix: "use a sync wave instead of a hook for the KES resource, or keep the store in an application that is synced before",
	}
)
