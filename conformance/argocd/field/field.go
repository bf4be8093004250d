// Package field lists the fields of Argo CD's Application sources: from the
// types themselves, from their source text, and from kesbridge's lean copies.
package field

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// Root is the type from which fields are followed.
const Root = "ApplicationSource"

// Fields are JSON types by path: "helm.parameters[].value": "string". Types
// are string, bool, number, object (fields follow), map[...], any; "[]" before
// it for lists.
type Fields map[string]string

// Of walks a Go type by reflection.
func Of(t reflect.Type) Fields {
	out := Fields{}
	ofStruct(t, "", out)
	return out
}

func ofStruct(t reflect.Type, prefix string, out Fields) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, inline, skip := tagName(string(f.Tag), f.Name, f.Anonymous)
		switch {
		case skip || !f.IsExported() && !f.Anonymous:
		case inline:
			ft := f.Type
			if ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			ofStruct(ft, prefix, out)
		default:
			ofType(f.Type, prefix+name, out)
		}
	}
}

func ofType(t reflect.Type, at string, out Fields) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if kind, ok := special[t.Name()]; ok {
		out[at] = kind
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		out[at] = "object"
		ofStruct(t, at+".", out)
	case reflect.Slice:
		ofType(t.Elem(), at+"[]", out)
	case reflect.Map:
		out[at] = "map[" + basic(t.Key().Kind().String()) + "]" + basic(t.Elem().Kind().String())
	default:
		out[at] = basic(t.Kind().String())
	}
}

// special are types whose JSON isn't that of their structure.
var special = map[string]string{"RawExtension": "any", "IntOrString": "number or string"}

func basic(kind string) string {
	switch kind {
	case "string", "bool":
		return kind
	case "int", "int32", "int64", "float64":
		return "number"
	}
	return "unknown type " + kind
}

// tagName reads a struct tag as encoding/json does. An embedded field without
// a name is inline.
func tagName(tag, field string, embedded bool) (name string, inline, skip bool) {
	name, _, _ = strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	switch {
	case name == "-":
		return "", false, true
	case name == "" && embedded:
		return "", true, false
	case name == "":
		return field, false, false
	}
	return name, false, false
}

// Source is a package read from its text.
type Source struct {
	types map[string]ast.Expr
	maps  map[string][]string
}

// Parse reads Go files. Tests are left out.
func Parse(files map[string][]byte) (*Source, error) {
	s := &Source{types: map[string]ast.Expr{}, maps: map[string][]string{}}
	set := token.NewFileSet()
	for name, text := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				s.declare(g)
			}
		}
	}
	return s, nil
}

func (s *Source) declare(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.types[spec.Name.Name] = spec.Type
		case *ast.ValueSpec:
			for i, v := range spec.Values {
				if lit, ok := v.(*ast.CompositeLit); ok && i < len(spec.Names) {
					s.maps[spec.Names[i].Name] = keys(lit)
				}
			}
		}
	}
}

// keys are the string keys of a map literal.
func keys(lit *ast.CompositeLit) []string {
	var out []string
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if k, ok := kv.Key.(*ast.BasicLit); ok && k.Kind == token.STRING {
			if v, err := strconv.Unquote(k.Value); err == nil {
				out = append(out, v)
			}
		}
	}
	return out
}

// Keys are the keys of a package's variable that is a map literal.
func (s *Source) Keys(variable string) ([]string, error) {
	k, ok := s.maps[variable]
	if !ok {
		return nil, fmt.Errorf("no variable %s with a literal", variable)
	}
	return k, nil
}

// Fields follows a type.
func (s *Source) Fields(root string) (Fields, error) {
	out := Fields{}
	t, ok := s.types[root].(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("no struct %s", root)
	}
	return out, s.structFields(t, "", out)
}

func (s *Source) structFields(t *ast.StructType, prefix string, out Fields) error {
	for _, f := range t.Fields.List {
		tag := ""
		if f.Tag != nil {
			var err error
			if tag, err = strconv.Unquote(f.Tag.Value); err != nil {
				return err
			}
		}
		names := f.Names
		if len(names) == 0 {
			names = []*ast.Ident{{Name: typeName(f.Type)}}
		}
		for _, n := range names {
			name, inline, skip := tagName(tag, n.Name, len(f.Names) == 0)
			var err error
			switch {
			case skip || !n.IsExported():
			case inline:
				inner, ok := s.types[typeName(f.Type)].(*ast.StructType)
				if !ok {
					return fmt.Errorf("embedded %s is no struct of the package", typeName(f.Type))
				}
				err = s.structFields(inner, prefix, out)
			default:
				err = s.typeFields(f.Type, prefix+name, out)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func (s *Source) typeFields(e ast.Expr, at string, out Fields) error {
	if kind, ok := special[typeName(e)]; ok {
		out[at] = kind
		return nil
	}
	switch e := e.(type) {
	case *ast.StarExpr:
		return s.typeFields(e.X, at, out)
	case *ast.StructType:
		out[at] = "object"
		return s.structFields(e, at+".", out)
	case *ast.ArrayType:
		return s.typeFields(e.Elt, at+"[]", out)
	case *ast.MapType:
		out[at] = "map[" + s.basic(e.Key) + "]" + s.basic(e.Value)
		return nil
	case *ast.Ident:
		if t, ok := s.types[e.Name]; ok {
			return s.typeFields(t, at, out)
		}
		out[at] = basic(e.Name)
		return nil
	}
	return fmt.Errorf("%s: a type that isn't understood: %T", at, e)
}

// basic follows names to a basic type.
func (s *Source) basic(e ast.Expr) string {
	if t, ok := s.types[typeName(e)]; ok {
		return s.basic(t)
	}
	return basic(typeName(e))
}

// Dir reads the Go files of a directory.
func Dir(dir string) (*Source, error) {
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" {
			continue
		}
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return Parse(files)
}

// Module reads a package of a module at a version, without building it: it may
// ask for a newer Go than the one that runs.
func Module(ctx context.Context, module, version, pkg string) (*Source, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@"+version)
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// With a Go that is too old it fails, after it has fetched the zip.
	stdout, runErr := cmd.Output()
	var info struct{ Zip string }
	if err := json.Unmarshal(stdout, &info); err != nil || info.Zip == "" {
		return nil, fmt.Errorf("download %s@%s: %w\n%s%s", module, version, errors.Join(runErr, err), stdout, stderr.Bytes())
	}
	z, err := zip.OpenReader(info.Zip)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	dir := path.Join(module+"@"+version, pkg)
	files := map[string][]byte{}
	for _, f := range z.File {
		if path.Dir(f.Name) != dir || path.Ext(f.Name) != ".go" || strings.Contains(f.Name, "generated") {
			continue
		}
		if files[f.Name], err = readZip(f); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s@%s: %s: %w", module, version, pkg, fs.ErrNotExist)
	}
	return Parse(files)
}

func readZip(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
