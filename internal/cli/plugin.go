package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kesbridge/internal/kes"
)

// PluginVersion is spec.version of plugin.yaml. Applications name the plugin
// with it, and Argo CD keeps manifests for a day without looking at the
// plugin: so it changes whenever the output for the same input does, and only
// then (TestPluginVersion).
const PluginVersion = "v1"

func (a *app) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Be Argo CD's config management plugin, and move Applications to it",
		Args:  argCount(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	generate := &cobra.Command{
		Use:   "generate",
		Short: "Render the app in the current directory, as Argo CD's cmp-server asks for it",
		Long: `Render the app in the current directory as Argo CD would and convert its KES resources. Settings
come from flags, the Application's plugin parameters (ARGOCD_APP_PARAMETERS), its plugin.env, the
sidecar's environment and kesbridge.yaml, in this order; docs/parameters.md lists them. Nothing
chooses a mode by itself. Manifests go to standard output; one line about the run, or what went
wrong, to standard error.`,
		Args: argCount(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.generate(cmd.Context(), cmd) },
	}
	addFlags(generate)
	cmd.AddCommand(a.enableCommands()...)
	cmd.AddCommand(generate,
		&cobra.Command{
			Use:   "parameters",
			Short: "Announce the parameters of the app in the current directory, for Argo CD's UI",
			Args:  argCount(cobra.NoArgs),
			RunE:  func(*cobra.Command, []string) error { return a.announce() },
		},
		&cobra.Command{
			Use:   "discover",
			Short: "Print the manifests with KES resources below the current directory",
			Long: `Print the files below the current directory that hold KES resources, nothing if there are none.
Don't put it into plugin.yaml: where a discovery fails, Argo CD renders natively, and prunes every ESO
resource and with it its Secret. Applications name the plugin.`,
			Args: argCount(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error { return a.discover() },
		},
	)
	return cmd
}

// discover lists files that spell KES's group. Whether they hold such a
// resource only a render can tell; charts may make one from anything.
func (a *app) discover() error {
	const longest = 10 << 20
	return filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("discover: %w", err)
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > longest {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return fmt.Errorf("discover: %w", err)
		}
		if bytes.Contains(data, []byte(kes.Group+"/"+kes.Version)) {
			_, err = fmt.Fprintln(a.out, filepath.ToSlash(p))
		}
		return err
	})
}

// announcement is one element of what Argo CD reads (reposerver/repository,
// repository.proto, ParameterAnnouncement).
type announcement struct {
	Name           string            `json:"name"`
	Title          string            `json:"title,omitempty"`
	Tooltip        string            `json:"tooltip,omitempty"`
	Required       bool              `json:"required,omitempty"`
	CollectionType string            `json:"collectionType,omitempty"`
	String         string            `json:"string,omitempty"`
	Array          []string          `json:"array,omitempty"`
	Map            map[string]string `json:"map,omitempty"`
}

// announce prints the parameters with the app's own values. What can't be
// read is left out: an error here would take the whole tab away.
func (a *app) announce() error {
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the current directory: %w", err)
	}
	own := a.ownValues(dir)
	list := []announcement{}
	for _, p := range parameters() {
		if p.title == "" || p.source && !own.has(p.name) {
			continue
		}
		n := announcement{Name: p.name, Title: p.title, Tooltip: plain(p.pluginUsage()), CollectionType: p.collection, Required: p.name == "mode"}
		v := own.values[p.name]
		n.String, n.Array, n.Map = v.String, v.Array, v.Map
		list = append(list, n)
	}
	b, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("announce parameters: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "%s\n", b)
	return err
}

// pluginUsage is what a parameter does in the plugin.
func (p param) pluginUsage() string {
	if p.inPlugin != "" {
		return p.inPlugin
	}
	return p.usage
}

// plain takes the quotes out that mark a flag's value.
func plain(usage string) string {
	return string(bytes.ReplaceAll([]byte(usage), []byte("`"), nil))
}
