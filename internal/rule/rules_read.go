package rule

import "kesbridge/internal/manifest"

// Reading a KES ExternalSecret (0xx).
var (
	UnknownField = Rule{
		ID: "KES001", Name: "unknown-field", Severity: manifest.Warning,
		Summary: "a field that the KES CRD does not know",
		Detail: "The API server pruned it when the object was applied, so KES never saw it: it had no effect on the Secret, " +
			"and it has none in the ESO object. Usually it is a misspelling, or a field at the wrong depth. " +
			"Source: charts/kubernetes-external-secrets/crds of KES 8.5.5 (a structural schema that preserves unknown fields only below spec.template).",
		Fix: "remove the field, or, if it was meant to do something, spell it as KES does; that changes the Secret",
	}
	WrongType = Rule{
		ID: "KES002", Name: "wrong-type", Severity: manifest.Error,
		Summary: "a field whose value has a type that the KES CRD refuses",
		Detail: "The API server refuses the whole object, so KES never made a Secret from this manifest. Converting it anyway would " +
			"create a Secret that does not exist today. Mind that YAML reads an unquoted 123, true, yes or null as something other than a string.",
		Fix: "write the value in the type that the CRD wants (quote it if it is meant as a string)",
	}
	MissingField = Rule{
		ID: "KES003", Name: "missing-field", Severity: manifest.Error,
		Summary: "a required field is missing",
		Detail: "The KES CRD asks for metadata.name, spec.backendType, one of data, dataFrom and dataFromWithOptions, keyVaultName with " +
			"azureKeyVault, and for each data item either key and name, or path. The API server refuses the object without them. " +
			"A document that is only a patch (a kustomize overlay, for example) looks like this when it is read alone.",
		Fix: "add the field; if the document is a patch, render the application that it belongs to (kesbridge render DIR)",
	}
	UnknownBackend = Rule{
		ID: "KES004", Name: "unknown-backend", Severity: manifest.Error,
		Summary: "spec.backendType is none that KES has",
		Detail: "The KES CRD allows secretsManager, systemManager, vault, azureKeyVault, gcpSecretsManager, alicloudSecretsManager, " +
			"ibmcloudSecretsManager and akeyless; the code also knows secretManager, an old spelling of secretsManager. The API server " +
			"refuses anything else. Forks and wrappers of KES had backends of their own.",
		Fix: "correct the backend; an object that another tool fills in before it is applied has to be converted after that tool ran",
	}
	DuplicateKey = Rule{
		ID: "KES005", Name: "duplicate-key", Severity: manifest.Warning,
		Summary: "a YAML key stands twice in one mapping",
		Detail:  "Argo CD and kubectl take the last one, and so does kesbridge. kustomize and strict readers refuse such a document.",
		Fix:     "delete the earlier one, which never had an effect",
	}
	RepeatedName = Rule{
		ID: "KES006", Name: "repeated-secret-key", Severity: manifest.Warning,
		Summary: "two data items write the same key of the Secret",
		Detail: "KES fetches both and the later one wins (lib/backends/kv-backend.js of 8.5.5). ESO's webhook refuses a repeated secretKey, " +
			"so only the later item is converted. If the earlier item fails to be fetched KES wrote nothing; ESO no longer fetches it.",
		Fix: "delete the earlier item",
	}
	DeprecatedSpelling = Rule{
		ID: "KES007", Name: "deprecated-spelling", Severity: manifest.Info,
		Summary: "an old spelling that KES still understood",
		Detail: "secretDescriptor for spec, spec.properties for spec.data, spec.type for spec.template.type and the backendType secretManager. " +
			"They mean the same and are converted as such.",
		Fix: "nothing to do for the conversion",
	}
	HookedObject = Rule{
		ID: "KES008", Name: "hooked-object", Severity: manifest.Warning,
		Summary: "the KES object is a Helm or Argo CD hook",
		Detail: "A hook is deleted and created anew at each sync (unless its delete policy says otherwise), and the Secret that it owns goes " +
			"with it: the Secret is missing until the controller has made it again. That was so with KES and stays so with ESO, which " +
			"creates the Secret after a moment of its own.",
		Fix: "use a sync wave (argocd.argoproj.io/sync-wave) instead of a hook, so that the object stays",
	}
	UnknownVersion = Rule{
		ID: "KES009", Name: "unknown-api-version", Severity: manifest.Error,
		Summary: "an ExternalSecret of another version than kubernetes-client.io/v1",
		Detail:  "KES has only ever served v1; the API server refuses other versions.",
		Fix:     "write apiVersion: kubernetes-client.io/v1",
	}
	NoEffect = Rule{
		ID: "KES010", Name: "field-without-effect", Severity: manifest.Info,
		Summary: "a field that this backend ignored",
		Detail: "The KES CRD has the field for all backends, but the code of this one never read it, so it is not carried over: carrying it over " +
			"would change the value that is read.",
		Fix: "nothing to do; delete the field when the source is rewritten",
	}
	NeverWorked = Rule{
		ID: "KES011", Name: "never-worked", Severity: manifest.Error,
		Summary: "KES could never make a Secret from this",
		Detail: "The object is accepted by the API server, but every poll of KES failed, or the Secret that it wanted was refused. A faithful conversion " +
			"of something that never worked does not exist, and an ESO object that works would create a Secret that nobody has today.",
		Fix: "correct the object, or delete it if nobody misses the Secret",
	}
	DroppedItem = Rule{
		ID: "KES012", Name: "dropped-item", Severity: manifest.Warning,
		Summary: "an item that KES left out of the Secret",
		Detail: "KES logged a warning and wrote the Secret without this item (lib/backends/kv-backend.js of 8.5.5: property next to path is parsed as JSON, " +
			"which fails). ESO would fail the whole Secret, so the item is left out here too.",
		Fix: "delete the item, or correct it; that changes the Secret",
	}
)
