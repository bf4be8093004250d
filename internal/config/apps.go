package config

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// App is an application that check looks at. Where there are any, check looks
// for no others.
type App struct {
	// Path is a directory below the repository's root, Application a file with
	// Applications or ApplicationSets; one of them is never empty. With both,
	// those Applications count that render the directory. Either may have "*",
	// "?" and "[...]", none of which cross "/".
	Path        string `yaml:"path"`
	Application string `yaml:"application"`
	// Clusters are names under clusters; none: those that it is sent to.
	Clusters []string `yaml:"clusters"`
	// Pos is where the entry stands.
	Pos manifest.Pos `yaml:"-"`
}

// UnmarshalYAML keeps the entry's place.
func (a *App) UnmarshalYAML(n *yaml.Node) error {
	type plain App
	if err := n.Decode((*plain)(a)); err != nil {
		return err
	}
	a.Pos = manifest.Pos{Line: n.Line, Column: n.Column}
	return nil
}

func completeApps(apps []App, file string) {
	for i := range apps {
		apps[i].Pos.File = file
	}
}

func appsShape() *shape {
	way := func(doc, example string) *shape {
		return &shape{kind: text, check: checkWay, example: example, doc: doc + " It is relative to the repository's root; *, ? and [a-z] fit within one name."}
	}
	return &shape{kind: list, doc: "The applications that check looks at. Without any, it finds them by itself.", item: &shape{kind: object, doc: "One application, or those that a pattern fits. It needs path or application.", either: []string{"path", "application"}, fields: []field{
		{name: "path", shape: way("The application's directory.", "apps/web")},
		{name: "application", shape: way("A file with Applications or ApplicationSets. With path, only those that render it count.", "argocd/web.yaml")},
		{name: "clusters", shape: &shape{kind: list, item: &shape{kind: text, loose: true}, doc: "Names under clusters that it is rendered for. Without any, it is rendered for the destination of its Application, and a directory for all clusters."}},
	}}}
}

// checkWay refuses what leads out of the repository, and what no name fits.
func checkWay(v string) string {
	clean := path.Clean(v)
	switch _, err := path.Match(v, ""); {
	case err != nil:
		return "is not a pattern: " + err.Error()
	case path.IsAbs(v) || clean == ".." || strings.HasPrefix(clean, "../"):
		return "leads out of the repository: give it from the repository's root, without / in front"
	}
	return ""
}
