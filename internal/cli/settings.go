package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// config reads the configuration that holds for files in a directory; nil
// where there is none.
func (a *app) config(o options, dir string) (*config.Config, error) {
	if o.plugin != nil {
		return pluginConfig(o, dir)
	}
	if o.configText != "" {
		return config.Parse(parameterConfig, []byte(o.configText))
	}
	path := o.config
	if path == "" {
		var err error
		if path, err = config.Find(dir); err != nil {
			return nil, fmt.Errorf("find %s: %w", config.FileName, err)
		}
	}
	if path == "" {
		return nil, nil
	}
	return config.Load(path)
}

// pluginConfig is the configuration of an app in a plugin: the parameter
// config is the text itself.
func pluginConfig(o options, dir string) (*config.Config, error) {
	switch {
	case o.given["config"].from == "--config": // in plugin.yaml's command
		return config.Load(o.config)
	case o.config != "":
		return config.Parse(parameterConfig, []byte(o.config))
	}
	path, err := config.FindIn(dir, o.plugin.root)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", config.FileName, err)
	}
	if path == "" {
		return nil, nil
	}
	// Only what is in the repository: a link may lead to any file of the
	// sidecar's.
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("read configuration: %s is not a file", path)
	}
	if err != nil {
		return nil, err
	}
	return config.Load(path)
}

// settingsFor is settings with the configuration of a directory.
func (a *app) settingsFor(o options, dir string) (pipeline.Options, error) {
	c, err := a.config(o, dir)
	if err != nil {
		return pipeline.Options{}, err
	}
	return a.settings(o, c)
}

// settings makes of a configuration what the pipeline needs. kesbridge.yaml
// is weaker than the environment, which is weaker than flags.
func (a *app) settings(o options, c *config.Config) (pipeline.Options, error) {
	admin, err := a.administratorConfig()
	if err != nil {
		return pipeline.Options{}, err
	}
	s, err := config.Settle(admin, c, o.cluster)
	if err != nil {
		return pipeline.Options{}, err
	}
	controller, err := a.knowController(o, s)
	if err != nil {
		return pipeline.Options{}, err
	}
	version := o.esoVersion
	if version == "" || s.Fixed("esoVersion") {
		version = s.EsoVersion
	}
	profile, err := eso.ProfileFor(version)
	if err != nil {
		return pipeline.Options{}, fmt.Errorf("ESO version: %w", err)
	}
	served, evidence := infer(o, s), ""
	if version == "" && (served.State == eso.Known || served.State == eso.Stale) {
		profile, evidence = served.Profile("ExternalSecret"), served.Evidence()
	}
	keep := o.onUnsupported
	if keep == "" || s.Fixed("onUnsupported") {
		keep = s.OnUnsupported
	}
	if o.fidelity != "" && !s.Fixed("fidelity") {
		s.Fidelity, s.FidelityFrom = o.fidelity, o.fidelityFrom
		for i := range s.Stores { // a copy of the configuration's
			if !s.Stores[i].Admin {
				s.Stores[i].Fidelity = ""
			}
		}
	}
	out := pipeline.Options{
		Evidence: evidence, VersionSet: version != "", Served: served,
		Settings: s,
		KES:      controller,
		Profile:  profile,
		Stores:   &store.Resolver{Store: o.store, Kind: o.storeKind, Rules: s.Stores, Controller: s.Controller, Unmatched: s.Unmatched, Locked: s.Fixed("stores")},
		Keep:     keep == "keep",
		Mode:     o.mode, ModeFrom: o.modeFrom, PresetMode: config.Replace,
	}
	if o.plugin != nil || o.asPlugin {
		pluginSettings(o, s, &out)
	}
	if o.emitStores {
		if out.Stores.Locked {
			return pipeline.Options{}, &hintError{fmt.Errorf("%s: the administrator's file decides the stores", o.given["emit-stores"].from), "leave emit-stores out, and ask the administrator of the plugin for the stores"}
		}
		out.EmitStores = true
		if !s.UnmatchedSet {
			out.Stores.Unmatched = "" // they are there then
		}
	}
	return out, nil
}

// infer reads the list of API versions: the cluster's own in the plugin, else
// one that was given.
func infer(o options, s *config.Settings) eso.Inference {
	switch {
	case o.plugin != nil && len(o.plugin.apiVersions) > 0:
		return eso.Infer(o.plugin.apiVersions)
	case len(o.apiVersions) > 0:
		return eso.Infer(o.apiVersions)
	}
	return eso.Infer(s.APIVersions)
}

// administratorConfig is the file that KESBRIDGE_CONFIG names, or nil.
func (a *app) administratorConfig() (*config.Config, error) {
	path := a.env["KESBRIDGE_CONFIG"]
	if path == "" {
		return nil, nil
	}
	if a.admin == nil {
		c, err := config.Load(path)
		if err != nil {
			return nil, fmt.Errorf("KESBRIDGE_CONFIG: %w", err)
		}
		a.admin = c
	}
	return a.admin, nil
}

// settingsCache reads each configuration once, though many files share it.
type settingsCache struct {
	app   *app
	opts  options
	byDir map[string]pipeline.Options
}

func (c *settingsCache) dir(dir string) (pipeline.Options, error) {
	dir = filepath.Clean(dir)
	if p, ok := c.byDir[dir]; ok {
		return p, nil
	}
	p, err := c.app.settingsFor(c.opts, dir)
	if err == nil {
		c.byDir[dir] = p
	}
	return p, err
}
