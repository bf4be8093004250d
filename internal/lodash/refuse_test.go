package lodash

import (
	"strings"
	"testing"
)

// TestRefused: what facts/eso-templates.md says to refuse, and what KES itself
// fails on (never). part is in the reason.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		text, expr, part string
		never            bool
	}{
		{"export A=${HOME}", "HOME", "not defined", true},
		{"${FOO:-bar}", "${FOO:-bar}", "not JavaScript", true},
		{`${"}" + data.x}`, `${"}`, "not JavaScript", true},
		{"a<%# c %>b", "<%# c %>", "not JavaScript", true},
		{"<%= data.x; %>", "<%= data.x; %>", "not JavaScript", true},
		{"<%= data.x -%>", "<%= data.x -%>", "not JavaScript", true},
		{"<%= 1 // c %>", "<%= 1 // c %>", "not JavaScript", true},
		{"<%= x %>", "x", "not defined", true},
		{"<%= data.x ? y : 1 %>", "y", "not defined", false},
		{"<% let a=1 %><% let a=2 %>", "a", "declared twice", true},
		{"<% var a=1 %><% var a=2 %>", "a", "declared twice", false},
		{"<%= a %><% let a=1 %>", "a", "declared in another block, or later", false},
		{`<%= _.get(JSON.parse(data.x), "a.b") %>`, `_.get(JSON.parse(data.x), "a.b")`, "only member is escape", true},
		{"<% _.forEach([1], e => {}) %>", "_.forEach([1], e => {})", "only member is escape", true},
		{"<%= _.upperCase %>", "_.upperCase", "no member but escape", true},
		{`<%= data.x.replaceAll("a","b") %>`, `data.x.replaceAll("a","b")`, "Node 14", true},
		{"<%= data.x.at(0) %>", "data.x.at(0)", "Node 14", true},
		{"<%= data.nope.foo %>", "data.nope.foo", "no properties", true},
		{"<%= data.nope.trim() %>", "data.nope.trim()", "no methods", true},
		{"<%= require('fs') %>", "require('fs')", "not defined", true},
		{"<%= atob(data.x) %>", "atob(data.x)", "Node 14", true},
		{"<%= btoa(data.x) %>", "btoa(data.x)", "Node 14", true},
		{"<%= structuredClone(data) %>", "structuredClone(data)", "Node 14", true},
		{"<%= process.env.HOME %>", "process.env", "environment", false},
		{"<%= new Date() %>", "new Date", "new objects", false},
		{"<%= Math.random() %>", "Math.random()", "not translated", false},
		{"<%= Date.now() %>", "Date.now()", "not translated", false},
		{"<% data.x = 1 %>", "data.x = 1", "changes data", false},
		{"<%= data.x = 1 %>", "data.x = 1", "changes data", false},
		{"<%= Number(data.x) %>", "Number(data.x)", "conversions", false},
		{"<%= parseInt(data.x, 10) %>", "parseInt(data.x, 10)", "conversions", false},
		{"<%= JSON.parse(data.x).a + 1 %>", "JSON.parse(data.x).a + 1", "arithmetic", false},
		{"<%= JSON.stringify(JSON.parse(data.x), null, 2) %>", "JSON.stringify(JSON.parse(data.x), null, 2)", "toPrettyJson", false},
		{"<%= JSON.stringify(data) %>", "JSON.stringify(data)", "order", false},
		{"<%= JSON.stringify(yaml.load(data.x)) %>", "JSON.stringify(yaml.load(data.x))", "not the same", false},
		{"<%= yaml.dump(data.x) %>", "yaml.dump(data.x)", "quote and fold", false},
		{`<%= data.x.padStart(5, "0") %>`, `data.x.padStart(5, "0")`, "padding", false},
		{"<% const f = a => a %><%= f(data.x) %>", "a => a", "functions", false},
		{"<% function f() {} %>", "function f() {}", "functions", false},
		{"<% try { %>a<% } catch (e) {} %>", "<% try", "catch errors", false},
		{"a<% return 'early' %>b", "return 'early'", "early", false},
		{"<%= ({a:1}) %>", "{a:1}", "object", false},
		{"<%= [1,2] %>", "[1,2]", "object", false},
		{"<%= data %>", "data", "whole of data", false},
		{"<%= data.constructor %>", "", "", false},
		{"<%= data.__proto__ %>", "data.__proto__", "inherits", false},
		{"<%= JSON.parse(data.x).constructor %>", "JSON.parse(data.x).constructor", "inherits", false},
		{"<%= JSON.parse(data.x).a?.b %>", "", "optional chaining", false},
		{"<%= typeof data.x %>", "", "typeof", false},
		{`<%= data.x.replace(/a(?=b)/, "") %>`, "/a(?=b)/", "lookaround", false},
		{`<%= data.x.replace(/(a)\1/, "") %>`, `/(a)\1/`, "lookaround", false},
		{`<%= data.x.replace(/a*/g, "-") %>`, "/a*/g", "matches nothing", false},
		{`<%= data.x.replace(/^a/m, "-") %>`, "/^a/m", "flag m", false},
		{"<%= data.x.replace(\"a\", \"$`\") %>", "\"$`\"", "special replacement", false},
		{`<%= data.x.replace("a", data.y) %>`, "", "special", false},
		{`<%= data.x.split("") %>`, "", "arguments", false},
		{"<%= data.x.match(/a/) %>", "", "match is not translated", false},
		{"<% while (data.x) {} %>", "", "not translated", false},
		{"<% for (let i = 0; i < 3; i++) { %>a<% } %>", "", "counting loops", false},
		{"<%= JSON.parse(data.x).a == 'x' %>", "", "type is not known", false},
		{"<%= JSON.parse(data.x).a === null %>", "", "look the same", false},
		{"<%= JSON.stringify({1: data.x}) %>", "", "order", false},
		{"<%= JSON.stringify({[data.x]: 1, b: 2}) %>", "", "order", false},
		{"<% let o = JSON.parse(data.x); o.a = 1 %>", "o.a = 1", "changes an object", false},
		{"<%= __p %>", "__p", "lodash's own", false},
		{"<% let yaml = data.x %>", "yaml", "hides", false},
		{"<% let n = 1; n = data.x %>", "", "", false},
		{"<%= data.x[0] %>", "data.x[0]", "beyond the end", false},
		{"<%= 1, 2 %>", "", "not translated", false},
	} {
		tr, err := Translate(c.text, Target{Fetched: func(key string) (bool, bool) { return key != "nope", key != "constructor" }})
		if err == nil {
			t.Errorf("%q: not refused: %s", c.text, tr.Text)
			continue
		}
		r := Refusals(err)[0]
		if c.expr != "" && !strings.HasPrefix(r.Expr, c.expr) || !strings.Contains(r.Reason, c.part) || r.Never != c.never {
			t.Errorf("%q: %+v", c.text, r)
		}
		if c.text[r.Offset:r.Offset+len(r.Expr)] != r.Expr {
			t.Errorf("%q: %q isn't at %d", c.text, r.Expr, r.Offset)
		}
	}
}

