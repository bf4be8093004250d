package rule

import "kesbridge/internal/manifest"

// Converting to ESO (1xx).
var (
	LodashTemplate = Rule{
		ID: "KES101", Name: "lodash-template", Severity: manifest.Error,
		Summary: "a lodash expression that has no faithful Go template",
		Detail: "KES compiles every string below spec.template with lodash: <% %>, <%= %>, <%- %> and ${ } are JavaScript. ESO's templates are Go templates. What can " +
			"be translated so that the same bytes come out is translated; this can't, for the reason that the message gives.",
		Fix: "write the template by hand in an ESO object, or set --on-unsupported keep to leave this KES object as it is",
	}
	NoEquivalent = Rule{
		ID: "KES102", Name: "no-equivalent", Severity: manifest.Error,
		Summary: "ESO has no form that reads the same value",
		Detail:  "KES could read or write this, and no ESO field, property or template that is known gives the same bytes. The message names the fact.",
		Fix:     "change what the message names, or set --on-unsupported keep to leave this KES object as it is",
	}
	ValueShapes = Rule{
		ID: "KES103", Name: "value-shapes", Severity: manifest.Info,
		Summary: "equal to KES except for certain backend values",
		Detail: "The converted object is what a person who knows ESO would write. For the backend values that the message lists ESO writes other bytes than KES " +
			"did: null (empty instead of the text null), numbers that JavaScript prints in another form (beyond 2^53, exponents), objects " +
			"and arrays that are not stored compactly (KES re-serialised them), base64 that is not canonical (KES decoded leniently, ESO fails), and " +
			"values that are not JSON where a property is asked for (KES left the key out, ESO fails). Plain strings, ordinary numbers and booleans are equal.",
		Fix: "look at the stored values if one of these shapes is likely; otherwise nothing to do",
	}
	AmbiguousProperty = Rule{
		ID: "KES104", Name: "ambiguous-property", Severity: manifest.Info,
		Summary: "a property that may mean two things in one document",
		Detail: "lodash takes a literal key with dots in it before it follows the path; ESO's providers differ in that order. It matters only where the " +
			"backend value holds both.",
		Fix: "nothing to do unless the stored value holds both keys",
	}
	SecretBinary = Rule{
		ID: "KES105", Name: "secret-binary", Severity: manifest.Warning,
		Summary: "isBinary on a whole AWS Secrets Manager value",
		Detail: "AWS stores either SecretString or SecretBinary, and the manifest does not tell which. KES decoded a SecretString and passed a SecretBinary " +
			"through (isBinary has no effect on a Buffer). ESO has no such rule: decodingStrategy Base64 is right for SecretString, none for SecretBinary. " +
			"kesbridge writes Base64, which fails loudly (or decodes twice, where the bytes happen to be base64 text) on a SecretBinary.",
		Fix: "if these values are stored as SecretBinary set secretBinary: true in a stores rule of kesbridge.yaml",
	}
	PathPrecedence = Rule{
		ID: "KES106", Name: "path-precedence", Severity: manifest.Warning,
		Summary: "a path after a data item may win a key differently",
		Detail: "KES lets later items win, in the order of spec.data. ESO reads all dataFrom entries first and lets every data entry win over them. If the path holds a " +
			"parameter with the same basename as an earlier data item, KES used the path's, ESO uses the item's.",
		Fix: "delete the earlier data item if the path is meant to win; otherwise nothing to do",
	}
	PathCollision = Rule{
		ID: "KES107", Name: "path-collision", Severity: manifest.Warning,
		Summary: "a recursive path may hold two parameters with one basename",
		Detail: "KES took the last one that the API returned. ESO's rewrite keeps one at random, and another one at the next refresh (RewriteRegexp iterates a Go map, " +
			"v0.9.20-v2.9.0).",
		Fix: "make sure that basenames are unique below the path, or list the parameters one by one as data items",
	}
	EmptySecret = Rule{
		ID: "KES108", Name: "empty-secret", Severity: manifest.Error,
		Summary: "nothing is fetched",
		Detail: "KES wrote a Secret with what the template holds, or an empty one. ESO creates nothing when no value was fetched (deletionPolicy Retain, " +
			"v0.9.20-v2.9.0), not even the template's keys.",
		Fix: "make it a plain Secret or remove it",
	}
	TemplateField = Rule{
		ID: "KES109", Name: "template-field", Severity: manifest.Warning,
		Summary: "a field below spec.template that had no effect",
		Detail:  "KES overwrites metadata.name, apiVersion, kind and type with its own, and the API server drops what a Secret does not have. Such fields are left out.",
		Fix:     "delete the field",
	}
	BadBase64 = Rule{
		ID: "KES110", Name: "bad-base64", Severity: manifest.Error,
		Summary: "spec.template.data holds a value that is not base64",
		Detail:  "template.data is merged into the Secret's data, which must be base64. The API server refused that Secret, so KES never wrote it.",
		Fix:     "encode the value, or move it to spec.template.stringData",
	}
	VaultKey = Rule{
		ID: "KES111", Name: "vault-key", Severity: manifest.Error,
		Summary: "a kv version 2 key without /data/",
		Detail: "KES asks Vault for exactly the key; a kv 2 mount answers 404 to a key without /data/, so KES never got the value. ESO would insert data/ and succeed, with a " +
			"value that no Secret holds today. Or the mount is kv 1 and kvVersion: 1 is missing: then KES wrote the text undefined.",
		Fix: "write the key with /data/ after the mount, or set kvVersion: 1 if the mount is a kv version 1",
	}
	VaultKeyCleaned = Rule{
		ID: "KES112", Name: "vault-key-cleaned", Severity: manifest.Warning,
		Summary: "a Vault key that the two controllers send differently",
		Detail: "KES sends the key as the rest of the URL, verbatim; ESO escapes it and cleans the path. A leading slash, a fragment, ?version=N and percent-escapes are " +
			"rewritten so that the request is the same; double slashes, a slash at the end and .. can't be.",
		Fix: "check that the key reads the same secret",
	}
	StorePath = Rule{
		ID: "KES113", Name: "store-path", Severity: manifest.Error,
		Summary: "the key does not fit the path of the chosen Vault store",
		Detail: "A store with path P reads a full key only if it starts with P/data/ (kv 2) or P/ (kv 1); anything else would read another secret " +
			"(buildPath in ESO's vault provider, v0.9.20-v2.9.0).",
		Fix: "match this key to a store without path, or to one with its mount",
	}
	IBMGroup = Rule{
		ID: "KES114", Name: "ibm-group", Severity: manifest.Error,
		Summary: "keyByName needs the secret group's name",
		Detail:  "KES searches all groups for the name. ESO's key is group/type/name, and the group is not in the KES manifest.",
		Fix:     "set defaults.ibmGroup in kesbridge.yaml to the group that holds these secrets, or use the secret's id",
	}
	RoleSemantics = Rule{
		ID: "KES115", Name: "role", Severity: manifest.Warning,
		Summary: "a role that ESO can't assume in the same way",
		Detail:  "Alibaba: KES assumed roleArn with its access key; ESO's store has no such form (only RRSA).",
		Fix:     "give the store an identity that may read these secrets",
	}
	AlibabaGone = Rule{
		ID: "KES116", Name: "alibaba-gone", Severity: manifest.Error,
		Summary: "the Alibaba provider exists only up to ESO 1.3",
		Detail:  "ESO 2.0 removed it; the store is refused there. It is converted only where an ESO version up to 1.3 is set.",
		Fix:     "set --eso-version (or esoVersion in kesbridge.yaml) to the installed version if it is 1.3 or older; otherwise move the secret to another backend",
	}
	TemplateDelimiters = Rule{
		ID: "KES117", Name: "template-delimiters", Severity: manifest.Info,
		Summary: "template text with {{ in it was escaped",
		Detail:  "KES copied the text; ESO would run it as a Go template. It is written as {{ \"{{\" }}, which prints {{.",
		Fix:     "nothing to do, unless the controller runs with --template-left-delimiter",
	}
	VaultNamespace = Rule{
		ID: "KES118", Name: "vault-namespace", Severity: manifest.Info,
		Summary: "KES with VAULT_NAMESPACE used the first role's token for all",
		Detail: "All Vault clients of KES share one header object, so the first token that it obtained was sent for every role. With ESO each store logs in with its own " +
			"role, which may lack rights that the first one had (config/index.js of 8.5.5 with node-vault 0.9.22).",
		Fix: "check the policies of this role",
	}
	ForeignController = Rule{
		ID: "KES119", Name: "foreign-controller", Severity: manifest.Warning,
		Summary: "an object that KES does not serve",
		Detail: "KES handles only objects whose controllerId equals its INSTANCE_ID (lib/external-secret.js of 8.5.5). The configuration says which id it runs with, and this object has " +
			"another: no Secret is kept for it by that KES. ESO would make one.",
		Fix: "delete the object if nobody serves it, or correct INSTANCE_ID under controller.env in kesbridge.yaml",
	}
	FieldOrder = Rule{
		ID: "KES120", Name: "field-order", Severity: manifest.Warning,
		Summary: "a JSON object that is spelled out field by field",
		Detail: "KES wrote the backend's whole object as JSON text in the order in which the server sent it. ESO has no form for the whole, so the template writes the fields in " +
			"a fixed order, which may not be the server's.",
		Fix: "compare with the existing Secret; if the order differs and matters, read the fields one by one",
	}
	RefusedType = Rule{
		ID: "KES121", Name: "refused-type", Severity: manifest.Warning,
		Summary: "a Secret type that newer ESO versions refuse",
		Detail: "ESO's webhook refuses an ExternalSecret whose template makes a bootstrap token, or a service account token with the annotation " +
			"kubernetes.io/service-account.name (2.4.1 and later). With such a version set it is an error.",
		Fix: "keep the webhook's rule in mind when ESO is upgraded, or make this Secret in another way",
	}
	TemplateShapes = Rule{
		ID: "KES122", Name: "template-shapes", Severity: manifest.Info,
		Summary: "a translated template that is equal except for certain values",
		Detail: "The Go template prints what KES's JavaScript printed, except for the values that the message names. KES folds fetched values to ASCII before it " +
			"runs a template (lib/poller.js:99 of 8.5.5: every byte loses its high bit); the natural form keeps UTF-8.",
		Fix: "nothing to do unless the stored values are of that kind",
	}
	BadAnnotation = Rule{
		ID: "KES123", Name: "bad-annotation", Severity: manifest.Error,
		Summary: "an annotation that is meant for kesbridge has a value that it doesn't know",
		Detail: "kesbridge/fidelity on a KES object says how faithful its conversion has to be: natural (ESO's usual form) or exact (KES's bytes, through templates). " +
			"kesbridge/mode says what becomes of it, kesbridge/store which store it gets (NAME, SecretStore/NAME or ClusterSecretStore/NAME) and kesbridge/refresh-interval " +
			"how often ESO reads its values (15m, 1h30m). Another value would be obeyed by guessing.",
		Fix: "write a value that the message allows, or remove the annotation",
	}
	StringsOnly = Rule{
		ID: "KES124", Name: "strings-only", Severity: manifest.Warning,
		Summary: "dataFrom of a backend whose ESO provider takes only strings",
		Detail: "KES spread any JSON object into the Secret. ESO's Akeyless provider before 2.8 and its Alibaba provider fail on an object that holds a number, a boolean or an " +
			"object, and then nothing is written.",
		Fix: "use --fidelity exact, or a stores rule with fidelity: exact, where such values are possible",
	}
)
