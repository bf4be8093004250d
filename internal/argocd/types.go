package argocd

import (
	"strings"

	"kesbridge/internal/manifest"
)

// Group is the API group of Application and ApplicationSet.
const Group = "argoproj.io"

// Application is an argoproj.io/v1alpha1 Application, without its status.
type Application struct {
	APIVersion string          `json:"apiVersion,omitempty"`
	Kind       string          `json:"kind,omitempty"`
	Metadata   Metadata        `json:"metadata"`
	Spec       ApplicationSpec `json:"spec"`

	// Pos is where the Application, or the ApplicationSet that makes it,
	// stands.
	Pos manifest.Pos `json:"-"`
	// Set is the name of the ApplicationSet that makes it, or empty.
	Set string `json:"-"`
	// GeneratorFiles are the files whose contents its ApplicationSet's git
	// generators read, relative to the repository's root, sorted.
	GeneratorFiles []string `json:"-"`
}

// Metadata are the fields of an object's metadata that are read. Finalizers
// and owner references have the merge keys of apimachinery's ObjectMeta, for
// templatePatch.
type Metadata struct {
	Name            string            `json:"name,omitempty"`
	Namespace       string            `json:"namespace,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
	Finalizers      []string          `json:"finalizers,omitempty" patchStrategy:"merge"`
	OwnerReferences []OwnerReference  `json:"ownerReferences,omitempty" patchStrategy:"merge" patchMergeKey:"uid"`
}

// OwnerReference is there for templatePatch only.
type OwnerReference struct {
	APIVersion         string `json:"apiVersion"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	UID                string `json:"uid"`
	Controller         *bool  `json:"controller,omitempty"`
	BlockOwnerDeletion *bool  `json:"blockOwnerDeletion,omitempty"`
}

// ApplicationSpec is the desired state of an Application.
type ApplicationSpec struct {
	Source               *ApplicationSource     `json:"source,omitempty"`
	Destination          ApplicationDestination `json:"destination"`
	Project              string                 `json:"project"`
	SyncPolicy           *SyncPolicy            `json:"syncPolicy,omitempty"`
	IgnoreDifferences    []IgnoreDifference     `json:"ignoreDifferences,omitempty"`
	Info                 []Info                 `json:"info,omitempty"`
	RevisionHistoryLimit *int64                 `json:"revisionHistoryLimit,omitempty"`
	Sources              []ApplicationSource    `json:"sources,omitempty"`
	SourceHydrator       *SourceHydrator        `json:"sourceHydrator,omitempty"`
}

