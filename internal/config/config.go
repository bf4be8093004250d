package config

import (
	"maps"
	"slices"

	"kesbridge/internal/manifest"
)

// The built-in settings.
const (
	DefaultRefreshInterval = "1h0m0s"
	DefaultOnUnsupported   = "fail"
	DefaultUnmatched       = "generate"
	DefaultFidelity        = Natural
	DefaultStoreKind       = "ClusterSecretStore"
)

// The fidelities.
const (
	// Natural is what a person who knows ESO would write.
	Natural = "natural"
	// Exact reproduces KES's bytes for every value for which a form is known.
	Exact = "exact"
)

// Fidelities lists them.
func Fidelities() []string { return []string{Natural, Exact} }

// Config is a kesbridge.yaml. A nil *Config is "there is none" and can be
// asked for settings too.
type Config struct {
	// File is its name as it was given, for messages.
	File       string             `yaml:"-"`
	Defaults   Defaults           `yaml:"defaults"`
	Controller Controller         `yaml:"controller"`
	Stores     []StoreRule        `yaml:"stores"`
	Modes      []ModeRule         `yaml:"modes"`
	Templates  []TemplateRule     `yaml:"templates"`
	References []ReferenceRule    `yaml:"references"`
	Locked     []string           `yaml:"locked"`
	Apps       []App              `yaml:"apps"`
	Waivers    []Waiver           `yaml:"waivers"`
	Clusters   map[string]Cluster `yaml:"clusters"`
}

// Defaults are settings for every resource; a zero field wasn't given.
type Defaults struct {
	RefreshInterval string `yaml:"refreshInterval"`
	EsoVersion      string `yaml:"esoVersion"`
	OnUnsupported   string `yaml:"onUnsupported"`
	Unmatched       string `yaml:"unmatched"`
	Origin          *bool  `yaml:"origin"`
	IBMGroup        string `yaml:"ibmGroup"`
	Fidelity        string `yaml:"fidelity"`
	Mode            string `yaml:"mode"`
	Final           *bool  `yaml:"final"`
	Guard           string `yaml:"guard"`
}

// StoreRule gives a store to the resources that it matches.
type StoreRule struct {
	Match Match `yaml:"match"`
	// Store is the zero Store where the rule only sets the fields below and
	// leaves the store to be derived.
	Store Store `yaml:"store"`
	// RefreshInterval is in Go's form, or empty.
	RefreshInterval string `yaml:"refreshInterval"`
	// Fidelity is Natural, Exact or empty: the default.
	Fidelity string `yaml:"fidelity"`
	// SecretBinary: the AWS secrets are binary, which no manifest shows.
	SecretBinary bool `yaml:"secretBinary"`
	// Admin: the rule is from the administrator's file.
	Admin bool `yaml:"-"`
	// Pos is where the rule stands.
	Pos manifest.Pos `yaml:"-"`
}

// Store is an existing store.
type Store struct {
	// Kind is SecretStore or ClusterSecretStore, never empty where Name isn't.
	Kind string `yaml:"kind"`
	Name string `yaml:"name"`
	// Path is the `path` of a Vault store that has one.
	Path string `yaml:"path"`
}

// Cluster is what differs in one cluster.
type Cluster struct {
	Server      string            `yaml:"server"`
	Labels      map[string]string `yaml:"labels"`
	EsoVersion  string            `yaml:"esoVersion"`
	KubeVersion string            `yaml:"kubeVersion"`
	APIVersions []string          `yaml:"apiVersions"`
	Stores      []StoreRule       `yaml:"stores"`
	Modes       []ModeRule        `yaml:"modes"`
	Final       *bool             `yaml:"final"`
	Controller  Controller        `yaml:"controller"`
}

// Settings are what holds in one cluster, or everywhere where a configuration
// has no clusters.
type Settings struct {
	// File is the configuration that they come from, or empty.
	File string

	Cluster       string // as chosen, or empty
	ClusterServer string
	ClusterLabels map[string]string

	// RefreshInterval is in Go's form and never empty; RefreshIntervalSet
	// tells a wish from the built-in value.
	RefreshInterval    string
	RefreshIntervalSet bool
	// EsoVersion is "X.Y", or empty: the profile common to all versions.
	// EsoVersionFrom says what chose it.
	EsoVersion, EsoVersionFrom string
	// KubeVersion and APIVersions are what charts see; empty is their
	// library's default.
	KubeVersion string
	APIVersions []string
	// OnUnsupported is "fail" or "keep".
	OnUnsupported string
	// Unmatched is "generate" or "fail". UnmatchedSet tells a wish from the
	// built-in value, which is another one in the plugin.
	Unmatched    string
	UnmatchedSet bool
	// Origin: write the annotation kesbridge/origin.
	Origin bool
	// IBMGroup is IBM's secret group for keyByName, or empty: unknown.
	IBMGroup string
	// Fidelity is Natural or Exact, where no rule says otherwise.
	// FidelityFrom says what chose it.
	Fidelity, FidelityFrom string
	// Controller is KES's environment, as given by hand; never nil.
	// ControllerPos is where each variable is given, From where more of them
	// stand: KnowController adds those.
	Controller    map[string]string
	ControllerPos map[string]manifest.Pos
	From          From
	// Stores are tried in order; the first match wins.
	Stores []StoreRule
	// Modes are tried in order; DefaultMode is for what none of them matches,
	// empty: nobody chose. Mode gives the result.
	Modes                 []ModeRule
	DefaultMode, ModeFrom string
	// Templates are tried in order; the first match wins.
	Templates []TemplateRule
	// References are fields that name Secrets, beyond those that are known.
	References []ReferenceRule
	// Waivers are tried in order; Waive gives the result. IgnoredWaivers are
	// those that the administrator's lock leaves without effect.
	Waivers, IgnoredWaivers []Waiver
	// Final ends the guard, where no rule says otherwise.
	Final bool
	// Guard is GuardPrune or GuardDelete.
	Guard string
	// Clusters are the names that are defined, sorted.
	Clusters []string

	fixed    []string
	adminEnv map[string]string
}

// ClusterNames lists the clusters, sorted.
func (c *Config) ClusterNames() []string {
	if c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.Clusters))
}

// either is the first that isn't empty.
func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
