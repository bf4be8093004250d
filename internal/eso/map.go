package eso

import (
	"slices"

	"kesbridge/internal/manifest"
)

// Map returns the ExternalSecret as it is printed: apiVersion, kind, metadata
// and spec, with every default spelled out that a release of the profile
// would add, and without nulls, empty strings, empty lists, empty objects and
// status, all of which some release of ESO or of Argo CD rewrites or reports
// as a difference. The one object that is always there is target.template:
// without it ESO copies the ExternalSecret's labels and annotations, Argo
// CD's tracking id among them, to the Secret.
//
// A field of es that the profile doesn't know is left out (of what
// ExternalSecret holds, only Template.Finalizers): ask Knows before, and
// report it.
func (p Profile) Map(es ExternalSecret) manifest.Map {
	m := manifest.Map{
		{Key: "apiVersion", Value: p.APIVersion()},
		{Key: "kind", Value: "ExternalSecret"},
	}
	var meta manifest.Map
	addString(&meta, "name", es.Name)
	addString(&meta, "namespace", es.Namespace)
	addMap(&meta, "labels", es.Labels)
	addMap(&meta, "annotations", es.Annotations)
	addMap(&m, "metadata", meta)

	refresh := es.RefreshInterval
	if refresh == "" {
		refresh = defaultRefresh
	}
	spec := manifest.Map{{Key: "refreshInterval", Value: refresh}}
	var store manifest.Map
	addString(&store, "name", es.Store.Name)
	addString(&store, "kind", es.Store.Kind)
	addMap(&spec, "secretStoreRef", store)
	spec.Set("target", p.target(es.Target))
	var data, dataFrom []any
	for _, d := range es.Data {
		data = append(data, manifest.Map{
			{Key: "secretKey", Value: d.SecretKey},
			{Key: "remoteRef", Value: p.remoteRef("spec.data[].remoteRef.", d.RemoteRef)},
		})
	}
	for _, d := range es.DataFrom {
		dataFrom = append(dataFrom, p.dataFrom(d))
	}
	addList(&spec, "data", data)
	addList(&spec, "dataFrom", dataFrom)
	m.Set("spec", spec)
	return m
}

func (p Profile) target(t Target) manifest.Map {
	var m manifest.Map
	addString(&m, "name", t.Name)
	addString(&m, "creationPolicy", "Owner")
	addString(&m, "deletionPolicy", "Retain")
	if t.Immutable {
		m.Set("immutable", true)
	}
	m.Set("template", p.template(t.Template))
	return m
}

func (p Profile) template(t Template) manifest.Map {
	m := manifest.Map{{Key: "engineVersion", Value: "v2"}}
	if p.Knows("spec.target.template.mergePolicy") {
		policy := "Replace"
		if t.Merge {
			policy = "Merge"
		}
		m.Set("mergePolicy", policy)
	}
	addString(&m, "type", t.Type)
	var meta manifest.Map
	addMap(&meta, "labels", t.Labels)
	addMap(&meta, "annotations", t.Annotations)
	if len(t.Finalizers) > 0 && p.Knows("spec.target.template.metadata.finalizers") {
		meta.Set("finalizers", slices.Clone(t.Finalizers))
	}
	addMap(&m, "metadata", meta)
	addMap(&m, "data", t.Data)
	var from []any
	for _, f := range t.TemplateFrom {
		from = append(from, p.templateFrom(f))
	}
	addList(&m, "templateFrom", from)
	return m
}

// templateFrom spells target out in every version: it is a default inside a
// list element. valuesDecodingStrategy is one only in 2.7 and 2.8; elsewhere
// it is unknown or has no default, so it is left out.
func (p Profile) templateFrom(f TemplateFrom) manifest.Map {
	m := manifest.Map{{Key: "literal", Value: f.Literal}, {Key: "target", Value: "Data"}}
	const strategy = "spec.target.template.templateFrom[].valuesDecodingStrategy"
	if p.Knows(strategy) {
		addString(&m, "valuesDecodingStrategy", p.defaultOf(strategy))
	}
	return m
}

func (p Profile) dataFrom(d DataFrom) manifest.Map {
	var m manifest.Map
	if d.Extract != nil {
		m.Set("extract", p.remoteRef("spec.dataFrom[].extract.", *d.Extract))
	}
	if d.Find != nil {
		var find, name manifest.Map
		addString(&find, "path", d.Find.Path)
		addString(&name, "regexp", d.Find.Regexp)
		addMap(&find, "name", name)
		p.addPolicies(&find, "spec.dataFrom[].find.", "")
		m.Set("find", find)
	}
	var rewrites []any
	for _, r := range d.Rewrite {
		rewrites = append(rewrites, manifest.Map{{Key: "regexp", Value: manifest.Map{
			{Key: "source", Value: r.Source},
			{Key: "target", Value: r.Target},
		}}})
	}
	addList(&m, "rewrite", rewrites)
	return m
}

func (p Profile) remoteRef(path string, r RemoteRef) manifest.Map {
	m := manifest.Map{{Key: "key", Value: r.Key}}
	addString(&m, "property", r.Property)
	addString(&m, "version", r.Version)
	p.addPolicies(&m, path, r.Decode)
	return m
}

// addPolicies spells out the defaults inside list elements, the only ones
// whose absence can be a difference to Argo CD. The first three are written
// wherever they are known (not metadataPolicy on find): where ESO dropped the
// default (2.9.0), writing its value changes nothing. nullBytePolicy is
// written only where a release adds it (2.3-2.6).
func (p Profile) addPolicies(m *manifest.Map, path, decode string) {
	if decode == "" {
		decode = "None"
	}
	for _, f := range []struct{ key, value string }{
		{"conversionStrategy", "Default"},
		{"decodingStrategy", decode},
		{"metadataPolicy", "None"},
		{"nullBytePolicy", p.defaultOf(path + "nullBytePolicy")},
	} {
		if f.value != "" && p.Knows(path+f.key) {
			m.Set(f.key, f.value)
		}
	}
}

func addString(m *manifest.Map, key, value string) {
	if value != "" {
		m.Set(key, value)
	}
}

// addMap copies, so that a change to what Map returned can't reach its input.
func addMap(m *manifest.Map, key string, value manifest.Map) {
	if len(value) > 0 {
		m.Set(key, slices.Clone(value))
	}
}

func addList(m *manifest.Map, key string, value []any) {
	if len(value) > 0 {
		m.Set(key, value)
	}
}
