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
