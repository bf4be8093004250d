package survey

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"kesbridge/internal/kes"
)

// Found is a KES that a repository installs.
type Found struct {
	Controller *kes.Controller
	// Place says where it is and what.
	Place Place
	// From is the value of controller.from that reads it, for a kesbridge.yaml
	// in the repository's root.
	From string
	// Clusters are those that Applications bring it to; none: Git doesn't tell.
	Clusters []Cluster
	// Note says why the settings may not be all; may be empty.
	Note string

	// bringing is the directory that the Application in From renders.
	bringing string
}

// FindControllers finds every KES that a repository installs: Deployments,
// values of its chart, Applications and HelmReleases, with what they tell of
// its settings. They are in the order of their places.
func FindControllers(ctx context.Context, dir string) ([]Found, error) {
	return Reader{Root: dir}.Find(ctx)
}

// finder is a search.
type finder struct {
	*reading
	report *Report
	found  []located
	// bases are the kustomizations that take in a file or a directory.
	bases map[string][]string
	// inFile counts what is found in each file.
	inFile map[string]int
	// charts are directories of charts with a template that may be KES's
	// Deployment.
	charts map[string]bool
	// apps are the files that hold one Application and nothing else of the kind,
	// by the directory that it renders.
	apps map[string][]string
}

// maxFound bounds what is found: no real repository comes near it.
const maxFound = 1_000

// located is a candidate and its file.
type located struct {
	candidate
	file string
}

// Find is FindControllers. With Render, the kustomizations that take in a
// Deployment are rendered, since they may change it.
func (r Reader) Find(ctx context.Context) ([]Found, error) {
	f := &finder{reading: &reading{Reader: r}, report: &Report{}, bases: map[string][]string{}, inFile: map[string]int{}, charts: map[string]bool{}, apps: map[string][]string{}}
	err := f.report.walk(ctx, r.Root, f.look)
	if err != nil {
		return nil, fmt.Errorf("look for KES: %w", err)
	}
	f.superseded()
	for _, l := range f.found {
		f.inFile[l.file]++
	}
	var out []Found
	seen := map[string]bool{}
	for _, l := range f.found {
		for _, one := range f.rendered(ctx, l) {
			f.application(ctx, &one)
			if key := one.From + "\n" + one.Controller.Namespace + "/" + one.Controller.Name; !seen[key] {
				seen[key] = true
				one.Clusters = f.clusters(l, one)
				out = append(out, one)
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(f.charts)) {
		for _, one := range f.chart(ctx, dir) {
			f.application(ctx, &one)
			one.Clusters = f.clusters(located{}, one)
			out = append(out, one)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("look for KES: %w", err)
	}
	slices.SortStableFunc(out, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line))
	})
	return out, nil
}

// look notes what a file tells.
func (f *finder) look(name string, data []byte) {
	kustomization := strings.HasPrefix(path.Base(name), "kustomization.")
	values := strings.Contains(path.Base(name), "values")
	if !kustomization && !values && !bytes.Contains(data, []byte("Deployment")) && !bytes.Contains(data, []byte("argoproj.io")) && !bytes.Contains(data, []byte("HelmRelease")) && !bytes.Contains(data, []byte("HelmChart")) {
		return
	}
	if bytes.Contains(data, []byte("{{")) && template(f.Root, name) {
		if bytes.Contains(data, []byte("Deployment")) {
			dir, _, _ := strings.Cut("./"+name, "/templates/")
			dir = path.Clean(dir)
			f.charts[dir] = f.charts[dir] || bytes.Contains(data, []byte(kes.ChartName))
		}
		return
	}
	docs, err := kes.Documents(name, data)
	if err != nil {
		return // Look says which files can't be read
	}
	for _, d := range docs {
		if kustomization {
			f.kustomization(name, d)
		}
	}
	if !values && !kustomization {
		docs = slices.DeleteFunc(docs, func(d *kes.Tree) bool { return d.At("kind").Text() == "" })
	}
	if nodes, err := parse(data); err == nil && bytes.Contains(data, []byte("argoproj.io")) {
		for _, n := range nodes {
			f.report.object(name, n)
		}
	}
	f.noteApplication(name, docs)
	for _, c := range f.file(name, docs, false) {
		if len(f.found) < maxFound {
			f.found = append(f.found, located{c, name})
		}
	}
}

