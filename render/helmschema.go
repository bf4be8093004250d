package render

import (
	"bytes"
	"fmt"
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
