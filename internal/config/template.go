package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
)

// TemplateRule gives the Go template for one lodash expression in the
// resources that it matches. It prints what KES printed in the expression's
// place.
type TemplateRule struct {
	Match Match `yaml:"match"`
	// Expression is a piece of code with its delimiters, or the whole text
	// that holds it.
	Expression string `yaml:"expression"`
	Template   string `yaml:"template"`
	// Functions are those that Template calls, sorted.
	Functions []string `yaml:"-"`
	// Pos is where the rule stands, TemplatePos its template.
	Pos, TemplatePos manifest.Pos `yaml:"-"`
}

// UnmarshalYAML keeps the rule's place.
func (r *TemplateRule) UnmarshalYAML(n *yaml.Node) error {
	type plain TemplateRule
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.Pos = manifest.Pos{Line: n.Line, Column: n.Column}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "template" {
			r.TemplatePos = manifest.Pos{Line: n.Content[i+1].Line, Column: n.Content[i+1].Column}
		}
	}
	tree, err := parseTemplate(r.Template)
	if err != nil {
		return err
	}
	for _, n := range nodes(tree.Root) {
		if id, ok := n.(*parse.IdentifierNode); ok && !slices.Contains(r.Functions, id.Ident) {
			r.Functions = append(r.Functions, id.Ident)
		}
	}
	slices.Sort(r.Functions)
	return nil
}

func completeTemplates(rules []TemplateRule, file string) {
	for i := range rules {
		rules[i].Pos.File, rules[i].TemplatePos.File = file, file
	}
}

func templatesShape() *shape {
	return &shape{kind: list, doc: "Go templates of your own for single expressions of KES's lodash templates; the first rule that matches wins. kesbridge verify proves them like all others.", item: &shape{kind: object, doc: "One rule.", fields: []field{
		{name: "match", shape: matchShape()},
		{name: "expression", required: true, shape: &shape{kind: text, check: checkExpression, example: "<%= yaml.dump(data.x) %>", doc: "The expression with its delimiters as the manifest has it below spec.template (blanks inside of the delimiters don't count), or the whole text that it is part of. Statements (<% %>) print nothing themselves: give the whole text."}},
		{name: "template", required: true, shape: &shape{kind: text, check: checkTemplate, example: "{{ .x }}", doc: "A Go template for ESO's engine v2 that prints what KES printed in the expression's place; all else of the text is translated as ever. Under spec.template.data that is base64, as in KES: {{ .x | b64enc }}."}},
	}}}
}

func checkExpression(v string) string {
	if !strings.Contains(v, "<%") && !strings.Contains(v, "${") {
		return "has none of lodash's delimiters: <%= %>, <%- %>, <% %> or ${ }"
	}
	return ""
}

// checkTemplate refuses what ESO couldn't parse, and what can't stand inside of
// another template.
func checkTemplate(v string) string {
	tree, err := parseTemplate(v)
	if err != nil {
		return "is not a Go template: " + err.Error()
	}
	for _, n := range nodes(tree.Root) {
		switch n := n.(type) {
		case *parse.TemplateNode:
			return "uses the template " + strconv.Quote(n.Name) + ": define, block and template have no place inside of another template"
		case *parse.IdentifierNode:
			if !eso.IsFunction(n.Ident) {
				return "calls " + n.Ident + ", which is no function of ESO's templates"
			}
		}
	}
	return ""
}

func parseTemplate(text string) (*parse.Tree, error) {
	tree := parse.New("line")
	tree.Mode = parse.SkipFuncCheck
	defined := map[string]*parse.Tree{}
	if _, err := tree.Parse(text, "", "", defined); err != nil {
		return nil, fmt.Errorf("%s", lineOf.ReplaceAllString(strings.TrimPrefix(err.Error(), "template: "), "line $1"))
	}
	for name := range defined {
		if name != "line" {
			return nil, fmt.Errorf("it defines templates, which has no place inside of another template")
		}
	}
	return tree, nil
}

var lineOf = regexp.MustCompile(`\bline:([0-9]+)(:[0-9]+)?`)

// nodes lists all nodes below one.
func nodes(root parse.Node) (all []parse.Node) {
	seen := map[uintptr]bool{}
	var visit func(v reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Interface:
			visit(v.Elem())
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			if n, ok := v.Interface().(parse.Node); ok {
				all = append(all, n)
			}
			visit(v.Elem())
		case reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() {
					visit(v.Field(i))
				}
			}
		}
	}
	visit(reflect.ValueOf(root))
	return all
}
