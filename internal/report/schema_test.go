package report_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
)

// schemaOfDocument makes the schema of the JSON report from the types and
// their comments, so that neither can change alone.
func schemaOfDocument(t *testing.T) []byte {
	g := generator{docs: comments(t, "report.go", "json.go", "../manifest/finding.go", "../manifest/pos.go", "../manifest/object.go")}
	s := g.object(reflect.TypeFor[report.Document]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "kesbridge check --report json"
	s["properties"].(map[string]any)["schemaVersion"] = map[string]any{"const": report.SchemaVersion, "description": g.docs["Document.SchemaVersion"]}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type generator struct{ docs map[string]string }

func (g generator) schema(typ reflect.Type) map[string]any {
	switch typ {
	case reflect.TypeFor[report.State]():
		return map[string]any{"enum": report.States()}
	case reflect.TypeFor[manifest.Severity]():
		return map[string]any{"enum": []string{"info", "warning", "error"}}
	}
	switch typ.Kind() {
	case reflect.Struct:
		return g.object(typ)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.schema(typ.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "propertyNames": g.schema(typ.Key()), "additionalProperties": g.schema(typ.Elem())}
	case reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Pointer:
		return g.schema(typ.Elem())
	}
	panic("no schema for " + typ.String())
}

// object leaves additionalProperties open: fields may come within a version.
func (g generator) object(typ reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	g.fields(typ, properties, &required)
	slices.Sort(required)
	s := map[string]any{"type": "object", "properties": properties, "required": required}
	if d := g.docs[typ.Name()]; d != "" {
		s["description"] = d
	}
	return s
}

func (g generator) fields(typ reflect.Type, properties map[string]any, required *[]string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			g.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := g.schema(f.Type)
		if d := g.docs[typ.Name()+"."+f.Name]; d != "" {
			p["description"] = d
		}
		properties[name] = p
		if options == "" {
			*required = append(*required, name)
		}
	}
}

// comments are those of types, and of fields as Type.Field.
func comments(t *testing.T, files ...string) map[string]string {
	docs := map[string]string{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			spec := gen.Specs[0].(*ast.TypeSpec)
			docs[spec.Name.Name] = words(gen.Doc)
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, n := range field.Names {
						docs[spec.Name.Name+"."+n.Name] = words(field.Doc)
					}
				}
			}
		}
	}
	return docs
}

func words(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
