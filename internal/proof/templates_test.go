package proof

import (
	"strings"
	"testing"
)

// TestLodashRows is eso-templates.md D2 to D4, [run] on Node 14: text, value
// of data.x, result. \n in the columns is a line break.
func TestLodashRows(t *testing.T) {
	for _, r := range rows(t, `
		no markup ║  ║ no markup
		<%= data.x %> ║ v<>&"' ║ v<>&"'
		<%- data.x %> ║ v<>&"' ║ v&lt;&gt;&amp;&quot;&#39;
		${data.x} $x {{x}} #{x} ║ v ║ v $x {{x}} #{x}
		${JSON.parse(data.x).a+1} ║ {"a":1} ║ 2
		$HOME $(cmd) $$ ║  ║ $HOME $(cmd) $$
		export A=${HOME} ║  ║ fail
		${FOO:-bar} ║  ║ fail
		\${data.x} ║ v ║ \v
		$${data.x} ║ v ║ $v
		a${}b ║  ║ ab
		${ {a:data.x}.a } ║ v ║ fail
		${"}" + data.x} ║ v ║ fail
		[<%= data.nope %>] ║  ║ []
		<%= data.nope.foo %> ║  ║ fail
		<%= x %> ║  ║ fail
		<%= 12345678 %> <%= 1e21 %> <%= -0 %> <%= 0.1+0.2 %> <%= 1e-7 %> ║  ║ 12345678 1e+21 0 0.30000000000000004 1e-7
		<%= true %> <%= NaN %> <%= 1/0 %> ║  ║ true NaN Infinity
		<%= [1,2,[3,4],null,undefined,"a"] %> ║  ║ 1,2,3,4,,,a
		<%= ({a:1}) %> <%= data %> ║  ║ [object Object] [object Object]
		<%= _.upperCase(data.x) %> ║  ║ fail
		<% print("a",data.x) %> ║ v ║ av
		<% let a=1 %><% let a=2 %> ║  ║ fail
		<% let a=1; %><%= a+1 %> ║  ║ 2
		a<%# c %>b ║  ║ fail
		<%% x %%> ║  ║ fail
		a<%= data.x -%> ║ v ║ fail
		a<% // c %>b ║  ║ ab
		a<%= 1 // c %>b ║  ║ fail
		a %> b ║  ║ a %> b
		a <% b ║  ║ a <% b
		<%= "%>" %> ║  ║ fail
		<%= data.x; %> ║ v ║ fail
		a<% return "early" %>b ║  ║ early
		<%= JSON.parse(data.x).a %> ║ {bad ║ fail
		<%= JSON.stringify(JSON.parse(data.x)) %> ║ { "b" : 1.0, "a":[1e2,-0,"\u0041<\/\ud800"], "10":1,"9":2, "b":3 } ║ {"9":2,"10":1,"b":3,"a":[100,0,"A</\ud800"]}
		<% const f=a=>a+"!" %><%= f(data.x) %> ║ v ║ v!
		<%= data.x.replace("a","[$&$$]") %> ║ a ║ [a$]
		<%= Buffer.from(data.x,"base64") %> ║ aGk= ║ hi
		<%= yaml.dump(data.x) %> ║ plain ║ plain\n
		<%= data.x.replaceAll("a","b") %> ║ a ║ fail
		<%= [1].at(0) %> ║  ║ fail
		<%= structuredClone(1) %> ║  ║ fail
		<%= require("fs") %> ║  ║ fail
		<%= atob("aGk=") %> ║  ║ fail
		<%= data.x ?? 1 %><%= data.x?.length %> ║ ab ║ ab2
		<% data.x ||= 2 %> ║  ║ fail
		<% data.x="changed" %><%= data.x %> ║ v ║ changed
		<%= process.env.HOME %> ║  ║ unsure
		<%= new Date() %> ║  ║ unsure
		<%= Math.random() %> ║  ║ unsure
		<%= this.process %> ║  ║ unsure
		<%= eval("1") %> ║  ║ unsure
		<%= (()=>{}).constructor("return 1")() %> ║  ║ unsure
		<%= yaml.dump("a: b") %> ║  ║ unsure
		<%= data.x %> ║ é ║ C)
		<%= data.x %> ║ ¢¼ ║ B"B<
		<%= JSON.parse(data.x).a %> ║ {"a":"é"} ║ C)
		<%= JSON.parse(data.x).a %> ║ {"a":"ß"} ║ fail
		<%= JSON.parse(data.x).a %> ║ {"a":"\u00e9"} ║ é
		<%= Buffer.from(data.x).toString("base64") %> ║ hé ║ aEMp
		é<%= data.x.length %> ║ é ║ é2
	`) {
		unescape := strings.NewReplacer(`\n`, "\n").Replace
		if got := lodashText(r[0], map[string]string{"x": r[1]}); got != unescape(r[2]) {
			t.Errorf("%s with %q: %q, want %q", r[0], r[1], got, r[2])
		}
	}
	if got := lodashText(`<%= data["a-b"] %>`, map[string]string{"a-b": "v"}); got != "v" {
		t.Errorf("data[\"a-b\"]: %q", got)
	}
	if got := lodashText("C:\\dir\\n 'q' \"d\" \\u0041 \r\n \u2028<%= 1 %>", nil); got != "C:\\dir\\n 'q' \"d\" \\u0041 \r\n \u20281" {
		t.Errorf("text: %q", got)
	}
}

