package kes

import "kesbridge/internal/manifest"

// Controller is what a repository tells of a running KES: the environment of
// its Deployment, and who its pods are. No value of a secret is ever in it.
type Controller struct {
	// Namespace and Name are the Deployment's; empty where a file of values
	// doesn't tell.
	Namespace, Name string
	// Pos is where it stands.
	Pos manifest.Pos
	// Env are variables whose values stand in Git and are no secrets.
	Env map[string]string
	// Refs are variables whose values a Secret or a ConfigMap holds.
	Refs map[string]Key
	// Plain are variables that hold a secret in plain text, sorted; the text
	// isn't kept.
	Plain []string
	// Places says where each variable is set.
	Places map[string]manifest.Pos
	// Mounts are the files of Secrets and ConfigMaps in its container.
	Mounts []Mount
	// ServiceAccount is the one that its pods run as.
	ServiceAccount ServiceAccount
	// PodLabels and PodAnnotations may name a cloud identity (aadpodidbinding,
	// iam.amazonaws.com/role).
	PodLabels, PodAnnotations map[string]string
	// Open is what decides something and doesn't stand in Git.
	Open []Open
}

// Key is one key of a Secret or a ConfigMap in the controller's namespace.
type Key struct {
	Kind string // Secret or ConfigMap
	Name string
	Key  string
}

// Mount is a volume, or a file of one (subPath).
type Mount struct {
	Path string // absolute, cleaned
	Kind string // Secret or ConfigMap
	Name string
	// Key is the key where Path is a file. Items are the files of a directory
	// by their path in it, where the volume lists them; nil: every key is a
	// file of its own name.
	Key   string
	Items map[string]string
}

// ServiceAccount of KES's pods.
type ServiceAccount struct {
	// Name is empty where nothing names it: Kubernetes takes "default".
	Name string
	// Derived: KES's chart makes a name of the release's, which Git doesn't
	// tell; Name is empty then, too.
	Derived     bool
	Annotations map[string]string // eks.amazonaws.com/role-arn, iam.gke.io/gcp-service-account, azure.workload.identity/client-id ...
}

// Open is one thing that Git doesn't tell.
type Open struct {
	Pos  manifest.Pos
	What string // "more variables come from the Secret kes-env (envFrom)"
	// Variable is the one that it is about; empty: others, or something else.
	Variable string
}
