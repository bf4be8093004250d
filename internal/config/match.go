package config

import (
	"github.com/gobwas/glob"
	"go.yaml.in/yaml/v3"
)

// Globs are the patterns of one match key, any of which may hold. Nil is a
// key that wasn't given and holds for every value.
//
// Patterns are those of github.com/gobwas/glob without separators: `*` also
// takes slashes and colons, so `arn:aws:iam::*:role/team-*` needs no `**`.
type Globs []*glob.Pattern

// Hold reports whether a value fits. A value that is unknown or doesn't exist
// for the backend is the empty text: `*` and `""` fit it, `?*` asks for
// something to be there.
func (g Globs) Hold(value string) bool {
	if g == nil {
		return true
	}
	for _, p := range g {
		if p.Match(value) {
			return true
		}
	}
	return false
}

// UnmarshalYAML reads one pattern or a list of them; the checker has seen
// that they are well-formed.
func (g *Globs) UnmarshalYAML(n *yaml.Node) error {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	*g = Globs{}
	for _, item := range items {
		p, err := glob.Compile(item.Value)
		if err != nil {
			return err
		}
		*g = append(*g, p)
	}
	return nil
}

// Match says which KES resources an entry is for. Every key that was given
// must hold; the zero Match holds for everything.
type Match struct {
	Backend         Globs `yaml:"backend"`
	Region          Globs `yaml:"region"`
	RoleArn         Globs `yaml:"roleArn"`
	VaultMountPoint Globs `yaml:"vaultMountPoint"`
	VaultRole       Globs `yaml:"vaultRole"`
	KeyVaultName    Globs `yaml:"keyVaultName"`
	ProjectID       Globs `yaml:"projectId"`
	Namespace       Globs `yaml:"namespace"`
	Name            Globs `yaml:"name"`
	App             Globs `yaml:"app"`
	Project         Globs `yaml:"project"`
	Cluster         Globs `yaml:"cluster"`
	// Labels are those of the KES resource; a label that it doesn't have
	// fits no pattern, not even `*`.
	Labels map[string]Globs `yaml:"labels"`
}

// Facts are the values that a Match looks at. Backend settings are the ones in
// force: the manifest's, else the KES controller's; empty where unknown.
type Facts struct {
	Backend         string // KES's backendType
	Region          string
	RoleArn         string
	VaultMountPoint string
	VaultRole       string
	KeyVaultName    string
	ProjectID       string

	Namespace string
	Name      string
	App       string // the Argo CD Application's name
	Project   string // its project
	Cluster   string // the name under `clusters`
	Labels    map[string]string
}

// Holds reports whether every key of the match fits.
func (m *Match) Holds(f Facts) bool {
	for label, globs := range m.Labels {
		value, ok := f.Labels[label]
		if !ok || !globs.Hold(value) {
			return false
		}
	}
	return m.Backend.Hold(f.Backend) &&
		m.Region.Hold(f.Region) &&
		m.RoleArn.Hold(f.RoleArn) &&
		m.VaultMountPoint.Hold(f.VaultMountPoint) &&
		m.VaultRole.Hold(f.VaultRole) &&
		m.KeyVaultName.Hold(f.KeyVaultName) &&
		m.ProjectID.Hold(f.ProjectID) &&
		m.Namespace.Hold(f.Namespace) &&
		m.Name.Hold(f.Name) &&
		m.App.Hold(f.App) &&
		m.Project.Hold(f.Project) &&
		m.Cluster.Hold(f.Cluster)
}
