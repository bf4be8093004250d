package rule

import "kesbridge/internal/manifest"

// KES's own settings (204, 205).
var (
	PlainCredential = Rule{
		ID: "KES204", Name: "plain-credential", Severity: manifest.Warning,
		Summary: "a credential stands in plain text in KES's environment",
		Detail: "Whoever reads the repository has it. KES took it from its environment; ESO takes credentials from a Secret only, which a store names: a ClusterSecretStore with its namespace, a SecretStore in its own. " +
			"kesbridge never prints such a value, and no store that it generates holds one.",
		Fix: "change the credential, put the new one into the Secret that the message names, and take it out of Git",
	}
	OpenSetting = Rule{
		ID: "KES205", Name: "open-setting", Severity: manifest.Warning,
		Summary: "a setting of KES that Git doesn't tell",
		Detail: "Which region, role, address or namespaces KES works with decides which store a resource needs and who may read it. Here it comes from a Secret, a ConfigMap that isn't among the manifests, " +
			"a running pod, or values that can't be read, so that rules, stores and conditions are made without it.",
		Fix: "give the variable under controller.env in kesbridge.yaml, which wins over controller.from; a credential that KES takes from a Secret needs nothing",
	}
)
