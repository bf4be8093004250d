// Package eso holds kesbridge's simulated ESO to the packages of real ESO
// releases: it has the product's internal/proof write inputs with the
// simulated answers, asks a release for its own, and compares. The modules
// eso-0.9, eso-0.16 and eso-0.20 each bring one release.
package eso

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Input is one line of what internal/proof writes (esoinputs_test.go there).
type Input struct {
	Kind     string            `json:"kind"`
	From     string            `json:"from"`
	Text     []byte            `json:"text"`
	Values   map[string][]byte `json:"values"`
	Strategy string            `json:"strategy"`
	Rewrite  []Rewrite         `json:"rewrite"`
	Backend  string            `json:"backend"`
	KV       int               `json:"kv"`
	Path     string            `json:"path"`
	Binary   bool              `json:"binary"`
	Ref      *Ref              `json:"ref"`
	Object   json.RawMessage   `json:"object"`
	Stored   []Stored          `json:"stored"`
	Params   []Stored          `json:"params"`
	Answer   *Answer           `json:"answer"`

	// Of is the object that a sync is about.
	Of *Input `json:"-"`
}

// Rewrite is a regexp rewrite of keys.
type Rewrite struct{ Source, Target string }

// Ref is a remoteRef.
type Ref struct{ Key, Property, Version, Decode string }

// Stored is a backend value, as the provider's client library hands it over;
// Version as internal/proof names it ("stage:AWSCURRENT").
type Stored struct {
	Key     string `json:"key"`
	Version string `json:"version"`
	Value   []byte `json:"value"`
}

// Answer is what came of an input; Unsure only in simulated ones.
type Answer struct {
	Unsure      string            `json:"unsure"`
	Err         string            `json:"err"`
	Nothing     bool              `json:"nothing"`
	Value       []byte            `json:"value"`
	Map         map[string][]byte `json:"map"`
	Type        string            `json:"type"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// Find gives a stored value.
func (in *Input) Find(key, version string) ([]byte, error) {
	for _, s := range in.Stored {
		if s.Key == key && s.Version == version {
			return s.Value, nil
		}
	}
	return nil, fmt.Errorf("no value %s (%s)", key, version)
}

// Write has the product write inputs for a release.
func Write(t testing.TB, release string, seed uint64, count int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "inputs.jsonl")
	cmd := exec.Command("go", "test", "-count=1", "./internal/proof", "-run", "^TestESOInputs$",
		"-eso-inputs", file, "-eso-release", release, "-eso-seed", fmt.Sprint(seed), "-eso-count", fmt.Sprint(count))
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("write inputs: %v\n%s", err, out)
	}
	return file
}

// Each reads the inputs of a file in order.
func Each(file string, f func(*Input)) error {
	r, err := os.Open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	d := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	var object *Input
	for {
		in := &Input{}
		if err := d.Decode(in); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read inputs: %w", err)
		}
		switch in.Kind {
		case "object":
			object = in
			continue
		case "sync":
			in.Of = object
		}
		f(in)
	}
}

// Strict reads an object as an API server does that refuses unknown fields.
func Strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Numbers reads JSON with numbers kept as they are.
func Numbers(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

// Below reports whether GetParametersByPath lists a parameter.
func Below(name, path string) bool {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	return strings.HasPrefix(name, strings.TrimRight(path, "/")+"/")
}
