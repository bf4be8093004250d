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
	"kesbridge/internal/store"
)

func (r *Report) sort() {
	place := func(a, b Place) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) }
	slices.SortFunc(r.Needs, func(a, b Need) int { return cmp.Compare(a.Need.Name(), b.Need.Name()) })
	slices.SortFunc(r.Stores, func(a, b Store) int {
		return cmp.Or(cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), place(a.Place, b.Place))
	})
	slices.SortFunc(r.Versions, func(a, b Version) int { return place(a.Place, b.Place) })
	slices.SortFunc(r.Clusters, func(a, b Cluster) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Server, b.Server)) })
	slices.SortFunc(r.Secrets, place)
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
	w.line(2, "# The first step: nothing changes. Then freeze, or side-by-side; docs/argocd.md has the ways.")
	w.line(2, "mode: keep")
	w.line(2, "# A resource that no stores rule matches is an error, not a store that nobody made.")
	w.line(2, "unmatched: fail")
	poll := "10s, KES's default, as far as this repository tells"
	if ms, err := strconv.ParseInt(r.Env["POLLER_INTERVAL_MILLISECONDS"], 10, 64); err == nil && ms > 0 {
		poll = (time.Duration(ms) * time.Millisecond).String()
	}
	w.line(2, "# KES polled every %s. ESO's own default costs far fewer calls.", poll)
	w.line(2, "refreshInterval: 1h0m0s")
	r.proposeVersion(w)
	if slices.ContainsFunc(r.Needs, func(n Need) bool { return n.Backend == "ibmcloudSecretsManager" }) {
		w.line(2, "# not known: the secret group of IBM secrets that are read by name")
		w.line(2, "# ibmGroup: default")
	}
}

// version proposes ESO's version where all evidence agrees on one.
func (r *Report) proposeVersion(w *writer) {
	found := map[string]bool{}
	for _, v := range r.Versions {
		w.line(2, "# ESO: %s", v.Place)
		if v.Version != "" {
			found[v.Version] = true
		}
	}
	versions := slices.Sorted(maps.Keys(found))
	switch {
	case len(r.Versions) == 0:
		w.line(2, "# not known: the ESO version that runs; in the plugin the cluster tells")
		w.line(2, "# esoVersion: \"0.20\"")
	case len(versions) == 1 && known(versions[0]) && len(r.Clusters) < 2:
		w.line(2, "esoVersion: %s", scalar(versions[0]))
	case len(versions) == 0:
		w.line(2, "# not known: which of the versions that serve it runs")
	default:
		w.line(2, "# not known: which cluster runs which; set esoVersion below clusters")
		for _, v := range versions {
			w.line(2, "# esoVersion: %s", scalar(v))
		}
	}
}

func known(version string) bool {
	_, err := eso.ProfileFor(version)
	return err == nil
}

func (r *Report) controller(w *writer) {
	w.line(0, "")
	w.line(0, "# How KES was set up.")
	if len(r.Env) == 0 {
		w.line(0, "# not known: no Deployment or values of KES here")
		w.line(0, "# controller:")
		w.line(0, "#   env: {AWS_REGION: eu-west-1}")
	} else {
		w.line(0, "controller:")
		w.line(2, "env:")
		for _, key := range slices.Sorted(maps.Keys(r.Env)) {
			w.line(4, "# %s:%d", r.From[key].File, r.From[key].Line)
			w.line(4, "%s: %s", key, scalar(r.Env[key]))
		}
	}
	for _, s := range r.Secrets {
		w.line(0, "# not copied: %s", s)
	}
}

