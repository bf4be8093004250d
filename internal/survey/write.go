package survey

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"kesbridge/internal/eso"
)

func (r *Report) sort() {
	place := func(a, b Place) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) }
	slices.SortFunc(r.Needs, func(a, b Need) int { return cmp.Compare(a.Need.Name(), b.Need.Name()) })
	slices.SortFunc(r.Stores, func(a, b Store) int {
		// The first match wins, and SecretStore, with a namespace, sorts after.
		return cmp.Or(cmp.Compare(a.Backend, b.Backend), -cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name), place(a.Place, b.Place))
	})
	slices.SortFunc(r.Versions, func(a, b Version) int { return place(a.Place, b.Place) })
	slices.SortFunc(r.Clusters, func(a, b Cluster) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Server, b.Server)) })
	slices.SortFunc(r.Secrets, place)
	slices.SortFunc(r.Open, place)
	slices.Sort(r.Unread)
}

// writer prints YAML by hand, for the comments.
type writer struct{ strings.Builder }

// line prints one. What comes from the repository, names of files too, may
// hold anything, but doesn't get out of its comment.
func (w *writer) line(indent int, format string, args ...any) {
	text := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, fmt.Sprintf(format, args...))
	w.WriteString(strings.Repeat(" ", indent) + text + "\n")
}

// scalar quotes what could be read as something else.
func scalar(s string) string { return strconv.Quote(s) }

// Config is the proposed kesbridge.yaml.
func (r *Report) Config() []byte {
	w := &writer{}
	w.line(0, "# Proposed by kesbridge init from what is in this repository. Read it before you use it.")
	w.line(0, "# %d KES resources in %d files%s.", r.KES, r.Files, templated(r.Templated))
	r.defaults(w)
	r.controller(w)
	r.stores(w)
	r.clusters(w)
	return []byte(w.String())
}

func templated(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and more in %d templates of charts, which weren't read: kesbridge render shows them", n)
}

func (r *Report) defaults(w *writer) {
	w.line(0, "")
	w.line(0, "defaults:")
	w.line(2, "# The first step: nothing changes. Then freeze, or side-by-side and switch; docs/cutover.md has the ways.")
	w.line(2, "mode: keep")
	w.line(2, "# A resource that no stores rule matches is an error, not a store that nobody made.")
	w.line(2, "unmatched: fail")
	w.line(2, "# KES polled every %s. ESO's own default costs far fewer calls.", r.poll())
	w.line(2, "refreshInterval: 1h0m0s")
	r.proposeVersion(w)
	if slices.ContainsFunc(r.Needs, func(n Need) bool { return n.Backend == "ibmcloudSecretsManager" }) {
		w.line(2, "# not known: the secret group of IBM secrets that are read by name")
		w.line(2, "# ibmGroup: default")
	}
}

// poll is KES's poll interval.
func (r *Report) poll() string {
	if ms, err := strconv.ParseFloat(r.Env["POLLER_INTERVAL_MILLISECONDS"], 64); err == nil && ms > 0 && ms < 1e12 {
		return time.Duration(ms * float64(time.Millisecond)).String()
	}
	if slices.ContainsFunc(r.Settings, func(s Setting) bool { return s.Key == "POLLER_INTERVAL_MILLISECONDS" }) {
		return "POLLER_INTERVAL_MILLISECONDS (below)"
	}
	return "10s, KES's default, as far as this repository tells"
}

// proposeVersion proposes ESO's version where there is one cluster and all
// evidence agrees.
func (r *Report) proposeVersion(w *writer) {
	for _, v := range r.Versions {
		w.line(2, "# ESO: %s", v.Place)
	}
	version, found := agreed(r.Versions)
	switch {
	case len(r.Versions) == 0:
		w.line(2, "# not known: the ESO version that runs; in the plugin the cluster tells")
		w.line(2, "# esoVersion: \"X.Y\"")
		return
	case version != "" && len(r.Clusters) < 2 && len(r.Open) == 0:
		w.line(2, "esoVersion: %s", scalar(version))
		return
	case len(found) == 0:
		w.line(2, "# not known: the ESO version that runs: none of this names one")
	case version == "":
		w.line(2, "# not known: the ESO version that runs: the evidence above disagrees, or isn't enough")
	default:
		w.line(2, "# not known: whether all clusters run it; esoVersion of a cluster is for that cluster alone")
	}
	for _, v := range found {
		w.line(2, "# esoVersion: %s", scalar(v))
	}
}

// agreed gives the version that all evidence agrees on, or "", and those that
// it names. A CRD agrees with versions whose apiVersion it serves.
func agreed(evidence []Version) (version string, found []string) {
	names := map[string]bool{}
	vague := false
	for _, e := range evidence {
		if e.Version != "" {
			names[e.Version] = true
		} else if e.Served == nil {
			vague = true
		}
	}
	found = slices.Sorted(maps.Keys(names))
	if len(found) != 1 || vague {
		return "", found
	}
	p, err := eso.ProfileFor(found[0])
	if err != nil {
		return "", found
	}
	for _, e := range evidence {
		if e.Served != nil && !slices.Contains(e.Served, strings.TrimPrefix(p.APIVersion(), eso.Group+"/")) {
			return "", found
		}
	}
	return found[0], found
}

