package rule

import "kesbridge/internal/manifest"

// What check finds about whole applications (6xx).
var (
	NotRendered = Rule{
		ID: "KES601", Name: "not-rendered", Severity: manifest.Error,
		Summary: "the application doesn't render",
		Detail:  "Argo CD could not render it either, natively or with the plugin, unless it knows something that the repository does not tell.",
		Fix:     "correct the source that the message names",
	}
	NotRepeatable = Rule{
		ID: "KES602", Name: "not-repeatable", Severity: manifest.Error,
		Summary: "the application renders to other bytes the second time",
		Detail: "Something in it asks for chance or for the time, such as randAlphaNum, genCA, now or uuidv4 in a chart. Argo CD shows such an app as OutOfSync for ever, and each sync " +
			"changes it.",
		Fix: "give the value that is made up at each render a fixed one",
	}
	Invalid = Rule{
		ID: "KES603", Name: "invalid", Severity: manifest.Error,
		Summary: "an object of ESO's is not what its CRD allows",
		Detail:  "The object was held against the structural schema of the CRD of the ESO version in use (types, required fields, enums, patterns). The API server would refuse it, or prune a field of it.",
		Fix:     "correct the object, or set the ESO version that is installed",
	}
	Forbidden = Rule{
		ID: "KES604", Name: "forbidden-kind", Severity: manifest.Error,
		Summary: "Argo CD may not sync a kind that the output holds",
		Detail: "The AppProject of the application has no place for the kind in its whitelists, or has it in a blacklist; or resource.exclusions in argocd-cm leave it out. The sync fails, " +
			"or the object is never created and the Secret is gone with the KES object.",
		Fix: "allow external-secrets.io ExternalSecret in the AppProject, and take it out of resource.exclusions",
	}
	GeneratePaths = Rule{
		ID: "KES605", Name: "manifest-generate-paths", Severity: manifest.Warning,
		Summary: "the annotation argocd.argoproj.io/manifest-generate-paths leaves out files that the render reads",
		Detail: "Argo CD re-renders an application only where a commit changes one of these paths, and may send only these to the plugin. A change of another file that the render reads " +
			"would not be seen.",
		Fix: "set the annotation to the value that the message gives",
	}
	VersionEvidence = Rule{
		ID: "KES606", Name: "version-evidence", Severity: manifest.Warning,
		Summary: "Git says that another ESO version is installed than the one that is set",
		Detail:  "A chart version, image tag or CRD of ESO in the repository says another version than esoVersion. Fields that the installed CRD doesn't know show as drift for ever.",
		Fix:     "set esoVersion (for the cluster) to what is installed",
	}
	OtherSources = Rule{
		ID: "KES607", Name: "ref-source", Severity: manifest.Warning,
		Summary: "an application with KES resources takes files from another source ($ref), which no plugin can",
		Detail:  "Argo CD resolves $ref in value files for its native helm sources only; a sidecar plugin gets one source's directory.",
		Fix:     "put the value files into the application's own source, or convert its KES resources in the sources",
	}
	NotChecked = Rule{
		ID: "KES608", Name: "not-checked", Severity: manifest.Warning,
		Summary: "something looks like an application or its manifests and can't be looked at here",
		Detail:  "It needs a running cluster or another repository, or holds placeholders (<TOKEN>, ${VAR}) that another tool fills in later.",
		Fix:     "check it where what it needs is there, or list the apps in kesbridge.yaml",
	}
	GoldenDiffers = Rule{
		ID: "KES609", Name: "golden-differs", Severity: manifest.Error,
		Summary: "the output of an application isn't what is stored",
		Detail:  "check --golden DIR compares each application's converted output with a file in DIR.",
		Fix:     "see whether the change is meant, and store it with --update",
	}
)
