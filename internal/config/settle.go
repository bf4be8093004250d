package config

import (
	"maps"
	"slices"

	"kesbridge/internal/manifest"
)

// For gives the settings of a cluster without an administrator's file.
func (c *Config) For(cluster string) (*Settings, error) { return Settle(nil, c, cluster) }

// Settle gives the settings of a cluster: the administrator's file (admin)
// wins for each key that it sets, and for what it locks it alone counts; then
// comes what app authors wrote (own). Either may be nil. In each file the
// cluster's lists come before the common ones, its values win over them, and
// KES's environment is merged variable by variable.
//
// A locked key in own is a *LockedError. Without a name it is a *NoClusterError if clusters are defined; with a name
// that isn't defined an *UnknownClusterError.
func Settle(admin, own *Config, cluster string) (*Settings, error) {
	if admin == nil {
		admin = &Config{}
	}
	if own == nil {
		own = &Config{}
	}
	if len(own.Locked) > 0 {
		return nil, &LockedError{File: own.File}
	}
	names := slices.Sorted(maps.Keys(admin.Clusters))
	names = slices.Compact(slices.Sorted(slices.Values(append(names, own.ClusterNames()...))))
	file := either(own.File, admin.File)
	switch {
	case cluster == "" && len(names) > 0:
		return nil, &NoClusterError{File: file, Names: names}
	case cluster != "" && !slices.Contains(names, cluster):
		return nil, &UnknownClusterError{File: file, Name: cluster, Names: names}
	}
	s := settler{cluster: cluster, strong: layerOf(admin, cluster, true), weak: layerOf(own, cluster, false), locked: admin.Locked}
	out := s.settings()
	out.File, out.Cluster, out.Clusters = file, cluster, names
	return out, nil
}

// JoinClusters gives the clusters of both files; what the administrator's says
// of one wins. Only what identifies a cluster is joined: Settle gives the rest.
func JoinClusters(admin, own *Config) map[string]Cluster {
	out := map[string]Cluster{}
	for _, c := range []*Config{own, admin} {
		if c == nil {
			continue
		}
		for name, one := range c.Clusters {
			known := out[name]
			known.Server = either(one.Server, known.Server)
			known.KubeVersion = either(one.KubeVersion, known.KubeVersion)
			if one.Labels != nil {
				known.Labels = one.Labels
			}
			if one.APIVersions != nil {
				known.APIVersions = one.APIVersions
			}
			out[name] = known
		}
	}
	return out
}

// layer is what one file says for one cluster.
type layer struct {
	file string
	Defaults
	cluster    Cluster
	controller map[string]string
	places     map[string]manifest.Pos
	from       From
	stores     []StoreRule
	modes      []ModeRule
	templates  []TemplateRule
	references []ReferenceRule
	waivers    []Waiver
}

func layerOf(c *Config, cluster string, admin bool) layer {
	one := c.Clusters[cluster]
	l := layer{
		file: c.File, Defaults: c.Defaults, cluster: one, controller: map[string]string{},
		stores: slices.Concat(one.Stores, c.Stores), modes: slices.Concat(one.Modes, c.Modes),
		templates: c.Templates, references: c.References, waivers: c.Waivers,
	}
	l.EsoVersion = either(one.EsoVersion, c.Defaults.EsoVersion)
	if one.Final != nil {
		l.Final = one.Final
	}
	maps.Copy(l.controller, c.Controller.Env)
	maps.Copy(l.controller, one.Controller.Env)
	l.places = map[string]manifest.Pos{}
	maps.Copy(l.places, c.Controller.EnvPos)
	maps.Copy(l.places, one.Controller.EnvPos)
	l.from = fromOf(c.Controller, one.Controller, admin)
	for i := range l.stores {
		l.stores[i].Admin = admin
	}
	for i := range l.modes {
		l.modes[i].Admin = admin
	}
	return l
}

// settler puts one layer over the other.
type settler struct {
	cluster      string
	strong, weak layer
	locked       []string
	fixed        []string
}

// text is a key's value; empty where nobody gave one.
func (s *settler) text(key, strong, weak string) string {
	switch {
	case strong != "" || slices.Contains(s.locked, key):
		s.fixed = append(s.fixed, key)
		return strong
	}
	return weak
}

