package config

import (
	"slices"
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	c, err := Parse("k", []byte(`locked: [templates]
templates:
  - expression: ${data.x}
    template: |
      {{ range splitList "," .x }}{{ printf "%s" . | upper }}{{ end }}
`))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Templates[0]
	if r.Pos.String() != "k:3:5" || r.TemplatePos.String() != "k:4:15" || !slices.Equal(r.Functions, []string{"printf", "splitList", "upper"}) {
		t.Errorf("%+v", r)
	}
	own, err := Parse("own", []byte(`templates: [{match: {name: web}, expression: "<%= a %>", template: a}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		admin *Config
		want  []string
	}{{nil, []string{"<%= a %>"}}, {c, []string{"${data.x}"}}, {&Config{Templates: c.Templates}, []string{"${data.x}", "<%= a %>"}}} {
		s, err := Settle(tt.admin, own, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range s.Templates {
			got = append(got, r.Expression)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v, want %v", got, tt.want)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	for _, tt := range []struct{ rule, want string }{
		{`{template: a}`, `k:2:5: templates[0]: needs the key "expression"`},
		{`{expression: "<%= a %>"}`, `k:2:5: templates[0]: needs the key "template"`},
		{`{expression: data.x, template: a}`, `k:2:18: templates[0].expression: "data.x" has none of lodash's delimiters: <%= %>, <%- %>, <% %> or ${ }`},
		{`{expression: "${a}", template: "{{ .x"}`, `k:2:36: templates[0].template: "{{ .x" is not a Go template: line 1: unclosed action`},
		{`{expression: "${a}", template: "\n{{ end }}"}`, `k:2:36: templates[0].template: "\n{{ end }}" is not a Go template: line 2: unexpected {{end}}`},
		{`{expression: "${a}", template: "{{ include .x }}"}`, `k:2:36: templates[0].template: "{{ include .x }}" calls include, which is no function of ESO's templates`},
		{`{expression: "${a}", template: "{{ env \"A\" }}"}`, `k:2:36: templates[0].template: "{{ env \"A\" }}" calls env, which is no function of ESO's templates`},
		{`{expression: "${a}", template: "{{ template \"a\" }}"}`, `k:2:36: templates[0].template: "{{ template \"a\" }}" uses the template "a": define, block and template have no place inside of another template`},
		{`{expression: "${a}", template: "{{ define \"a\" }}{{ end }}"}`, `k:2:36: templates[0].template: "{{ define \"a\" }}{{ end }}" is not a Go template: it defines templates, which has no place inside of another template`},
		{`{match: {nam: a}, expression: "${a}", template: a}`, `k:2:14: templates[0].match.nam: unknown key: did you mean "name"?`},
	} {
		_, err := Parse("k", []byte("templates:\n  - "+tt.rule+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.rule, err, tt.want)
		}
	}
}