// ApplicationDestination is the cluster, by URL or by name, and the namespace
// for objects that name none.
type ApplicationDestination struct {
	Server    string `json:"server,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// SyncPolicy says how the Application is synced.
type SyncPolicy struct {
	Automated                *SyncPolicyAutomated      `json:"automated,omitempty"`
	SyncOptions              []string                  `json:"syncOptions,omitempty"`
	Retry                    *RetryStrategy            `json:"retry,omitempty"`
	ManagedNamespaceMetadata *ManagedNamespaceMetadata `json:"managedNamespaceMetadata,omitempty"`
}

// SyncPolicyAutomated is automated sync; nil pointers are the defaults.
type SyncPolicyAutomated struct {
	Prune      *bool `json:"prune,omitempty"`
	SelfHeal   *bool `json:"selfHeal,omitempty"`
	AllowEmpty *bool `json:"allowEmpty,omitempty"`
	Enabled    *bool `json:"enabled,omitempty"`
}

// RetryStrategy is there for templatePatch only.
type RetryStrategy struct {
	Limit   int64    `json:"limit,omitempty"`
	Backoff *Backoff `json:"backoff,omitempty"`
	Refresh bool     `json:"refresh,omitempty"`
}

// Backoff is there for templatePatch only.
type Backoff struct {
	Duration    string `json:"duration,omitempty"`
	Factor      *int64 `json:"factor,omitempty"`
	MaxDuration string `json:"maxDuration,omitempty"`
}

// ManagedNamespaceMetadata is there for templatePatch only.
type ManagedNamespaceMetadata struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// IgnoreDifference is a field that Argo CD doesn't compare.
type IgnoreDifference struct {
	Group                 string   `json:"group,omitempty"`
	Kind                  string   `json:"kind"`
	Name                  string   `json:"name,omitempty"`
	Namespace             string   `json:"namespace,omitempty"`
	JSONPointers          []string `json:"jsonPointers,omitempty"`
	JQPathExpressions     []string `json:"jqPathExpressions,omitempty"`
	ManagedFieldsManagers []string `json:"managedFieldsManagers,omitempty"`
}

// Info is a note on the Application.
type Info struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SourceHydrator renders one branch into another.
type SourceHydrator struct {
	DrySource  DrySource  `json:"drySource"`
	SyncSource SyncSource `json:"syncSource"`
	HydrateTo  *HydrateTo `json:"hydrateTo,omitempty"`
}

// DrySource is what the hydrator renders.
type DrySource struct {
	RepoURL        string                      `json:"repoURL"`
	TargetRevision string                      `json:"targetRevision"`
	Path           string                      `json:"path"`
	Helm           *ApplicationSourceHelm      `json:"helm,omitempty"`
	Kustomize      *ApplicationSourceKustomize `json:"kustomize,omitempty"`
	Directory      *ApplicationSourceDirectory `json:"directory,omitempty"`
	Plugin         *ApplicationSourcePlugin    `json:"plugin,omitempty"`
}

// SyncSource is where hydrated manifests are synced from.
type SyncSource struct {
	TargetBranch string `json:"targetBranch"`
	Path         string `json:"path"`
	RepoURL      string `json:"repoURL,omitempty"`
}

// HydrateTo is a branch in between.
type HydrateTo struct {
	TargetBranch string `json:"targetBranch"`
}

// DefaultControllerNamespace is where Argo CD is installed by default.
const DefaultControllerNamespace = "argocd"

// InstanceName is what Argo CD calls the Application in ARGOCD_APP_NAME and in
// the name of .argocd-source-<name>.yaml: "<namespace>_<name>" outside the
// controller's namespace (util/argo/argo.go, AppInstanceName). An empty
// controllerNamespace is DefaultControllerNamespace.
func (a *Application) InstanceName(controllerNamespace string) string {
	if controllerNamespace == "" {
		controllerNamespace = DefaultControllerNamespace
	}
	if ns := a.Metadata.Namespace; ns != "" && ns != controllerNamespace {
		return ns + "_" + a.Metadata.Name
	}
	return a.Metadata.Name
}

// Project is the project's name; without one it is "default" (types.go,
// GetProject).
func (a *Application) Project() string {
	if a.Spec.Project == "" {
		return "default"
	}
	return a.Spec.Project
}

// MultiSource reports whether `sources` counts; one entry is enough
// (types.go, HasMultipleSources).
func (a *Application) MultiSource() bool {
	return a.Spec.SourceHydrator == nil && len(a.Spec.Sources) > 0
}

// Sources are the sources in order. Under a source hydrator it is the dry
// source: what is synced is its render, from another branch.
func (a *Application) Sources() []ApplicationSource {
	switch h := a.Spec.SourceHydrator; {
	case h != nil:
		return []ApplicationSource{{
			RepoURL: h.DrySource.RepoURL, Path: h.DrySource.Path, TargetRevision: h.DrySource.TargetRevision,
			Helm: h.DrySource.Helm, Kustomize: h.DrySource.Kustomize, Directory: h.DrySource.Directory, Plugin: h.DrySource.Plugin,
		}}
	case len(a.Spec.Sources) > 0:
		return a.Spec.Sources
	case a.Spec.Source != nil:
		return []ApplicationSource{*a.Spec.Source}
	}
	return nil
}

// ref is for messages.
func (a *Application) ref() string {
	return manifest.Ref{Kind: "Application", Namespace: a.Metadata.Namespace, Name: a.Metadata.Name}.String()
}

// ShortName strips "<namespace>_" from what Argo CD calls an Application
// (util/argo/argo.go, ParseInstanceName).
func ShortName(instance string) string {
	if _, name, ok := strings.Cut(instance, "_"); ok {
		return name
	}
	return instance
}
