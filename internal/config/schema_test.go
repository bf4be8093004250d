package config

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// TestSchemaPublished: docs/ has what the table says.
func TestSchemaPublished(t *testing.T) {
	golden(t, filepath.Join("..", "..", "docs", "kesbridge.schema.json"), Schema())
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("kesbridge.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("kesbridge.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaAgrees: the schema and the parser take and refuse the same files,
// apart from what a schema can't say.
func TestSchemaAgrees(t *testing.T) {
	s := schema(t)
	for _, tt := range []struct {
		in        string
		ok        bool
		onlyParse bool // only the parser knows
	}{
		{in: "", ok: true},
		{in: "{}", ok: true},
		{in: "stores:\ndefaults:\nclusters:\ncontroller:\n", ok: true},
		{in: "clusters: {prod: }", ok: true},
		{in: "controller: {env: {A: , B: 1, C: true, D: text}}", ok: true},
		{in: "defaults: {esoVersion: 0.20}", ok: true},
		{in: "defaults: {refreshInterval: 1h30m0.5s, origin: true}", ok: true},
		{in: `defaults: {refreshInterval: "0"}`, ok: true},
		{in: "stores: [{store: {name: a}}, {match: {}}, {match: {name: [a, 1]}, secretBinary: true}]", ok: true},
		{in: "stores: [{match: {labels: {a: '*', b: [c]}}}]", ok: true},
		{in: "clusters: {a: {kubeVersion: v1.33.1+k3s1, apiVersions: [a/v1, v1, a.b/v1/C]}}", ok: true},

		{in: "store: []"},
		{in: "templates: [{expression: '<%= a %>', template: '{{ .a }}'}, {match: {name: a}, expression: '${a}', template: b}]", ok: true},
		{in: "templates: [{expression: '<%= a %>'}]"},
		{in: "templates: [{expression: '<%= a %>', template: '{{ .a'}]", onlyParse: true},
		{in: "modes: []", ok: true},
		{in: "modes: [{mode: keep}]", ok: true},
		{in: "modes: [{match: {name: a}}]"},
		{in: "modes: [{mode: moved}]"},
		{in: "modes: [{mode: side-by-side, secretName: '{name}-new', final: true}]", ok: true},
		{in: "modes: [{mode: side-by-side, secretName: new}]", onlyParse: true},
		{in: "defaults: {mode: replace, final: false, guard: delete}", ok: true},
		{in: "defaults: {guard: none}"},
		{in: "locked: [mode, stores]", ok: true},
		{in: "locked: [colour]"},
		{in: "clusters: {a: {final: true, modes: [{mode: keep}]}}", ok: true},
		{in: "[]"},
		{in: "stores: {}"},
		{in: "stores: [{match: }]"},
		{in: "stores: [{match: {name: }}]"},
		{in: "stores: [{match: {name: []}}]"},
		{in: "stores: [{store: {}}]"},
		{in: "stores: [{store: }]"},
		{in: "stores: [{store: {name: }}]"},
		{in: "stores: [{store: {name: A_b}}]"},
		{in: "stores: [{store: {name: a, kind: Store}}]"},
		{in: "stores: [{refreshInterval: 60}]"},
		{in: "stores: [{refreshInterval: 1d}]"},
		{in: "stores: [{secretBinary: text}]"},
		{in: "stores: [{fidelity: natural}]", ok: true},
		{in: "stores: [{fidelity: precise}]"},
		{in: "defaults: {esoVersion: v1.3}"},
		{in: "defaults: {esoVersion: 1.3.2}"},
		{in: "defaults: {fidelity: exact}", ok: true},
		{in: "defaults: {fidelity: Exact}"},
		{in: "defaults: {origin: 'true'}"},
		{in: "defaults: {ibmGroup: ''}"},
		{in: "controller: {from: values.yaml}", ok: true},
		{in: "controller: {from: 'infra/kes#kes/kubernetes-external-secrets'}", ok: true},
		{in: "clusters: {a: {controller: {from: prod.yaml}}}", ok: true},
		{in: "controller: {from: }"},
		{in: "controller: {from: [a]}"},
		{in: "controller: {from: ''}"},
		{in: "controller: {from: '#a'}", onlyParse: true},
		{in: "controller: {from: 'a#'}", onlyParse: true},
		{in: "controller: {from: 'https://git.example/a'}", onlyParse: true},
		{in: "controller: {env: {A: [b]}}"},
		{in: "controller: {env: [A]}"},
		{in: "clusters: {a: {kubeVersion: latest}}"},
		{in: "clusters: {a: {apiVersions: [a b]}}"},

		{in: "controller: {env: {AWS_REGON: a}}", onlyParse: true},
		{in: "stores: [{match: {name: '['}}]", onlyParse: true},
		{in: "stores: [{match: {backend: aws}}]", onlyParse: true},
		{in: "clusters: {a: {server: a}}", onlyParse: true},
	} {
		_, err := Parse("k", []byte(tt.in))
		if (err == nil) != tt.ok {
			t.Errorf("parser, %q: %v", tt.in, err)
		}
		var doc any
		if err := yaml.Unmarshal([]byte(tt.in), &doc); err != nil {
			t.Fatal(err)
		}
		if doc == nil {
			continue // an empty file; a schema sees no document
		}
		if err := s.Validate(doc); (err == nil) != (tt.ok || tt.onlyParse) {
			t.Errorf("schema, %q: %v", tt.in, err)
		}
	}
}

func TestSchemaTakesFullExample(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(doc); err != nil {
		t.Error(err)
	}
}
