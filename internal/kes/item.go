package kes

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// The fields of data items and of dataFromWithOptions items in the CRD.
var (
	itemFields   = []string{"isBinary", "key", "name", "path", "property", "recursive", "secretType", "version", "versionId", "versionStage"}
	optionFields = []string{"isBinary", "key", "versionId", "versionStage"}
)

func (d *decoder) data(f field, path string) []Item {
	var out []Item
	for i, n := range d.list(f.value, path) {
		p := path + "[" + strconv.Itoa(i) + "]"
		if !d.mapping(n, p) {
			continue
		}
		it := d.item(n, p, itemFields)
		d.itemRequired(n, it)
		out = append(out, it)
	}
	return out
}

func (d *decoder) withOptions(f field, path string) []Item {
	var out []Item
	for i, n := range d.list(f.value, path) {
		p := path + "[" + strconv.Itoa(i) + "]"
		if !d.mapping(n, p) {
			continue
		}
		it := d.item(n, p, optionFields)
		if !it.Has("key") {
			d.report(rule.MissingField, n, "%s.key is missing", p)
		}
		out = append(out, it)
	}
	return out
}

// itemRequired is the CRD's oneOf: key and name, or path, not both.
func (d *decoder) itemRequired(n *yaml.Node, it Item) {
	pair := it.Has("key") && it.Has("name")
	switch {
	case pair && it.Has("path"):
		d.report(rule.WrongType, n, "%s has key and name and path, but the KES CRD wants either: the API server refuses the object, so KES never saw it", it.Path)
	case pair || it.Has("path"):
	case it.Has("key"):
		d.report(rule.MissingField, n, "%s.name is missing", it.Path)
	case it.Has("name"):
		d.report(rule.MissingField, n, "%s.key is missing", it.Path)
	default:
		d.report(rule.MissingField, n, "%s has neither key and name nor path", it.Path)
	}
}

func (d *decoder) item(n *yaml.Node, path string, known []string) Item {
	it := Item{Pos: d.o.PosOf(n), Path: path, pos: map[string]manifest.Pos{}}
	for _, f := range d.fields(n, path) {
		p := join(path, f.key)
		if !slices.Contains(known, f.key) {
			d.unknownIn(f, path, known)
			continue
		}
		it.pos[f.key] = d.o.PosOf(f.value)
		switch f.key {
		case "key":
			it.Key = d.str(f, p)
		case "name":
			it.Name = d.str(f, p)
		case "property":
			s := d.str(f, p)
			it.Property = &s
		case "isBinary":
			it.IsBinary = d.boolean(f, p)
		case "path":
			it.FromPath = d.str(f, p)
		case "recursive":
			it.Recursive = d.boolean(f, p)
		case "secretType":
			it.SecretType = d.str(f, p)
		case "version":
			it.Version = d.intOrString(f, p)
		case "versionStage":
			s := d.str(f, p)
			it.VersionStage = &s
		case "versionId":
			it.VersionID = d.str(f, p)
		}
	}
	return it
}

// intOrString reads version: the CRD says x-kubernetes-int-or-string. KES
// takes 0 and the empty string for "not given" (gcp-secrets-manager-backend.js).
func (d *decoder) intOrString(f field, path string) string {
	v, _ := scalar(f.value)
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		if s := v.String(); !strings.ContainsAny(s, ".eE") {
			if s == "0" {
				return ""
			}
			return s
		}
	}
	d.wrong(f.value, path, "a string or an integer")
	return ""
}
