package crd

import (
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"

	"kesbridge/internal/kes"
)

// metaFields are those of ObjectMeta (k8s.io/apimachinery v0.36.1,
// pkg/apis/meta/v1/types.go).
var metaFields = map[string]bool{
	"name": true, "generateName": true, "namespace": true, "labels": true, "annotations": true, "finalizers": true, "ownerReferences": true,
	"selfLink": true, "uid": true, "resourceVersion": true, "generation": true, "creationTimestamp": true,
	"deletionTimestamp": true, "deletionGracePeriodSeconds": true, "managedFields": true,
}

// metadata checks what people write there; an API server takes unknown fields
// away and refuses what can't be read.
func (c *checker) metadata(n *yaml.Node) {
	n = deref(n)
	if n.Kind != yaml.MappingNode {
		c.add("metadata", n, "must be a mapping")
		return
	}
	ms, _ := c.members(n)
	named := false
	for _, m := range ms {
		path := join("metadata", m.key)
		switch m.key {
		case "name", "generateName", "namespace":
			v, ok := c.metaText(path, m)
			named = named || m.key != "namespace" && (v != "" || !ok)
			if v == "" {
				continue
			}
			check := validation.IsDNS1123Subdomain
			if m.key == "namespace" {
				check = validation.IsDNS1123Label
			}
			if m.key == "generateName" {
				v = strings.TrimSuffix(v, "-") // as apimachinery's NameIsDNSSubdomain for a prefix
			}
			for _, problem := range check(v) {
				c.add(path, m.value, "%q: %s", short(v), problem)
			}
		case "labels", "annotations":
			c.keyed(path, m)
		default:
			if !metaFields[m.key] {
				c.add(path, m.node, "is an unknown field, which the API server takes away")
			}
		}
	}
	if !named {
		c.add("metadata.name", n, "is required")
	}
}

// metaText reads a string; null is as if it weren't there.
func (c *checker) metaText(path string, m member) (v string, ok bool) {
	got, scalar := kes.Scalar(m.value)
	if got == nil && scalar {
		return "", true
	}
	v, ok = got.(string)
	if !ok {
		c.add(path, m.value, "must be a string")
	}
	return v, ok
}

// keyed checks labels and annotations.
func (c *checker) keyed(path string, m member) {
	n := deref(m.value)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		c.add(path, n, "must be a mapping")
		return
	}
	ms, _ := c.members(n)
	for _, f := range ms {
		at := join(path, f.key)
		key := f.key
		if m.key == "annotations" {
			key = strings.ToLower(key) // apimachinery's ValidateAnnotations
		}
		for _, problem := range validation.IsQualifiedName(key) {
			c.add(at, f.node, "%s", problem)
		}
		v, ok := c.metaText(at, f)
		if ok && m.key == "labels" {
			for _, problem := range validation.IsValidLabelValue(v) {
				c.add(at, f.value, "%s", problem)
			}
		}
	}
}
