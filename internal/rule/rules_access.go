package rule

import "kesbridge/internal/manifest"

// What becomes of KES's access control.
var (
	AccessLost = Rule{
		ID: "KES208", Name: "access-lost", Severity: manifest.Error,
		Summary: "KES held namespaces off some secrets, and nothing that is printed does",
		Detail: "KES asks the annotations of a namespace which keys (externalsecrets.kubernetes-client.io/permitted-key-name) and roles (iam.amazonaws.com/permitted) its resources may " +
			"use, and watches only WATCHED_NAMESPACES (lib/poller.js _isPermitted, config/environment.js of 8.5.5). ESO reads none of these: whoever may create an ExternalSecret in " +
			"a namespace that a ClusterSecretStore serves reads everything that the store's identity may.",
		Fix: "print a ValidatingAdmissionPolicy with kesbridge stores --admission-policy and apply it before the stores; or waive this if the identities behind the stores may read no more than the annotations allow",
	}
	PatternRefused = Rule{
		ID: "KES209", Name: "pattern-refused", Severity: manifest.Error,
		Summary: "a regular expression of a namespace can't be enforced by an admission policy",
		Detail: "KES runs the annotation as JavaScript. CEL has RE2, which knows no lookaround and no references to what a group matched, repeats at most 1000 times and counts characters " +
			"outside the Basic Multilingual Plane once, not twice. Where RE2 can't say the same nothing is guessed: the admission policy refuses every ExternalSecret under this annotation that " +
			"needs it.",
		Fix: "write the annotation without what the message names (KES takes the new text as well), or give the namespace a store whose identity may read only what the expression permits",
	}
	PolicyStricter = Rule{
		ID: "KES213", Name: "policy-stricter", Severity: manifest.Error,
		Summary: "the admission policy refuses what KES served",
		Detail: "KES never compared entries of dataFromWithOptions, nor vaultRole beside a roleArn, and took a key's fragment or percent-escapes for part of it, so that an object could read " +
			"what the annotations of its namespace were there to forbid. The admission policy compares what is read. The converted object would be refused, and its Secret no longer refreshed.",
		Fix: "let the annotation permit the key or role, or move the resource to a namespace that may read it",
	}
)