func (s *settler) flag(key string, strong, weak *bool, preset bool) bool {
	switch {
	case strong != nil:
		s.fixed = append(s.fixed, key)
		return *strong
	case slices.Contains(s.locked, key):
		s.fixed = append(s.fixed, key)
	case weak != nil:
		return *weak
	}
	return preset
}

func (s *settler) settings() *Settings {
	a, o := &s.strong, &s.weak
	out := &Settings{
		ClusterServer: either(a.cluster.Server, o.cluster.Server),
		ClusterLabels: maps.Clone(o.cluster.Labels),
		KubeVersion:   either(a.cluster.KubeVersion, o.cluster.KubeVersion),
		APIVersions:   slices.Clone(o.cluster.APIVersions),
		EsoVersion:    s.text("esoVersion", a.EsoVersion, o.EsoVersion),
		IBMGroup:      s.text("ibmGroup", a.IBMGroup, o.IBMGroup),
		Origin:        s.flag("origin", a.Origin, o.Origin, true),
		Final:         s.flag("final", a.Final, o.Final, false),
		Guard:         either(s.text("guard", a.Guard, o.Guard), GuardPrune),
		OnUnsupported: either(s.text("onUnsupported", a.OnUnsupported, o.OnUnsupported), DefaultOnUnsupported),
		Fidelity:      either(s.text("fidelity", a.Fidelity, o.Fidelity), DefaultFidelity),
		DefaultMode:   s.text("mode", a.Mode, o.Mode),
		Controller:    map[string]string{},
		ControllerPos: map[string]manifest.Pos{},
	}
	if a.cluster.Labels != nil {
		out.ClusterLabels = maps.Clone(a.cluster.Labels)
	}
	if a.cluster.APIVersions != nil {
		out.APIVersions = slices.Clone(a.cluster.APIVersions)
	}
	if out.EsoVersion != "" {
		from := o
		if a.EsoVersion != "" {
			from = a
		}
		key := "defaults"
		if from.cluster.EsoVersion != "" {
			key = "clusters." + s.cluster
		}
		out.EsoVersionFrom = from.file + ": " + key + ".esoVersion"
	}
	switch {
	case a.Fidelity != "":
		out.FidelityFrom = a.file + ": defaults.fidelity"
	case o.Fidelity != "" && !slices.Contains(s.locked, "fidelity"):
		out.FidelityFrom = o.file + ": defaults.fidelity"
	default:
		out.FidelityFrom = "built in"
	}
	switch {
	case a.Mode != "":
		out.ModeFrom = a.file + ": defaults.mode"
	case out.DefaultMode != "":
		out.ModeFrom = o.file + ": defaults.mode"
	}
	interval := s.text("refreshInterval", a.RefreshInterval, o.RefreshInterval)
	out.RefreshInterval, out.RefreshIntervalSet = either(interval, DefaultRefreshInterval), interval != ""
	unmatched := s.text("unmatched", a.Unmatched, o.Unmatched)
	out.Unmatched, out.UnmatchedSet = either(unmatched, DefaultUnmatched), unmatched != ""
	if !slices.Contains(s.locked, "controller") {
		maps.Copy(out.Controller, o.controller)
		maps.Copy(out.ControllerPos, o.places)
		out.From = o.from
	}
	maps.Copy(out.Controller, a.controller)
	maps.Copy(out.ControllerPos, a.places)
	out.adminEnv = a.controller
	if a.from.Path != "" {
		out.From = a.from
	}
	out.Stores = joinRules(s, "stores", a.stores, o.stores)
	out.Modes = joinRules(s, "mode", a.modes, o.modes)
	out.Templates = joinRules(s, "templates", a.templates, o.templates)
	out.References = joinRules(s, "references", a.references, o.references)
	if out.Waivers = joinRules(s, "waivers", a.waivers, o.waivers); slices.Contains(s.locked, "waivers") {
		out.IgnoredWaivers = o.waivers
	}
	out.fixed = s.fixed
	return out
}

// joinRules puts the administrator's rules in front. Locked, there are no
// others.
func joinRules[T any](s *settler, key string, strong, weak []T) []T {
	if slices.Contains(s.locked, key) {
		if !slices.Contains(s.fixed, key) {
			s.fixed = append(s.fixed, key)
		}
		return strong
	}
	return slices.Concat(strong, weak)
}
