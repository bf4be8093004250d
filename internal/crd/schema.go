package crd

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
)

// schemas.json.gz is made of the CRDs of seven ESO releases by
// TestGenerated: structure without descriptions, each distinct schema once.
//
//go:embed schemas.json.gz
var packed []byte

// bundle is what is packed.
type bundle struct {
	Schemas  []schema  `json:"schemas"`
	Releases []release `json:"releases"` // oldest first
}

// release is the CRDs of one ESO release.
type release struct {
	ESO      string    `json:"eso"` // "0.9.20"
	Versions []version `json:"versions"`
}

// version is one version of one CRD.
type version struct {
	Group  string `json:"group"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Served bool   `json:"served"`
	Schema int    `json:"schema"`
}

// schema is a structural schema (apiextensions.k8s.io/v1). Other schemas are
// named by their index in the bundle.
type schema struct {
	Type        string         `json:"t,omitempty"`
	Properties  map[string]int `json:"p,omitempty"`
	Additional  *int           `json:"a,omitempty"` // additionalProperties
	Items       *int           `json:"i,omitempty"`
	Required    []string       `json:"r,omitempty"`
	Enum        []string       `json:"e,omitempty"`
	Pattern     string         `json:"pt,omitempty"`
	Format      string         `json:"f,omitempty"`
	Length      bounds         `json:"l,omitzero"`
	Count       bounds         `json:"c,omitzero"` // of items or properties
	Nullable    bool           `json:"n,omitempty"`
	IntOrString bool           `json:"is,omitempty"`
	Preserve    bool           `json:"u,omitempty"` // x-kubernetes-preserve-unknown-fields
	Default     bool           `json:"d,omitempty"` // there is one
	// Forbidden are keys that a CEL rule of the form
	// !('a' in self) && !('b' in self) excludes; no other form occurs.
	Forbidden []string `json:"x,omitempty"`
}

type bounds struct {
	Min *int `json:"m,omitempty"`
	Max *int `json:"x,omitempty"`
}

// load unpacks the bundle once, when somebody first asks.
var load = sync.OnceValue(func() *bundle {
	b, err := unpack(packed)
	if err != nil {
		panic(fmt.Sprintf("crd: the embedded schemas are broken: %v", err)) // TestGenerated
	}
	return b
})

func unpack(data []byte) (*bundle, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(z)
	d.DisallowUnknownFields()
	b := new(bundle)
	return b, d.Decode(b)
}

// patterns are the few that occur, compiled when somebody first asks.
var patterns = sync.OnceValue(func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{base64Text: regexp.MustCompile(base64Text)}
	for _, s := range load().Schemas {
		if s.Pattern != "" && all[s.Pattern] == nil {
			all[s.Pattern] = regexp.MustCompile(s.Pattern) // TestGenerated compiled it
		}
	}
	return all
})