func (r *Report) controller(w *writer) {
	w.line(0, "")
	w.line(0, "# How KES was set up.")
	if len(r.Found) == 1 {
		r.controllerFrom(w)
	} else if len(r.Settings) == 0 {
		w.line(0, "# not known: no Deployment or values of KES here")
		w.line(0, "# controller:")
		w.line(0, "#   env: {AWS_REGION: eu-west-1}")
	} else {
		w.line(0, "controller:")
		w.line(2, "env:")
		for i, s := range r.Settings {
			first := i == 0 || r.Settings[i-1].Key != s.Key
			last := i == len(r.Settings)-1 || r.Settings[i+1].Key != s.Key
			if value, known := r.Env[s.Key]; known {
				w.line(4, "# %s:%d%s", s.Place.File, s.Place.Line, chartDefault(s))
				if last {
					w.line(4, "%s: %s", s.Key, scalar(value))
				}
				continue
			}
			if first {
				w.line(4, "# not known: which %s; one cluster's own goes to its controller.env, below clusters", s.Key)
			}
			w.line(4, "# %s: %s # %s:%d", s.Key, scalar(s.Value), s.Place.File, s.Place.Line)
		}
	}
	if len(r.Found) > 1 {
		w.line(0, "# controller.from reads the settings where they stand:")
		for line := range strings.Lines(string(Snippet(r.Found))) {
			w.line(0, "#   %s", strings.TrimRight(line, "\n"))
		}
	}
	for _, s := range r.Secrets {
		w.line(0, "# not copied: %s", s)
	}
}

// controllerFrom names the one place where KES's settings stand.
func (r *Report) controllerFrom(w *writer) {
	f := r.Found[0]
	w.line(0, "controller:")
	w.found(2, "", f)
	w.line(2, "from: %s", scalar(f.From))
	c := f.Controller
	w.line(2, "# What it tells; what is given under env wins over it:")
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		w.line(2, "#   %s: %s # %s", name, scalar(c.Env[name]), c.Places[name])
	}
	for _, o := range c.Open {
		w.line(2, "# not known: %s: %s", o.Pos, o.What)
	}
}

func chartDefault(s Setting) string {
	if s.Default {
		return ", a default of the chart"
	}
	return ""
}

func (r *Report) clusters(w *writer) {
	w.line(0, "")
	for _, o := range r.Open {
		w.line(0, "# not known: %s", o)
	}
	if len(r.Clusters) == 0 {
		w.line(0, "# not known: the clusters; with one there is nothing to say")
		return
	}
	w.line(0, "# Where the %d Applications and ApplicationSets here go. With clusters in it, --cluster (in the plugin: the parameter", r.Apps)
	w.line(0, "# cluster) has to choose one, so take this in when they differ.")
	w.line(0, "# clusters:")
	used := map[string]bool{}
	for _, c := range r.Clusters {
		if c.Name != "" {
			used[c.Name] = true
		}
	}
	written := map[string]bool{}
	for i, c := range r.Clusters {
		name := c.Name
		for n := i + 1; name == "" || written[name] || c.Name == "" && used[name]; n++ {
			name = fmt.Sprintf("%s-%d", cmp.Or(c.Name, "cluster"), n)
		}
		written[name] = true
		w.line(0, "#   %s: # %s:%d", scalar(name), c.Place.File, c.Place.Line)
		if c.Server != "" {
			w.line(0, "#     server: %s", scalar(c.Server))
		}
		r.clusterVersion(w, c.key())
	}
}

// clusterVersion proposes the version that Applications bring to a cluster.
func (r *Report) clusterVersion(w *writer, key string) {
	var own []Version
	for _, v := range r.Versions {
		if slices.Contains(v.Clusters, key) {
			own = append(own, v)
		}
	}
	version, found := agreed(own)
	if version != "" {
		for _, v := range own {
			w.line(0, "#     # %s", v.Place)
		}
		w.line(0, "#     esoVersion: %s", scalar(version))
		return
	}
	w.line(0, "#     # not known: esoVersion%s", strings.Join(append([]string{""}, found...), " ? "))
}

// Summary is what was looked at and found, for standard error.
func (r *Report) Summary() string {
	s := fmt.Sprintf("%d files: %d KES resources for %d stores%s; %d stores of ESO, %d pieces of evidence of its version, %d Applications to %d clusters, %d settings of KES",
		r.Files, r.KES, len(r.Needs), templated(r.Templated), len(r.Stores), len(r.Versions), r.Apps, len(r.Clusters), len(r.Settings))
	if r.Full {
		s += fmt.Sprintf("; more than %d files, the others weren't looked at", maxFiles)
	}
	return s
}