// kustomization notes which files and directories one takes in.
func (f *finder) kustomization(name string, k *kes.Tree) {
	dir := path.Dir(name)
	for _, list := range []string{"resources", "bases", "components"} {
		for _, r := range k.At(list).Items() {
			if text := r.Text(); text != "" && !strings.Contains(text, "://") {
				target := path.Join(dir, text)
				f.bases[target] = append(f.bases[target], dir)
			}
		}
	}
}

// superseded takes out values that an Application reads, which tells more, and
// those of charts that another chart holds.
func (f *finder) superseded() {
	used := map[string]bool{}
	for _, l := range f.found {
		if l.what == "Application" || l.what == "ApplicationSet" {
			for _, file := range l.files {
				used[file] = true
			}
		}
	}
	held := func(dir string) bool {
		if path.Base(path.Dir(dir)) != "charts" {
			return false
		}
		_, ok := f.chartKeys(path.Dir(path.Dir(dir)))
		return ok
	}
	f.found = slices.DeleteFunc(f.found, func(l located) bool {
		return strings.HasPrefix(l.what, "values of") && (used[l.file] || held(l.dir))
	})
}

// tops are the outermost kustomizations that take something in.
func (f *finder) tops(name string) []string {
	reached := map[string]bool{}
	queue := slices.Clone(f.bases[name])
	var out []string
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		if reached[dir] {
			continue
		}
		reached[dir] = true
		if len(f.bases[dir]) == 0 {
			out = append(out, dir)
		}
		queue = append(queue, f.bases[dir]...)
	}
	slices.Sort(out)
	return out
}

// rendered gives what is found, or where kustomizations take in a Deployment,
// what they make of it.
func (f *finder) rendered(ctx context.Context, l located) []Found {
	plain := Found{Controller: l.Controller, From: l.file, Place: Place{File: l.file, Line: l.Pos.Line, What: strings.TrimSpace(l.what + " " + l.names[0])}}
	if f.inFile[l.file] > 1 {
		plain.From += "#" + l.names[0]
	}
	if l.what != "Deployment" {
		return []Found{plain}
	}
	var out []Found
	for _, dir := range f.tops(l.file) {
		if one, ok := f.build(ctx, dir, l, plain.Place); ok {
			out = append(out, one)
			continue
		}
		if plain.Note == "" {
			plain.Note = "the kustomization " + dir + " takes it in and may change it, but can't be rendered here"
		}
	}
	if len(out) > 0 {
		return out
	}
	if plain.Note == "" && len(l.Controller.Open) > 0 {
		// What is missing may stand in other files of the directory.
		if one, ok := f.build(ctx, path.Dir(l.file), l, plain.Place); ok {
			return []Found{one}
		}
	}
	return []Found{plain}
}

// build renders a directory and finds a Deployment in it.
func (f *finder) build(ctx context.Context, dir string, l located, at Place) (Found, bool) {
	if f.Render == nil {
		return Found{}, false
	}
	list, err := f.directory(ctx, dir)
	if err != nil {
		return Found{}, false
	}
	fits := list
	if len(list) > 1 {
		fits = slices.DeleteFunc(slices.Clone(list), func(c candidate) bool { return !strings.HasSuffix(c.Name, l.Name) })
	}
	if len(fits) != 1 {
		return Found{}, false
	}
	from := dir
	if len(list) > 1 {
		from += "#" + fits[0].names[0]
	}
	at.What = "Deployment " + fits[0].names[0]
	return Found{Controller: fits[0].Controller, From: from, Place: at}, true
}

func (f *finder) noteApplication(name string, docs []*kes.Tree) {
	apps := slices.DeleteFunc(kes.Objects(docs), func(o *kes.Tree) bool { return !isApplication(o) })
	if len(apps) != 1 || apps[0].At("kind").Text() != "Application" || len(apps[0].At("spec", "sources").Items()) > 0 {
		return
	}
	if dir := apps[0].At("spec", "source", "path").Text(); dir != "" {
		f.apps[path.Clean(dir)] = append(f.apps[path.Clean(dir)], name)
	}
}

// application names the one Application that brings a directory in the
// directory's stead: it tells the namespace, and has options of its own.
func (f *finder) application(ctx context.Context, one *Found) {
	dir, _, _ := strings.Cut(one.From, "#")
	files := f.apps[dir]
	if len(files) != 1 || f.Applications == nil {
		return
	}
	list, err := f.read(ctx, files[0])
	if err != nil || len(list) != 1 {
		return
	}
	one.From, one.Controller = files[0], list[0].Controller
	one.bringing = dir
}

