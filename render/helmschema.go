package render

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkSchemas refuses schemas that refer to something outside themselves:
// Helm's validation fetches http(s) and file URLs.
func (a *app) checkSchemas(c *chart.Chart) error {
	if c.Schema != nil {
		if err := checkSchema(c.Schema); err != nil {
			return &Error{
				File: a.name + "/values.schema.json", Err: fmt.Errorf("schema of chart %s: %w", c.Name(), err),
				Fix: "put what it refers to into the schema itself, or skip schema validation",
			}
		}
	}
	for _, d := range c.Dependencies() {
		if err := a.checkSchemas(d); err != nil {
			return err
		}
	}
	return nil
}

// checkSchema compiles a schema as Helm does and only looks for what would be
// fetched. Anything else that is wrong with it Helm itself will say.
func checkSchema(data []byte) (err error) {
	defer func() {
		if recover() != nil {
			err = nil // Helm recovers from this, too, and reports it
		}
	}()
	schema, uerr := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if uerr != nil {
		return nil
	}
	if selfContained(schema) {
		return nil
	}
	var fetch fetchRecorder
	c := jsonschema.NewCompiler()
	c.UseLoader(&fetch)
	const name = "file:///values.schema.json"
	if c.AddResource(name, schema) == nil {
		_, _ = c.Compile(name)
	}
	if fetch.url != "" {
		return &NetworkError{URL: fetch.url}
	}
	return nil
}

var draftURL = regexp.MustCompile(`^https?://json-schema\.org/(draft-0[467]|draft/2019-09|draft/2020-12)/schema#?$`)

// selfContained says of most schemas, without compiling them as Helm will once
// more, that nothing in them refers to elsewhere: nothing that could be a
// reference does, nor is anything there that gives references a base.
func selfContained(v any) bool {
	switch v := v.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !selfContained(e) })
	case map[string]any:
		for k, e := range v {
			s, isString := e.(string)
			switch k {
			case "$id", "id":
				if isString {
					return false
				}
			case "$ref", "$dynamicRef", "$recursiveRef":
				if !isString || !strings.HasPrefix(s, "#") {
					return false
				}
			case "$schema":
				if !isString || !draftURL.MatchString(s) {
					return false
				}
			}
			if !selfContained(e) {
				return false
			}
		}
	}
	return true
}

// fetchRecorder is a loader of schemas that loads nothing.
type fetchRecorder struct{ url string }

func (f *fetchRecorder) Load(url string) (any, error) {
	if strings.HasPrefix(url, "urn:") {
		return true, nil // Helm takes these for a schema that allows everything
	}
	if f.url == "" {
		f.url = url
	}
	return nil, &NetworkError{URL: url}
}
