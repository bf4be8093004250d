package survey

import (
	"path"
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// file gives what a file tells of KES. asked: the file was named, so that
// values without a sign of KES's chart are taken for that chart's.
func (s *reading) file(name string, docs []*kes.Tree, asked bool) []candidate {
	var out []candidate
	var objects []*kes.Tree
	for _, d := range docs {
		if d.At("kind").Text() != "" || strings.HasPrefix(path.Base(name), "kustomization.") {
			objects = append(objects, d)
			continue
		}
		out = append(out, s.values(name, d, asked)...)
	}
	objects = kes.Objects(objects)
	for _, c := range kes.ControllersOf(objects) {
		out = append(out, deployed(c))
	}
	for _, o := range objects {
		if len(out) >= maxFound {
			break
		}
		group, _, _ := strings.Cut(o.At("apiVersion").Text(), "/")
		switch kind := o.At("kind").Text(); {
		case group == "argoproj.io" && kind == "Application":
			out = append(out, s.application(o, o.At("spec"))...)
		case group == "argoproj.io" && kind == "ApplicationSet":
			out = append(out, s.application(o, o.At("spec", "template", "spec"))...)
		case kind == "HelmRelease":
			out = append(out, s.helmRelease(o)...)
		case group == "helm.cattle.io" && kind == "HelmChart":
			out = append(out, s.helmChart(o)...)
		case strings.HasPrefix(path.Base(name), "kustomization."):
			out = append(out, s.inflated(name, o)...)
		}
	}
	for _, c := range out {
		hideTemplates(c.Controller)
	}
	return out
}

// hideTemplates takes out values that Argo CD makes of an ApplicationSet's
// parameters, or that stand in a chart's template.
func hideTemplates(c *kes.Controller) {
	hidden := func(v string) bool { return strings.Contains(v, "{{") }
	for _, name := range kes.Variables() {
		if hidden(c.Env[name]) {
			delete(c.Env, name)
			c.Open = append(c.Open, kes.Open{Pos: c.Places[name], What: name + ": a template makes it", Variable: name})
		}
	}
	if hidden(c.Namespace) {
		c.Namespace = ""
	}
	if hidden(c.ServiceAccount.Name) {
		c.ServiceAccount.Name, c.ServiceAccount.Derived = "", true
	}
}

// named gives a candidate the names of what installs it.
func named(c *kes.Controller, what string, o *kes.Tree, key string) candidate {
	out := candidate{Controller: c, what: what}
	name := o.At("metadata", "name").Text()
	if ns := o.At("metadata", "namespace").Text(); ns != "" {
		out.names = append(out.names, ns+"/"+name)
	}
	out.names = append(out.names, name)
	if key != "" {
		out.names = append(out.names, key)
	}
	return out
}

// application reads what an Application or an ApplicationSet's template says
// to KES's chart, or to a chart of this repository that depends on it.
func (s *reading) application(o, spec *kes.Tree) []candidate {
	var out []candidate
	release := o.At("metadata", "name").Text()
	if o.At("kind").Text() == "ApplicationSet" {
		release = o.At("spec", "template", "metadata", "name").Text()
	}
	for _, src := range append(slices.Clone(spec.At("sources").Items()), spec.At("source")) {
		helm := src.At("helm")
		dir, keys := "", []string{""}
		if !isChart(src.At("chart")) {
			if dir = path.Clean(src.At("path").Text()); src.At("path") == nil || strings.Contains(dir, "{{") {
				continue
			}
			if keys, _ = s.chartKeys(dir); len(keys) == 0 {
				continue
			}
		}
		own, layers, open, files := s.helmValues(helm, dir)
		name := release
		if own := helm.At("releaseName").Text(); own != "" {
			name = own
		}
		if strings.Contains(name, "{{") {
			name = ""
		}
		for _, key := range keys {
			ch := &kes.Chart{Release: name, Namespace: spec.At("destination", "namespace").Text(), Pos: o.Pos, Open: open, Own: below(own, key)}
			for _, l := range layers {
				ch.Values = append(ch.Values, below(l, key))
			}
			c := named(ch.Controller(), o.At("kind").Text(), o, key)
			c.dir, c.files = dir, files
			out = append(out, c)
		}
	}
	return out
}

// helmValues are an Application's values, weakest first: the chart's own, the
// valueFiles, values or valuesObject, parameters (util/helm of Argo CD).
func (s *reading) helmValues(helm *kes.Tree, dir string) (own *kes.Tree, layers []*kes.Tree, open []kes.Open, files []string) {
	if dir != "" {
		name := path.Join(dir, "values.yaml")
		if docs, err := s.documents(name); err == nil && len(docs) > 0 {
			own, files = docs[0], append(files, name)
		}
	}
	add := func(name string) bool {
		docs, err := s.documents(name)
		if err != nil || len(docs) == 0 {
			return err == nil
		}
		layers, files = append(layers, docs[0]), append(files, name)
		return true
	}
	for _, f := range helm.At("valueFiles").Items() {
		name := f.Text()
		switch ref, rest, ok := strings.Cut(name, "/"); {
		case ok && strings.HasPrefix(ref, "$"):
			name = path.Clean(rest)
		case strings.HasPrefix(name, "/"):
			name = path.Clean(name[1:])
		case dir != "":
			name = path.Join(dir, name)
		default:
			name = "" // in the chart
		}
		if (name == "" || !add(name)) && helm.At("ignoreMissingValueFiles").Text() != "true" {
			open = append(open, kes.Open{Pos: f.Pos, What: "more values come from " + f.Text() + ", which can't be read here"})
		}
	}
	if v := helm.At("valuesObject"); v.IsMapping() {
		layers = append(layers, v)
	} else {
		more, unread := textValues(helm.At("values"))
		layers, open = append(layers, more...), append(open, unread...)
	}
	for _, p := range helm.At("parameters").Items() {
		name := p.At("name").Text()
		if strings.ContainsAny(name, "[{\\,=") {
			if slices.ContainsFunc(ownKeys, func(k string) bool { return strings.Contains(name, k) }) {
				open = append(open, kes.Open{Pos: p.Pos, What: "the parameter " + name + " isn't understood here"})
			}
			continue
		}
		layers = append(layers, kes.Nested(name, p.Pos, p.At("value").Text(), p.At("forceString").Text() == "true"))
	}
	return own, layers, open, files
}

// textValues are values that stand in a manifest as text.
func textValues(v *kes.Tree) ([]*kes.Tree, []kes.Open) {
	if v.Text() == "" {
		return nil, nil
	}
	docs, err := kes.Embedded(v)
	if err != nil || len(docs) > 1 {
		return nil, []kes.Open{{Pos: v.Pos, What: "more values stand here, which are no YAML"}}
	}
	return docs, nil
}

// isChart reports whether a chart is KES's, in whichever repository.
func isChart(name *kes.Tree) bool { return path.Base(name.Text()) == kes.ChartName }

// helmChart reads a HelmChart (k3s, Rancher) of KES's chart.
func (s *reading) helmChart(o *kes.Tree) []candidate {
	spec := o.At("spec")
	if !isChart(spec.At("chart")) {
		return nil
	}
	ch := &kes.Chart{Release: o.At("metadata", "name").Text(), Namespace: spec.At("targetNamespace").Text(), Pos: o.Pos}
	if ch.Namespace == "" {
		ch.Namespace = o.At("metadata", "namespace").Text()
	}
	layers, open := textValues(spec.At("valuesContent"))
	ch.Values, ch.Open = layers, open
	for _, name := range spec.At("set").Names() {
		ch.Values = append(ch.Values, kes.Nested(name, spec.At("set").Place(name), spec.At("set", name).Text(), false))
	}
	return []candidate{named(ch.Controller(), "HelmChart", o, "")}
}

// helmRelease reads a HelmRelease (Flux, of both generations) of KES's chart.
func (s *reading) helmRelease(o *kes.Tree) []candidate {
	spec := o.At("spec")
	if !isChart(spec.At("chart", "spec", "chart")) && !isChart(spec.At("chart", "name")) {
		return nil
	}
	ch := &kes.Chart{Release: spec.At("releaseName").Text(), Namespace: spec.At("targetNamespace").Text(), Pos: o.Pos, Values: []*kes.Tree{spec.At("values")}}
	name := o.At("metadata", "name").Text()
	switch {
	case ch.Release == "" && ch.Namespace != "":
		ch.Release = ch.Namespace + "-" + name // helm-controller, GetReleaseName
	case ch.Release == "":
		ch.Release = name
	}
	if ch.Namespace == "" {
		ch.Namespace = o.At("metadata", "namespace").Text()
	}
	for _, f := range spec.At("valuesFrom").Items() {
		ch.Open = append(ch.Open, kes.Open{Pos: f.Pos, What: "more values come from the " + f.At("kind").Text() + " " + f.At("name").Text() + " (valuesFrom)"})
	}
	return []candidate{named(ch.Controller(), "HelmRelease", o, "")}
}

// inflated reads helmCharts of a kustomization.
func (s *reading) inflated(name string, k *kes.Tree) []candidate {
	var out []candidate
	for _, h := range k.At("helmCharts").Items() {
		if h.At("name").Text() != kes.ChartName {
			continue
		}
		ch := &kes.Chart{Release: h.At("releaseName").Text(), Namespace: h.At("namespace").Text(), Pos: h.Pos}
		if ns := k.At("namespace").Text(); ns != "" {
			ch.Namespace = ns
		}
		ch.Values = s.chartArgs(ch, path.Dir(name), h)
		if k.At("patches") != nil || k.At("patchesStrategicMerge") != nil || k.At("patchesJson6902") != nil {
			ch.Open = append(ch.Open, kes.Open{Pos: manifest.Pos{File: name}, What: "patches of this kustomization may change what the chart gives"})
		}
		c := candidate{Controller: ch.Controller(), what: "helmCharts of a kustomization", names: []string{kes.ChartName}}
		if ch.Release != "" {
			c.names = []string{ch.Release, kes.ChartName}
		}
		out = append(out, c)
	}
	return out
}

// chartArgs are the values of one of helmCharts: valuesInline is merged with
// valuesFile, and additionalValuesFiles win over both (kustomize
// api/types/helmchartargs.go, AsHelmArgs).
func (s *reading) chartArgs(ch *kes.Chart, dir string, h *kes.Tree) (layers []*kes.Tree) {
	file := func(f *kes.Tree) {
		if f.Text() == "" {
			return
		}
		if docs, err := s.documents(path.Join(dir, f.Text())); err == nil && len(docs) == 1 {
			layers = append(layers, docs[0])
			return
		}
		ch.Open = append(ch.Open, kes.Open{Pos: f.Pos, What: "more values come from " + f.Text() + ", which can't be read here"})
	}
	inline := h.At("valuesInline")
	switch h.At("valuesMerge").Text() {
	case "merge": // the file wins
		layers = append(layers, inline)
		file(h.At("valuesFile"))
	case "replace":
		layers = append(layers, inline)
	default:
		file(h.At("valuesFile"))
		layers = append(layers, inline)
	}
	for _, f := range h.At("additionalValuesFiles").Items() {
		file(f)
	}
	return layers
}