// chart renders a chart of the repository's own that mentions KES's image, and
// finds the Deployments in it. KES's chart itself is found by its values.
func (f *finder) chart(ctx context.Context, dir string) []Found {
	values, _ := f.open(path.Join(dir, "values.yaml"))
	if !f.charts[dir] && !bytes.Contains(values, []byte(kes.ChartName)) {
		return nil
	}
	if keys, ok := f.chartKeys(dir); !ok || len(keys) > 0 || f.Render == nil {
		return nil
	}
	list, err := f.directory(ctx, dir)
	if err != nil {
		return nil // it may be any chart
	}
	var out []Found
	for _, c := range list {
		from := dir
		if len(list) > 1 {
			from += "#" + c.names[0]
		}
		out = append(out, Found{Controller: c.Controller, From: from, Place: Place{path.Join(dir, "Chart.yaml"), 1, strings.TrimSpace("a chart with Deployment " + c.names[0])}})
	}
	return out
}

// clusters are the destinations of the Applications that bring it.
func (f *finder) clusters(l located, one Found) []Cluster {
	keys := map[string]bool{}
	if l.what == "Application" || l.what == "ApplicationSet" {
		r := &Report{}
		if data, err := f.open(l.file); err == nil {
			if nodes, err := parse(data); err == nil {
				for _, n := range nodes {
					if n.Line == l.Pos.Line {
						r.object(l.file, n)
					}
				}
			}
		}
		for _, c := range r.Clusters {
			keys[c.key()] = true
		}
	} else {
		from, _, _ := strings.Cut(cmp.Or(one.bringing, one.From), "#")
		for _, s := range f.report.sources {
			if s.path == from || strings.HasPrefix(from, s.path+"/") {
				for _, key := range s.clusters {
					keys[key] = true
				}
			}
		}
	}
	var out []Cluster
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		name, server, _ := strings.Cut(key, "\x00")
		out = append(out, Cluster{Name: name, Server: server})
	}
	return out
}

// Snippet is what to write into kesbridge.yaml: one KES for all, or each for
// the clusters that Applications bring it to; what Git doesn't tell is left to
// the reader, in comments.
func Snippet(found []Found) []byte {
	w := &writer{}
	switch {
	case len(found) == 0:
		w.line(0, "# no Deployment, values, Application or HelmRelease of KES was found")
		w.line(0, "# controller:")
		w.line(0, "#   env: {AWS_REGION: eu-west-1}")
	case len(found) == 1:
		w.found(0, "", found[0])
		w.line(0, "controller:")
		w.line(2, "from: %s", scalar(found[0].From))
	default:
		w.perCluster(found)
	}
	return []byte(w.String())
}

func (w *writer) found(indent int, comment string, f Found) {
	w.line(indent, "%s# %s", comment, f.Place)
	if f.Note != "" {
		w.line(indent, "%s# %s", comment, f.Note)
	}
}

func (w *writer) perCluster(found []Found) {
	var open []Found
	names := map[string]bool{}
	var lines writer
	for _, f := range found {
		if len(f.Clusters) == 0 {
			open = append(open, f)
		}
		for _, c := range f.Clusters {
			name := cmp.Or(c.Name, serverName(c.Server))
			comment := ""
			if names[name] {
				comment = "# " // another KES in the same cluster
			}
			lines.found(2, comment, f)
			lines.line(2, "%s%s:", comment, scalar(name))
			if c.Server != "" {
				lines.line(2, "%s  server: %s", comment, scalar(c.Server))
			}
			lines.line(2, "%s  controller: {from: %s}", comment, scalar(f.From))
			names[name] = true
		}
	}
	if len(names) > 0 {
		w.line(0, "clusters:")
		w.WriteString(lines.String())
	}
	if len(open) > 0 {
		w.line(0, "# not known: to which cluster these go; take in the one that runs, or one for each cluster")
	}
	for _, f := range open {
		w.found(0, "", f)
		w.line(0, "# controller: {from: %s}", scalar(f.From))
	}
}

// serverName makes a cluster's name of its URL.
func serverName(server string) string {
	name := strings.TrimPrefix(server, "https://")
	name, _, _ = strings.Cut(name, "/")
	return name
}
