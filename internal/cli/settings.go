package cli

import (
	"fmt"
	"path/filepath"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// config reads the configuration that holds for files in a directory; nil
// where there is none.
func (a *app) config(o options, dir string) (*config.Config, error) {
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
	version := o.esoVersion
	if version == "" || s.Fixed("esoVersion") {
		version = s.EsoVersion
	}
	profile, err := eso.ProfileFor(version)
	if err != nil {
		return pipeline.Options{}, fmt.Errorf("ESO version: %w", err)
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
	return pipeline.Options{
		Settings: s,
		Profile:  profile,
		Stores:   &store.Resolver{Store: o.store, Kind: o.storeKind, Rules: s.Stores, Controller: s.Controller, Unmatched: s.Unmatched, Locked: s.Fixed("stores")},
		Keep:     keep == "keep",
		Mode:     o.mode, ModeFrom: o.modeFrom, PresetMode: config.Replace,
	}, nil
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
