package lodash

import (
	"fmt"

	"github.com/dop251/goja/ast"
)

// The subset of YAML that js-yaml 3.14.1 and Go write and read alike (facts E4):
// flat objects of plain words; written also integers and booleans.
const (
	yamlNumber = "`^-?[1-9][0-9]{0,14}$`"

	yamlKey   = "`^[A-Za-z_][A-Za-z0-9_]+$`"
	yamlValue = "`^[A-Za-z][A-Za-z0-9_./-]{1,60}$`"
	yamlWord  = "`(?i)^(y|n|yes|no|on|off|true|false|null)$`"
	yamlText  = "`^([A-Za-z_][A-Za-z0-9_]+: [A-Za-z][A-Za-z0-9_./-]{1,60}(\\n|$))+$`"
	yamlWords = "`(?im)^(y|n|yes|no|on|off|true|false|null):|: (y|n|yes|no|on|off|true|false|null)$`"
)

// yamlDump is yaml.dump(JSON.parse(…)).
func (t *translator) yamlDump(e *ast.CallExpression) value {
	v := t.arguments(e, 1, 1)[0]
	if v.kind != kJSON || v.raw == nil {
		suggestion := ""
		if v.isText() || v.kind == kJSON {
			suggestion = t.nearest(e)
		}
		t.suggest(e, suggestion, "js-yaml and Go quote and fold differently")
	}
	t.note(Guarded, "", "yaml.dump is only translated for flat objects of plain words, integers and booleans; on any other value ESO fails")
	return value{kind: kLazy, text: true, node: e, write: func(mode) {
		c := &callback{node: e}
		entries := value{kind: kEntries, which: "entries", parts: []value{v}, node: e}
		c.print = func(pair value) {
			k, text := pair.parts[0].go_, t.assign("v", t.json(pair.parts[1]))
			word := fmt.Sprintf(`and (kindIs "string" %s) (regexMatch %s (toString %s)) (not (regexMatch %s (toString %s)))`, text, yamlValue, text, yamlWord, text)
			number := fmt.Sprintf(`and (kindIs "float64" %s) (regexMatch %s (toJson %s))`, text, yamlNumber, text)
			t.failIf(fmt.Sprintf(`or (not (regexMatch %s %s)) (regexMatch %s %s) (not (or (%s) (%s) (kindIs "bool" %s)))`,
				yamlKey, k, yamlWord, k, word, number, text), "not a flat object of plain words, integers and booleans")
			t.show(k)
			t.print(": ")
			t.do(`if kindIs "string" %s`, text)
			t.show(text)
			t.do("else")
			t.show("toJson " + text)
			t.do("end")
			t.print("\n")
		}
		m := t.assign("m", t.json(v))
		t.do("if kindIs \"map\" %s", m)
		t.do("if not %s", m)
		t.print("{}\n")
		t.do("end")
		t.do("end")
		t.eachEntry(e, entries, c, nil)
	}}
}

// yamlLoad is yaml.load(…), whose result can be read like JSON.parse's.
func (t *translator) yamlLoad(e *ast.CallExpression) value {
	v := t.arguments(e, 1, 1)[0]
	if !v.isText() {
		t.refuse(e, "only text can be read")
	}
	text := parens(t.str(v))
	t.failIf(fmt.Sprintf("or (not (regexMatch %s %s)) (regexMatch %s %s)", yamlText, text, yamlWords, text), "not flat YAML of plain words")
	t.note(Guarded, "", "yaml.load is only translated for flat maps of plain words; on any other value ESO fails")
	y := t.assign("y", "fromYaml "+text)
	t.failIf(fmt.Sprintf(`hasKey %s "Error"`, y), "not flat YAML of plain words")
	return value{kind: kJSON, go_: y, root: true, which: "yaml"}
}