// TestGoTemplateRows is eso-templates.md C2 to C5, [run]: template, value of
// .s, result in every release.
func TestGoTemplateRows(t *testing.T) {
	for _, r := range rows(t, "\t"+`
		{{ typeOf .s }} {{ typeOf . }} ║ v ║ string map[string]string
		{{ .nope }} ║ v ║ fail
		{{ index . "nope" }} ║ v ║ 
		{{ .a-b }} ║ v ║ fail
		{{ get . "s" }} ║ v ║ fail
		{{ . | toRawJson }} ║ 2< ║ {"s":"2<"}
		{{ (fromJson .s).zzz }} ║ {} ║ fail
		{{ index (fromJson .s) "zzz" }} ║ {} ║ <no value>
		{{ get (fromJson .s) "zzz" }} ║ {} ║ 
		{{ (fromJson .s).n }} ║ {"n":null} ║ <no value>
		{{ index (fromJson .s) "a" "b" }} ║ {"a":null} ║ fail
		{{ index (fromJson .s) "a" "b" }} ║ {"a":"x"} ║ fail
		{{ index (fromJson .s) 9 }} ║ [1] ║ fail
		[{{ default "d" .s }}] ║  ║ [d]
		{{ with .s }}x{{ else }}none{{ end }} ║  ║ none
		{{ ternary "y" "n" .s }} ║ v ║ fail
		{{ toJson (fromJson .s) }} ║ {"a":"<b>&'"} ║ {"a":"\u003cb\u003e\u0026'"}
		{{ toRawJson (fromJson .s) }} ║ {"a":"<b>&'"} ║ {"a":"<b>&'"}
		{{ html .s }} ║ <a href="x">'& ║ &lt;a href=&#34;x&#34;&gt;&#39;&amp;
		{{ urlquery .s }} ║ a b/ü? ║ a+b%2F%C3%BC%3F
		{{ b64dec .s }} ║ YQ ║ illegal base64 data at input byte 0
		{{ fromJson .s }} ║ {bad ║ <no value>
		{{ mustFromJson .s }} ║ {bad ║ fail
		{{ fromJson .s }} ║ {"a":1e999} ║ map[a:<nil>]
		{{ join "," (fromJson .s) }} ║ ["x",12345678,null,[1,2]] ║ x,1.2345678e+07,[1 2]
		{{ range $k,$v := fromJson .s }}{{ $k }} {{ end }} ║ {"b":1,"a":2,"10":3,"9":4} ║ 10 9 a b 
		{{ fromYaml .s | toJson }} ║ d: yes ║ {"d":true}
		{{ regexReplaceAll "a(x*)b" .s "${1}W" }} ║ -ab-axxb- ║ -W-xxW-
		{{ replace "a" "b" .s }} ║ aXa ║ bXb
		{{ substr 0 3 .s }} {{ trunc 3 .s }} {{ len .s }} ║ héllo ║ hé hé 6
		{{ slice .s 0 2 }} ║ abc ║ fail
		{{ (split "/" .s)._1 }} ║ a/b/c ║ b
		{{ print "a" "b" }} {{ print 1 2 }} {{ cat "a" "b" }} ║  ║ ab 1 2 a b
		{{ fromJson .s }} ║ 12345678 ║ 1.2345678e+07
		{{ toJson (fromJson .s) }} ║ 1e21 ║ 1e+21
		{{ toJson (fromJson .s) }} ║ -0 ║ -0
		{{ eq (fromJson .s) 1 }} ║ 1 ║ fail
		{{ "{{" }} x {{ "}}" }} }} stray ║  ║ {{ x }} }} stray
		{{{ .s }}} ║ v ║ fail
		{"a":{"b":{{ toRawJson .s }}}} ║ v ║ {"a":{"b":"v"}}
		a{{/* c */}}b ║  ║ ab
		{{ $x := "" }}{{ range $i := until 3 }}{{ $x = print $x $i }}{{ end }}{{ $x }} ║  ║ 012
		{{ include "x" . }} ║  ║ fail
		{{ env "HOME" }} ║  ║ fail
		{{ fail "boom" }} ║  ║ fail
		{{ now }} ║  ║ unsure
		{{ htpasswd "u" "p" }} ║  ║ unsure
		{{ until 99999999 }} ║  ║ unsure
	`) {
		for len(r) < 3 {
			r = append(r, "")
		}
		for _, v := range []release{v09, {0, 14, 4}, {0, 16, 2}, v20, {1, 3, 2}, {2, 3, 0}, v29} {
			if got := goTemplate(v, r[0], map[string]string{"s": r[1]}); strings.TrimSpace(got) != strings.TrimSpace(r[2]) {
				t.Errorf("ESO %v: %s with %q: %q, want %q", v, r[0], r[1], got, r[2])
			}
		}
	}
	for _, c := range []struct {
		r          release
		text, want string
	}{{v09, "{{ sha512sum .s }}", "fail"}, {v20, "{{ getSecretKey .s }}", "unsure"}, {release{1, 3, 2}, "{{ getSecretKey .s }}", "fail"}, {v29, "{{ getHostByName .s }}", "fail"}, {release{2, 3, 0}, "{{ hexdec .s }}", "fail"}} {
		if got := goTemplate(c.r, c.text, map[string]string{"s": "x"}); got != c.want {
			t.Errorf("ESO %v: %s: %q, want %q", c.r, c.text, got, c.want)
		}
	}
}

