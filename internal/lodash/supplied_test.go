package lodash

import (
	"slices"
	"strings"
	"testing"
)

// supplies makes the target's Supplied of pairs of expression and template.
func supplies(pairs ...string) func(string) (string, bool) {
	return func(expr string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if Normal(pairs[i]) == Normal(expr) {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestSupplied(t *testing.T) {
	data := map[string]string{"x": `{"a":"v"}`, "y": "plain", "l": `["p","q"]`}
	for _, c := range []struct {
		name, text, expr, template string
		base64                     bool
		want, printed              string // of the translation, and by it
	}{
		{"one piece, the rest stays", `a {{ <%= yaml.dump(data.y) %> <%= data.y %>`, "<%=yaml.dump(data.y)%>", "{{ .y }}!", false,
			`a {{ "{{" }} {{ .y }}! {{ .y }}`, "a {{ plain! plain"},
		{"blanks inside of the delimiters", "<%=\n  f(data.y)\t%>", "<%= f(data.y) %>", "{{ .y }}", false, "{{ .y }}", "plain"},
		{"escaped", "<%- f(data.y) %>", "<%- f(data.y) %>", "{{ .y | html }}", false, "{{ .y | html }}", "plain"},
		{"template literal", "${f(data.y)}", "${ f(data.y) }", "{{ .y }}", false, "{{ .y }}", "plain"},
		{"trim markers stay inside", "a  <%= f() %>  b", "<%= f() %>", "  {{- .y -}}  ", false, "a  {{ .y }}  b", "a  plain  b"},
		{"braces around", "{<%= f() %>}", "<%= f() %>", "{ {{ .y }} {", false, `{{ "{{" }} {{ .y }} {}`, "{{ plain {}"},
		{"a brace in front of an action", "{<%= f() %>", "<%= f() %>", "{{ .y }}", false, `{{ "{" }}{{ .y }}`, "{plain"},
		{"control structures", "<%= f() %>", "<%= f() %>", "{{ if eq .y `plain` }}one{{ else if .y }}two{{ else }}{{ with .x }}{{ . }}{{ end }}{{ end }}", false, "", "one"},
		{"dot in a loop", "<% JSON.parse(data.l).forEach(e => { %>[<%= f(e) %><%= e %>]<% }) %>", "<%= f(e) %>", "{{ .y }}", false, "", "[plainp][plainq]"},
		{"variables of its own", "<% const v = JSON.parse(data.x) %><%= f() %><%= v.a %>", "<%= f() %>", "{{ $v := .y }}{{ $v }}", false, "", "plainv"},
		{"base64 without its encoding", `<%= Buffer.from(f(data.y)).toString("base64") %>`, `<%= Buffer.from(f(data.y)).toString("base64") %>`, "{{ .y | upper | b64enc }}", true, "{{ .y | upper }}", "PLAIN"},
		{"base64 of one operand", "<%= f() %>", "<%= f() %>", "{{ b64enc .y }}", true, "{{ .y }}", "plain"},
		{"base64 of a pipeline", "<%= f() %>", "<%= f() %>", `{{ b64enc (printf "%s-" .y) }}`, true, `{{ printf "%s-" .y }}`, "plain-"},
		{"base64, not all of it encoded", "<%= f() %>", "<%= f() %>", `{{ if .y }}{{ "abc" | b64enc }}{{ end }}{{ .y | b64enc }}`, true, "", "abcplain"},
		{"base64 text that isn't", "<%= f() %>", "<%= f() %>", "{{ .y }}", true, "", "<failure>"},
		{"base64 in pieces", `YWJj<%= f() %><%= Buffer.from(data.y).toString("base64") %>`, "<%= f() %>", `ZGVm{{ range list "x" }}{{ b64enc "ghi" }}{{ end }}`, true, "", "abcdefghiplain"},
		{"base64 in a loop", "<% JSON.parse(data.l).forEach(e => { %><%= f(e) %><% }) %>", "<%= f(e) %>", `{{ $n := "abc" }}{{ b64enc $n }}`, true, "", "abcabc"},
		{"the whole text", "<% try { %>a<%= data.y %><% } catch (e) { } %>\n", "<% try {%>a<%= data.y %><% } catch (e) { } %>\n", "a{{ .y }}\n", false, "a{{ .y }}\n", "aplain\n"},
		{"the whole text, base64", "<% try { %>YWJj<% } catch (e) { } %>", "<% try {%>YWJj<% } catch (e) { } %>", `{{ "abc" | b64enc }}`, true, `{{ "abc" }}`, "abc"},
		{"text that is no JavaScript", "<%= %><%= ( %>", "<%= %><%= ( %>", "{{ .y }}", false, "{{ .y }}", "plain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := Translate(c.text, Target{Base64: c.base64, Supplied: supplies(c.expr, c.template)})
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && out.Text != c.want {
				t.Errorf("got %s, want %s", out.Text, c.want)
			}
			parsed, err := esoParse(out.Text)
			if err != nil {
				t.Fatal(out.Text, err)
			}
			got, err := esoExecute(parsed, data)
			if err != nil {
				got = "<failure>"
			}
			if got != c.printed {
				t.Errorf("%s prints %q, want %q (%v)", out.Text, got, c.printed, err)
			}
		})
	}
}

func TestSuppliedRefused(t *testing.T) {
	for _, c := range []struct{ text, expr, template, reason string }{
		{"<%= data.x = f() %>", "<%= data.x = f() %>", "a", "it changes data"},
		{"<% let n = 'a' %><%= n += f() %><%= n %>", "<%= n += f() %>", "a", "it changes n"},
		{"<%= f() %>", "<%= g() %>", "a", "f is not defined"},
		{"<%= f() %><%= g() %>", "<%= f() %>", "a", "g is not defined"},
		{"<%= f() %>", "<%= f() %>", "{{ ", "no Go template"},
		{"<%= f() %>", "<%= f() %>", `{{ define "x" }}{{ end }}{{ template "x" }}`, "what is supplied holds"},
		{"<% try { %>a<% } catch (e) { } %>", "<% try { %>", "a", "catch errors"},
	} {
		_, err := Translate(c.text, Target{Supplied: supplies(c.expr, c.template)})
		if err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s with %s: %v, want %q", c.text, c.template, err, c.reason)
		}
	}
	// What only its own function changes is its own affair.
	text := "<%= Object.entries(JSON.parse(data.x)).reduce((all, [k, v]) => { all[k] = v; return all }, {}).a %>"
	if _, err := Translate(text, Target{Supplied: supplies(text, "{{ (fromJson .x).a }}")}); err != nil {
		t.Error(err)
	}
}

func TestReads(t *testing.T) {
	for _, c := range []struct {
		template string
		keys     string
		all      bool
	}{
		{"text", "", false},
		{"{{ .a }}{{ $.b }}{{ index . `c-d` }}{{ index $ `e` | upper }}", "a b c-d e", false},
		{"{{ range splitList `,` .a }}{{ . }}{{ $.b }}{{ end }}", "a b", false},
		{"{{ if .a }}{{ (fromJson .b).c }}{{ else }}{{ with .d }}{{ . }}{{ else }}{{ .e }}{{ end }}{{ end }}", "a b d e", false},
		{"{{ $x := .a }}{{ printf `%s` (index . `b`) }}{{ $x }}", "a b", false},
		{"{{ range .l }}{{ .n }}{{ index . `m` }}{{ index $ `k` }}{{ end }}", "k l", false},
		{"{{ . | toRawJson }}", "", true},
		{"{{ range $k, $v := $ }}{{ end }}", "", true},
		{"{{ index . .a }}", "a", true},
	} {
		keys, all := Reads(c.template)
		if !slices.Equal(keys, strings.Fields(c.keys)) || all != c.all {
			t.Errorf("%s: %v %v", c.template, keys, all)
		}
	}
}
