package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// maxSize bounds what is read: the file may come from anybody who can open a
// pull request, and no real one is near it.
const maxSize = 4 << 20

// Load reads a file that was found or named. One that isn't there is an
// error; errors.Is(err, fs.ErrNotExist) tells it from the others.
func Load(path string) (*Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read configuration: %s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("read configuration: %s is larger than %d bytes", path, maxSize)
	}
	return Parse(path, data)
}

// Parse reads a configuration; name is for messages. The error joins one
// *Error for each mistake, in the order of the file. Empty input is a valid
// configuration.
func Parse(name string, data []byte) (*Config, error) {
	root, err := document(name, data)
	if err != nil {
		return nil, err
	}
	cfg := &Config{File: name}
	if root == nil {
		return cfg, nil
	}
	c := &checker{file: name}
	c.value(root, file(), "")
	if len(c.errs) > 0 {
		sortErrors(c.errs)
		errs := make([]error, len(c.errs))
		for i, e := range c.errs {
			errs[i] = e
		}
		return nil, errors.Join(errs...)
	}
	if err := root.Decode(cfg); err != nil {
		// The table let through what the types can't hold: a bug here, but
		// still one that the user should see with a name.
		return nil, fmt.Errorf("read configuration %s: %w", name, err)
	}
	cfg.complete()
	return cfg, nil
}

// document parses the one document of a file; nil where there is none.
func document(name string, data []byte) (*yaml.Node, error) {
	if err := checkBytes(name, data); err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxError(name, data, err)
	}
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxError(name, data, err)
	default:
		return nil, &Error{
			Pos:     manifest.Pos{File: name, Line: second.Line, Column: second.Column},
			Message: "a second document: kesbridge.yaml holds one",
		}
	}
	if len(doc.Content) != 1 || isNull(doc.Content[0]) {
		return nil, nil
	}
	return doc.Content[0], nil
}

// complete spells out what the file may leave out, and puts durations into
// Go's form, which is the one that ESO stores.
func (c *Config) complete() {
	c.Defaults.RefreshInterval = goDuration(c.Defaults.RefreshInterval)
	completeRules(c.Stores, c.File)
	completeModes(c.Modes, c.File)
	completeTemplates(c.Templates, c.File)
	completeReferences(c.References, c.File)
	completeApps(c.Apps, c.File)
	completeWaivers(c.Waivers, c.File)
	c.completeControllers()
	for _, cl := range c.Clusters {
		completeRules(cl.Stores, c.File)
		completeModes(cl.Modes, c.File)
	}
}

func completeModes(rules []ModeRule, file string) {
	for i := range rules {
		rules[i].Pos.File = file
	}
}

func completeRules(rules []StoreRule, file string) {
	for i := range rules {
		r := &rules[i]
		r.Pos.File = file
		r.RefreshInterval = goDuration(r.RefreshInterval)
		if r.Store.Name != "" && r.Store.Kind == "" {
			r.Store.Kind = DefaultStoreKind
		}
	}
}

func goDuration(v string) string {
	d, err := time.ParseDuration(v)
	if err != nil {
		return v // empty: everything else was checked
	}
	return d.String()
}

// UnmarshalYAML keeps the rule's place.
func (r *StoreRule) UnmarshalYAML(n *yaml.Node) error {
	type plain StoreRule
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.Pos = manifest.Pos{Line: n.Line, Column: n.Column}
	return nil
}