// TestLiteralRows is eso-templates.md B5, [run].
func TestLiteralRows(t *testing.T) {
	for _, c := range []struct{ text, v, want string }{
		{"a: x", "", "a=x"}, {`{"a":"1"}`, "", "a=1"}, {"a: |\n  x\n", "", "a=x\n"}, {"a: 5", "", "a=5"}, {"a: true", "", "a=true"},
		{"a: null", "", "a="}, {"a:", "", "a="}, {"a: yes", "", "a=true"}, {"y: 1", "", "true=1"}, {"a: {b: c}", "", "fail"}, {"- a", "", "fail"},
		{"scalar", "", "fail"}, {"", "", ""}, {"# c", "", ""}, {"a: 1\na: 2", "", "a=2"}, {"a: 1\n---\nb: 2", "", "a=1"},
		{"a: {{ .v }}", "x: y", "fail"}, {"a: {{ .v | toRawJson }}", "x: \"y\"\n<é", "a=x: \"y\"\n<é"}, {"a: {{ .v | toRawJson }}", "\xff", "a=\ufffd"},
		{"{{ range $k, $v := . }}p_{{ $k }}: {{ $v | toRawJson }}\n{{ end }}", "x", "p_v=x"},
	} {
		got := "fail"
		if m, err := newTemplateSet(v29).literal(c.text, map[string]string{"v": c.v}); err == nil {
			data := map[string][]byte{}
			for k, v := range m {
				data[k] = []byte(v)
			}
			got = list(data)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
