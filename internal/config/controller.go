package config

import (
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// Controller is how KES was set up.
type Controller struct {
	// Env is the environment of its Deployment. A variable without a value
	// is there and empty, which KES takes for unset. It wins over From.
	Env map[string]string `yaml:"env"`
	// From is where its settings stand, "path" or "path#object"; may be empty.
	From string `yaml:"from"`
	// FromPos is where From is said, EnvPos where each variable is.
	FromPos manifest.Pos            `yaml:"-"`
	EnvPos  map[string]manifest.Pos `yaml:"-"`
}

// UnmarshalYAML keeps the places.
func (c *Controller) UnmarshalYAML(n *yaml.Node) error {
	type plain Controller
	if err := n.Decode((*plain)(c)); err != nil {
		return err
	}
	if v := manifest.Lookup(n, "from"); v != nil {
		c.FromPos = manifest.Pos{Line: v.Line, Column: v.Column}
	}
	c.EnvPos = map[string]manifest.Pos{}
	if env := manifest.Lookup(n, "env"); env != nil && env.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(env.Content); i += 2 {
			v := env.Content[i+1]
			c.EnvPos[env.Content[i].Value] = manifest.Pos{Line: v.Line, Column: v.Column}
		}
	}
	return nil
}

// From names the place of KES's settings.
type From struct {
	// Path is relative to the directory of the configuration file.
	Path string
	// Object chooses one KES where the place holds several: "namespace/name",
	// a name, or the key of its values; may be empty.
	Object string
	// Pos is where that is said.
	Pos manifest.Pos
	// Admin: the administrator's file says it.
	Admin bool
}

func (f From) String() string {
	if f.Object == "" {
		return f.Path
	}
	return f.Path + "#" + f.Object
}

func fromShape() *shape {
	return &shape{kind: text, check: checkFrom, example: "infra/kes/values.yaml", doc: "Where KES's settings stand in Git, relative to this file: the manifest of its Deployment, a file of values for its chart, an Application or HelmRelease of that chart, " +
		"or a directory, which is rendered as kesbridge render does. Of several, path#namespace/name chooses one. Variables under env win over it. kesbridge stores --find proposes it."}
}

func checkFrom(v string) string {
	path, object, chosen := strings.Cut(v, "#")
	switch {
	case path == "" || strings.ContainsRune(v, 0):
		return "names no file or directory"
	case strings.Contains(path, "://"):
		return "is a URL: name a file or directory of this repository"
	case chosen && object == "":
		return "ends in #: name the KES behind it, or leave it out"
	}
	return ""
}

func (c *Config) completeControllers() {
	c.Controller.complete(c.File)
	for name, cl := range c.Clusters {
		cl.Controller.complete(c.File)
		c.Clusters[name] = cl
	}
}

func (c *Controller) complete(file string) {
	c.FromPos.File = file
	for name, p := range c.EnvPos {
		p.File = file
		c.EnvPos[name] = p
	}
}

// fromOf is the cluster's place of settings, or the common one.
func fromOf(common, cluster Controller, admin bool) From {
	if cluster.From != "" {
		common = cluster
	}
	if common.From == "" {
		return From{}
	}
	f := From{Pos: common.FromPos, Admin: admin}
	f.Path, f.Object, _ = strings.Cut(common.From, "#")
	return f
}

// KnowController lays what From tells under the variables that are given by
// hand; of the administrator's file those alone win over an administrator's
// From. elsewhere are variables that are set there, with values that aren't
// in Git.
func (s *Settings) KnowController(env map[string]string, elsewhere []string) {
	out := map[string]string{}
	given := s.Controller
	if s.From.Admin {
		given = s.adminEnv
		maps.Copy(out, s.Controller)
		for _, name := range elsewhere {
			delete(out, name)
		}
	}
	maps.Copy(out, env)
	maps.Copy(out, given)
	s.Controller = out
}
