package fleet

import (
	"path"
	"slices"
	"strings"
)

// kustomization is what a kustomization uses.
type kustomization struct {
	file string
	kind string
	// uses are files and directories, relative to the root, there or not.
	uses []string
	// plugins: it has generators or transformers in files of its own.
	plugins []string
}

// source are the fields of a kustomization that name files
// (kustomize api v0.21.2, types/kustomization.go).
type source struct {
	Kind                                               string
	Resources, Bases, Components, Crds, Configurations []string
	Generators, Transformers, Validators               []string
	PatchesStrategicMerge                              []string `yaml:"patchesStrategicMerge"`
	Patches                                            []struct{ Path string }
	PatchesJson6902                                    []struct{ Path string } `yaml:"patchesJson6902"`
	Replacements                                       []struct{ Path string }
	OpenAPI                                            struct{ Path string }
	ConfigMapGenerator                                 []files `yaml:"configMapGenerator"`
	SecretGenerator                                    []files `yaml:"secretGenerator"`
	HelmGlobals                                        struct {
		ChartHome string `yaml:"chartHome"`
	} `yaml:"helmGlobals"`
	HelmCharts []struct {
		Name                  string
		ValuesFile            string   `yaml:"valuesFile"`
		AdditionalValuesFiles []string `yaml:"additionalValuesFiles"`
	} `yaml:"helmCharts"`
}

type files struct {
	Files, Envs []string
	Env         string
}

// parseKustomization gives nil for other files. One that is broken uses what
// could be read of it; kustomize says the rest.
func parseKustomization(f *file) *kustomization {
	switch path.Base(f.name) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
	default:
		return nil
	}
	var s source
	_ = decode(f.data, &s) // see above
	names := slices.Concat(s.Resources, s.Bases, s.Components, s.Crds, s.Configurations, s.Validators, s.PatchesStrategicMerge, []string{s.OpenAPI.Path})
	for _, list := range [][]struct{ Path string }{s.Patches, s.PatchesJson6902, s.Replacements} {
		for _, p := range list {
			names = append(names, p.Path)
		}
	}
	for _, g := range slices.Concat(s.ConfigMapGenerator, s.SecretGenerator) {
		for _, n := range g.Files {
			if _, after, ok := strings.Cut(n, "="); ok {
				n = after
			}
			names = append(names, n)
		}
		names = append(append(names, g.Envs...), g.Env)
	}
	home := s.HelmGlobals.ChartHome
	if home == "" {
		home = "charts"
	}
	for _, c := range s.HelmCharts {
		names = append(append(names, path.Join(home, c.Name), c.ValuesFile), c.AdditionalValuesFiles...)
	}
	dir := path.Dir(f.name)
	k := &kustomization{file: f.name, kind: s.Kind}
	k.plugins = inside(dir, slices.Concat(s.Generators, s.Transformers))
	k.uses = slices.Concat(inside(dir, names), k.plugins)
	return k
}

// inside makes names relative to the root; URLs and inline YAML are left out.
func inside(dir string, names []string) []string {
	var out []string
	for _, n := range names {
		if n == "" || strings.ContainsAny(n, "\n:?") {
			continue
		}
		if p := path.Join(dir, n); p != ".." && !strings.HasPrefix(p, "../") {
			out = append(out, p)
		}
	}
	return out
}

// chart is what a Chart.yaml says.
type chart struct {
	file    string
	library bool
	uses    []string
}

func parseChart(f *file) *chart {
	if path.Base(f.name) != "Chart.yaml" {
		return nil
	}
	var s struct {
		Type         string
		Dependencies []struct{ Repository string }
	}
	_ = decode(f.data, &s) // helm says what is wrong
	c := &chart{file: f.name, library: s.Type == "library"}
	for _, d := range s.Dependencies {
		if p, ok := strings.CutPrefix(d.Repository, "file://"); ok {
			c.uses = append(c.uses, inside(path.Dir(f.name), []string{p})...)
		}
	}
	return c
}

// uses turns it round: who uses a file or a directory. What a kustomization
// in its own directory has is not used by another.
func (t *tree) uses() {
	for dir, k := range t.kustomizations {
		for _, u := range k.uses {
			if u != dir {
				t.users[u] = append(t.users[u], dir)
			}
		}
	}
	for dir, c := range t.charts {
		for _, u := range c.uses {
			if u != dir {
				t.users[u] = append(t.users[u], dir)
			}
		}
	}
	for _, list := range t.users {
		slices.Sort(list)
	}
}
