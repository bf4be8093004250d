// Package kes reads kubernetes-external-secrets objects: strictly, with the
// position of everything, and with a finding for whatever the KES CRD or the
// KES controller would not have taken as it stands. Its ground truth is KES
// 8.5.5: charts/kubernetes-external-secrets/crds and lib/.
package kes

import "kesbridge/internal/manifest"

// Group is the API group of KES, Version its only version.
const (
	Group   = "kubernetes-client.io"
	Version = "v1"
	Kind    = "ExternalSecret"
)

// Backend is a backendType.
type Backend string

// The backends of KES 8.5.5 (enum of the CRD).
const (
	SecretsManager         Backend = "secretsManager"
	SystemManager          Backend = "systemManager"
	Vault                  Backend = "vault"
	AzureKeyVault          Backend = "azureKeyVault"
	GCPSecretsManager      Backend = "gcpSecretsManager"
	AlicloudSecretsManager Backend = "alicloudSecretsManager"
	IBMCloudSecretsManager Backend = "ibmcloudSecretsManager"
	Akeyless               Backend = "akeyless"
)

// Backends lists them in the order of the CRD.
func Backends() []Backend {
	return []Backend{
		SecretsManager, SystemManager, Vault, AzureKeyVault, GCPSecretsManager,
		AlicloudSecretsManager, IBMCloudSecretsManager, Akeyless,
	}
}

// ExternalSecret is one KES object with deprecated spellings normalised.
type ExternalSecret struct {
	Ref manifest.Ref
	Pos manifest.Pos
	// Labels and Annotations in input order, all values strings; without
	// what a live export carries.
	Labels      manifest.Map
	Annotations manifest.Map
	Spec        Spec
}

// Spec is spec, or secretDescriptor where only that is there.
type Spec struct {
	Backend         Backend
	ControllerID    string
	VaultMountPoint string
	VaultRole       string
	// KVVersion is 0 where it isn't given (KES: 2).
	KVVersion    int
	KeyVaultName string
	ProjectID    string
	RoleArn      string
	Region       string
	KeyByName    bool

	DataFrom            []Text
	DataFromWithOptions []Item
	Data                []Item

	// Type is template.type, else the old spec.type, else Opaque
	// (lib/poller.js of 8.5.5).
	Type     string
	Template Template

	// pos has the position of each spec field that was given, by its name.
	pos map[string]manifest.Pos
}

// Pos is the position of a field of spec, the zero Pos if it wasn't given.
func (s *Spec) Pos(field string) manifest.Pos { return s.pos[field] }

// Item is an entry of data, or of dataFromWithOptions (Key, IsBinary,
// VersionStage and VersionID only).
type Item struct {
	Pos manifest.Pos
	// Path in the manifest, "spec.data[2]".
	Path string

	Key  string
	Name string
	// Property is nil where it isn't given; KES looks up even an empty one.
	Property  *string
	IsBinary  bool
	FromPath  string // data[].path
	Recursive bool

	SecretType   string
	Version      string
	VersionStage *string
	VersionID    string

	pos map[string]manifest.Pos
}

// FieldPos is the position of a field of the item, or of the item itself.
func (it *Item) FieldPos(field string) manifest.Pos {
	if p, ok := it.pos[field]; ok {
		return p
	}
	return it.Pos
}

// Has reports whether the manifest gives the field (with a value other than
// null).
func (it *Item) Has(field string) bool {
	_, ok := it.pos[field]
	return ok
}

// Text is a string and its place.
type Text struct {
	Key   string
	Value string
	// Path in the manifest, "spec.template.stringData.config".
	Path string
	Pos  manifest.Pos
	// at gives the position of a byte offset inside Value.
	at func(offset int) manifest.Pos
}

// PosAt is the position of a byte of the value, as exactly as the scalar's
// style lets it be known.
func (t Text) PosAt(offset int) manifest.Pos {
	if t.at == nil {
		return t.Pos
	}
	return t.at(offset)
}

// Template is what reaches the Secret of spec.template.
type Template struct {
	Labels      []Text
	Annotations []Text
	Data        []Text
	StringData  []Text
	Finalizers  []string
	Immutable   bool
	// Other texts below template: KES compiles them too, so a lodash
	// expression in them runs, although the result goes nowhere.
	Other []Text

	pos map[string]manifest.Pos
}

// Pos is the position of a field below template ("finalizers", "immutable").
func (t *Template) Pos(field string) manifest.Pos { return t.pos[field] }
