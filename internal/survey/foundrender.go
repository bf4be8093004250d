package survey

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"kesbridge/internal/kes"
)

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