func TestSeveralRefusals(t *testing.T) {
	_, err := Translate("<%= process.pid %> <%= data.x %> <%= HOME %>", Target{})
	if list := Refusals(err); len(list) != 2 || list[0].Never || !list[1].Never {
		t.Errorf("%v", err)
	}
}

func TestBounds(t *testing.T) {
	for _, text := range []string{
		"<%= " + strings.Repeat("data.x ? data.y : ", 60) + "1 %>",
		"<%= " + strings.Repeat("(data.x || ", 200) + "1" + strings.Repeat(")", 200) + " %>",
		"<%= " + strings.Repeat("(", 1<<20),
		"<%= " + strings.Repeat("(", 1<<14) + " %>",
		"<%= " + strings.Repeat("(", 1<<18) + " %>",
	} {
		if tr, err := Translate(text, Target{}); err == nil && len(tr.Text) < 1<<18 {
			t.Errorf("%.40q: %.80q", text, tr.Text)
		}
	}
}

func TestFunctions(t *testing.T) {
	_, err := Translate("<%= data.x.trim() %>", Target{Functions: func(name string) bool { return name != "trim" }})
	if list := Refusals(err); len(list) != 1 || !strings.Contains(list[0].Reason, "trim") {
		t.Errorf("%v", err)
	}
}

func FuzzTranslate(f *testing.F) {
	for _, s := range []string{"", "<%= data.x %>", "{<%= JSON.parse(data.x)[0] || `a${data.y}` %>}", "<% for (const e of data.x.split(',')) { %><%= e %><% } %>", "<%= data.x.replace(/a[^b]/gi, '$1') %>", "<%= JSON.stringify({a: [data.x]}) %>", "<% if (data.x) { %>{{<% } else { %>}}<% } %>", "${}", "<% /* %> <% */ %>", "<%= a) + (b %>", "<% } function f() { %>"} {
		f.Add(s, true, false)
		f.Add(s, false, true)
	}
	f.Fuzz(func(t *testing.T, s string, exact, base64 bool) {
		tr, err := Translate(s, Target{Exact: exact, Base64: base64})
		if err != nil {
			for _, r := range Refusals(err) {
				if r.Offset < 0 || r.Offset+len(r.Expr) > len(s) || s[r.Offset:r.Offset+len(r.Expr)] != r.Expr || r.Reason == "" {
					t.Errorf("%q: %+v", s, r)
				}
			}
			return
		}
		if _, err := esoParse(tr.Text); err != nil {
			t.Errorf("%q -> %s: %v", s, tr.Text, err)
		}
	})
}