func (r *Report) stores(w *writer) {
	w.line(0, "")
	w.line(0, "# Which store serves which resource; the first match wins. What the KES resources here need:")
	for _, n := range r.Needs {
		w.line(0, "#   %d x %s, first %s", n.Count, strings.Join(n.Requirements(r.Env), "; "), n.First)
	}
	if len(r.Needs) == 0 {
		w.line(0, "#   nothing in plain manifests")
	}
	rules := &writer{}
	seen := map[string]bool{}
	for _, s := range r.Stores {
		match := s.match()
		rules.line(2, "# %s", s.Place)
		comment := ""
		if seen[match] {
			comment = "# "
			rules.line(2, "# The rule above takes the same resources: say which one this is for.")
		}
		seen[match] = true
		pathPart := ""
		if s.Path != "" && s.Backend == "vault" {
			pathPart = ", path: " + scalar(s.Path)
		}
		rules.line(2, "%s- match: {%s}", comment, match)
		rules.line(2, "%s  store: {kind: %s, name: %s%s}", comment, s.Kind, scalar(s.Name), pathPart)
	}
	for _, n := range r.Needs {
		if n.Backend == "" || slices.ContainsFunc(r.Stores, func(s Store) bool { return s.Backend == n.Backend }) {
			continue
		}
		rules.line(2, "# not known: the store for %d of %s; this name is what kesbridge would derive", n.Count, n.Backend)
		rules.line(2, "# - match: {%s}", r.match(n.Need))
		rules.line(2, "#   store: {kind: ClusterSecretStore, name: %s}", scalar(n.Need.Name()))
	}
	if len(r.Stores) == 0 {
		w.line(0, "stores: []")
	} else {
		w.line(0, "stores:")
	}
	w.WriteString(rules.String())
}

// match is what tells the resources of a need from others.
func (r *Report) match(n store.Need) string {
	f := store.Facts(n, store.Subject{}, r.Env)
	parts := []string{"backend: " + f.Backend}
	for _, p := range [][2]string{
		{"region", f.Region}, {"roleArn", f.RoleArn}, {"vaultMountPoint", f.VaultMountPoint}, {"vaultRole", f.VaultRole},
		{"keyVaultName", f.KeyVaultName}, {"projectId", f.ProjectID},
	} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+scalar(glob(p[1])))
		}
	}
	return strings.Join(parts, ", ")
}

func (s *Store) match() string {
	parts := []string{"backend: " + s.Backend}
	for _, p := range [][2]string{{"region", s.Region}, {"projectId", s.ProjectID}, {"keyVaultName", s.VaultID}, {"namespace", s.Namespace}} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+scalar(glob(p[1])))
		}
	}
	return strings.Join(parts, ", ")
}

// glob writes a text so that it matches itself alone.
func glob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`).Replace(s)
}

func (r *Report) clusters(w *writer) {
	if len(r.Clusters) == 0 {
		w.line(0, "")
		w.line(0, "# not known: the clusters; with one there is nothing to say")
		return
	}
	w.line(0, "")
	w.line(0, "# Where the %d Applications and ApplicationSets here go. With clusters in it, --cluster (in the plugin: the parameter", r.Apps)
	w.line(0, "# cluster) has to choose one, so take this in when they differ.")
	w.line(0, "# clusters:")
	used := map[string]bool{}
	for i, c := range r.Clusters {
		name := c.Name
		if name == "" {
			name = fmt.Sprintf("cluster-%d", i+1)
		}
		if used[name] {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		used[name] = true
		w.line(0, "#   %s: # %s:%d", scalar(name), c.Place.File, c.Place.Line)
		if c.Server != "" {
			w.line(0, "#     server: %s", scalar(c.Server))
		}
		w.line(0, "#     esoVersion: \"0.20\" # not known")
	}
}

// Summary is what was looked at and found, for standard error.
func (r *Report) Summary() string {
	s := fmt.Sprintf("%d files: %d KES resources for %d stores%s; %d stores of ESO, %d pieces of evidence of its version, %d Applications to %d clusters, %d settings of KES",
		r.Files, r.KES, len(r.Needs), templated(r.Templated), len(r.Stores), len(r.Versions), r.Apps, len(r.Clusters), len(r.Env))
	if r.Full {
		s += fmt.Sprintf("; more than %d files, the others weren't looked at", maxFiles)
	}
	return s
}
